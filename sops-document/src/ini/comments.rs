//! Comments of INI. To Go's library the lines above a key and the comment on its line are one
//! comment; here each line stays where it is.
//!
//! When a comment is replaced by tokens, the token of the first line holds the whole comment,
//! because readers take the text before the first line break. The other lines hold themselves. The
//! library ignores the text after a token on its line.

use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroizing;

use super::scan::MARKERS;
use crate::error::{Error, Result};
use crate::{Comment, Document, Item, PathId, ROOT, Span};

/// Follows the token of a comment that begins like the marker of another comment, as in `; # x`.
/// Go's library would write that marker in place of the real one.
const VERBATIM: &str = "#";

/// Surrounds the text between the `]` of a section and its comment. The bracket of a token on the
/// header's line would be taken for the header's, so the comment moves to a line of its own above
/// it.
const MOVED: (char, char) = ('^', '$');

/// Whether the text after an encrypted comment marks a comment that was moved out of a header's
/// line.
pub(crate) fn is_mark_of_moved(text: &str) -> bool {
    let inside = text.strip_prefix(MOVED.0);
    inside.is_some_and(|inside| inside.ends_with(MOVED.1))
}

/// The comment at `index` of the tape.
pub(crate) fn comment<'a>(document: &Document<'a>, index: usize) -> Comment<'a> {
    let Item::Comment { path, span, .. } = &document.tape[index] else {
        return Comment::default();
    };
    let range = after_marker(document.text, *span);
    let continues = index > 0 && matches!(document.tape[index - 1], Item::Comment { .. });
    let is_whole = continues || following(document, index).next().is_none();
    let text = if is_whole {
        Cow::Borrowed(&document.text[range.clone()])
    } else {
        Cow::Owned(joined(document, index, range.start))
    };
    let mut comment = Comment {
        range,
        text,
        continues,
        ..Comment::default()
    };
    // An empty comment stays unchanged.
    if !comment.text.is_empty()
        && let Some(header) =
            header(document, *path).filter(|header| header.end <= comment.range.start)
        && document.text[header.end..comment.range.start]
            .find('\n')
            .is_none()
    {
        let between = &document.text[header.end..comment.range.start];
        let header_line = &document.text[header.clone()];
        comment.prefix = "; ";
        comment.suffix = format!("{}{between}{}\n{header_line}", MOVED.0, MOVED.1);
        comment.range.start = header.start;
    } else if is_whole && !continues && comment.text.starts_with(MARKERS) {
        comment.suffix = VERBATIM.to_owned();
    }
    comment
}

/// Rejects a comment with an empty first line and more lines after it, unless a token replaces it:
/// `sops` crashes when it writes such a comment, and so could not decrypt the file. Comments that
/// Go's library ignores stay.
///
/// # Errors
/// [`Error::Unsupported`] with the location of the comment.
pub(crate) fn refuse_unwritable(
    document: &Document<'_>,
    is_encrypted: impl Fn(usize) -> bool,
) -> Result<()> {
    for (index, item) in document.tape.iter().enumerate() {
        let Item::Comment { path, span, .. } = item else {
            continue;
        };
        let continues = matches!(document.tape[index - 1], Item::Comment { .. });
        if *path == ROOT
            || continues
            || is_encrypted(index)
            || following(document, index).next().is_none()
        {
            continue;
        }
        // Go's library strips spaces and markers up to the line break, but no other white space.
        let to_end = &document.text[span.range().start..];
        let rest = to_end.trim_start_matches([' ', marker(to_end)]);
        if rest.starts_with('\n') {
            return Err(Error::Unsupported {
                location: document.location(*span),
                message: "the first line of this comment is empty, but more lines follow; `sops` crashes on such a comment unless it is \
                          encrypted; add text to the line, or remove it"
                    .into(),
            });
        }
    }
    Ok(())
}

/// The header of the section with this path.
fn header(document: &Document<'_>, path: PathId) -> Option<Range<usize>> {
    if path == ROOT {
        return None;
    }
    let start = document.paths.key_offset(path) as usize;
    let end = start + document.paths.key(path).len() + 2;
    let is_header = document.text.get(start..end)?.starts_with('[');
    is_header.then_some(start..end)
}

/// All lines of the comment whose first line is at `index`, as Go's library joins them.
fn joined(document: &Document<'_>, index: usize, start: usize) -> String {
    let Item::Comment { span, .. } = &document.tape[index] else {
        return String::new();
    };
    let mut last = span.range().end;
    let mut text = document.text[start..last].to_owned();
    for part in following(document, index) {
        // Includes the white space at the end of the previous line.
        let rest = &document.text[last..];
        text.push_str(&rest[..rest.find('\n').map_or(0, |found| found + 1)]);
        text.push_str(document.source(part));
        last = part.range().end;
    }
    // `sops` crashes on a comment that begins with an empty line.
    if text.starts_with('\n') {
        text.remove(0);
    }
    text
}

/// The lines that belong to the same comment after the one at `index`.
fn following<'d>(document: &'d Document<'_>, index: usize) -> impl Iterator<Item = Span> + 'd {
    document.tape[index + 1..]
        .iter()
        .map_while(|item| match item {
            Item::Comment { span, .. } => Some(*span),
            _ => None,
        })
}

/// The range of a comment's text, after the marker that Go's library strips.
fn after_marker(text: &str, span: Span) -> Range<usize> {
    let range = span.range();
    let source = &text[range.clone()];
    let inner = source.trim_start_matches([' ', marker(source)]);
    range.end - inner.len()..range.end
}

/// The marker that a comment begins with.
fn marker(source: &str) -> char {
    source.chars().next().unwrap_or(MARKERS[0])
}

/// The replacements of encrypted comments. `opened` has their tape indexes and plaintext, in order.
pub(crate) fn replace(
    document: &Document<'_>,
    mut opened: Vec<(usize, Zeroizing<String>)>,
) -> Vec<(Range<usize>, Zeroizing<String>)> {
    let mut changes = Vec::new();
    // The remaining lines of the current comment, the last one first.
    let mut following: Vec<(usize, Zeroizing<String>)> = Vec::new();
    while let Some((index, text)) = opened.pop() {
        if following.last().is_some_and(|(next, _)| *next != index + 1) {
            following.clear();
        }
        let continues = comment(document, index).continues;
        let (range, written) = line_of(document, index, &text, continues, &following);
        changes.push((range, Zeroizing::new(written)));
        if continues {
            following.push((index, text));
        } else {
            following.clear();
        }
    }
    changes
}

/// The replacement of one encrypted line, and its range.
fn line_of(
    document: &Document<'_>,
    index: usize,
    plaintext: &str,
    continues: bool,
    following: &[(usize, Zeroizing<String>)],
) -> (Range<usize>, String) {
    let Item::Comment { path, span, .. } = &document.tape[index] else {
        return (0..0, String::new());
    };
    let range = after_marker(document.text, *span);
    let lines: Vec<&str> = plaintext.split('\n').collect();
    // Whether the lines from this one on are those after the comment.
    let are_following = |from: usize| {
        !following.is_empty()
            && lines.len() - from == following.len()
            && lines[from..]
                .iter()
                .zip(following.iter().rev())
                .all(|(line, (_, text))| {
                    line.starts_with(MARKERS) && line.trim_end().ends_with(text.as_str())
                })
    };
    let is_alone = following.is_empty();
    let text = match lines.len() {
        _ if continues => plaintext,
        _ if are_following(1) => lines[0].trim_end(),
        _ if are_following(0) => "",
        _ if is_alone && moved(document, *path, range.clone()).is_some() => plaintext,
        _ if is_alone && document.text[range.clone()].ends_with(VERBATIM) => plaintext,
        1 if !plaintext.starts_with(MARKERS) => plaintext,
        _ => {
            // As Go's library writes it, without markers.
            let of_section = index > 0 && matches!(document.tape[index - 1], Item::Open { .. });
            let lines = lines.into_iter().map(|text| line(text, of_section));
            let lines: Vec<String> = lines.collect();
            return (span.range(), lines.join("\n"));
        }
    };
    match moved(document, *path, range.clone()) {
        Some((header, between)) => {
            let line = document.text[..range.start]
                .rfind('\n')
                .map_or(0, |end| end + 1);
            let text = format!("{}{between}{text}", &document.text[header.clone()]);
            (
                line.max(range.start.saturating_sub("; ".len()))..header.end,
                text,
            )
        }
        None => (range, text.to_owned()),
    }
}

/// The header that the replaced comment at `range` followed, and the text between them.
fn moved<'a>(
    document: &Document<'a>,
    path: PathId,
    range: Range<usize>,
) -> Option<(Range<usize>, &'a str)> {
    let (_, between) = document.text[range.clone()].rsplit_once(']')?;
    let between = between.strip_prefix(MOVED.0)?.strip_suffix(MOVED.1)?;
    let header = header(document, path)?;
    (header.start == range.end + 1).then_some((header, between))
}

/// A line of a comment as Go's library writes it. It keeps trailing white space only above
/// sections.
fn line(text: &str, of_section: bool) -> String {
    match text.strip_prefix(MARKERS) {
        Some(rest) => format!("{} {}", &text[..1], rest.trim()),
        None if of_section => format!("; {text}"),
        None => format!("; {}", text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ini;

    /// Measured with `sops decrypt` and `sops encrypt --encrypted-regex '^A$'` 3.13.3, which
    /// crashes on the rejected comments.
    #[test]
    fn comments_that_crash_sops_are_rejected_in_plaintext() {
        for (text, refused_in_line) in [
            ("A=x\n#\n; y\nK=1\n", Some(2)),
            ("A=x\n\n ;; ;\n\n#\nK=1\n", Some(3)),
            ("A=x\n#\nK=1 ; y\n", Some(2)),
            ("A=x\n#  \n; y\nK=1\n", Some(2)),
            ("A=x\n#\n# y\n[s]\nK=1\n", Some(2)),
            ("A=x\n#\n[s] ; y\nK=1\n", Some(2)),
            ("A=x\n#\nK=1\n", None),
            ("A=x\n; y\n#\nK=1\n", None),
            ("A=x\n#\t\n; y\nK=1\n", None),
            ("A=x\r\n#\r\n; y\r\nK=1\r\n", None),
            ("A=x\n#\n; y\n", None),
        ] {
            let document = ini::parse(text, Some("sops")).unwrap_or_else(|error| panic!("{error}"));
            let line = match refuse_unwritable(&document, |_| false) {
                Err(Error::Unsupported { location, .. }) => Some(location.line),
                _ => None,
            };
            assert_eq!(line, refused_in_line, "{text:?}");
            assert!(refuse_unwritable(&document, |_| true).is_ok());
        }
    }
}
