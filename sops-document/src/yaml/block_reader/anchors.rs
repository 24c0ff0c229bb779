//! Anchors and aliases in the text.

use super::{BlockReader, Receiver, Step, Stop, pass};
use crate::yaml::events::Event;

impl<'a> BlockReader<'a> {
    /// Reads the anchor at `at`. Returns the offset of the value and `true`, or the end of the
    /// anchor and `false` if the value is not on this line.
    pub(super) fn anchor(&mut self, at: usize) -> Step<(usize, bool)> {
        let end = self.name_end(at)?;
        self.anchors.define(&self.text[at + 1..end], at..end);
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
        let number = self.anchors.number(&self.text[at + 1..end]);
        let anchor = number.ok_or(Stop::Unknown)?;
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
