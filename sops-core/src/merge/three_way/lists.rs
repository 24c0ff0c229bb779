//! Three versions of a list, and which of their items are the same.

use std::cell::OnceCell;
use std::ops::Range;

use super::counterparts::Counterparts;
use crate::merge::alignment::{Region, Trio};
use crate::merge::outline::Piece;

/// The items of a list in base, ours and theirs.
pub(super) struct Lists<'p, 't> {
    pub(super) lists: Trio<&'p [Piece<'t>]>,
    /// What ours and theirs have in common with the base, once it is needed.
    counterparts: OnceCell<[Counterparts; 2]>,
    pub(super) are_documents: bool,
}

impl<'p, 't> Lists<'p, 't> {
    pub(super) fn new(
        base: &'p [Piece<'t>],
        ours: &'p [Piece<'t>],
        theirs: &'p [Piece<'t>],
        are_documents: bool,
    ) -> Self {
        Self {
            counterparts: OnceCell::new(),
            lists: Trio { base, ours, theirs },
            are_documents,
        }
    }

    /// What ours and theirs have in common with the base.
    pub(super) fn counterparts(&self) -> &[Counterparts; 2] {
        self.counterparts.get_or_init(|| {
            let Trio { base, ours, theirs } = self.lists;
            [ours, theirs].map(|side| Counterparts::of(base, side, self.are_documents))
        })
    }

    /// The region of all items.
    pub(super) fn all(&self) -> Trio<Range<usize>> {
        Trio {
            base: 0..self.lists.base.len(),
            ours: 0..self.lists.ours.len(),
            theirs: 0..self.lists.theirs.len(),
        }
    }

    pub(super) fn items(&self, region: &Trio<Range<usize>>) -> Trio<&'p [Piece<'t>]> {
        Trio {
            base: &self.lists.base[region.base.clone()],
            ours: &self.lists.ours[region.ours.clone()],
            theirs: &self.lists.theirs[region.theirs.clone()],
        }
    }

    /// Whether the items of a region can be merged by their numbers: each side has the same number
    /// of items and, where both sides changed an item differently, it is the same item.
    pub(super) fn are_same_items(&self, region: &Trio<Range<usize>>) -> bool {
        let Trio { base, ours, theirs } = self.items(region);
        if base.len() != ours.len() || base.len() != theirs.len() {
            return false;
        }
        // The entries of the only document are merged by key, whatever they are.
        if self.are_documents && self.are_single() {
            return true;
        }
        let is_same = |found: &Counterparts, in_side: usize, in_base: usize| {
            found.in_base[in_side] == Some(in_base) && !found.is_doubtful[in_side]
        };
        (0..base.len()).all(|number| {
            let (in_ours, in_theirs) = (region.ours.start + number, region.theirs.start + number);
            let in_base = region.base.start + number;
            !is_change_of_both(&base[number], &ours[number], &theirs[number]) || {
                let [of_ours, of_theirs] = self.counterparts();
                is_same(of_ours, in_ours, in_base) && is_same(of_theirs, in_theirs, in_base)
            }
        })
    }

    /// Whether all items are scalars of a list that both sides changed differently.
    pub(super) fn are_changed_scalars(&self) -> bool {
        let Trio { base, ours, theirs } = self.lists;
        let is_scalar = |item: &Piece<'_>| item.container().is_none();
        !self.are_documents
            && [base, ours, theirs].into_iter().flatten().all(is_scalar)
            && !is_same(base, ours)
            && !is_same(base, theirs)
            && !is_same(ours, theirs)
    }

    /// Whether all lists have the same length, and no item was changed by both sides.
    pub(super) fn have_changes_in_other_positions(&self) -> bool {
        let Trio { base, ours, theirs } = self.lists;
        let mut items = base.iter().zip(ours).zip(theirs);
        base.len() == ours.len()
            && base.len() == theirs.len()
            && items.all(|((base, ours), theirs)| {
                base.hash == ours.hash || base.hash == theirs.hash || ours.hash == theirs.hash
            })
    }

    /// Whether both sides have all items of the base in its order.
    pub(super) fn have_only_additions(&self) -> bool {
        let Trio { base, ours, theirs } = self.lists;
        let has_all = |side: &[Piece<'_>]| {
            let mut items = side.iter();
            base.iter()
                .all(|known| items.any(|item| item.hash == known.hash))
        };
        has_all(ours) && has_all(theirs)
    }

    fn are_single(&self) -> bool {
        let Trio { base, ours, theirs } = self.lists;
        [base, ours, theirs].iter().all(|list| list.len() == 1)
    }

    /// Whether a side moved an item of the base to another region, and the other side removed it,
    /// or moved it too. A merge would then keep it, or contain it twice.
    pub(super) fn has_moved_item(&self, regions: &[Region]) -> bool {
        let Trio { base, ours, theirs } = self.lists;
        // Scalars are identified by their positions alone.
        if !base.iter().any(|item| item.container().is_some()) {
            return false;
        }
        let [in_ours, in_theirs] = self.counterparts();
        let changed = regions.iter().filter_map(|region| match region {
            Region::Changed(region) => Some(region),
            Region::Stable(_) => None,
        });
        let are_together = |in_ours: usize, in_theirs: usize| {
            let mut regions = changed.clone();
            ours[in_ours].hash == theirs[in_theirs].hash
                && regions.any(|region| {
                    region.ours.contains(&in_ours) && region.theirs.contains(&in_theirs)
                })
        };
        let is_moved = |region: &Trio<Range<usize>>, number: usize| {
            let in_ours = in_ours.in_side[number];
            let in_theirs = in_theirs.in_side[number];
            let is_here = |range: &Range<usize>, item: Option<usize>| {
                item.is_some_and(|item| range.contains(&item))
            };
            if is_here(&region.ours, in_ours) || is_here(&region.theirs, in_theirs) {
                return false;
            }
            match (in_ours, in_theirs) {
                (None, None) => false,
                (Some(in_ours), Some(in_theirs)) => !are_together(in_ours, in_theirs),
                _ => true,
            }
        };
        let mut regions = changed.clone();
        regions.any(|region| region.base.clone().any(|number| is_moved(region, number)))
    }
}

/// Whether both have the same values.
pub(super) fn is_same(left: &[Piece<'_>], right: &[Piece<'_>]) -> bool {
    left.iter()
        .map(|item| item.hash)
        .eq(right.iter().map(|item| item.hash))
}

/// Whether both sides changed a collection, so that its entries would be merged. A scalar that both
/// changed conflicts anyway.
pub(super) fn is_change_of_both(base: &Piece<'_>, ours: &Piece<'_>, theirs: &Piece<'_>) -> bool {
    let is_collection = |piece: &Piece<'_>| piece.container().is_some();
    ours.hash != theirs.hash
        && base.hash != ours.hash
        && base.hash != theirs.hash
        && is_collection(ours)
        && is_collection(theirs)
}
