//! Compares the comments and the order of two versions, which the comparison of values ignores.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use sops_core::document::{Document, Item};
use sops_core::{Format, parse_document};

/// How two versions differ in their comments and their order.
#[derive(Default)]
pub(super) struct ArrangementChanges {
    /// The comments that only the old text has, with their `#`.
    pub(super) removed_comments: Vec<String>,
    /// The comments that only the new text has.
    pub(super) added_comments: Vec<String>,
    /// Whether the comments and keys that both have are in a different order.
    pub(super) is_reordered: bool,
}

/// A part of a document that has a position.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Part {
    Comment(String),
    /// The keys above a value.
    Value(Vec<String>),
}

impl ArrangementChanges {
    /// Compares two versions in plaintext. A version that cannot be parsed has no comments.
    pub(super) fn between((old, old_format): (&[u8], Format), new: (&[u8], Format)) -> Self {
        let (old, new) = (parts(old, old_format), parts(new.0, new.1));
        Self {
            removed_comments: comments_only_in(&old, &new),
            added_comments: comments_only_in(&new, &old),
            is_reordered: common_order(&old, &new) != common_order(&new, &old),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.removed_comments.is_empty() && self.added_comments.is_empty() && !self.is_reordered
    }
}

fn parts(text: &[u8], format: Format) -> Vec<Part> {
    let document = parse_document(text, format);
    document.map_or_else(|_| Vec::new(), |document| parts_of(&document))
}

fn parts_of(document: &Document<'_>) -> Vec<Part> {
    let items = document.written_items();
    let parts = items.filter_map(|(_, item)| match item {
        Item::Comment { span, .. } => Some(Part::Comment(document.source(*span).to_owned())),
        Item::Leaf(leaf) => {
            let above = document.paths().ancestry(leaf.path).into_iter();
            let keys = above.map(|id| document.paths().key(id).to_string());
            Some(Part::Value(keys.collect()))
        }
        _ => None,
    });
    parts.collect()
}

fn comments_only_in(parts: &[Part], known: &[Part]) -> Vec<String> {
    let mut counts: HashMap<&Part, usize> = HashMap::new();
    for part in known {
        *counts.entry(part).or_default() += 1;
    }
    let mut comments = Vec::new();
    for part in parts {
        match (counts.get_mut(part), part) {
            (Some(count), _) if *count > 0 => *count -= 1,
            (_, Part::Comment(text)) => comments.push(text.clone()),
            _ => {}
        }
    }
    comments
}

/// The parts that are also in the other version, in the order of their first occurrence.
fn common_order<'p>(parts: &'p [Part], known: &[Part]) -> Vec<&'p Part> {
    let known: HashSet<&Part> = known.iter().collect();
    let mut seen = HashSet::new();
    let common = parts.iter().filter(|part| known.contains(part));
    common.filter(|part| seen.insert(*part)).collect()
}
