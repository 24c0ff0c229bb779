//! Scans keys, properties and markers in the text.

use super::tokens::TokenKind;
use crate::yaml::source;

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// The first offset at or after `at` that is neither white space nor in a comment.
pub(super) fn skip(text: &str, at: usize) -> usize {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let bytes = text.as_bytes();
    let mut at = at;
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#') => at = line_end(text, at),
            Some(_) if bytes[at..].starts_with(MARK) => at += MARK.len(),
            _ => return at.min(text.len()),
        }
    }
}

/// The offset of the line break at or after `at`, or of the end of the text.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    source::line_end(text, at)
}

pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

pub(super) fn is_space_byte(byte: u8) -> bool {
    is_space(byte.into())
}

fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// Whether a line starts at `at` with `marker` and nothing directly after it.
pub(super) fn is_marker(text: &str, at: usize, marker: &str) -> bool {
    let rest = text[at..].strip_prefix(marker);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(is_space))
        && source::line_start(text, at) == at
}

/// The kind of the scalar at `at`, by whether it has a closing mark.
pub(super) fn scalar_kind(text: &str, at: usize) -> TokenKind {
    match text.as_bytes().get(at) {
        Some(b'"' | b'\'' | b'*') => TokenKind::Other,
        _ => TokenKind::OpenEnded,
    }
}

/// The end of the anchor or tag at `at`.
pub(super) fn property_end(text: &str, at: usize, flow: bool) -> usize {
    let rest = &text[at..];
    if rest.starts_with("!<")
        && let Some(length) = rest.find('>')
    {
        return at + length + 1;
    }
    let is_end = |byte: u8| is_space_byte(byte) || flow && is_flow_indicator(byte);
    let length = rest.bytes().position(is_end).unwrap_or(rest.len());
    at + length.max(1)
}

/// The end of the key at `at` in a mapping in `column`.
pub(super) fn key_end(text: &str, at: usize, flow: bool, column: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default().as_bytes();
    let length = match rest.first() {
        Some(quote @ (b'"' | b'\'')) => quoted(rest, *quote),
        Some(b'|' | b'>') if !flow => block(rest, column),
        Some(b'*') => rest
            .iter()
            .position(|byte| is_space_byte(*byte) || is_flow_indicator(*byte))
            .unwrap_or(rest.len()),
        _ => plain(rest, flow, column),
    };
    at + length
}

/// The length of a quoted scalar.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'\\' if quote == b'"' => 2,
            b'\'' if quote == b'\'' && text.get(at + 1) == Some(&quote) => 2,
            _ if byte == quote => return at + 1,
            _ => 1,
        };
    }
    text.len()
}

/// The length of a plain key.
fn plain(text: &[u8], flow: bool, column: usize) -> usize {
    let mut end = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1).copied();
        let ends = match byte {
            b':' => next.is_none_or(|next| is_space_byte(next) || flow && is_flow_indicator(next)),
            b'#' => at > end,
            b'\n' | b'\r' if !flow => {
                let line = after_blank_lines(text, at);
                indentation(&text[line..]) <= column
            }
            _ => flow && is_flow_indicator(byte),
        };
        if ends {
            break;
        }
        at += 1;
        if !is_space_byte(byte) {
            end = at;
        }
    }
    end
}

/// The length of a block scalar that is a key of a mapping in `column`.
fn block(text: &[u8], column: usize) -> usize {
    let line_end = |from: usize| {
        let length = text[from..].iter().position(|byte| is_break(*byte));
        length.map_or(text.len(), |length| from + length)
    };
    let mut end = line_end(0);
    let indicator = text[1..end.min(3)]
        .iter()
        .find(|byte| byte.is_ascii_digit());
    let mut depth = indicator.map(|digit| column + usize::from(digit - b'0'));
    loop {
        let line = after_blank_lines(text, end);
        let indentation = indentation(&text[line..]);
        let depth = *depth.get_or_insert(indentation.max(column + 1));
        if line >= text.len() || indentation < depth {
            return end;
        }
        end = line_end(line);
    }
}

/// The start of the first line with content after the line break at `at`.
fn after_blank_lines(text: &[u8], at: usize) -> usize {
    let mut line = at;
    for (offset, &byte) in text.iter().enumerate().skip(at) {
        if is_break(byte) {
            line = offset + 1;
        } else if !is_space_byte(byte) {
            return line;
        }
    }
    text.len()
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn indentation(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}
