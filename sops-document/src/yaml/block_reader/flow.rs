//! Flow collections on one line, with scalars that have no special characters.

use super::{BlockReader, Receiver, Step, Stop, pass, scalar};
use crate::yaml::events::Event;
use crate::{Collection, Style};

/// The deepest nesting within a line.
const MAX_NESTING: usize = 16;

impl<'a> BlockReader<'a> {
    /// Passes the start of the flow collection at `at`, and returns its kind and offset.
    pub(super) fn open_flow(
        &self,
        at: usize,
        anchor: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step<(Collection, usize)> {
        let kind = match self.byte(at) {
            Some(b'[') => Collection::Sequence,
            _ => Collection::Mapping,
        };
        pass(
            receiver,
            Event::Open {
                kind,
                flow: true,
                anchor,
                at,
            },
        )?;
        Ok((kind, at))
    }

    /// Reads the members of a flow collection, and returns the offset after it.
    pub(super) fn flow_collection(
        &self,
        (kind, at): (Collection, usize),
        nesting: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step<usize> {
        let bracket = match kind {
            Collection::Sequence => b']',
            Collection::Mapping => b'}',
        };
        if nesting == MAX_NESTING {
            return Err(Stop::Unknown);
        }
        let mut next = self.skip_spaces(at + 1);
        if self.byte(next) != Some(bracket) {
            next = self.flow_member(next, kind, nesting, receiver)?;
            while self.byte(next) == Some(b',') {
                let member = self.skip_spaces(next + 1);
                next = self.flow_member(member, kind, nesting, receiver)?;
            }
            if self.byte(next) != Some(bracket) {
                return Err(Stop::Unknown);
            }
        }
        pass(receiver, Event::Close(next..next + 1))?;
        Ok(next + 1)
    }

    /// Reads an item or an entry, and returns the offset of the next token.
    fn flow_member(
        &self,
        at: usize,
        kind: Collection,
        nesting: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step<usize> {
        let mut value = at;
        if kind == Collection::Mapping {
            let colon = self.flow_scalar(at, receiver)?;
            if !self.text[colon..].starts_with(": ") {
                return Err(Stop::Unknown);
            }
            value = self.skip_spaces(colon + 1);
        }
        let end = match self.byte(value) {
            Some(b'[' | b'{') => {
                let open = self.open_flow(value, 0, receiver)?;
                self.flow_collection(open, nesting + 1, receiver)?
            }
            _ => self.flow_scalar(value, receiver)?,
        };
        Ok(self.skip_spaces(end))
    }

    /// Reads a scalar on this line, and returns the offset after it.
    pub(super) fn flow_scalar(&self, at: usize, receiver: &mut impl Receiver<'a>) -> Step<usize> {
        let scalar = match self.byte(at) {
            Some(b'"' | b'\'') => {
                // The limit is not the end of the line, because the line may have many more scalars
                // to search through.
                let end = self.closing_quote(at, self.text.len());
                let end = end.ok_or(Stop::Unknown)?;
                if self.text[at..end].contains('\n') {
                    return Err(Stop::Unknown);
                }
                self.quoted(at, end)?
            }
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/') => {
                let bytes = self.text.as_bytes()[at..].iter();
                let length = bytes.take_while(|byte| is_in_flow_scalar(**byte)).count();
                let text = self.text[at..at + length].trim_end_matches(' ');
                scalar(text.into(), Style::Plain, at..at + text.len())
            }
            _ => return Err(Stop::Unknown),
        };
        let end = scalar.range.end;
        pass(receiver, Event::Scalar(scalar))?;
        Ok(end)
    }
}

fn is_in_flow_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b' ' | b'_'
                | b'-'
                | b'.'
                | b'/'
                | b'+'
                | b'='
                | b'@'
                | b'$'
                | b'%'
                | b'~'
                | b'('
                | b')'
        )
}
