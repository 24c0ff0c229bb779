//! Converts YAML events to a tape. This file has the parser's state and passes each event to the
//! file for its kind.

mod aliases;
mod containers;
mod entries;
mod keys;
mod reserved;
mod scalars;

use std::collections::HashMap;
use std::ops::Range;

use super::events::{Event, Events};
use super::{go_incompatibilities, source};
use crate::document::ReservedKey;
use crate::error::{Error, Location, Result};
use crate::key_set::KeySet;
use crate::{Collection, Item, PathId, Paths, ROOT, ReservedEntry, Span, Text};

/// The `close` of a container that has not ended yet.
const OPEN: u32 = u32::MAX;

/// An open container.
struct Frame<'a> {
    kind: Collection,
    flow: bool,
    path: PathId,
    /// The index of the container on the tape.
    open: usize,
    /// The entry whose value comes next.
    entry: Option<PendingEntry>,
    keys: KeySet<'a>,
    /// Whether the container is a sequence under a merge key, whose items are merged.
    merged: bool,
}

/// A mapping entry whose key has been read.
struct PendingEntry {
    path: PathId,
    /// Whether its key is a merge key.
    merges: bool,
    /// Set if its key is the reserved one.
    reserved: Option<ReservedMark>,
}

/// The state that is needed to remove the reserved entry again.
struct ReservedMark {
    /// The lengths of the tape and the paths before it.
    tape: usize,
    paths: usize,
    /// Where the mapping's text before this entry ends.
    before: usize,
}

/// The lengths of the lists before an entry at the top level.
#[derive(Clone, Copy)]
struct EntryStart {
    /// The offset of the entry's line.
    at: usize,
    tape: usize,
    paths: usize,
    comments: usize,
    reserved: usize,
    last_end: usize,
}

/// What the YAML is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The text will be encrypted or decrypted.
    Document(ReservedKey),
    /// Only the values are needed. Integers from 2^63 to 2^64-1 are accepted.
    Values,
    /// The text is read as leniently as the most lenient YAML reader reads it.
    Lenient,
}

impl Reading {
    pub(super) fn reserved_key(self) -> ReservedKey {
        match self {
            Self::Document(reserved) => reserved,
            Self::Values | Self::Lenient => None,
        }
    }
}

/// The parser's state and result.
pub(super) struct Parser<'a> {
    text: &'a str,
    pub(super) tape: Vec<Item<'a>>,
    pub(super) paths: Paths<'a>,
    frames: Vec<Frame<'a>>,
    pub(super) reserved: Vec<ReservedEntry>,
    pub(super) comments: Vec<Span>,
    /// Where the anchored nodes are on the tape.
    anchors: HashMap<usize, usize>,
    /// The keys that have anchors.
    key_anchors: HashMap<usize, Text<'a>>,
    /// How many documents have begun.
    documents: usize,
    /// The open document's index on the tape.
    document: usize,
    /// The end of the last token, except comments.
    last_end: usize,
    /// How many items aliases have added.
    expanded: usize,
    reserved_key: ReservedKey,
    /// Whether integers from 2^63 to 2^64-1 are accepted.
    to_read: bool,
    /// Whether to accept everything that some YAML reader accepts.
    lenient: bool,
    /// How many containers are open in a key that is a mapping or a sequence, which is not on the
    /// tape.
    skipped: usize,
    /// The current entry at the top level, if the block reader reads it.
    entry_start: Option<EntryStart>,
}

impl<'a> Parser<'a> {
    /// Reads the part of `text` at `range` as a separate stream, with offsets in `text`; `None` if
    /// the parser crate must read all of it. Reserves space for the entries of `room_for`.
    pub(super) fn run_by_lines(
        text: &'a str,
        range: Range<usize>,
        room_for: &str,
        reading: Reading,
    ) -> Option<Self> {
        Self::new(text, range.start, room_for, reading).read_entries(range)
    }

    /// Reads `text` with the parser crate.
    pub(super) fn run(text: &'a str, reading: Reading) -> Result<Self> {
        let mut parser = Self::new(text, 0, text, reading);
        let mut events = Events::new(text, 0..text.len());
        while let Some(event) = events.next()? {
            parser.event(event)?;
        }
        Ok(parser)
    }

    fn new(text: &'a str, start: usize, room_for: &str, reading: Reading) -> Self {
        let lines = source::lines(room_for);
        Self {
            text,
            // Growing the tape would copy it, and excess capacity is wiped as well.
            tape: Vec::with_capacity(lines + source::further_items(room_for).min(2 * lines) + 4),
            paths: Paths::with_capacity(lines),
            frames: Vec::new(),
            reserved: Vec::new(),
            reserved_key: reading.reserved_key(),
            comments: Vec::new(),
            anchors: HashMap::new(),
            key_anchors: HashMap::new(),
            documents: 0,
            document: 0,
            last_end: start,
            expanded: 0,
            to_read: !matches!(reading, Reading::Document(_)),
            lenient: reading == Reading::Lenient,
            skipped: 0,
            entry_start: None,
        }
    }

    fn event(&mut self, event: Event<'a>) -> Result<()> {
        if self.skipped > 0 {
            return self.skip(&event);
        }
        match event {
            Event::DocumentStart(range) => {
                if !self.lenient {
                    go_incompatibilities::refuse_foreign_prefix(
                        self.text,
                        self.last_end..range.start,
                        self.documents == 0,
                        !range.is_empty(),
                    )?;
                }
                self.entry_start = None;
                self.document = self.tape.len();
                self.documents += 1;
                self.last_end = range.end;
                self.anchors.clear();
                self.key_anchors.clear();
                self.tape.push(Item::Document {
                    close: OPEN,
                    end: 0,
                });
            }
            Event::DocumentEnd(range) => {
                let close = self.tape.len() as u32;
                let end = reserved_offset(self.text, range.start);
                self.tape[self.document] = Item::Document { close, end };
                self.tape.push(Item::Close {
                    open: self.document as u32,
                });
                self.last_end = range.end;
            }
            Event::Comment(range) => self.comments.push(Span::new(range)),
            Event::Anchor(range) => {
                if !self.lenient {
                    go_incompatibilities::refuse_foreign_name(self.text, range.clone())?;
                }
                self.last_end = self.last_end.max(range.end);
            }
            Event::Open {
                kind,
                flow,
                anchor,
                at,
                ..
            } => self.open(kind, flow, anchor, at)?,
            Event::Close(range) => self.close(range)?,
            Event::Scalar(scalar) => self.scalar(scalar)?,
            Event::Alias { anchor, range } => self.alias(anchor, range)?,
        }
        Ok(())
    }

    fn unsupported<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(Error::Unsupported {
            location: Location::of(self.text, at),
            message: message.into(),
        })
    }

    fn unencryptable<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(Error::Unrepresentable {
            location: Location::of(self.text, at),
            message: message.into(),
        })
    }

    /// The path of the next node; `None` if it is a mapping's key.
    fn node_path(&self) -> Option<PathId> {
        match self.frames.last() {
            None => Some(ROOT),
            Some(Frame {
                kind: Collection::Sequence,
                path,
                ..
            }) => Some(*path),
            Some(Frame { entry, .. }) => entry.as_ref().map(|entry| entry.path),
        }
    }

    /// Whether the next node is merged into a mapping.
    fn is_merged(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| match &frame.entry {
            Some(entry) => entry.merges,
            None => frame.merged,
        })
    }

    fn unmergeable<T>(&self, at: usize) -> Result<T> {
        self.unsupported(
            at,
            "`<<` merges mappings, but this value is not a mapping; use a mapping, an alias of a mapping or a list of these, or put the key in quotes",
        )
    }
}

/// Where a reserved entry goes in a document that ends at `end`: at the start of that line or, if
/// the line has other content, of the next one.
fn reserved_offset(text: &str, end: usize) -> u32 {
    let line_start = source::line_start(text, end);
    let blank = text[line_start..end].trim().is_empty();
    let offset = if blank {
        line_start
    } else {
        source::after_break(text, source::line_end(text, end))
    };
    offset as u32
}
