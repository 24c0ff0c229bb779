//! A merge of parsed trees by key path, written without the library.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use sops_core::merge::SideName;

use super::lists::{Lists, Named, NamedItems, common, known, name_of_added, one_moved};
use super::tree::{comment_key, is_comment};

/// The merged tree, with conflicts resolved to one side.
pub(super) struct Oracle {
    pub(super) tree: Json,
    pub(super) conflicts: BTreeSet<String>,
}

struct Merge {
    side: SideName,
    conflicts: BTreeSet<String>,
    /// The number of the document, in a stream of them.
    document: usize,
}

/// A node of base, ours and theirs; `None` where it is missing.
#[derive(Clone, Copy)]
pub(super) struct Sides<'j> {
    pub(super) base: Option<&'j Json>,
    pub(super) ours: Option<&'j Json>,
    pub(super) theirs: Option<&'j Json>,
}

impl<'j> Sides<'j> {
    fn map(self, child: impl Fn(&'j Json) -> Option<&'j Json>) -> Self {
        Self {
            base: self.base.and_then(&child),
            ours: self.ours.and_then(&child),
            theirs: self.theirs.and_then(&child),
        }
    }

    fn get(self, key: &str) -> Self {
        self.map(|node| node.get(key))
    }
}

impl Oracle {
    /// Merges trees; a list is a stream of documents.
    pub(super) fn merge(base: &Json, ours: &Json, theirs: &Json, side: SideName) -> Self {
        let mut merge = Merge {
            side,
            conflicts: BTreeSet::new(),
            document: 0,
        };
        let sides = Sides {
            base: Some(base),
            ours: Some(ours),
            theirs: Some(theirs),
        };
        let tree = match [base, ours, theirs].map(Json::as_array) {
            [Some(base), Some(ours), Some(theirs)] => {
                let items = merge.items(base, ours, theirs, None);
                Json::Array(items)
            }
            _ => merge.node(sides, "").expect("the top level stays"),
        };
        Self {
            tree,
            conflicts: merge.conflicts,
        }
    }
}

impl Merge {
    fn conflict(&mut self, path: &str) -> SideName {
        self.conflicts.insert(conflict_name(self.document, path));
        self.side
    }

    fn either(&mut self, sides: Sides<'_>, path: &str) -> Option<Json> {
        match self.conflict(path) {
            SideName::Ours => sides.ours.cloned(),
            SideName::Theirs => sides.theirs.cloned(),
        }
    }

    /// Merges a value that both sides have.
    fn node(&mut self, sides: Sides<'_>, path: &str) -> Option<Json> {
        let Sides { base, ours, theirs } = sides;
        if ours == theirs || base == theirs {
            return ours.cloned();
        }
        if base == ours {
            return theirs.cloned();
        }
        match (ours, theirs) {
            (Some(Json::Object(_)), Some(Json::Object(_))) => Some(self.mapping(sides, path)),
            (Some(Json::Array(in_ours)), Some(Json::Array(in_theirs))) => {
                let items = match base {
                    Some(Json::Array(base)) => self.items(base, in_ours, in_theirs, Some(path)),
                    // Both added the list.
                    _ => match known(&Lists::new(&[], in_ours, in_theirs, false)) {
                        Some(plan) => self.named(plan, Some(path)),
                        None => return self.either(sides, path),
                    },
                };
                Some(Json::Array(items))
            }
            // Only the comments in it differ from the base: they would be lost.
            _ if is_same(base, ours) && has_new_comment(base, ours) => self.either(sides, path),
            _ if is_same(base, theirs) && has_new_comment(base, theirs) => self.either(sides, path),
            _ if is_same(base, theirs) => ours.cloned(),
            _ if is_same(base, ours) => theirs.cloned(),
            _ => self.either(sides, path),
        }
    }

    fn mapping(&mut self, sides: Sides<'_>, path: &str) -> Json {
        let maps = [sides.ours, sides.theirs].map(|side| side.and_then(Json::as_object));
        let keys = maps.into_iter().flatten().flat_map(Map::keys);
        let keys: BTreeSet<&String> = keys.filter(|key| !is_comment(key)).collect();
        let mut merged = Map::new();
        for key in keys {
            let path = format!("{path}[\"{key}\"]");
            self.entry(sides, key, &path, &mut merged);
        }
        Json::Object(merged)
    }

    /// Merges the value under a key, and the comment above it.
    fn entry(&mut self, sides: Sides<'_>, key: &str, path: &str, merged: &mut Map<String, Json>) {
        let about = comment_key(key);
        let (values, comments) = (sides.get(key), sides.get(&about));
        let (value, comment) = match (values.ours, values.theirs) {
            (Some(_), Some(_)) => {
                let value = self.node(values, path);
                let Sides { base, ours, theirs } = comments;
                let comment = if ours == theirs || base == theirs {
                    ours
                } else if base == ours {
                    theirs
                } else if let (None, Some(left), Some(right)) = (base, ours, theirs) {
                    // Both sides added a comment.
                    let both = [left, right].map(|comment| comment.as_str().unwrap_or_default());
                    merged.insert(about.clone(), Json::from(both.join("\n")));
                    None
                } else {
                    match self.conflict(path) {
                        SideName::Ours => ours,
                        SideName::Theirs => theirs,
                    }
                };
                (value, comment.cloned())
            }
            (ours, theirs) => {
                let (side, value, comment) = match ours {
                    Some(value) => (SideName::Ours, value, comments.ours),
                    None => (
                        SideName::Theirs,
                        theirs.expect("a side has the key"),
                        comments.theirs,
                    ),
                };
                let is_kept = match values.base {
                    None => true,
                    // The other side removed the entry.
                    Some(base) => {
                        let is_unchanged = is_same(Some(base), Some(value))
                            && !has_new_comment(Some(base), Some(value))
                            && (comment.is_none() || comment == comments.base);
                        !is_unchanged && self.conflict(path) == side
                    }
                };
                match is_kept {
                    true => (Some(value.clone()), comment.cloned()),
                    false => (None, None),
                }
            }
        };
        if let Some(comment) = comment {
            merged.insert(about, comment);
        }
        if let Some(value) = value {
            merged.insert(key.to_owned(), value);
        }
    }

    /// Merges the items of a list, or documents without a path.
    fn items(
        &mut self,
        base: &[Json],
        ours: &[Json],
        theirs: &[Json],
        path: Option<&str>,
    ) -> Vec<Json> {
        let lists = Lists::new(base, ours, theirs, path.is_none());
        let either = |side| match side {
            SideName::Ours => ours.to_vec(),
            SideName::Theirs => theirs.to_vec(),
        };
        // A scalar has nothing but its position. So changes of both sides can be put together only if
        // they are in other positions, or if all of them are additions.
        let is_of_scalars = path.is_some() && are_changed_scalars(base, ours, theirs);
        if is_of_scalars && are_in_other_positions(base, ours, theirs) {
            return self.by_number(&lists, path);
        }
        if is_of_scalars && !(has_all(ours, base) && has_all(theirs, base)) {
            return either(self.conflict(path.unwrap_or_default()));
        }
        let is_only_document = path.is_none() && lists.lengths() == [1; 3];
        if is_only_document || !is_of_scalars && lists.are_same_items() {
            return self.by_number(&lists, path);
        }
        let regions = lists.regions();
        if !is_of_scalars && one_moved(&regions) {
            if path.is_none() {
                self.document = 0;
            }
            return either(self.conflict(path.unwrap_or_default()));
        }
        let mut merged = Vec::new();
        for region in &regions {
            let is_addition = || added(region.base, region.ours, region.theirs, false).is_some();
            if is_of_scalars && !region.is_change_of_one() && !is_addition() {
                // Both sides added the same items, but not in the same order.
                return either(self.conflict(path.unwrap_or_default()));
            }
            merged.extend(self.region(region, path));
            let [b, o, t] = region.ends();
            if b < base.len() {
                merged.extend(self.item(Some(&base[b]), &ours[o], &theirs[t], o, path));
            }
        }
        merged
    }

    /// Merges the items between two items that neither side changed.
    fn region(&mut self, region: &Lists<'_>, path: Option<&str>) -> Vec<Json> {
        let Lists {
            base, ours, theirs, ..
        } = *region;
        let start = region.starts[1];
        if region.are_same_items() {
            return self.by_number(region, path);
        }
        let mut merged = Vec::new();
        if ours.iter().map(bare).eq(theirs.iter().map(bare)) {
            for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                merged.extend(self.item(None, ours, theirs, start + number, path));
            }
        } else if is_unchanged(base, ours) {
            merged.extend_from_slice(theirs);
        } else if is_unchanged(base, theirs) {
            merged.extend_from_slice(ours);
        } else if let Some(plan) = known(region) {
            merged.extend(self.named(plan, path));
        } else if let Some(pairs) = added(base, ours, theirs, path.is_none()) {
            let (mut done, mut end) = (0, 0);
            for (number, pair) in pairs.iter().enumerate() {
                let Some(in_theirs) = *pair else { continue };
                merged.extend_from_slice(&ours[done..number]);
                merged.extend_from_slice(&theirs[end..in_theirs]);
                let both = (&ours[number], &theirs[in_theirs]);
                merged.extend(self.item(None, both.0, both.1, start + number, path));
                (done, end) = (number + 1, in_theirs + 1);
            }
            merged.extend_from_slice(&ours[done..]);
            merged.extend_from_slice(&theirs[end..]);
        } else {
            if path.is_none() {
                self.document = 0;
            }
            merged.extend_from_slice(match self.conflict(path.unwrap_or_default()) {
                SideName::Ours => ours,
                SideName::Theirs => theirs,
            });
        }
        merged
    }

    fn item(
        &mut self,
        base: Option<&Json>,
        ours: &Json,
        theirs: &Json,
        number: usize,
        path: Option<&str>,
    ) -> Option<Json> {
        let sides = Sides {
            base,
            ours: Some(ours),
            theirs: Some(theirs),
        };
        let path = self.item_path(number, path);
        self.node(sides, &path)
    }

    fn item_path(&mut self, number: usize, path: Option<&str>) -> String {
        match path {
            Some(path) => format!("{path}[{number}]"),
            None => {
                self.document = number;
                String::new()
            }
        }
    }

    fn by_number(&mut self, lists: &Lists<'_>, path: Option<&str>) -> Vec<Json> {
        let items = lists
            .base
            .iter()
            .zip(lists.ours)
            .zip(lists.theirs)
            .enumerate();
        let items = items.filter_map(|(number, ((base, ours), theirs))| {
            self.item(Some(base), ours, theirs, lists.starts[1] + number, path)
        });
        items.collect()
    }

    fn named(&mut self, plan: NamedItems<'_>, path: Option<&str>) -> Vec<Json> {
        let mut merged = Vec::new();
        // Conflicts do not depend on the order.
        for Named { sides, numbers } in plan.items {
            let number = match numbers {
                (Some(ours), _) => plan.start.0 + ours,
                (None, theirs) => plan.start.1 + theirs.unwrap_or_default(),
            };
            let item_path = self.item_path(number, path);
            merged.extend(match (sides.ours, sides.theirs) {
                (Some(_), Some(_)) => self.node(sides, &item_path),
                (ours, theirs) => {
                    let side = if ours.is_some() {
                        SideName::Ours
                    } else {
                        SideName::Theirs
                    };
                    let item = ours.or(theirs);
                    let is_kept = match sides.base {
                        None => true,
                        base if is_same(base, item) && !has_new_comment(base, item) => false,
                        _ => self.conflict(&item_path) == side,
                    };
                    item.filter(|_| is_kept).cloned()
                }
            });
        }
        merged
    }
}

/// A conflict by its place.
pub(super) fn conflict_name(document: usize, path: &str) -> String {
    match path {
        "" => "everything".to_owned(),
        path => format!("{document}: {path}"),
    }
}

/// A tree without comments.
pub(super) fn bare(tree: &Json) -> Json {
    match tree {
        Json::Object(map) => {
            let entries = map.iter().filter(|(key, _)| !is_comment(key));
            let mut entries: Vec<_> = entries
                .map(|(key, value)| (key.clone(), bare(value)))
                .collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(bare).collect(),
        scalar => scalar.clone(),
    }
}

/// Whether both have the same values.
fn is_same(left: Option<&Json>, right: Option<&Json>) -> bool {
    left.map(bare) == right.map(bare)
}

fn comments<'j>(tree: Option<&'j Json>, found: &mut BTreeSet<&'j str>) {
    match tree {
        Some(Json::Object(map)) => {
            for (key, value) in map {
                match is_comment(key) {
                    true => drop(found.insert(value.as_str().unwrap_or_default())),
                    false => comments(Some(value), found),
                }
            }
        }
        Some(Json::Array(items)) => items.iter().for_each(|item| comments(Some(item), found)),
        _ => {}
    }
}

/// Whether a value contains a comment that it does not contain in the base.
fn has_new_comment(base: Option<&Json>, side: Option<&Json>) -> bool {
    let (mut old, mut new) = (BTreeSet::new(), BTreeSet::new());
    comments(base, &mut old);
    comments(side, &mut new);
    !new.is_subset(&old)
}

/// Whether both sides changed a list of scalars, and not in the same way.
fn are_changed_scalars(base: &[Json], ours: &[Json], theirs: &[Json]) -> bool {
    let mut items = base.iter().chain(ours).chain(theirs);
    items.all(|item| !item.is_object() && !item.is_array())
        && base != ours
        && base != theirs
        && ours != theirs
}

/// Whether no item has a change of both sides, in lists of the same length.
fn are_in_other_positions(base: &[Json], ours: &[Json], theirs: &[Json]) -> bool {
    let mut numbers = 0..base.len();
    [ours.len(), theirs.len()] == [base.len(); 2]
        && numbers.all(|number| {
            let [base, ours, theirs] = [base, ours, theirs].map(|list| &list[number]);
            base == ours || base == theirs || ours == theirs
        })
}

/// Whether a list has all items of another one in their order.
fn has_all(list: &[Json], items: &[Json]) -> bool {
    let mut list = list.iter();
    items.iter().all(|item| list.any(|own| own == item))
}

fn is_unchanged(base: &[Json], side: &[Json]) -> bool {
    let mut pairs = base.iter().zip(side);
    base.iter().map(bare).eq(side.iter().map(bare))
        && !pairs.any(|(base, side)| has_new_comment(Some(base), Some(side)))
}

/// For each item of ours, its position in theirs, if both sides added items in one position that
/// can just be put together.
fn added(
    base: &[Json],
    ours: &[Json],
    theirs: &[Json],
    are_documents: bool,
) -> Option<Vec<Option<usize>>> {
    if !base.is_empty() {
        return None;
    }
    let bares = |items: &[Json]| -> Vec<Json> { items.iter().map(bare).collect() };
    let pairs = common(&bares(ours), &bares(theirs));
    let names = |items: &[Json], is_own: &dyn Fn(usize) -> bool| -> BTreeSet<String> {
        let items = items.iter().enumerate();
        let own = items.filter(|(number, _)| is_own(*number));
        own.flat_map(|(_, item)| {
            [
                Some(bare(item).to_string()),
                name_of_added(item, are_documents),
            ]
        })
        .flatten()
        .collect()
    };
    let own = names(ours, &|number| pairs[number].is_none());
    let other = names(theirs, &|number| !pairs.contains(&Some(number)));
    own.is_disjoint(&other).then_some(pairs)
}
