//! Reads a stream with the block reader, and with the parser crate those entries at the top level
//! that the block reader does not know.
//!
//! The entry that the crate reads ends before a line that may begin the next one. If it is a block
//! mapping on its own, so are the entries before and after it, and the whole mapping consists of
//! them in order: anything that could span the end of an entry (quotes, brackets, an alias) leaves
//! a part that is not a mapping.

use std::ops::Range;

use super::{EntryStart, Parser};
use crate::Collection;
use crate::error::Result;
use crate::yaml::block_reader::{BlockReader, Receiver, Stop};
use crate::yaml::events::{Event, Events, Scalar};

impl<'a> Receiver<'a> for Parser<'a> {
    fn entry(&mut self, start: usize) {
        self.entry_start = Some(EntryStart {
            at: start,
            tape: self.tape.len(),
            paths: self.paths.len(),
            comments: self.comments.len(),
            reserved: self.reserved.len(),
            last_end: self.last_end,
        });
    }

    fn event(&mut self, event: Event<'a>) -> Result<()> {
        Self::event(self, event)
    }
}

impl<'a> Parser<'a> {
    /// Reads the part of the text at `range`; `None` if the crate must read all of it, for example
    /// because only the crate can say what is wrong.
    pub(super) fn read_entries(mut self, range: Range<usize>) -> Option<Self> {
        let mut reader = BlockReader::new(self.text, range)?;
        while let Err(stop) = reader.read(&mut self) {
            if stop == Stop::Refused {
                return None;
            }
            let start = self.forget_entry()?;
            let range = reader.skip_entry(start);
            let last_anchor = self.read_entry(range, reader.last_anchor())?;
            reader.leave_anchors(last_anchor);
        }
        let has_document = !self.tape.is_empty();
        has_document.then_some(self)
    }

    /// Reads `text` with the block reader alone; `None` if it does not know all of it.
    #[cfg(test)]
    pub(crate) fn run_without_crate(text: &'a str, reading: super::Reading) -> Option<Self> {
        let mut parser = Self::new(text, 0, text, reading);
        BlockReader::new(text, 0..text.len())?
            .read(&mut parser)
            .ok()?;
        (!parser.tape.is_empty()).then_some(parser)
    }

    /// Removes everything since the start of the current entry, and returns its offset.
    fn forget_entry(&mut self) -> Option<usize> {
        let start = self.entry_start.take()?;
        self.frames.truncate(1);
        let top = self.frames.last_mut()?;
        top.entry = None;
        if start.paths < self.paths.len() {
            let key = self.paths.ids().nth(start.paths)?;
            top.keys.remove(self.paths.key(key));
        }
        self.tape.truncate(start.tape);
        self.paths.truncate(start.paths);
        self.comments.truncate(start.comments);
        self.reserved.truncate(start.reserved);
        self.last_end = start.last_end;
        self.anchors.retain(|_, item| *item < start.tape);
        Some(start.at)
    }

    /// Reads the entry at `range` with the crate; `None` if it is not a block mapping in the first
    /// column. Its anchors get numbers after `last_anchor`, the last of which is returned.
    fn read_entry(&mut self, range: Range<usize>, last_anchor: usize) -> Option<usize> {
        let mut highest = last_anchor;
        let start = range.start;
        let mut events = Events::new(self.text, range);
        let (mut depth, mut is_read) = (0_usize, false);
        while let Some(mut event) = events.next().ok()? {
            if let Event::Open { anchor, .. }
            | Event::Alias { anchor, .. }
            | Event::Scalar(Scalar { anchor, .. }) = &mut event
                && *anchor != 0
            {
                *anchor += last_anchor;
                highest = highest.max(*anchor);
            }
            match &event {
                Event::DocumentStart(range) | Event::DocumentEnd(range) if range.is_empty() => {
                    continue;
                }
                Event::Comment(_) => {}
                Event::Open {
                    kind: Collection::Mapping,
                    flow: false,
                    anchor: 0,
                    at,
                } if depth == 0 && !is_read && *at == start => {
                    depth = 1;
                    continue;
                }
                Event::Close(_) if depth == 1 => {
                    (depth, is_read) = (0, true);
                    continue;
                }
                _ if depth == 0 => return None,
                Event::Open { .. } => depth += 1,
                Event::Close(_) => depth -= 1,
                _ => {}
            }
            self.event(event).ok()?;
        }
        is_read.then_some(highest)
    }
}
