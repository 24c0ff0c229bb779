//! A change of one node of a document: which items of the tape it replaces, and with what.

use std::ops::Range;

use super::path_target::kind;
use super::tree_edit::NodeKind;
use super::{layout, site};
use crate::Document;
use crate::tree::Node;

/// The items of the tape that a change replaces, and what takes their place: in a mapping under a key.
pub(super) type Effect<'e> = (Range<usize>, Option<(Option<&'e str>, &'e Node)>);

/// A change of a document.
pub(super) enum Change<'p> {
    /// A mapping for a document that is empty.
    Create(Node),
    /// Another value for a node.
    Replace(usize, Node),
    /// Another value for a scalar, and how it is written.
    Spell(usize, Node, &'p str),
    /// A new entry or item at the end of a container.
    Append(usize, Option<&'p str>, Node),
    /// A node goes, with its key.
    Remove(usize),
}

impl Change<'_> {
    /// The node that is changed: of a new entry or item the container.
    pub(super) fn node(&self) -> usize {
        match self {
            Self::Create(_) => 0,
            Self::Replace(node, _)
            | Self::Spell(node, ..)
            | Self::Append(node, ..)
            | Self::Remove(node) => *node,
        }
    }

    /// Whether what is put under a merge key can be merged; nothing could read the document otherwise.
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

    /// The items of the tape that are replaced, and what takes their place.
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
