//! Walks over the tape and tracks the containers and the address of each leaf, which source forms
//! refer to.

use sops_document::{Collection, Containers, Document, Item, Leaf};

use crate::cipher;
use crate::pipeline::is_empty_container;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::pipeline::source_forms::{Address, SourceForm};

/// A walk over the tape of an encrypted document.
#[derive(Clone)]
pub(super) struct TapeWalk<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    selection: &'d Selection,
    /// The containers around the last item.
    pub(super) containers: Containers<'d, 'a>,
    /// The source forms from here on.
    nodes: &'d [SourceForm],
    /// The address of the last leaf.
    address: Address,
    /// Whether the innermost container is a sequence that has only comments so far.
    pub(super) only_comments: bool,
}

/// What is known about an item.
#[derive(Clone, Copy, Default)]
pub(super) struct PassedItem<'d> {
    /// Whether the item is an encrypted leaf.
    pub(super) is_encrypted: bool,
    /// The source form at its address.
    pub(super) node: Option<&'d SourceForm>,
}

impl<'d, 'a> TapeWalk<'d, 'a> {
    pub(super) fn new(
        document: &'d Document<'a>,
        selection: &'d Selection,
        nodes: &'d [SourceForm],
    ) -> Self {
        Self {
            document,
            selection,
            containers: Containers::new(document),
            nodes,
            address: Address::default(),
            only_comments: false,
        }
    }

    /// Moves past the item at `index`, which must be the next one.
    pub(super) fn pass(&mut self, index: usize) -> PassedItem<'d> {
        let item = &self.document.tape()[index];
        self.containers.pass(item);
        let is_encrypted = match item {
            Item::Comment { .. } => return PassedItem::default(),
            Item::Leaf(leaf) => {
                let is_encrypted = is_encrypted(self.selection, index, leaf);
                self.only_comments = self.only_comments && is_encrypted && is_comment(leaf);
                is_encrypted
            }
            _ => {
                self.only_comments = matches!(
                    item,
                    Item::Open {
                        kind: Collection::Sequence,
                        ..
                    }
                );
                // An empty container has an address, like a leaf.
                if !is_empty_container(self.document, index) {
                    return PassedItem::default();
                }
                false
            }
        };
        self.address.advance(is_encrypted);
        let next = self.nodes.split_first();
        let next = next.filter(|(node, _)| node.at == self.address);
        let node = next.map(|(node, rest)| {
            self.nodes = rest;
            node
        });
        PassedItem { is_encrypted, node }
    }
}

/// Whether the leaf at this index is encrypted. Null and the empty string never are.
fn is_encrypted(selection: &Selection, index: usize, leaf: &Leaf<'_>) -> bool {
    selection.contains(index) && is_encryptable(leaf.value.as_ref())
}

/// Whether an encrypted leaf is a comment, as SOPS writes those of sequences.
fn is_comment(leaf: &Leaf<'_>) -> bool {
    let value = leaf.value.as_ref();
    value.is_some_and(|value| cipher::is_comment(&value.bytes))
}
