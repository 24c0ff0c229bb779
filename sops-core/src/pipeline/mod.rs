//! The one way through: a document, the rules that pick its leaves, the cipher that makes edits, the MAC that hashes.
//!
//! `encrypt` and `decrypt` are the two directions; what they have in common stands beside them.

mod alias;
pub(crate) mod binary;
pub(crate) mod ciphertext;
mod comment_edits;
mod comments;
mod content;
pub(crate) mod decrypt;
pub(crate) mod encrypt;
mod in_order;
mod open;
mod read;
pub(crate) mod reuse;
pub(crate) mod selection;
pub(crate) mod sink;
mod spellings;
mod survey;
pub(crate) mod unencrypted;
mod write;

use sops_document::{Document, Item, ROOT};

/// Whether the item at `index` begins a container without anything but comments in it, the top level aside: the `sops` block
/// makes one there.
fn is_empty_container(document: &Document<'_>, index: usize) -> bool {
    let mut inside = document.tape()[index + 1..].iter();
    let mut next = || inside.find(|item| !matches!(item, Item::Comment { .. }));
    matches!(document.tape()[index], Item::Open { path, .. } if path != ROOT)
        && matches!(next(), Some(Item::Close { .. }))
}
