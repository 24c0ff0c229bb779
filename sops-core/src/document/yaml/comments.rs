//! In which container a comment stands, as Go's YAML library decides it.

use crate::document::{Document, Span};

/// What follows the last entry of each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// A `sops` block will be put there.
    Block,
    /// Nothing.
    Nothing,
}

/// Puts the comments on the tape, in the order in which SOPS walks them.
pub(crate) fn place(document: &mut Document<'_>, comments: Vec<Span>, tail: Tail) {
    let _ = (document, comments, tail);
}
