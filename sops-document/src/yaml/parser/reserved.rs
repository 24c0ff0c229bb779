//! Removes reserved entries from the tape once they are complete.

use super::{Parser, ReservedMark};
use crate::error::{Error, Location, Result};
use crate::yaml::entry_range;
use crate::{Collection, Item, ReservedEntry, Span};

impl<'a> Parser<'a> {
    /// Completes a node, and the entry whose value it is.
    pub(super) fn value_done(&mut self) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let Some(entry) = frame.entry.take() else {
            return Ok(());
        };
        let Some(ReservedMark {
            tape,
            paths,
            before,
        }) = entry.reserved
        else {
            return Ok(());
        };
        let flow = frame.flow;
        let key_at = self.paths.key_offset(entry.path) as usize;
        let value = match &self.tape[tape] {
            Item::Open {
                kind: Collection::Mapping,
                span,
                ..
            } => span.range(),
            _ => {
                return Err(Error::ReservedEntry {
                    location: Some(Location::of(self.text, key_at)),
                    message: "it must be a mapping".into(),
                });
            }
        };
        let entry = if flow {
            entry_range::flow_entry(self.text, before, key_at, value.end)
        } else {
            entry_range::block_entry(self.text, key_at, self.last_end)
        };
        let after_key =
            entry_range::comment_after_key(self.text, &entry, &value).map(|range| range.start);
        let in_entry = |comment: &Span| comment.range().start >= entry.start;
        let before = self.comments.partition_point(|comment| !in_entry(comment));
        let from_entry = self.comments.split_off(before);
        self.comments
            .extend(from_entry.into_iter().filter(|comment| {
                let start = comment.range().start;
                start >= entry.end || Some(start) == after_key
            }));
        self.anchors.retain(|_, at| *at < tape);
        self.reserved.push(ReservedEntry {
            entry,
            value,
            document: self.documents - 1,
        });
        self.tape.truncate(tape);
        self.paths.truncate(paths);
        Ok(())
    }
}
