//! Edits: spans of a text and what takes their place, applied in one pass.

use std::ops::Range;

/// Replacements in the order of their places; what they do not cover stays as it is.
pub(crate) struct Edits<'a> {
    text: &'a str,
    out: String,
    done: usize,
}

impl<'a> Edits<'a> {
    /// Starts with `text`; `extra` is how many bytes the result is expected to be longer.
    pub(crate) fn new(text: &'a str, extra: usize) -> Self {
        Self {
            text,
            out: String::with_capacity(text.len() + extra),
            done: 0,
        }
    }

    /// Copies up to the range and leaves it out; the replacement is to be pushed onto what is returned.
    pub(crate) fn replace(&mut self, range: Range<usize>) -> &mut String {
        self.out.push_str(&self.text[self.done..range.start]);
        self.done = range.end;
        &mut self.out
    }

    /// The same for a text that is at hand, unless the range is part of what has been replaced already.
    pub(crate) fn replace_outside(&mut self, range: Range<usize>, with: &str) {
        if range.start >= self.done {
            self.replace(range).push_str(with);
        }
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
