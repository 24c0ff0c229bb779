//! Lines and their indentation.

/// A line, as offsets in the text.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    /// The offset after the indentation.
    pub(super) content: usize,
    /// The offset of the line break.
    pub(super) end: usize,
    /// The start of the next line.
    pub(super) next: usize,
}

impl Line {
    /// The line that starts at `start`.
    pub(super) fn at(text: &str, start: usize) -> Self {
        let content = skip_spaces(text, start);
        let end = end(text, content);
        Self {
            start,
            content,
            end,
            next: (end + 1).min(text.len()),
        }
    }

    pub(super) fn column(self) -> usize {
        self.content - self.start
    }

    pub(super) fn is_blank(self) -> bool {
        self.content == self.end
    }
}

/// The end of the line that `at` is in.
pub(super) fn end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length)
}

/// The first offset from `at` on that has no space.
pub(super) fn skip_spaces(text: &str, at: usize) -> usize {
    let spaces = text.as_bytes()[at..].iter();
    at + spaces.take_while(|byte| **byte == b' ').count()
}

/// Whether the `-` of an item is at `at`.
pub(super) fn is_dash(text: &str, at: usize) -> bool {
    matches!(&text.as_bytes()[at..], [b'-'] | [b'-', b' ' | b'\n', ..])
}
