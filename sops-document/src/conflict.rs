//! Detects the conflict markers that Git leaves in a file when a merge fails.

use std::cmp::Ordering;
use std::ops::Range;

/// The markers of an unresolved merge conflict. The `diff3` style adds a fourth, `|||||||`.
const BEGIN: &[u8] = b"<<<<<<<";
const MIDDLE: &[u8] = b"=======";
const END: &[u8] = b">>>>>>>";

/// The first unresolved merge conflict in `text`, as a byte range: from the line that starts with
/// `<<<<<<<` to the end of the line that starts with `>>>>>>>`. If the latter is missing, only the
/// first line.
///
/// A marker is at the start of a line, followed by a space or the end of the line, and may be
/// longer. Lines end with LF, CRLF or CR.
///
/// ```
/// use sops_document::merge_conflict;
///
/// let text = b"a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> topic\n";
/// assert_eq!(merge_conflict(text), Some(5..text.len() - 1));
/// assert_eq!(merge_conflict(b"a: <<<<<<< HEAD\n"), None);
/// ```
pub fn merge_conflict(text: &[u8]) -> Option<Range<usize>> {
    if !text.windows(BEGIN.len()).any(|bytes| bytes == BEGIN) {
        return None;
    }
    let mut begin: Option<Range<usize>> = None;
    let mut start = 0;
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let line_start = start;
        start += line.len();
        let end = line_start + line.trim_ascii_end().len();
        if begin.is_none() && is_marker(line, BEGIN) {
            begin = Some(line_start..end);
        } else if let Some(begin) = &begin
            && is_marker(line, END)
        {
            return Some(begin.start..end);
        }
    }
    begin
}

/// `text` without its first line if that begins a conflict; otherwise all of it.
///
/// ```
/// use sops_document::skip_conflict_begin;
///
/// assert_eq!(skip_conflict_begin("<<<<<<< HEAD\n{}\n"), "{}\n");
/// assert_eq!(skip_conflict_begin("{}\n"), "{}\n");
/// ```
pub fn skip_conflict_begin(text: &str) -> &str {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    match is_marker(&text.as_bytes()[..end], BEGIN) {
        true => text[end..].trim_start_matches(['\n', '\r']),
        false => text,
    }
}

/// Whether the line is a conflict marker.
pub fn is_conflict_marker(line: &[u8]) -> bool {
    [BEGIN, MIDDLE, END, b"|||||||"]
        .iter()
        .any(|marker| is_marker(line, marker))
}

/// Git writes a longer marker, always with a label, for conflicts of renames and where the attribute
/// `conflict-marker-size` asks for it.
fn is_marker(line: &[u8], marker: &[u8]) -> bool {
    let is_part = |byte: &&u8| **byte == marker[0];
    let length = line.iter().take_while(is_part).count();
    let next = line.get(length);
    match length.cmp(&marker.len()) {
        Ordering::Less => false,
        Ordering::Equal => next.is_none_or(u8::is_ascii_whitespace),
        Ordering::Greater => marker != MIDDLE && next == Some(&b' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_found_with_any_line_endings_and_styles() {
        for (text, found) in [
            (
                "<<<<<<< a\r\nx\r\n=======\r\ny\r\n>>>>>>> b\r\n",
                Some(0..35),
            ),
            ("a\r<<<<<<< a\r=======\r>>>>>>> b\r", Some(2..29)),
            ("<<<<<<< a\n||||||| o\n=======\n>>>>>>>", Some(0..35)),
            ("a\n<<<<<<< HEAD\nb\n", Some(2..14)),
            ("=======\n", None),
            ("a <<<<<<< b\n", None),
            ("<<<<<<<<<<\n", None),
            (
                "<<<<<<<< ours\na\n========\nb\n>>>>>>>> theirs\n",
                Some(0..42),
            ),
            ("", None),
        ] {
            assert_eq!(merge_conflict(text.as_bytes()), found, "{text:?}");
        }
    }

    #[test]
    fn headings_and_quotes_are_not_markers() {
        for (line, expected) in [
            ("||||||| base\n", true),
            ("=======", true),
            ("========", false),
            (" =======", false),
        ] {
            assert_eq!(is_conflict_marker(line.as_bytes()), expected, "{line:?}");
        }
    }
}
