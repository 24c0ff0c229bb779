//! An index of the lines of a text, so that many locations need only one pass over it.

use sops_document::Location;

/// How many bytes of the text are counted as one part.
const PART: usize = 1024;

pub(crate) struct LineIndex<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
    /// How many characters begin before each part.
    characters: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1));
        let mut before = 0;
        let parts = text.chunks(PART).map(|part| {
            let so_far = before;
            before += characters(part);
            so_far
        });
        let mut characters: Vec<_> = parts.collect();
        characters.push(before);
        Self {
            text,
            starts: starts.collect(),
            characters,
        }
    }

    pub(crate) fn location(&self, offset: usize) -> Location {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        Location {
            line,
            column: self.characters_before(offset) - self.characters_before(start) + 1,
            offset,
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let part = offset / PART;
        self.characters[part] + characters(&self.text[part * PART..offset])
    }
}

/// How many characters begin in the bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_over_parts() {
        let long = "ä€b".repeat(PART);
        for text in [
            "",
            "a",
            "a\nbé\n",
            &long,
            &format!("{long}\nx{long}"),
            &"x".repeat(PART),
        ] {
            let lines = LineIndex::new(text.as_bytes());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                assert_eq!(lines.location(offset), Location::of(text, offset));
            }
        }
    }
}
