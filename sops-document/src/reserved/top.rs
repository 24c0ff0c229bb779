//! The mapping that a reserved entry goes into.

use std::ops::Range;

use crate::document::Document;
use crate::tape::Item;

/// The mapping at the top of the document whose item is at `index`.
pub(super) struct Top {
    /// The index of the mapping on the tape.
    pub(super) index: usize,
    pub(super) span: Range<usize>,
    pub(super) flow: bool,
}

impl Top {
    pub(super) fn of(document: &Document<'_>, index: usize) -> Option<Self> {
        let index = document.top(index)?;
        match &document.tape[index] {
            Item::Open { flow, span, .. } => Some(Self {
                index,
                span: span.range(),
                flow: *flow,
            }),
            _ => None,
        }
    }
}
