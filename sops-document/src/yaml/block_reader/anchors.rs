//! Anchors and aliases of values.

use std::collections::HashMap;
use std::ops::Range;

use super::{BlockReader, Receiver, Step, Stop, pass};
use crate::yaml::events::Event;

/// The anchors of a document.
#[derive(Default)]
pub(super) struct Anchors<'a> {
    numbers: HashMap<&'a str, usize>,
    /// The last number.
    last: usize,
    /// The number of the anchor of the next node, and the range of its token.
    pending: Option<(usize, Range<usize>)>,
}

impl Anchors<'_> {
    /// Forgets the anchors of the previous document, or before an entry that another reader reads,
    /// which may define them again. Numbers are not used again.
    pub(super) fn forget(&mut self) {
        self.numbers.clear();
        self.pending = None;
    }

    /// Whether the next node has an anchor.
    pub(super) fn are_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// The number of the next node's anchor, 0 if it has none, and the range of the token.
    pub(super) fn take(&mut self) -> (usize, Option<Range<usize>>) {
        match self.pending.take() {
            Some((number, token)) => (number, Some(token)),
            None => (0, None),
        }
    }
}

impl<'a> BlockReader<'a> {
    /// The last number of an anchor. Other readers of the same text use higher ones.
    pub(in crate::yaml) fn last_anchor(&self) -> usize {
        self.anchors.last
    }

    /// Leaves out the numbers up to `last`, which another reader has used.
    pub(in crate::yaml) fn leave_anchors(&mut self, last: usize) {
        self.anchors.last = self.anchors.last.max(last);
    }

    /// Reads the anchor at `at`. Returns the offset of the value and `true`, or the end of the
    /// anchor and `false` if the value is not on this line.
    pub(super) fn anchor(&mut self, at: usize) -> Step<(usize, bool)> {
        let end = self.name_end(at)?;
        self.anchors.last += 1;
        let number = self.anchors.last;
        self.anchors.numbers.insert(&self.text[at + 1..end], number);
        self.anchors.pending = Some((number, at..end));
        let value = self.skip_spaces(end);
        match self.byte(value) {
            None | Some(b'\n' | b'#') => Ok((end, false)),
            Some(b'&' | b'*') => Err(Stop::Unknown),
            Some(_) => Ok((value, true)),
        }
    }

    /// Passes the alias at `at`, and returns the offset after it.
    pub(super) fn alias(&self, at: usize, receiver: &mut impl Receiver<'a>) -> Step<usize> {
        let end = self.name_end(at)?;
        let number = self.anchors.numbers.get(&self.text[at + 1..end]);
        let anchor = *number.ok_or(Stop::Unknown)?;
        let range = at..end;
        pass(receiver, Event::Alias { anchor, range })?;
        Ok(end)
    }

    /// The end of the name at `at`, which begins with `&` or `*`.
    fn name_end(&self, at: usize) -> Step<usize> {
        let is_in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let bytes = self.text.as_bytes()[at + 1..].iter();
        let end = at + 1 + bytes.take_while(is_in_name).count();
        match self.byte(end) {
            None | Some(b' ' | b'\n') if end > at + 1 => Ok(end),
            _ => Err(Stop::Unknown),
        }
    }
}
