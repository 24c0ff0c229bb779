//! Three versions of a list, or of a stream of documents: which items are the same.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::oracle::{Sides, bare};
use super::tree::is_comment;

/// A part of a list in base, ours and theirs.
#[derive(Clone)]
pub(super) struct Lists<'j> {
    pub(super) base: &'j [Json],
    pub(super) ours: &'j [Json],
    pub(super) theirs: &'j [Json],
    pub(super) are_documents: bool,
    /// The positions of the first items of base, ours and theirs in the whole lists.
    pub(super) starts: [usize; 3],
    /// For each item of ours and of theirs in the whole lists, its position in the base.
    counterparts: [Vec<Option<usize>>; 2],
    /// The items of ours and of theirs that may also be other items of the base.
    doubtful: [BTreeSet<usize>; 2],
}

impl<'j> Lists<'j> {
    pub(super) fn new(
        base: &'j [Json],
        ours: &'j [Json],
        theirs: &'j [Json],
        are_documents: bool,
    ) -> Self {
        let [(in_ours, of_ours), (in_theirs, of_theirs)] =
            [ours, theirs].map(|side| counterparts(base, side, are_documents));
        Self {
            base,
            ours,
            theirs,
            are_documents,
            starts: [0; 3],
            counterparts: [in_ours, in_theirs],
            doubtful: [of_ours, of_theirs],
        }
    }

    pub(super) fn lengths(&self) -> [usize; 3] {
        [self.base.len(), self.ours.len(), self.theirs.len()]
    }

    /// The positions after the last items.
    pub(super) fn ends(&self) -> [usize; 3] {
        let lengths = self.lengths();
        [0, 1, 2].map(|side| self.starts[side] + lengths[side])
    }

    /// The parts between items that neither side changed.
    pub(super) fn regions(&self) -> Vec<Self> {
        let bares = [self.base, self.ours, self.theirs].map(bares);
        let (in_ours, in_theirs) = (common(&bares[0], &bares[1]), common(&bares[0], &bares[2]));
        let kept = (0..self.base.len()).filter_map(|b| Some([b, in_ours[b]?, in_theirs[b]?]));
        let mut starts = [0; 3];
        let ends = kept.chain([self.lengths()]);
        let regions = ends.map(|ends| {
            let region = Self {
                base: &self.base[starts[0]..ends[0]],
                ours: &self.ours[starts[1]..ends[1]],
                theirs: &self.theirs[starts[2]..ends[2]],
                starts,
                ..self.clone()
            };
            starts = ends.map(|end| end + 1);
            region
        });
        regions.collect()
    }

    /// Whether one side has the items of the base, or both sides have the same ones.
    pub(super) fn is_change_of_one(&self) -> bool {
        let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(bares);
        base == ours || base == theirs || ours == theirs
    }

    /// Whether there are as many items on all sides, and the collections that both sides changed
    /// are at their old positions.
    pub(super) fn are_same_items(&self) -> bool {
        let [length, ..] = self.lengths();
        let is_same = |number: usize| {
            let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(|l| &l[number]);
            let is_here = |side: usize| {
                self.counterparts[side][self.starts[side + 1] + number]
                    == Some(self.starts[0] + number)
            };
            !are_changes(base, ours, theirs)
                || is_here(0) && is_here(1) && !self.is_doubtful([number; 2])
        };
        self.lengths() == [length; 3] && (0..length).all(is_same)
    }
}

impl Lists<'_> {
    /// Whether one of these items of ours and theirs may be another item of the base.
    fn is_doubtful(&self, numbers: [usize; 2]) -> bool {
        [0, 1].into_iter().any(|side| {
            let number = self.starts[side + 1] + numbers[side];
            self.doubtful[side].contains(&number)
        })
    }
}

/// Whether both sides changed a collection, and not in the same way.
fn are_changes(base: &Json, ours: &Json, theirs: &Json) -> bool {
    let is_collection = |item: &Json| item.is_object() || item.is_array();
    bare(ours) != bare(theirs)
        && bare(base) != bare(ours)
        && bare(base) != bare(theirs)
        && is_collection(ours)
        && is_collection(theirs)
}

/// Whether one side moved an item out of its region and the other side moved it too or removed it,
/// unless both moved the same item to the same region.
pub(super) fn one_moved(regions: &[Lists<'_>]) -> bool {
    // The number of the region that has the item on a side, and the item.
    let find = |side: usize, item: usize| {
        let counterparts = &regions[0].counterparts[side];
        let at = counterparts.iter().position(|known| *known == Some(item))?;
        regions.iter().enumerate().find_map(|(number, region)| {
            let items = [region.ours, region.theirs][side];
            let item = items.get(at.checked_sub(region.starts[side + 1])?)?;
            Some((number, bare(item)))
        })
    };
    regions.iter().enumerate().any(|(number, region)| {
        (region.starts[0]..region.ends()[0]).any(|item| {
            let sides = [0, 1].map(|side| find(side, item));
            let is_here = sides.iter().flatten().any(|(region, _)| *region == number);
            !is_here && sides[0] != sides[1]
        })
    })
}

fn bares(items: &[Json]) -> Vec<Json> {
    items.iter().map(bare).collect()
}

/// For each item of `side`, the position of the item of the base that it was.
fn counterparts(
    base: &[Json],
    side: &[Json],
    are_documents: bool,
) -> (Vec<Option<usize>>, BTreeSet<usize>) {
    let (base, side) = (bares(base), bares(side));
    let mut found = vec![None; side.len()];
    for (b, s) in common(&base, &side).into_iter().enumerate() {
        if let Some(s) = s {
            found[s] = Some(b);
        }
    }
    let name = |item: &Json| name(item, are_documents);
    let is_unique = |items: &[Json], item: &Json| {
        name(item).is_some()
            && items
                .iter()
                .filter(|other| name(other) == name(item))
                .count()
                == 1
    };
    for (s, item) in side.iter().enumerate() {
        let same = base.iter().position(|old| name(old) == name(item));
        if let Some(b) = same
            && is_unique(&base, item)
            && is_unique(&side, item)
            && found[s].is_none()
            && !found.contains(&Some(b))
        {
            found[s] = Some(b);
        }
    }
    let open_base: Vec<usize> = (0..base.len())
        .filter(|b| !found.contains(&Some(*b)))
        .collect();
    let open_side: Vec<usize> = (0..side.len()).filter(|s| found[*s].is_none()).collect();
    let score = |b: usize, s: usize| {
        let is_same_name = name(&base[b]) == name(&side[s]);
        similarity(&base[b], &side[s]).filter(|_| is_same_name)
    };
    // The only one with the highest score.
    let best = |scores: &[(usize, Option<Similarity>)]| {
        let enough = scores.iter().filter_map(|(item, score)| {
            let Similarity { equal, shared, .. } = score.filter(|score| score.is_enough)?;
            Some(((equal, shared), *item))
        });
        let enough: Vec<_> = enough.collect();
        let highest = enough.iter().map(|(score, _)| *score).max()?;
        let mut with = enough.iter().filter(|(score, _)| *score == highest);
        let first = with.next()?.1;
        with.next().is_none().then_some(first)
    };
    // Whether the item has few equal entries, or another one has as many.
    let is_doubtful = |scores: &[(usize, Option<Similarity>)], item: usize| {
        let (own, others): (Vec<_>, Vec<_>) = scores.iter().partition(|(other, _)| *other == item);
        let own = own.iter().find_map(|(_, score)| *score);
        let most = others.iter().filter_map(|(_, score)| *score);
        let most = most.map(|score| score.equal).max();
        own.is_none_or(|own| !own.is_certain || most.is_some_and(|most| most >= own.equal))
    };
    let mut doubtful = BTreeSet::new();
    for s in open_side.iter().copied() {
        let of_base: Vec<_> = open_base.iter().map(|b| (*b, score(*b, s))).collect();
        let Some(b) = best(&of_base) else { continue };
        let of_side: Vec<_> = open_side.iter().map(|s| (*s, score(b, *s))).collect();
        if best(&of_side) == Some(s) {
            found[s] = Some(b);
            if are_documents && (is_doubtful(&of_base, b) || is_doubtful(&of_side, s)) {
                doubtful.insert(s);
            }
        }
    }
    (found, doubtful)
}

#[derive(Clone, Copy)]
struct Similarity {
    /// The numbers of equal entries and of equal keys.
    equal: usize,
    shared: usize,
    is_enough: bool,
    is_certain: bool,
}

/// How many entries and keys two collections share.
fn similarity(left: &Json, right: &Json) -> Option<Similarity> {
    let entries = |tree: &Json| -> Option<BTreeSet<(String, String)>> {
        Some(match tree {
            Json::Object(map) => {
                let entries = map.iter();
                entries
                    .map(|(key, value)| (format!("key {key}"), value.to_string()))
                    .collect()
            }
            Json::Array(items) => {
                let items = items.iter();
                items
                    .map(|item| (format!("item {item}"), String::new()))
                    .collect()
            }
            _ => return None,
        })
    };
    let length = |tree: &Json| {
        tree.as_array().map_or_else(
            || tree.as_object().map(|map| map.len()),
            |items| Some(items.len()),
        )
    };
    if left.is_object() != right.is_object() {
        return None;
    }
    let (of_left, of_right) = (entries(left)?, entries(right)?);
    let keys = |entries: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        entries.iter().map(|(key, _)| key.clone()).collect()
    };
    let (left_keys, right_keys) = (keys(&of_left), keys(&of_right));
    let shared = left_keys.intersection(&right_keys).count();
    let lengths = [left_keys.len(), length(right)?];
    let [fewer, more] = [lengths.into_iter().min()?, lengths.into_iter().max()?];
    let equal = of_left.intersection(&of_right).count();
    let has_evidence = equal > 0 || shared == more;
    let is_enough = left.is_array() || has_evidence && (shared == fewer || 2 * shared > more);
    Some(Similarity {
        equal,
        shared,
        is_enough,
        is_certain: equal > 0 && 2 * equal >= fewer,
    })
}

/// Items that are identified by more than their position, in the order of the merged list.
pub(super) struct NamedItems<'j> {
    pub(super) items: Vec<Named<'j>>,
    /// The positions of the first items of ours and theirs.
    pub(super) start: (usize, usize),
}

pub(super) struct Named<'j> {
    pub(super) sides: Sides<'j>,
    /// The positions in the lists of ours and theirs.
    pub(super) numbers: (Option<usize>, Option<usize>),
}

/// The name that an item has.
pub(super) fn name(item: &Json, is_document: bool) -> Option<String> {
    let map = item.as_object()?;
    if !is_document {
        return map.get("name").map(|name| bare(name).to_string());
    }
    let kind = map.get("kind")?;
    Some(format!("{kind} {:?}", item.pointer("/metadata/name")))
}

/// The identity of an item that a side added.
pub(super) fn name_of_added(item: &Json, is_document: bool) -> Option<String> {
    let keys = || -> Option<String> {
        let keys = item.as_object()?.keys().filter(|key| !is_comment(key));
        let keys: BTreeSet<&String> = keys.collect();
        Some(format!("{keys:?}"))
    };
    name(item, is_document).or_else(|| keys().filter(|_| is_document))
}

/// Pairs items by identity; `None` if that is impossible.
pub(super) fn known<'j>(lists: &Lists<'j>) -> Option<NamedItems<'j>> {
    let Lists {
        base,
        ours,
        theirs,
        are_documents,
        starts,
        ..
    } = *lists;
    let is_unique = |names: &[String]| {
        let unique: BTreeSet<&String> = names.iter().collect();
        unique.len() == names.len()
    };
    if !are_documents {
        for items in [base, ours, theirs] {
            let names: Option<Vec<String>> = items.iter().map(|item| name(item, false)).collect();
            if !is_unique(&names?) {
                return None;
            }
        }
    }
    let in_base: Vec<String> = (0..base.len()).map(|b| format!("old {b}")).collect();
    let of_side = |items: &[Json], side: usize| -> Option<Vec<String>> {
        let names = items.iter().enumerate().map(|(number, item)| {
            let old = lists.counterparts[side][starts[side + 1] + number];
            match old.and_then(|old| old.checked_sub(starts[0])) {
                Some(old) if old < base.len() => Some(format!("old {old}")),
                _ => Some(format!("new {}", name_of_added(item, are_documents)?)),
            }
        });
        let names: Vec<String> = names.collect::<Option<_>>()?;
        is_unique(&names).then_some(names)
    };
    let (in_ours, in_theirs) = (of_side(ours, 0)?, of_side(theirs, 1)?);
    let mut all = in_ours.iter().chain(&in_theirs);
    let is_lost = |old: &&String| !in_ours.contains(old) && !in_theirs.contains(old);
    if all.any(|name| name.starts_with("new")) && in_base.iter().any(|old| is_lost(&old)) {
        return None;
    }
    let position = |names: &[String], name: &String| names.iter().position(|other| other == name);
    for (old, base) in in_base.iter().zip(base) {
        if let (Some(o), Some(t)) = (position(&in_ours, old), position(&in_theirs, old))
            && are_changes(base, &ours[o], &theirs[t])
            && lists.is_doubtful([o, t])
        {
            return None;
        }
    }
    let is_sorted = |side: &[String]| {
        let positions = side.iter().filter_map(|name| position(&in_base, name));
        positions.is_sorted()
    };
    let swaps = match (is_sorted(&in_ours), is_sorted(&in_theirs)) {
        (_, true) => false,
        (true, false) => true,
        (false, false) if in_ours == in_theirs => false,
        (false, false) => return None,
    };
    let (first, second) = match swaps {
        true => (&in_theirs, &in_ours),
        false => (&in_ours, &in_theirs),
    };
    let mut order: Vec<&String> = first.iter().collect();
    for (number, name) in second.iter().enumerate() {
        if first.contains(name) {
            continue;
        }
        // The item goes after the one that it follows in `second`, and after those that the first
        // side added there.
        let before = second[..number].iter().rev();
        let known = before.clone().find(|name| first.contains(name));
        let mut at = known.map_or(0, |known| {
            order
                .iter()
                .position(|other| *other == known)
                .expect("the order has the item")
                + 1
        });
        while at < order.len() && !(first.contains(order[at]) && second.contains(order[at])) {
            at += 1;
        }
        order.insert(at, name);
    }
    let items = order.into_iter().map(|name| {
        let numbers = (position(&in_ours, name), position(&in_theirs, name));
        Named {
            sides: Sides {
                base: position(&in_base, name).map(|number| &base[number]),
                ours: numbers.0.map(|number| &ours[number]),
                theirs: numbers.1.map(|number| &theirs[number]),
            },
            numbers,
        }
    });
    Some(NamedItems {
        items: items.collect(),
        start: (starts[1], starts[2]),
    })
}

/// For each item of `base`, its position in `side` in a longest common subsequence.
pub(super) fn common(base: &[Json], side: &[Json]) -> Vec<Option<usize>> {
    let mut lengths = vec![vec![0; side.len() + 1]; base.len() + 1];
    for i in (0..base.len()).rev() {
        for j in (0..side.len()).rev() {
            lengths[i][j] = match base[i] == side[j] {
                true => lengths[i + 1][j + 1] + 1,
                false => lengths[i + 1][j].max(lengths[i][j + 1]),
            };
        }
    }
    let mut positions = vec![None; base.len()];
    let (mut i, mut j) = (0, 0);
    while i < base.len() && j < side.len() {
        if base[i] == side[j] {
            positions[i] = Some(j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    positions
}
