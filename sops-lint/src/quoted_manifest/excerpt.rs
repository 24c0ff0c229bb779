//! Text that consists of pieces of other text.

use std::ops::Range;

#[derive(Default)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// The start of each piece, in this text and in the other text.
    starts: Vec<(usize, usize)>,
}

impl Excerpt {
    /// Adds a replacement for the text that starts at this offset.
    pub(super) fn push(&mut self, piece: &str, start: usize) {
        self.starts.push((self.text.len(), start));
        self.text.push_str(piece);
    }

    /// Converts a position in this text to the position in the other text.
    pub(super) fn place(&self, span: &Range<usize>) -> Range<usize> {
        let in_source = |at: usize| {
            let piece = self.starts.partition_point(|(start, _)| *start <= at);
            let (inner, outer) = self.starts[piece.saturating_sub(1)];
            outer + (at - inner)
        };
        let start = in_source(span.start);
        // The end of a value belongs to the piece of its last character.
        let last = span.end.saturating_sub(1).max(span.start);
        start..(in_source(last) + (span.end - last)).max(start)
    }
}
