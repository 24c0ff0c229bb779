//! All strings to search for, and which of them begin at a position.

use std::fmt;

use zeroize::Zeroizing;

use crate::SHORTEST;
use crate::filter::Filter;
use crate::texts::Texts;
use crate::{base64_forms, forms};

/// The forms of secret values.
pub struct Patterns {
    /// In ascending order.
    sorted: Vec<Zeroizing<Vec<u8>>>,
    /// The first bytes of each pattern as a number, because numbers are compared faster.
    starts: Zeroizing<Vec<u64>>,
    /// For each pattern, the index of the longest other one that it begins with.
    shorter: Vec<Option<usize>>,
    filter: Filter,
}

/// The patterns at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The length in bytes of the longest pattern there, or 0.
    pub(crate) length: usize,
    /// Whether the text ends within a pattern that begins there.
    pub(crate) is_open: bool,
}

impl Patterns {
    /// The patterns for values, in all their forms. Values of less than
    /// [`SHORTEST`](crate::SHORTEST) bytes have none; the same applies to each line of a value.
    pub fn of_values<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        Self::of_values_in(values, &[])
    }

    /// Like [`of_values`](Self::of_values), for values of a document that may itself be printed as
    /// line-wrapped base64.
    pub fn of_values_in<'v>(values: impl IntoIterator<Item = &'v [u8]>, document: &[u8]) -> Self {
        let mut texts = Texts::default();
        for value in values {
            forms::add(value, &mut texts);
        }
        base64_forms::add_lines(document, &mut texts);
        Self::of_texts(texts)
    }

    pub(crate) fn of_texts(texts: Texts) -> Self {
        let sorted = texts.into_sorted();
        let mut shorter = Vec::with_capacity(sorted.len());
        for (index, pattern) in sorted.iter().enumerate() {
            // The previous pattern, the longest one that it begins with, and so on: these include
            // every pattern that this one begins with.
            let mut before = index.checked_sub(1);
            while let Some(other) = before.filter(|other| !pattern.starts_with(&sorted[*other])) {
                before = shorter[other];
            }
            shorter.push(before);
        }
        let filter = Filter::new(sorted.iter().map(|pattern| pattern.as_slice()));
        let starts = sorted.iter().filter_map(|pattern| start_of(pattern));
        Self {
            starts: Zeroizing::new(starts.collect()),
            sorted,
            shorter,
            filter,
        }
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The number of patterns.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The first position at or after `at` where a pattern may begin; `None` if fewer than
    /// [`SHORTEST`](crate::SHORTEST) bytes follow every such position.
    pub(crate) fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        self.filter.next(text, at)
    }

    /// The patterns that the text begins with, and those that begin with the text.
    pub(crate) fn at_start(&self, text: &[u8]) -> Found {
        let after = self.after(text);
        Found {
            length: self
                .longest_before(after, text)
                .map_or(0, |pattern| self.sorted[pattern].len()),
            is_open: self
                .sorted
                .get(after)
                .is_some_and(|pattern| pattern.starts_with(text)),
        }
    }

    /// The positions of the patterns that the text begins with, the longest one first.
    pub(crate) fn all_at_start(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let longest = self.longest_before(self.after(text), text);
        std::iter::successors(longest, |pattern| self.shorter[*pattern])
    }

    /// The position of the first pattern after the text.
    fn after(&self, text: &[u8]) -> usize {
        // The patterns with the same first bytes.
        let same = match start_of(text) {
            Some(start) => {
                let first = self.starts.partition_point(|other| *other < start);
                let count = self.starts[first..].partition_point(|other| *other == start);
                first..first + count
            }
            None => 0..self.sorted.len(),
        };
        let before =
            self.sorted[same.clone()].partition_point(|pattern| pattern.as_slice() <= text);
        same.start + before
    }

    /// The longest of the patterns before this position that the text begins with.
    fn longest_before(&self, after: usize, text: &[u8]) -> Option<usize> {
        let mut before = after.checked_sub(1);
        while let Some(other) = before.filter(|other| !text.starts_with(&self.sorted[*other])) {
            before = self.shorter[other];
        }
        before
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.sorted.iter().map(|pattern| pattern.as_slice())
    }

    /// Patterns without other forms.
    #[cfg(test)]
    pub(crate) fn exactly(patterns: &[Vec<u8>]) -> Self {
        let mut texts = Texts::default();
        for pattern in patterns {
            texts.add(pattern);
        }
        Self::of_texts(texts)
    }
}

/// The first [`SHORTEST`] bytes as a number, in the order of strings.
fn start_of(text: &[u8]) -> Option<u64> {
    let (start, _) = text.split_first_chunk::<SHORTEST>()?;
    Some(u64::from_be_bytes(*start))
}

/// Shows how many there are.
impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} patterns", self.sorted.len())
    }
}
