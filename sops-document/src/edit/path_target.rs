//! Resolves a key path in a document.

use super::tree_edit::{NodeKind, misfit, missing};
use crate::error::Result;
use crate::key_path::{Component, KeyPath};
use crate::{Collection, Document, Item};

/// The node at `path` in the first document. Follows aliases, so it is for reading only.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) and [`Error::Path`](crate::Error::Path).
pub(crate) fn find(document: &Document<'_>, path: &KeyPath) -> Result<usize> {
    let mut node = document.top(0);
    for (depth, component) in path.components().iter().enumerate() {
        let container = node.map(|node| document.dereferenced(node));
        let kind = container.map_or(NodeKind::Mapping, |container| kind(document, container));
        let child = container.and_then(|container| child(document, container, component));
        node = match (component, kind) {
            (Component::Key(_), NodeKind::Mapping)
            | (Component::Index(_), NodeKind::Sequence(_)) => {
                Some(child.ok_or_else(|| missing(path, depth))?)
            }
            (_, kind) => return Err(misfit(path, depth, kind)),
        };
    }
    Ok(node.unwrap_or(0))
}

/// The result of following a path. A second field is the number of components up to that node.
pub(super) enum PathTarget {
    /// The document is empty.
    Nothing,
    /// The whole path leads to this node.
    Node(usize),
    /// The path continues below an alias.
    Alias(usize, usize),
    /// The path continues below a scalar, which is impossible.
    Leaf(usize, usize),
    /// The container does not have the next component.
    Container(usize, usize),
}

impl PathTarget {
    /// Follows the path from the top of the first document.
    pub(super) fn follow(document: &Document<'_>, path: &KeyPath) -> Self {
        let Some(mut node) = document.top(0) else {
            return Self::Nothing;
        };
        for (depth, component) in path.components().iter().enumerate() {
            match &document.tape[node] {
                Item::Alias { .. } => return Self::Alias(node, depth),
                Item::Open { .. } => match child(document, node, component) {
                    Some(child) => node = child,
                    None => return Self::Container(node, depth),
                },
                _ => return Self::Leaf(node, depth),
            }
        }
        Self::Node(node)
    }
}

/// The node that a component selects in the container at `container`.
pub(super) fn child(
    document: &Document<'_>,
    container: usize,
    component: &Component,
) -> Option<usize> {
    let mut children = document.children(container);
    match (component, &document.tape[container]) {
        (
            Component::Key(key),
            Item::Open {
                kind: Collection::Mapping,
                ..
            },
        ) => children.find(|child| document.key(*child) == key),
        (
            Component::Index(index),
            Item::Open {
                kind: Collection::Sequence,
                ..
            },
        ) => children.nth(*index),
        _ => None,
    }
}

/// The kind of the node at `node`. An alias counts as a scalar.
pub(super) fn kind(document: &Document<'_>, node: usize) -> NodeKind {
    match &document.tape[node] {
        Item::Open {
            kind: Collection::Mapping,
            ..
        } => NodeKind::Mapping,
        Item::Open { .. } => NodeKind::Sequence(document.children(node).count()),
        _ => NodeKind::Scalar,
    }
}
