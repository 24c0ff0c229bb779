//! An index of the lines of a file, so that many locations need only one pass over it.

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

/// The text with a line feed for each carriage return, if most of its lines end in a carriage
/// return alone: YAML knows such lines, but most other programs do not.
pub(crate) fn with_line_feeds(bytes: &[u8]) -> Option<Vec<u8>> {
    // Nearly every file has none.
    let first = memchr::memchr(b'\r', bytes)?;
    let returns = memchr::memchr_iter(b'\r', &bytes[first..]).map(|at| first + at);
    let alone = returns
        .filter(|at| bytes.get(at + 1) != Some(&b'\n'))
        .count();
    let feeds = memchr::memchr_iter(b'\n', bytes).count();
    // A key in a binary form may have carriage returns too.
    if alone <= feeds || bytes.contains(&0) || str::from_utf8(bytes).is_err() {
        return None;
    }
    let feed = |byte: &u8| if *byte == b'\r' { b'\n' } else { *byte };
    Some(bytes.iter().map(feed).collect())
}

/// How many characters begin in the bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriage_returns_alone_are_line_breaks_if_most_lines_end_in_one() {
        for (text, expected) in [
            ("a\rb\rc", Some("a\nb\nc")),
            ("a\rb\rü\n", Some("a\nb\nü\n")),
            ("a\r", Some("a\n")),
            ("a\r\nb\r\n", None),
            ("a\nb: x\ry\n", None),
            ("a\0\rb\r", None),
            ("a\n", None),
            ("", None),
        ] {
            let fed = with_line_feeds(text.as_bytes());
            assert_eq!(fed.as_deref(), expected.map(str::as_bytes), "{text:?}");
        }
        assert_eq!(with_line_feeds(b"\xff\r\r"), None);
    }

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
