//! Splices: byte ranges with their replacements, applied in one pass.

use std::ops::Range;

use zeroize::Zeroizing;

/// A byte range, and its replacement.
pub type Replacement = (Range<usize>, Zeroizing<String>);

/// Applies replacements in the order of the text and copies everything else.
pub struct Splices<'a> {
    text: &'a str,
    out: String,
    done: usize,
    end: usize,
}

impl<'a> Splices<'a> {
    /// Starts at the beginning of `text`. `capacity` is the expected length of the result in bytes.
    pub fn new(text: &'a str, capacity: usize) -> Self {
        Self::of_part(text, 0..text.len(), capacity)
    }

    /// Starts and ends at the boundaries of `range`. The ranges to replace are still ranges of the
    /// whole text.
    pub fn of_part(text: &'a str, range: Range<usize>, capacity: usize) -> Self {
        Self {
            text,
            out: String::with_capacity(capacity),
            done: range.start,
            end: range.end,
        }
    }

    /// Copies the text before the range and skips the range. Push the replacement onto the returned
    /// string.
    pub fn replace(&mut self, range: Range<usize>) -> &mut String {
        let start = range.start.max(self.done);
        self.out.push_str(&self.text[self.done..start]);
        self.done = range.end.max(start);
        &mut self.out
    }

    /// The length of the result so far.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// The offset up to which the text has been copied or replaced.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Copies the rest and returns the result.
    pub fn finish(mut self) -> String {
        if self.done < self.end {
            self.out.push_str(&self.text[self.done..self.end]);
        }
        self.out
    }
}
