//! Edits: spans of a text and what takes their place, applied in one pass.

use std::ops::Range;

/// Replacements in the order of their places; what they do not cover stays as it is.
pub(crate) struct Edits<'a> {
    text: &'a str,
    out: String,
    done: usize,
}

impl<'a> Edits<'a> {
    /// Starts with `text`; the result is expected to have `capacity` bytes.
    pub(crate) fn new(text: &'a str, capacity: usize) -> Self {
        Self {
            text,
            out: String::with_capacity(capacity),
            done: 0,
        }
    }

    /// Copies up to the range and leaves it out; the replacement is to be pushed onto what is returned.
    pub(crate) fn replace(&mut self, range: Range<usize>) -> &mut String {
        let start = range.start.max(self.done);
        self.out.push_str(&self.text[self.done..start]);
        self.done = range.end.max(start);
        &mut self.out
    }

    /// Up to where the text has been copied or replaced.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Copies the rest and gives the result.
    pub(crate) fn finish(mut self) -> String {
        self.out.push_str(&self.text[self.done..]);
        self.out
    }
}
