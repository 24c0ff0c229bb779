//! Splices: spans of a text and what takes their place, applied in one pass.

use std::ops::Range;

use zeroize::Zeroizing;

/// A range of the text and what takes its place.
pub type Replacement = (Range<usize>, Zeroizing<String>);

/// Replacements in the order of their places; what they do not cover stays as it is.
pub struct Splices<'a> {
    text: &'a str,
    out: String,
    done: usize,
    end: usize,
}

impl<'a> Splices<'a> {
    /// Starts with `text`; the result is expected to have `capacity` bytes.
    pub fn new(text: &'a str, capacity: usize) -> Self {
        Self::of_part(text, 0..text.len(), capacity)
    }

    /// Starts with the part of `text` at `range`; ranges to be replaced are still those of the whole text.
    pub fn of_part(text: &'a str, range: Range<usize>, capacity: usize) -> Self {
        Self {
            text,
            out: String::with_capacity(capacity),
            done: range.start,
            end: range.end,
        }
    }

    /// Copies up to the range and leaves it out; the replacement is to be pushed onto what is returned.
    pub fn replace(&mut self, range: Range<usize>) -> &mut String {
        let start = range.start.max(self.done);
        self.out.push_str(&self.text[self.done..start]);
        self.done = range.end.max(start);
        &mut self.out
    }

    /// Up to where the text has been copied or replaced.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Copies the rest and gives the result.
    pub fn finish(mut self) -> String {
        if self.done < self.end {
            self.out.push_str(&self.text[self.done..self.end]);
        }
        self.out
    }
}
