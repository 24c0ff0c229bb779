//! Where the lines of a text begin, so that many places in it cost one look through it.

use sops_core::Location;

pub(crate) struct Lines<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1));
        Self {
            text,
            starts: starts.collect(),
        }
    }

    pub(crate) fn location(&self, offset: usize) -> Location {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = &self.text[start..offset];
        // The bytes that begin a character.
        let column = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
        Location {
            line,
            column,
            offset,
        }
    }
}
