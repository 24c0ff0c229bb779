//! The anchors of a document, by name.

use std::collections::HashMap;
use std::ops::Range;

/// The anchors of a document.
#[derive(Default)]
pub(super) struct Anchors<'a> {
    numbers: HashMap<&'a str, usize>,
    /// The last number.
    pub(super) last: usize,
    /// The number of the anchor of the next node, and the range of its token.
    pending: Option<(usize, Range<usize>)>,
}

impl<'a> Anchors<'a> {
    /// Forgets all anchors: those of the previous document, or those before an entry that another
    /// reader reads and that may define them again. Their numbers are not reused.
    pub(super) fn forget(&mut self) {
        self.numbers.clear();
        self.pending = None;
    }

    /// Defines the anchor of the next node, whose token is at `token`.
    pub(super) fn define(&mut self, name: &'a str, token: Range<usize>) {
        self.last += 1;
        self.numbers.insert(name, self.last);
        self.pending = Some((self.last, token));
    }

    /// The number of the anchor that an alias refers to.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Whether the next node has an anchor.
    pub(super) fn are_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// The number of the next node's anchor, 0 if it has none, and the range of the token.
    pub(super) fn take(&mut self) -> (usize, Option<Range<usize>>) {
        match self.pending.take() {
            Some((number, token)) => (number, Some(token)),
            None => (0, None),
        }
    }
}
