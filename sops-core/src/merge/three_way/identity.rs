//! Merges items that are identified by more than their number: objects by kind and name, other
//! mappings by `name`, and documents by their similarity to one of the base.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::counterparts::Counterparts;
use super::item_name::{identity, name};
use super::lists::is_change_of_both;
use super::order::{is_in_order, key_order};
use super::{Base, MergedPiece, ThreeWay};
use crate::merge::alignment::Trio;
use crate::merge::outline::{ContentHash, Piece};

/// The items of base, ours and theirs in one position.
pub(super) type Items<'p, 't> = Trio<&'p [Piece<'t>]>;

/// The identity of an item.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ItemId {
    /// The item is in the base, with this number.
    Old(usize),
    /// A side added the item.
    New(ContentHash),
}

/// The identities of the items of base, ours and theirs.
pub(super) type ItemIds = Trio<Vec<ItemId>>;

impl ThreeWay<'_> {
    /// Merges items by identity; `None` if both sides changed their order, or if an added item may
    /// be an item of the base that neither side seems to have.
    pub(super) fn identified<'p, 't>(
        &mut self,
        items: &Items<'p, 't>,
        ids: &ItemIds,
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let Trio { base, ours, theirs } = ids;
        let present: HashSet<&ItemId> = ours.iter().chain(theirs).collect();
        let has_new = present.iter().any(|id| matches!(id, ItemId::New(_)));
        if has_new && base.iter().any(|id| !present.contains(id)) {
            return None;
        }
        let (first, second) = match (is_in_order(base, ours), is_in_order(base, theirs)) {
            (true, false) => (theirs, ours),
            (_, true) => (ours, theirs),
            (false, false) if ours == theirs => (ours, theirs),
            (false, false) => return None,
        };
        let by_id = |ids: &[ItemId], items: &'p [Piece<'t>]| -> HashMap<_, _> {
            ids.iter().copied().zip(items).collect()
        };
        let in_base = by_id(base, items.base);
        let (in_ours, in_theirs) = (by_id(ours, items.ours), by_id(theirs, items.theirs));
        let added = theirs.iter().filter(|id| !in_ours.contains_key(*id));
        let mut merged = HashMap::new();
        for id in ours.iter().chain(added) {
            let base = Base::Known(in_base.get(id).copied());
            let (ours, theirs) = (in_ours.get(id).copied(), in_theirs.get(id).copied());
            if let Some(piece) = self.item(base, ours, theirs) {
                merged.insert(*id, piece);
            }
        }
        let order = key_order(first, second, |id| merged.contains_key(id));
        let pieces = order.into_iter().filter_map(|id| merged.remove(&id));
        Some(pieces.collect())
    }
}

/// The identities of the items of a region. `None` if two items would have the same identity, if an
/// item of a list has no name, or if it is doubtful that both sides changed the same item.
pub(super) fn ids(
    items: &Items<'_, '_>,
    region: &Trio<Range<usize>>,
    counterparts: &[Counterparts; 2],
    are_documents: bool,
) -> Option<ItemIds> {
    let Trio { base, ours, theirs } = *items;
    let are_named = |items: &[Piece<'_>]| names_are_unique(items, are_documents);
    if !are_documents && ![base, ours, theirs].into_iter().all(are_named) {
        return None;
    }
    let [in_ours, in_theirs] = counterparts;
    let is_doubtful = |number: usize| {
        let sides = in_ours.in_side[number].zip(in_theirs.in_side[number]);
        sides.is_some_and(|(of_ours, of_theirs)| {
            let is_doubtful = in_ours.is_doubtful[of_ours] || in_theirs.is_doubtful[of_theirs];
            is_doubtful
                && region.ours.contains(&of_ours)
                && region.theirs.contains(&of_theirs)
                && is_change_of_both(
                    &base[number - region.base.start],
                    &ours[of_ours - region.ours.start],
                    &theirs[of_theirs - region.theirs.start],
                )
        })
    };
    if region.base.clone().any(is_doubtful) {
        return None;
    }
    let of_side = |side: &[Piece<'_>], in_side: &Range<usize>, found: &Counterparts| {
        let in_base = &found.in_base[in_side.clone()];
        let ids = side.iter().zip(in_base).map(|(item, in_base)| {
            match in_base.filter(|number| region.base.contains(number)) {
                Some(number) => Some(ItemId::Old(number)),
                None => identity(item, are_documents).map(ItemId::New),
            }
        });
        let ids: Vec<ItemId> = ids.collect::<Option<_>>()?;
        let mut seen = HashSet::new();
        ids.iter().all(|id| seen.insert(*id)).then_some(ids)
    };
    Some(Trio {
        base: region.base.clone().map(ItemId::Old).collect(),
        ours: of_side(ours, &region.ours, in_ours)?,
        theirs: of_side(theirs, &region.theirs, in_theirs)?,
    })
}

/// Whether every item of a list has a name that no other item of it has.
fn names_are_unique(items: &[Piece<'_>], are_documents: bool) -> bool {
    let mut seen = HashSet::new();
    let mut names = items.iter().map(|item| name(item, are_documents));
    names.all(|name| name.is_some_and(|name| seen.insert(name)))
}
