//! Expands an alias if its values are encrypted, because each path has its own additional data.

use sops_document::{Document, Item};

use crate::pipeline::selection::is_encryptable;

/// Whether an alias must be expanded: a value or a comment in it is encrypted, here or at its
/// anchor.
pub(super) fn is_written_out(document: &Document<'_>, selected: &[bool], index: usize) -> bool {
    let Item::Alias { target, close, .. } = &document.tape()[index] else {
        return false;
    };
    let mut copies = (index + 1..*close as usize).zip(*target as usize..);
    copies.any(|(copy, original)| {
        let can_be_encrypted = match &document.tape()[copy] {
            Item::Leaf(leaf) => is_encryptable(leaf.value.as_ref()),
            Item::Comment { .. } => true,
            _ => false,
        };
        can_be_encrypted && (selected[copy] || selected[original])
    })
}
