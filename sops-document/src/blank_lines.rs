//! Blank lines after a scalar, including those that follow it only once a reserved entry is
//! removed.

use std::ops::Range;

use crate::document::{Document, ReservedEntry};
use crate::yaml::source::{Chomping, after_break, line_end};

/// The blank lines after a scalar.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlankLines {
    any: bool,
    /// The number of columns in the widest line.
    width: usize,
}

impl BlankLines {
    /// The lines that follow a scalar in block style that ends at `end`, without reserved entries.
    pub(crate) fn after(document: &Document<'_>, end: usize) -> Self {
        let text = document.text;
        let mut lines = Self::default();
        let mut at = match text[..end].ends_with(['\n', '\r']) {
            true => end,
            false => after_break(text, line_end(text, end)),
        };
        while at < text.len() {
            if let Some((width, end)) = blank_line(text, at) {
                lines.any = true;
                lines.width = lines.width.max(width);
                at = after_break(text, end);
            } else if let Some(entry) = removed_at(document, at) {
                at = entry.end;
            } else {
                break;
            }
        }
        lines
    }

    /// Whether a block scalar would hold some of the lines, if its content is in `column`.
    pub(crate) fn join(self, chomping: Chomping, column: usize) -> bool {
        self.width > column || self.any && chomping == Chomping::Keep
    }
}

/// The reserved entry that starts at `at` and is removed as a whole.
fn removed_at(document: &Document<'_>, at: usize) -> Option<Range<usize>> {
    let reserved: &[ReservedEntry] = &document.reserved;
    let found = reserved.binary_search_by_key(&at, |reserved| reserved.entry.start);
    let reserved = &reserved[found.ok()?];
    let stays = document.reserved_comment(reserved).is_some();
    (!stays && !reserved.entry.is_empty()).then(|| reserved.entry.clone())
}

/// The width and the end of the line at `at`, if it is blank. Other lines may be long, and are not
/// read to their end.
fn blank_line(text: &str, at: usize) -> Option<(usize, usize)> {
    let blanks = text.as_bytes()[at..].iter();
    let end = at
        + blanks
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
    let is_line = matches!(text.as_bytes().get(end), None | Some(b'\n' | b'\r'));
    let width = is_line.then(|| width(&text[at..end])).flatten()?;
    Some((width, end))
}

/// The width of a blank line; `None` if the line isn't blank. The line is content if it is wider
/// than the column of the content, so a tab counts only after the spaces.
pub(crate) fn width(line: &str) -> Option<usize> {
    let after_spaces = line.trim_start_matches(' ');
    let spaces = line.len() - after_spaces.len();
    let is_blank = after_spaces.trim_matches([' ', '\t']).is_empty();
    is_blank.then_some(spaces + usize::from(!after_spaces.is_empty()))
}
