//! Reads the subset of YAML that most files consist of, many times faster than the parser crate:
//! block mappings and sequences, comments, scalars in all styles, flow collections on one line,
//! anchors and aliases of values, and documents that begin with `---`.
//!
//! Nothing here is lenient. The reader [stops](Stop) at everything whose meaning depends on more
//! than it knows: tags, explicit keys, directives, tabs outside text, carriage returns, and
//! everything that could be an error. The parser crate then decides. The events are
//! checked against those of the crate and of libyaml.

mod anchor_numbers;
mod anchors;
mod characters;
#[cfg(any(test, fuzzing))]
pub(super) mod comparison;
mod flow;
mod folding;
mod line;
mod nodes;
mod scalars;
#[cfg(test)]
mod tests;
mod written;

use std::ops::Range;

use self::anchor_numbers::Anchors;
use self::line::Line;
pub use self::written::WrittenScalar;
use super::events::{Event, Scalar};
use crate::error::Result;
use crate::{Collection, Style};

/// Receives the events.
pub(super) trait Receiver<'a> {
    /// Receives that an entry of the mapping at the top level begins on the line at `start`, and
    /// that all entries before it are complete.
    fn entry(&mut self, start: usize);

    /// Receives the next event.
    ///
    /// # Errors
    /// The reader passes no more events, and returns [`Stop::Refused`].
    fn event(&mut self, event: Event<'a>) -> Result<()>;
}

/// The reason why the reader stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The parser crate must read the current entry. Some of its events were already passed on.
    Unknown,
    /// The receiver returned an error.
    Refused,
}

type Step<T = ()> = std::result::Result<T, Stop>;

/// An open block collection.
#[derive(Clone, Copy)]
struct Level {
    kind: Collection,
    column: usize,
}

/// The reader and its position.
pub(super) struct BlockReader<'a> {
    text: &'a str,
    /// The start of the next line.
    at: usize,
    levels: Vec<Level>,
    /// Set after a key or a dash without a value on its line, and at the start of a document: where
    /// the value would be if it is omitted.
    awaits: Option<usize>,
    in_document: bool,
    anchors: Anchors<'a>,
}

impl<'a> BlockReader<'a> {
    /// A reader of the part of `text` at `range`, which starts a line; `None` if it has characters
    /// that the reader does not know.
    pub(super) fn new(text: &'a str, range: Range<usize>) -> Option<Self> {
        characters::are_known(&text[range.clone()]).then(|| Self {
            text: &text[..range.end],
            at: range.start,
            levels: Vec::new(),
            awaits: None,
            in_document: false,
            anchors: Anchors::default(),
        })
    }

    /// Passes on the events up to the end of the text.
    ///
    /// # Errors
    /// A [`Stop`].
    pub(super) fn read(&mut self, receiver: &mut impl Receiver<'a>) -> Step {
        while self.at < self.text.len() {
            let line = Line::at(self.text, self.at);
            match self.byte(line.content) {
                None | Some(b'\n') => self.at = line.next,
                Some(b'#') => {
                    pass(receiver, Event::Comment(line.content..line.end))?;
                    self.at = line.next;
                }
                Some(b'-') if self.text[line.start..].starts_with("---") => {
                    self.start_document(line, receiver)?;
                }
                Some(b'.') if self.text[line.start..].starts_with("...") => {
                    return Err(Stop::Unknown);
                }
                Some(_) => self.content(line, receiver)?,
            }
        }
        if self.in_document {
            let end = self.text.len();
            self.end_document(end, receiver)?;
        }
        Ok(())
    }

    /// Continues after the entry at the top level that begins at `start`. Returns the range of the
    /// entry: it ends before the next line that may begin an entry or a document.
    pub(super) fn skip_entry(&mut self, start: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let begins = |line: &usize| match &bytes[*line..] {
            [b'"' | b'\'' | b'_', ..] | [b'-', b'-', b'-', ..] => true,
            [byte, ..] => byte.is_ascii_alphanumeric(),
            [] => true,
        };
        let mut lines = memchr::memchr_iter(b'\n', &bytes[start..]).map(|at| start + at + 1);
        self.at = lines.find(begins).unwrap_or(bytes.len());
        self.levels.truncate(1);
        self.awaits = None;
        self.anchors.forget();
        start..self.at
    }

    /// The last number of an anchor. Other readers of the same text use higher ones.
    pub(super) fn last_anchor(&self) -> usize {
        self.anchors.last
    }

    /// Skips the numbers up to `last`, which another reader has used.
    pub(super) fn leave_anchors(&mut self, last: usize) {
        self.anchors.last = self.anchors.last.max(last);
    }

    /// Reads a line that begins with `---`.
    fn start_document(&mut self, line: Line, receiver: &mut impl Receiver<'a>) -> Step {
        let marker = line.start..line.start + 3;
        if self.in_document {
            self.end_document(line.start, receiver)?;
        }
        pass(receiver, Event::DocumentStart(marker.clone()))?;
        self.anchors.forget();
        self.in_document = true;
        self.awaits = Some(marker.end);
        self.end_line(marker.end, receiver)
    }

    fn end_document(&mut self, at: usize, receiver: &mut impl Receiver<'a>) -> Step {
        if self.levels.is_empty() {
            return Err(Stop::Unknown);
        }
        self.omitted(receiver)?;
        while self.levels.pop().is_some() {
            pass(receiver, Event::Close(at..at))?;
        }
        pass(receiver, Event::DocumentEnd(at..at))?;
        self.in_document = false;
        Ok(())
    }

    /// Reads the rest of a line, which may be a comment.
    fn end_line(&mut self, at: usize, receiver: &mut impl Receiver<'a>) -> Step {
        let content = self.skip_spaces(at);
        let end = line::end(self.text, content);
        match self.byte(content) {
            None | Some(b'\n') => {}
            Some(b'#') if content > at => pass(receiver, Event::Comment(content..end))?,
            Some(_) => return Err(Stop::Unknown),
        }
        self.at = (end + 1).min(self.text.len());
        Ok(())
    }

    /// The column of the innermost block collection. Its values are further to the right.
    fn column(&self) -> usize {
        self.levels.last().map_or(0, |level| level.column)
    }

    fn skip_spaces(&self, at: usize) -> usize {
        line::skip_spaces(self.text, at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}

/// A scalar without an anchor or a tag.
fn scalar(text: std::borrow::Cow<'_, str>, style: Style, range: Range<usize>) -> Scalar<'_> {
    Scalar {
        text,
        style,
        anchor: 0,
        tag: None,
        tag_at: None,
        range,
    }
}

/// Passes the token of an anchor, after its node.
fn pass_anchor<'a>(name: Option<Range<usize>>, receiver: &mut impl Receiver<'a>) -> Step {
    match name {
        Some(name) => pass(receiver, Event::Anchor(name)),
        None => Ok(()),
    }
}

fn pass<'a>(receiver: &mut impl Receiver<'a>, event: Event<'a>) -> Step {
    receiver.event(event).map_err(|_| Stop::Refused)
}
