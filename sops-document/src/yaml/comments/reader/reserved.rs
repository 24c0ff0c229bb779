//! Reserved entries, which are not on the tape.

use super::{Frame, Tail, TokenReader};
use crate::ReservedEntry;
use crate::yaml::comments::recorder::Ahead;
use crate::yaml::comments::tokens::TokenKind;
use crate::yaml::comments::trace::TraceEvent;

impl TokenReader<'_, '_> {
    /// Reads the reserved entries after the last entry of a document, and the one that will be
    /// added.
    pub(super) fn end_top(&mut self, index: usize, frame: Frame) {
        self.pass_reserved(self.document_end, index);
        if !self.awaits_reserved() {
            return;
        }
        if frame.flow {
            self.comma();
            let at = self.skip();
            self.out.future_reserved(at, Ahead::Content, index);
        } else {
            let at = self.document_end.max(self.at);
            self.out
                .future_reserved(at, Ahead::Reserved(frame.column), index);
        }
    }

    /// Whether a reserved entry will be added to the document.
    pub(super) fn awaits_reserved(&self) -> bool {
        matches!(self.tail, Tail::Reserved | Tail::ReservedAsWritten) && !self.has_reserved
    }

    /// The reserved entry before the offset `limit` at the top level of the document.
    pub(super) fn next_reserved_entry(&self, limit: usize) -> Option<&ReservedEntry> {
        let next = self.reserved.get(self.next_reserved);
        next.filter(|entry| self.frames.len() <= 1 && entry.value.start < limit)
    }

    /// Skips the reserved entries before `limit`, which come before the item at `index`.
    pub(super) fn pass_reserved(&mut self, limit: usize, index: usize) {
        while let Some(entry) = self.next_reserved_entry(limit) {
            let (frame, value) = (self.frames.last().copied(), entry.value.clone());
            let Some(frame) = frame else { return };
            if frame.flow {
                self.comma();
            }
            self.question_mark(value.start);
            self.properties(value.start, frame.flow);
            let key = self.skip();
            self.key_token(key, frame, TraceEvent::Reserved(index as u32));
            self.colon(frame);
            self.token(
                TokenKind::OpenEnded,
                value.start,
                value.end,
                TraceEvent::Pass,
            );
            self.next_reserved += 1;
        }
    }
}
