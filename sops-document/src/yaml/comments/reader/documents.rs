//! The start and end of each document in a stream.

use super::TokenReader;
use crate::yaml::comments::lexis;
use crate::yaml::comments::recorder::Ahead;
use crate::yaml::comments::tokens::TokenKind;
use crate::yaml::comments::trace::TraceEvent;

impl TokenReader<'_, '_> {
    /// Starts a document, whose reserved entry would go to the offset `end`.
    pub(super) fn start_document(&mut self, end: usize) {
        self.document_end = end;
        self.container_end = None;
        let next = self.reserved.get(self.next_reserved);
        self.has_reserved = next.is_some_and(|entry| entry.value.start < end);
        loop {
            let at = self.skip();
            if self.byte(at) == Some(b'%') && self.out.columns.of(at) == 0 {
                let end = lexis::line_end(self.text, at);
                self.token(TokenKind::Marker, at, end, TraceEvent::Pass);
            } else if lexis::is_marker(self.text, at, "...") {
                self.token(TokenKind::Marker, at, at + 3, TraceEvent::Pass);
            } else {
                if lexis::is_marker(self.text, at, "---") {
                    self.token(TokenKind::Marker, at, at + 3, TraceEvent::Pass);
                }
                return;
            }
        }
    }

    /// Ends the document whose `Close` is at `index`.
    pub(super) fn end_document(&mut self, index: usize) {
        let container_end = self.container_end.unwrap_or(index as u32);
        if self.container_end.is_none() {
            self.null_document(container_end);
            if self.awaits_reserved() {
                let at = self.skip();
                self.out.future_reserved(at, Ahead::Reserved(0), index);
            }
        }
        let at = self.skip();
        let ahead = if at == self.text.len() {
            Ahead::End
        } else {
            Ahead::Content
        };
        self.out.gap(at, ahead);
        self.out.step(at, TraceEvent::DocumentEnd(container_end));
        if lexis::is_marker(self.text, at, "...") {
            self.token(TokenKind::Marker, at, at + 3, TraceEvent::Pass);
        }
    }

    /// Reads a document that may be a written null, which the tape omits.
    pub(super) fn null_document(&mut self, container_end: u32) {
        self.properties(self.text.len(), false);
        let at = self.skip();
        let is_end = ["---", "..."]
            .iter()
            .any(|marker| lexis::is_marker(self.text, at, marker));
        if at < self.text.len() && !is_end && self.byte(at) != Some(b'%') {
            let rest = &self.text[at..];
            let end = rest
                .find(lexis::is_space)
                .map_or(self.text.len(), |found| at + found);
            self.token(
                TokenKind::OpenEnded,
                at,
                end,
                TraceEvent::Node(container_end),
            );
        }
    }
}
