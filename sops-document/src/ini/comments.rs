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

/// Whether the text after an encrypted comment is the mark of a comment that was moved out of the line of a header.
pub(crate) fn is_mark_of_moved(text: &str) -> bool {
    let inside = text.strip_prefix(MOVED.0);
    inside.is_some_and(|inside| inside.ends_with(MOVED.1))
}

/// The comment at `index` of the tape.
pub(crate) fn comment<'a>(document: &Document<'a>, index: usize) -> Comment<'a> {
    let Item::Comment { path, span, .. } = &document.tape[index] else {
        return Comment::default();
    };
    let place = behind_marker(document.text, *span);
    let continues = index > 0 && matches!(document.tape[index - 1], Item::Comment { .. });
    let is_whole = continues || following(document, index).next().is_none();
    let text = if is_whole {
        Cow::Borrowed(&document.text[place.clone()])
    } else {
        Cow::Owned(joined(document, index, place.start))
    };
    let mut comment = Comment {
        place,
        text,
        continues,
        ..Comment::default()
    };
    // An empty one stays what and where it is.
    if !comment.text.is_empty()
        && let Some(header) =
            header(document, *path).filter(|header| header.end <= comment.place.start)
        && document.text[header.end..comment.place.start]
            .find('\n')
            .is_none()
    {
        let between = &document.text[header.end..comment.place.start];
        let header_line = &document.text[header.clone()];
        comment.prefix = "; ";
        comment.suffix = format!("{}{between}{}\n{header_line}", MOVED.0, MOVED.1);
        comment.place.start = header.start;
    } else if is_whole && !continues && comment.text.starts_with(MARKERS) {
        comment.suffix = VERBATIM.to_owned();
    }
    comment
}

/// Refuses a comment whose first line is empty while others follow, unless a token replaces it:
/// `sops` crashes when it writes one, and so could not decrypt the file. Comments that Go's library
/// ignores stay.
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
        // Go's library strips blanks and markers up to the line break, but no other white space.
        let to_end = &document.text[span.range().start..];
        let rest = to_end.trim_start_matches([' ', marker(to_end)]);
        if rest.starts_with('\n') {
            return Err(Error::Unsupported {
                location: document.location(*span),
                message: "the first line of this comment is empty, and others belong to it: `sops` crashes on that where the comment is not \
                          encrypted; put text into the line, or take it away"
                    .into(),
            });
        }
    }
    Ok(())
}

/// The header of the section with that path.
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
        // With the white space at the end of the line before.
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

/// The range of the text of a comment, after the marker that Go's library strips.
fn behind_marker(text: &str, span: Span) -> Range<usize> {
    let range = span.range();
    let source = &text[range.clone()];
    let inner = source.trim_start_matches([' ', marker(source)]);
    range.end - inner.len()..range.end
}

/// What a comment begins with.
fn marker(source: &str) -> char {
    source.chars().next().unwrap_or(MARKERS[0])
}

/// What takes the places of encrypted comments, of which these have been opened; their indexes on the tape and plaintexts, in order.
pub(crate) fn replace(
    document: &Document<'_>,
    mut opened: Vec<(usize, Zeroizing<String>)>,
) -> Vec<(Range<usize>, Zeroizing<String>)> {
    let mut changes = Vec::new();
    // The lines after the one at work that belong to it, the last one first.
    let mut following: Vec<(usize, Zeroizing<String>)> = Vec::new();
    while let Some((index, text)) = opened.pop() {
        if following.last().is_some_and(|(next, _)| *next != index + 1) {
            following.clear();
        }
        let continues = comment(document, index).continues;
        let (place, written) = line_of(document, index, &text, continues, &following);
        changes.push((place, Zeroizing::new(written)));
        if continues {
            following.push((index, text));
        } else {
            following.clear();
        }
    }
    changes
}

/// What takes the place of one encrypted line, and where.
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
    let place = behind_marker(document.text, *span);
    let lines: Vec<&str> = plaintext.split('\n').collect();
    // Whether the lines from there on are those that follow the comment.
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
        _ if is_alone && moved(document, *path, place.clone()).is_some() => plaintext,
        _ if is_alone && document.text[place.clone()].ends_with(VERBATIM) => plaintext,
        1 if !plaintext.starts_with(MARKERS) => plaintext,
        _ => {
            // As Go's library writes it, which keeps no markers.
            let of_section = index > 0 && matches!(document.tape[index - 1], Item::Open { .. });
            let lines = lines.into_iter().map(|text| line(text, of_section));
            let lines: Vec<String> = lines.collect();
            return (span.range(), lines.join("\n"));
        }
    };
    match moved(document, *path, place.clone()) {
        Some((header, between)) => {
            let line = document.text[..place.start]
                .rfind('\n')
                .map_or(0, |end| end + 1);
            let text = format!("{}{between}{text}", &document.text[header.clone()]);
            (
                line.max(place.start.saturating_sub("; ".len()))..header.end,
                text,
            )
        }
        None => (place, text.to_owned()),
    }
}

/// The header that the replaced comment at `place` followed, and what was between the two.
fn moved<'a>(
    document: &Document<'a>,
    path: PathId,
    place: Range<usize>,
) -> Option<(Range<usize>, &'a str)> {
    let (_, behind) = document.text[place.clone()].rsplit_once(']')?;
    let between = behind.strip_prefix(MOVED.0)?.strip_suffix(MOVED.1)?;
    let header = header(document, path)?;
    (header.start == place.end + 1).then_some((header, between))
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

    /// Measured with `sops encrypt --encrypted-regex '^A$'` 3.13.3, which crashes on those that are refused, and with `sops decrypt`.
    #[test]
    fn comments_on_which_sops_crashes_are_refused_in_plaintext() {
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
