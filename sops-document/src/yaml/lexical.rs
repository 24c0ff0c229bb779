//! Reads keys, anchors, tags, comments and white space in the text around nodes.

use std::ops::Range;

use super::source;

/// Whether only white space comes before `at` on its line, not counting a byte order mark.
pub(crate) fn begins_line(text: &str, at: usize) -> bool {
    text[source::line_start(text, at)..at]
        .trim_start_matches('\u{feff}')
        .trim()
        .is_empty()
}

/// The offset after white space, line breaks and comments.
pub(crate) fn skip_space_and_comments(text: &str, mut at: usize) -> usize {
    loop {
        match text.as_bytes().get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#') => at = source::line_end(text, at),
            _ => return at,
        }
    }
}

/// The comment that ends the line of `at`, if only white space comes before it.
pub(crate) fn trailing_comment(text: &str, at: usize) -> Option<Range<usize>> {
    let end = source::line_end(text, at);
    let rest = &text[at..end];
    let start = end - rest.trim_start().len();
    text[start..end].starts_with('#').then_some(start..end)
}

/// The end of the anchor or tag that begins at `at`.
pub(crate) fn property_end(text: &str, at: usize, flow: bool) -> usize {
    let rest = &text[at..];
    if rest.starts_with("!<") {
        return at + rest.find('>').map_or(rest.len(), |end| end + 1);
    }
    let ends = |character: char| {
        character.is_ascii_whitespace() || flow && matches!(character, ',' | '[' | ']' | '{' | '}')
    };
    at + rest.find(ends).unwrap_or(rest.len())
}

/// The offset after the `:` of the key at `key`.
pub(crate) fn after_colon(text: &str, key: usize, flow: bool) -> Option<usize> {
    let colon = skip_space_and_comments(text, key_end(text, key, flow));
    text[colon..].starts_with(':').then_some(colon + 1)
}

/// The end of the key that begins at `key`.
pub(crate) fn key_end(text: &str, key: usize, flow: bool) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(key) {
        Some(quote @ (b'"' | b'\'')) => {
            let mut at = key + 1;
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'\\' if *quote == b'"' => at += 1,
                    byte if byte == quote => {
                        if *quote == b'"' || bytes.get(at + 1) != Some(&b'\'') {
                            return at + 1;
                        }
                        at += 1;
                    }
                    _ => {}
                }
                at += 1;
            }
            text.len()
        }
        Some(b'|' | b'>') => {
            // A block scalar as a key ends if the `:` is in the column of its `?`.
            let line = source::line_start(text, key);
            let column = text[line..key].find('?').unwrap_or(0);
            let mut at = source::after_break(text, source::line_end(text, key));
            while at < text.len() {
                let end = source::line_end(text, at);
                let rest = text[at..end].trim_start_matches(' ');
                if rest.starts_with(':') && end - rest.len() - at == column {
                    return at;
                }
                at = source::after_break(text, end);
            }
            text.len()
        }
        _ => {
            let mut at = key;
            while let Some(&byte) = bytes.get(at) {
                let next = bytes.get(at + 1);
                let ends = match byte {
                    b':' => {
                        next.is_none_or(u8::is_ascii_whitespace)
                            || flow && matches!(next, Some(b',' | b'[' | b']' | b'{' | b'}'))
                    }
                    b'#' => at > key && bytes[at - 1].is_ascii_whitespace(),
                    b',' | b'[' | b']' | b'{' | b'}' => flow,
                    b'\n' | b'\r' => !flow,
                    _ => false,
                };
                if ends {
                    break;
                }
                at += 1;
            }
            key + text[key..at].trim_end().len()
        }
    }
}
