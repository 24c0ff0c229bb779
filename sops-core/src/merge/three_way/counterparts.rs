//! Finds for each item of a side the item of the base that it was: the same one, one with the same
//! name, or the only similar one. Items that both sides changed are merged only if both were the
//! same item, so that two different items never become one.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use sops_document::Collection;

use super::item_name::name;
use crate::merge::alignment::positions;
use crate::merge::outline::{Container, ContentHash, Piece};

/// How many entries are compared to find similar items. Beyond that, items that both sides changed
/// conflict.
const MAX_COMPARED: usize = 4_000_000;

/// The items that a side has in common with the base.
pub(super) struct Counterparts {
    /// For each item of the side, its number in the base.
    pub(super) in_base: Vec<Option<usize>>,
    /// For each item of the base, its number in the side.
    pub(super) in_side: Vec<Option<usize>>,
    /// Whether an item of the side may also correspond to another item of the base with the same
    /// keys. A change of such an item is not merged with a change of the other side.
    pub(super) is_doubtful: Vec<bool>,
}

impl Counterparts {
    pub(super) fn of(base: &[Piece<'_>], side: &[Piece<'_>], are_documents: bool) -> Self {
        let mut found = Self {
            in_base: vec![None; side.len()],
            in_side: vec![None; base.len()],
            is_doubtful: vec![false; side.len()],
        };
        let hashes = |items: &[Piece<'_>]| -> Vec<ContentHash> {
            items.iter().map(|item| item.hash).collect()
        };
        let same = positions(&hashes(base), &hashes(side)).into_iter();
        for (number, position) in same.enumerate() {
            if let Some(position) = position {
                found.add(number, position);
            }
        }
        found.add_named(base, side, are_documents);
        found.add_similar(base, side, are_documents);
        found
    }

    fn add(&mut self, in_base: usize, in_side: usize) {
        self.in_base[in_side] = Some(in_base);
        self.in_side[in_base] = Some(in_side);
    }

    /// Adds the items whose name occurs once in the base and once in the side.
    fn add_named(&mut self, base: &[Piece<'_>], side: &[Piece<'_>], are_documents: bool) {
        let in_base = unique_names(base, are_documents);
        for (name, number) in unique_names(side, are_documents) {
            if let Some(of_base) = in_base.get(&name).copied()
                && self.in_base[number].is_none()
                && self.in_side[of_base].is_none()
            {
                self.add(of_base, number);
            }
        }
    }

    /// Pairs the remaining items of the base and of the side, if each is the most similar counterpart
    /// of the other.
    fn add_similar(&mut self, base: &[Piece<'_>], side: &[Piece<'_>], are_documents: bool) {
        let open = |found: &[Option<usize>], items: &[Piece<'_>]| -> Vec<usize> {
            let numbers = 0..items.len();
            numbers
                .filter(|number| found[*number].is_none() && items[*number].container().is_some())
                .collect()
        };
        let (of_base, of_side) = (open(&self.in_side, base), open(&self.in_base, side));
        let length = |number: &usize| entries(&side[*number]).len() + 1;
        let compared = of_side.iter().map(length).sum::<usize>();
        if compared.saturating_mul(of_base.len()) > MAX_COMPARED {
            return;
        }
        let name = |item: &Piece<'_>| name(item, are_documents);
        let names: Vec<_> = side.iter().map(name).collect();
        let mut best_of_base = vec![Best::default(); base.len()];
        let mut best_of_side = vec![Best::default(); side.len()];
        for in_base in of_base {
            let (known, name) = (Known::new(&base[in_base]), name(&base[in_base]));
            for in_side in of_side.iter().copied() {
                if names[in_side] == name
                    && let Some(similarity) = known.similarity(&side[in_side])
                {
                    best_of_base[in_base].consider(in_side, similarity);
                    best_of_side[in_side].consider(in_base, similarity);
                }
            }
        }
        for in_side in of_side {
            if let Some(in_base) = best_of_side[in_side].item()
                && best_of_base[in_base].item() == Some(in_side)
            {
                self.add(in_base, in_side);
                // In a list, an item has a position too.
                let is_doubtful = [&best_of_side[in_side], &best_of_base[in_base]]
                    .iter()
                    .any(|best| best.is_doubtful());
                self.is_doubtful[in_side] = are_documents && is_doubtful;
            }
        }
    }
}

/// The names that occur once, with the numbers of their items.
fn unique_names(items: &[Piece<'_>], are_documents: bool) -> HashMap<ContentHash, usize> {
    let mut names: HashMap<ContentHash, Option<usize>> = HashMap::new();
    for (number, item) in items.iter().enumerate() {
        if let Some(name) = name(item, are_documents) {
            let once = names.entry(name).or_insert(Some(number));
            *once = once.filter(|known| *known == number);
        }
    }
    let unique = names.into_iter();
    unique
        .filter_map(|(name, number)| Some((name, number?)))
        .collect()
}

/// How similar two items are.
#[derive(Clone, Copy, Default)]
struct Similarity {
    /// The number of equal entries.
    entries: usize,
    /// The number of equal keys.
    keys: usize,
    /// Whether one may be an edited form of the other, rather than its replacement.
    is_enough: bool,
    /// Whether half of the entries of the shorter one are equal, which is unlikely to be chance.
    is_certain: bool,
}

/// The most similar item so far.
#[derive(Clone, Default)]
struct Best {
    item: Option<usize>,
    similarity: Similarity,
    /// Whether another item is equally similar.
    is_tied: bool,
    /// The largest number of equal entries of any item, and whether several items have it.
    most_entries: usize,
    have_several: bool,
}

impl Best {
    fn consider(&mut self, item: usize, similarity: Similarity) {
        match similarity.entries.cmp(&self.most_entries) {
            Ordering::Greater => {
                (self.most_entries, self.have_several) = (similarity.entries, false);
            }
            Ordering::Equal => self.have_several = true,
            Ordering::Less => {}
        }
        if !similarity.is_enough {
            return;
        }
        let rank = |similarity: Similarity| (similarity.entries, similarity.keys);
        match (self.item, rank(similarity).cmp(&rank(self.similarity))) {
            (None, _) | (_, Ordering::Greater) => {
                (self.item, self.similarity, self.is_tied) = (Some(item), similarity, false);
            }
            (Some(_), Ordering::Equal) => self.is_tied = true,
            (Some(_), Ordering::Less) => {}
        }
    }

    fn item(&self) -> Option<usize> {
        self.item.filter(|_| !self.is_tied)
    }

    /// Whether the item has few equal entries, or another one has as many.
    fn is_doubtful(&self) -> bool {
        let Similarity {
            entries,
            is_certain,
            ..
        } = self.similarity;
        !is_certain || entries < self.most_entries || self.have_several
    }
}

fn entries<'p, 't>(item: &'p Piece<'t>) -> &'p [Piece<'t>] {
    item.container()
        .map_or(&[], |container: &'p Container<'t>| &container.entries)
}

/// The entries of an item of the base, for comparisons. An item of a list has no key, so its
/// content replaces the key.
struct Known<'p> {
    kind: Option<Collection>,
    keys: HashSet<(&'p str, ContentHash)>,
    entries: HashSet<(&'p str, ContentHash)>,
}

impl<'p> Known<'p> {
    fn new(item: &'p Piece<'_>) -> Self {
        let kind = item.container().map(|container| container.kind);
        let entries = entries(item).iter();
        Self {
            kind,
            keys: entries.clone().map(|entry| key(entry, kind)).collect(),
            entries: entries.map(|entry| (&*entry.key, entry.hash)).collect(),
        }
    }

    /// `None` if the items are of different kinds. Two mappings are not similar enough if they have
    /// different keys and no equal entry, or if each has keys that the other lacks and they share
    /// at most half of their keys.
    fn similarity(&self, item: &Piece<'_>) -> Option<Similarity> {
        let container = item.container()?;
        if Some(container.kind) != self.kind {
            return None;
        }
        let entries = container.entries.iter();
        let keys = entries.clone().map(|entry| key(entry, self.kind));
        let keys: HashSet<_> = keys.filter(|key| self.keys.contains(key)).collect();
        let equal = entries.map(|entry| (&*entry.key, entry.hash));
        let equal: HashSet<_> = equal.filter(|entry| self.entries.contains(entry)).collect();
        let (fewer, more) = match self.keys.len() < container.entries.len() {
            true => (self.keys.len(), container.entries.len()),
            false => (container.entries.len(), self.keys.len()),
        };
        let has_evidence = !equal.is_empty() || keys.len() == more;
        let is_enough = container.kind == Collection::Sequence
            || has_evidence && (keys.len() == fewer || 2 * keys.len() > more);
        Some(Similarity {
            entries: equal.len(),
            keys: keys.len(),
            is_enough,
            is_certain: !equal.is_empty() && 2 * equal.len() >= fewer,
        })
    }
}

/// What identifies an entry in its container.
fn key<'p>(entry: &'p Piece<'_>, kind: Option<Collection>) -> (&'p str, ContentHash) {
    match kind {
        Some(Collection::Sequence) => ("", entry.hash),
        _ => (&*entry.key, ContentHash::default()),
    }
}
