//! What setting a value does: it changes a value, adds a key, or replaces several values. A typo in
//! a path adds a key.

use sops_core::document::{NodeRef, Shape};
use sops_core::{Component, Document, KeyPath};

use super::Assignment;

/// What an assignment does to a document.
pub(super) enum Outcome {
    Changed,
    /// There was no value at the path. One of the keys next to it may be meant.
    Added(Option<String>),
    /// The value replaces these values, in words.
    Replaced(String),
}

impl Outcome {
    pub(super) fn of(document: &Document<'_>, assignment: &Assignment) -> Self {
        let path = &assignment.path;
        match node_at(document, path.components()) {
            None => Self::Added(similar(document, path)),
            Some(old) => described(old).map_or(Self::Changed, Self::Replaced),
        }
    }
}

/// The outcomes of all assignments, in words.
pub(super) fn in_words(outcomes: &[(&Assignment, Outcome)]) -> String {
    let added = outcomes.iter();
    let added = added.filter(|(_, outcome)| matches!(outcome, Outcome::Added(_)));
    let added = added.map(|(assignment, _)| assignment.path.dotted().to_string());
    let added: Vec<String> = added.collect();
    let mut words = Vec::new();
    if added.len() < outcomes.len() {
        words.push("changed".to_owned());
    }
    if !added.is_empty() {
        words.push(format!("added {}", added.join(", ")));
    }
    for (assignment, outcome) in outcomes {
        if let Outcome::Replaced(old) = outcome {
            words.push(format!("{} replaced {old}", assignment.path.dotted()));
        }
    }
    words.join("; ")
}

/// The mapping or list at a path, in words; `None` if there is a scalar, or nothing.
pub(crate) fn several_values(document: &Document<'_>, path: &KeyPath) -> Option<String> {
    described(node_at(document, path.components())?)
}

/// The node at a path of the first document.
fn node_at<'d, 'a>(document: &'d Document<'a>, path: &[Component]) -> Option<NodeRef<'d, 'a>> {
    let top = document.tops().next()??;
    path.iter()
        .try_fold(top, |node, component| match component {
            Component::Key(key) => node.get(key),
            Component::Index(index) => node.items().nth(*index),
        })
}

/// A warning that only the first document of several is changed, if another one has the value too,
/// or could have it.
pub(crate) fn other_documents(document: &Document<'_>, path: &KeyPath) -> Option<String> {
    let Some(Component::Key(field)) = path.components().first() else {
        return None;
    };
    let mut tops = document.tops().flatten();
    let first = tops.next()?;
    tops.find(|top| top.get(field).is_some())?;
    let text = |key: &str| first.get(key)?.as_str().map(str::to_owned);
    let name = first
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let name = name.and_then(|name| name.as_str()).unwrap_or_default();
    let kind = text("kind").map(|kind| format!(", {kind} {name}"));
    Some(format!(
        "the file has several documents, and `{}` changes only in the first one{}; to change another document, use `sops-rs edit`",
        path.dotted(),
        kind.unwrap_or_default().trim_end()
    ))
}

/// A mapping or a list in words; `None` for a scalar and for an empty one.
fn described(node: NodeRef<'_, '_>) -> Option<String> {
    fn scalars(node: NodeRef<'_, '_>) -> usize {
        match node.shape() {
            Shape::Mapping => node.entries().map(|(_, value)| scalars(value)).sum(),
            Shape::Sequence => node.items().map(scalars).sum(),
            Shape::Scalar => 1,
        }
    }
    let kind = match node.shape() {
        Shape::Mapping => "a mapping",
        Shape::Sequence => "a list",
        Shape::Scalar => return None,
    };
    match scalars(node) {
        0 => None,
        1 => Some(format!("{kind} of 1 value")),
        count => Some(format!("{kind} of {count} values")),
    }
}

/// The path with the most similar key next to it, if one is so similar that it may be meant.
fn similar(document: &Document<'_>, path: &KeyPath) -> Option<String> {
    /// Shorter keys, such as `user1` and `user2`, would count as typos of each other.
    const SHORTEST: usize = 6;
    let (last, before) = path.components().split_last()?;
    let Component::Key(key) = last else {
        return None;
    };
    let node = node_at(document, before)?;
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let is_typo = |other: &&str| {
        let distance = strsim::osa_distance(&key.to_lowercase(), &other.to_lowercase());
        let is_short = key.len().min(other.len()) < SHORTEST;
        digits(key) == digits(other) && (distance == 0 || distance <= 2 && !is_short)
    };
    let keys = node.entries().map(|(key, _)| key).filter(is_typo);
    let meant = keys.min_by_key(|other| strsim::osa_distance(key, other))?;
    let meant = before
        .iter()
        .cloned()
        .chain([Component::Key(meant.to_owned())]);
    Some(KeyPath::new(meant)?.dotted().to_string())
}
