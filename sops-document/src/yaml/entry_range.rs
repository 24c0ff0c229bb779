//! Determines the range of a mapping's entry, so that it can be removed completely.

use std::ops::Range;

use super::lexical::skip_space_and_comments;
use super::source;

/// The lines of an entry in block style whose key is at `key` and whose value ends at `end`.
pub(crate) fn block_entry(text: &str, key: usize, end: usize) -> Range<usize> {
    let start = source::line_start(text, key);
    let end = if end > start && source::line_start(text, end) == end {
        end
    } else {
        source::after_break(text, source::line_end(text, end))
    };
    start..end
}

/// The range to remove for the entry whose key is at `key` and whose value ends at `end`. The text
/// before the entry ends at `before`.
///
/// The range includes the comma before the entry or, if that belongs to the previous entry or is
/// missing, the comma after it.
pub(crate) fn flow_entry(text: &str, before: usize, key: usize, end: usize) -> Range<usize> {
    let Some(between) = Separation::of(text, before..key) else {
        if let Some(comma) = text[before..key].find(',') {
            return before + comma..end;
        }
        return match after_comma(text, end) {
            Some(comma) => key..text.len() - text[comma..].trim_start().len(),
            // The only entry. White space before it means that Go's library wrote the mapping, and
            // the library writes an empty one as `{}`.
            None if before < key => before..skip_white_space(text, end),
            None => before..end,
        };
    };
    let (start, end) = match between.own_comma() {
        Some(comma) => (comma, end),
        None => (key, after_comma(text, end).unwrap_or(end)),
    };
    let line = source::line_start(text, start);
    let line_end = source::line_end(text, end);
    let is_line = text[line..start].trim().is_empty() && text[end..line_end].trim().is_empty();
    if is_line {
        line..source::after_break(text, line_end)
    } else {
        start..end
    }
}

/// The end of the white space after `at`.
fn skip_white_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// The offset after the comma that follows the entry that ends at `end`.
fn after_comma(text: &str, end: usize) -> Option<usize> {
    let comma = skip_space_and_comments(text, end);
    text[comma..].starts_with(',').then_some(comma + 1)
}

/// The text between two members, or between the last one and the bracket: comments, and optionally
/// a comma.
pub(crate) struct Separation {
    pub(crate) comma: Option<usize>,
    /// Where the last comment begins.
    comment: usize,
}

impl Separation {
    /// `None` if the range has no comments.
    pub(crate) fn of(text: &str, range: Range<usize>) -> Option<Self> {
        let (mut comma, mut comment) = (None, None);
        let mut at = range.start;
        while at < range.end {
            match text.as_bytes()[at] {
                b',' => comma = Some(at),
                b'#' => {
                    comment = Some(at);
                    at = source::line_end(text, at);
                }
                _ => {}
            }
            at += 1;
        }
        comment.map(|comment| Self { comma, comment })
    }

    /// The comma, if it is after the comments.
    pub(crate) fn own_comma(&self) -> Option<usize> {
        self.comma.filter(|comma| *comma > self.comment)
    }
}

/// The comment after the key of the entry at `entry`, whose value at `value` is on the lines below.
pub(crate) fn comment_after_key(
    text: &str,
    entry: &Range<usize>,
    value: &Range<usize>,
) -> Option<Range<usize>> {
    let end = source::line_end(text, entry.start);
    let line = text.get(entry.start..end.min(value.start))?;
    let found = line.find(" #").or_else(|| line.find("\t#"))?;
    Some(entry.start + found + 1..end)
}
