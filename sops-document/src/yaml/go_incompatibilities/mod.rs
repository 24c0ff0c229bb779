//! Parts of YAML 1.2 that Go's YAML library reads differently. They are refused, so that two
//! readers never see two documents.

mod tabs;

use std::ops::Range;

pub(crate) use tabs::refuse_foreign_tabs;

use super::events::Scalar;
use crate::error::{Error, Location, Result};
use crate::yaml::lexical::{property_end, skip_space_and_comments};
use crate::{Document, Leaf, Style};

fn refuse<T>(text: &str, at: usize, message: impl Into<String>) -> Result<T> {
    Err(Error::Unsupported {
        location: Location::of(text, at),
        message: message.into(),
    })
}

/// Rejects characters that YAML 1.1, and so Go's library, reads as line breaks but YAML 1.2 does
/// not: Go would read the text around them differently.
pub(super) fn refuse_unicode_breaks(text: &str) -> Result<()> {
    if text.is_ascii() {
        return Ok(());
    }
    match text.find(['\u{85}', '\u{2028}', '\u{2029}']) {
        None => Ok(()),
        Some(at) => refuse(
            text,
            at,
            "a Unicode line break (U+0085, U+2028 or U+2029), which YAML readers interpret differently; write it as an escape in double \
             quotes, such as \"\\u2028\"",
        ),
    }
}

/// Rejects escapes of YAML 1.2 that Go's library does not read.
pub(super) fn refuse_foreign_escapes(text: &str, range: Range<usize>) -> Result<()> {
    let source = &text[range.clone()];
    let mut at = 0;
    while let Some(found) = source[at..].find('\\') {
        let escape = at + found;
        let rest = &source[escape + 1..];
        let problem = if rest.starts_with('/') {
            Some("the escape `\\/`, which Go's YAML library does not read; write `/`")
        } else if is_surrogate(rest) {
            Some(
                "half of a surrogate pair, which Go's YAML library does not read; write the character, or `\\U` and 8 digits",
            )
        } else {
            None
        };
        if let Some(message) = problem {
            return refuse(text, range.start + escape, message);
        }
        // An escaped character has one or more bytes.
        at = escape + 1 + rest.chars().next().map_or(0, char::len_utf8);
    }
    Ok(())
}

/// Whether the text after a backslash is the escape of a surrogate, `u` and D800 to DFFF.
fn is_surrogate(escape: &str) -> bool {
    let digits = escape.strip_prefix('u').and_then(|rest| rest.get(..4));
    digits
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .is_some_and(|unit| (0xd800..0xe000).contains(&unit))
}

/// Rejects text before a document's `---` or its first content that Go's library does not read.
pub(super) fn refuse_foreign_prefix(
    text: &str,
    prefix: Range<usize>,
    is_first: bool,
    has_marker: bool,
) -> Result<()> {
    if !is_first && !has_marker {
        return refuse(
            text,
            prefix.end,
            "a document after `...` without a `---`, which Go's YAML library does not read; write `---` before it",
        );
    }
    let mut at = prefix.start;
    for line in text[prefix.clone()].split_inclusive(['\n', '\r']) {
        let mut words = line.trim_start_matches('\u{feff}').split_whitespace();
        match (words.next(), words.next()) {
            (Some("%YAML"), Some("1.1")) | (Some("%TAG"), _) => {}
            (Some("%YAML"), _) => {
                return refuse(
                    text,
                    at,
                    "a directive for a version other than `%YAML 1.1`, which Go's YAML library does not read; remove it",
                );
            }
            (Some(word), _) if word.starts_with('%') => {
                return refuse(
                    text,
                    at,
                    "a directive that Go's YAML library does not know; remove it",
                );
            }
            (Some("..."), _) if is_first => {
                return refuse(
                    text,
                    at,
                    "`...` before the first document, which Go's YAML library does not read; remove it",
                );
            }
            _ => {}
        }
        if at > 0 && line.starts_with('\u{feff}') {
            return refuse(
                text,
                at,
                "a byte order mark inside the file, which Go's YAML library reads as content; remove it",
            );
        }
        at += line.len();
    }
    Ok(())
}

/// Rejects names of anchors and aliases that end earlier for Go's library. `range` is the name with
/// its `&` or `*`.
pub(super) fn refuse_foreign_name(text: &str, range: Range<usize>) -> Result<()> {
    let name = &text.as_bytes()[range.start + 1..range.end];
    let is_common = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.iter().all(is_common) {
        return refuse(
            text,
            range.start,
            "the name of this anchor or alias has characters other than letters, digits, `-` and `_`, which Go's YAML library does \
             not accept; use another name",
        );
    }
    if text[range.end..].starts_with(['[', '{']) {
        return refuse(
            text,
            range.start,
            "an anchor directly before a bracket, which Go's YAML library does not read; put a space between them",
        );
    }
    Ok(())
}

/// Rejects a scalar in a flow collection that Go's library reads differently, or not at all.
pub(super) fn refuse_foreign_in_flow(text: &str, scalar: &Scalar<'_>) -> Result<()> {
    if let Some(tag) = scalar.tag_at
        && text[property_end(text, tag, true)..].starts_with([',', '[', ']', '{', '}'])
    {
        return refuse(
            text,
            tag,
            "a tag directly before a comma or bracket, which Go's YAML library reads as part of the tag; put a space between them",
        );
    }
    if scalar.style == Style::Plain && text[scalar.range.clone()].starts_with('?') {
        return refuse(text, scalar.range.start, QUESTION_MARK);
    }
    Ok(())
}

const QUESTION_MARK: &str = "an unquoted scalar with a `?`, which Go's YAML library reads as a key indicator in flow \
                             collections; put it in quotes";

/// Rejects a key of a flow mapping that Go's library reads differently, or not at all. The text
/// before the key ends at `before`.
pub(super) fn refuse_foreign_flow_key(
    text: &str,
    before: usize,
    scalar: &Scalar<'_>,
) -> Result<()> {
    let range = scalar.range.clone();
    let is_plain = scalar.style == Style::Plain;
    if is_plain && text[range.clone()].contains('?') {
        return refuse(text, range.start, QUESTION_MARK);
    }
    let mut next = text[range.end..].chars();
    if is_plain
        && next.next() == Some(':')
        && matches!(next.next(), Some(',' | '[' | ']' | '{' | '}'))
    {
        return refuse(
            text,
            range.end,
            "a `:` directly before a comma or bracket, which Go's YAML library reads as part of the key; put a space between them",
        );
    }
    let colon = skip_space_and_comments(text, range.end);
    let is_explicit = text
        .get(before..range.start)
        .is_some_and(|lead| lead.contains('?'));
    // The line may be long, and must not be scanned for every key.
    let is_after_break = text[range.start..colon].contains(['\n', '\r']);
    if text[colon..].starts_with(':') && is_after_break && !is_explicit {
        return refuse(
            text,
            range.start,
            "a key of a flow collection whose `:` is on another line, which Go's YAML library does not read; write `? ` before the key",
        );
    }
    Ok(())
}

/// Rejects a value of a flow collection that Go's library does not read, if it stays in the file.
pub(crate) fn refuse_unreadable(document: &Document<'_>, leaf: &Leaf<'_>) -> Result<()> {
    if !leaf.flow || leaf.style != Style::Plain {
        return Ok(());
    }
    let (text, start) = (document.text, leaf.span.range().start);
    let source = document.source(leaf.span);
    if source.contains('?') {
        return refuse(text, start, QUESTION_MARK);
    }
    if source.starts_with(':') {
        return refuse(
            text,
            start,
            "an unquoted scalar that begins with `:`, which Go's YAML library reads as the end of a key in flow collections; \
             put it in quotes",
        );
    }
    Ok(())
}
