//! A change to one node of a document: which tape items it replaces, and what replaces them.

use std::ops::Range;

use super::path_target::kind;
use super::tree_edit::NodeKind;
use super::{layout, site};
use crate::Document;
use crate::tree::Node;

/// The tape items that a change replaces, and the new node. In a mapping, the node has a key.
pub(super) type Effect<'e> = (Range<usize>, Option<(Option<&'e str>, &'e Node)>);

/// A change to a document.
pub(super) enum Change<'p> {
    /// Creates the mapping of an empty document.
    Create(Node),
    /// Replaces the value of a node.
    Replace(usize, Node),
    /// Replaces a scalar with a value in a given spelling.
    Spell(usize, Node, &'p str),
    /// Appends an entry or item to a container.
    Append(usize, Option<&'p str>, Node),
    /// Removes a node with its key.
    Remove(usize),
}

impl Change<'_> {
    /// The changed node. For a new entry or item, this is the container.
    pub(super) fn node(&self) -> usize {
        match self {
            Self::Create(_) => 0,
            Self::Replace(node, _)
            | Self::Spell(node, ..)
            | Self::Append(node, ..)
            | Self::Remove(node) => *node,
        }
    }

    /// Whether the new value of a merge key can be merged. If not, no parser could read the
    /// document.
    pub(super) fn is_mergeable(&self, document: &Document<'_>) -> bool {
        let is_item = |node: usize| {
            matches!(
                kind(document, site::container(document, node)),
                NodeKind::Sequence(_)
            )
        };
        match self {
            Self::Replace(node, value) if document.is_merge(*node) => {
                matches!(value, Node::Mapping(_)) || !is_item(*node) && layout::can_be_merged(value)
            }
            Self::Append(container, None, value) if document.is_merge(*container) => {
                matches!(value, Node::Mapping(_))
            }
            _ => true,
        }
    }

    /// The tape items that are replaced, and their replacement.
    pub(super) fn effect<'e>(&'e self, document: &'e Document<'_>) -> Effect<'e> {
        match self {
            Self::Create(value) => {
                let close = document.node_items(0).end - 1;
                (close..close, Some((None, value)))
            }
            Self::Replace(node, value) | Self::Spell(node, value, _) => (
                document.node_items(*node),
                Some((Some(document.key(*node)), value)),
            ),
            Self::Append(container, key, value) => {
                let close = document.node_items(*container).end - 1;
                (close..close, Some((*key, value)))
            }
            Self::Remove(node) => (document.node_items(*node), None),
        }
    }
}
