//! Masks patterns in a stream.

use std::fmt;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use crate::SHORTEST;
use crate::patterns::Patterns;

/// Replaces masked bytes, once for each run of them.
pub const MASK: &[u8] = b"***";

/// The largest number of held bytes that [`Redactor::release`] passes on.
const RELEASED: usize = 2;

/// A stream whose secrets are masked: every byte that belongs to an occurrence of a pattern, even
/// if occurrences overlap.
///
/// The bytes at the end that may be the beginning of a pattern are held back until more bytes
/// arrive, at most 1,023.
pub struct Redactor {
    patterns: Arc<Patterns>,
    /// The bytes that are held back.
    held: Vec<u8>,
    /// How many of the held bytes, from the first one, belong to a complete occurrence.
    covered: usize,
    /// How many of them were already written.
    shown: usize,
    /// Whether the last thing written is the mask.
    is_masked: bool,
}

impl Redactor {
    /// A stream that has not begun yet.
    pub fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            patterns,
            held: Vec::new(),
            covered: 0,
            shown: 0,
            is_masked: false,
        }
    }

    /// Takes the next bytes of the stream, and appends to `out` what can be written.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            let kept = self.write(bytes, false, out);
            self.held.extend_from_slice(&bytes[kept..]);
        } else {
            let mut text = mem::take(&mut self.held);
            text.extend_from_slice(bytes);
            let kept = self.write(&text, false, out);
            text.drain(..kept);
            self.held = text;
        }
    }

    /// Ends the stream, and appends the rest to `out`.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let text = mem::take(&mut self.held);
        self.write(&text, true, out);
    }

    /// Whether bytes are held back that [`release`](Self::release) would pass on.
    pub fn can_release(&self) -> bool {
        self.held.len() <= RELEASED && self.shown < self.held.len()
    }

    /// Passes on one or two held bytes. They are too few to reveal a value, and on a terminal they
    /// are probably the keys that the user just typed. The rest of the value is still masked if it
    /// follows.
    pub fn release(&mut self, out: &mut Vec<u8>) {
        if !self.can_release() {
            return;
        }
        let text = mem::take(&mut self.held);
        self.mask(0..self.covered, out);
        self.pass(&text, self.covered..text.len(), out);
        self.shown = text.len();
        self.held = text;
    }

    /// Writes the text, which begins with the held bytes, up to the returned position. The caller
    /// holds the rest.
    fn write(&mut self, text: &[u8], is_end: bool, out: &mut Vec<u8>) -> usize {
        let patterns = Arc::clone(&self.patterns);
        let mut written = 0;
        // The last masked bytes, not yet written.
        let mut masked = 0..self.covered;
        let mut end = text.len();
        let mut at = 0;
        while let Some(start) = patterns.next(text, at) {
            let found = patterns.at_start(&text[start..]);
            if found.length > 0 {
                if start > masked.end {
                    self.pass(text, written..masked.start, out);
                    self.mask(masked.clone(), out);
                    written = masked.end;
                    masked = start..start;
                }
                masked.end = masked.end.max(start + found.length);
            }
            if found.is_open && !is_end {
                end = start;
                break;
            }
            at = start + 1;
        }
        if end == text.len() && !is_end {
            let mut short = text.len().saturating_sub(SHORTEST - 1)..text.len();
            let open = short.find(|start| patterns.at_start(&text[*start..]).is_open);
            end = open.unwrap_or(end);
        }
        self.pass(text, written..masked.start.min(end), out);
        // Held bytes that are certainly part of a value are already written as the mask.
        self.mask(masked.clone(), out);
        self.pass(text, masked.end..end, out);
        self.covered = masked.end.saturating_sub(end);
        self.shown = self.shown.saturating_sub(end).max(self.covered);
        end
    }

    /// Appends bytes of the text unchanged, except those that were already written.
    fn pass(&mut self, text: &[u8], range: Range<usize>, out: &mut Vec<u8>) {
        let start = range.start.max(self.shown);
        if start < range.end {
            out.extend_from_slice(&text[start..range.end]);
            self.is_masked = false;
        }
    }

    /// Appends the mask for bytes of the text, except those that were already written.
    fn mask(&mut self, range: Range<usize>, out: &mut Vec<u8>) {
        if range.start.max(self.shown) < range.end && !self.is_masked {
            out.extend_from_slice(MASK);
            self.is_masked = true;
        }
    }
}

/// Shows no bytes.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("patterns", &self.patterns)
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
