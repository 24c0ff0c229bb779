//! Decodes manifests in base64 and in quoted strings with escapes.

use std::ops::Range;

use base64::Engine as _;
use sops_printable::{ceil_char_boundary, floor_char_boundary};

use super::judge::ValueJudge;
use crate::base64_text::LENIENT;

/// How many bytes of base64 before and after the position are read: the largest object that
/// Kubernetes stores, plus a third.
const BASE64_LENGTH: usize = 1400 * 1024;

/// How many bytes of a quoted string before and after the kind are read.
const LENGTH: usize = 32 * 1024;

/// How many bytes may be between two strings that are lines of the same text.
const BETWEEN: usize = 256;

/// The base64 around a position, and its decoded text. Lines around it belong to it if they have
/// nothing else.
pub(super) fn base64(text: &str, at: usize, judge: &ValueJudge) -> (Range<usize>, Option<String>) {
    let bytes = text.as_bytes();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let is_part = |byte: &u8| is_digit(byte) || byte.is_ascii_whitespace() || *byte == b'=';
    let before = bytes[..at].iter().rev().take(BASE64_LENGTH);
    let mut start = at - before.take_while(|byte| is_digit(byte)).count();
    // A line of base64 is one word, and all but the last are as long as the first.
    let mut length = None;
    while let Some((before, line)) = line_before(text, start) {
        let is_far = at - before > BASE64_LENGTH;
        let is_like = *length.get_or_insert(line.len()) == line.len() && line.len() >= 16;
        if is_far || !is_like || !line.bytes().all(|byte| is_digit(&byte)) {
            break;
        }
        start = before;
    }
    let after = bytes[at..].iter().take(BASE64_LENGTH);
    let end = at + after.take_while(|byte| is_part(byte)).count();
    if !judge.may_read(end - start) {
        return (start..end, None);
    }
    let mut digits: Vec<&str> = Vec::new();
    let mut last = at;
    for word in text[start..end].split_ascii_whitespace() {
        // A shorter line ends the base64.
        let length = digits.first().map_or(usize::MAX, |first| first.len());
        let is_over = digits.last().is_some_and(|before| before.len() < length);
        if is_over || word.len() > length {
            break;
        }
        last = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
        digits.push(word);
    }
    let decoded = LENIENT.decode(digits.concat()).ok();
    (
        start..last,
        decoded.and_then(|bytes| String::from_utf8(bytes).ok()),
    )
}

/// The line before a position, if only white space is between its end and the position: the start
/// of its content, and the content.
fn line_before(text: &str, start: usize) -> Option<(usize, &str)> {
    let before = text[..start]
        .trim_end_matches([' ', '\t'])
        .strip_suffix('\n')?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let content = before[line..].trim();
    let offset = content.as_ptr() as usize - text.as_ptr() as usize;
    Some((offset, content))
}

/// The text and the range of the quoted string around a key `kind`: a string with escapes, or the
/// strings on consecutive lines that form the text. `None` for a key that is not in such a string.
pub(super) fn quoted(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    let before = text[..at].trim_end_matches(['"', '\'']);
    let rest = text[at..].split('\n').next().unwrap_or_default();
    let (_, value) = rest.split_once("Secret").or(rest.split_once("Config"))?;
    let is_escaped = before.ends_with('\\')
        || before.ends_with("\\n")
        || value.starts_with("\\n")
        || value.starts_with("\\\"");
    let low = ceil_char_boundary(text, at.saturating_sub(LENGTH));
    let high = floor_char_boundary(text, at + LENGTH);
    let string = |quote: char| {
        let start = quote_before(text, low..at, quote)? + 1;
        let end = quote_after(text, at..high, quote).unwrap_or(high);
        Some((start..end, quote))
    };
    // The nearest quotes are those of the string.
    let strings = ['"', '\''].into_iter().filter_map(string);
    let (own, quote) = strings.max_by_key(|(range, _)| range.start)?;
    let is_line = text[own.start..at]
        .trim_start_matches([' ', '-'])
        .is_empty()
        && value.starts_with(quote)
        && !text[at..].starts_with(&format!("kind{quote}"));
    if !is_escaped && !is_line {
        return None;
    }
    let mut lines = vec![own.clone()];
    while let Some(end) = between_before(text, low..lines[0].start.saturating_sub(1), quote)
        && let Some(start) = quote_before(text, low..end, quote)
    {
        lines.insert(0, start + 1..end);
    }
    let mut last = own.end;
    while let Some(start) = between_after(text, last + 1..high, quote)
        && let Some(end) = quote_after(text, start..high, quote)
    {
        lines.push(start..end);
        last = end;
    }
    let mut inner = String::new();
    for line in &lines {
        if !inner.is_empty() && !inner.ends_with('\n') {
            inner.push('\n');
        }
        inner.push_str(&unescaped(&text[line.clone()]));
    }
    Some((lines[0].start..last, inner))
}

/// The last such quote in a range that no backslash precedes.
fn quote_before(text: &str, range: Range<usize>, quote: char) -> Option<usize> {
    let mut quotes = text.get(range.clone())?.rmatch_indices(quote);
    quotes.find_map(|(at, _)| is_open(text, range.start + at).then_some(range.start + at))
}

fn quote_after(text: &str, range: Range<usize>, quote: char) -> Option<usize> {
    let mut quotes = text.get(range.clone())?.match_indices(quote);
    quotes.find_map(|(at, _)| is_open(text, range.start + at).then_some(range.start + at))
}

fn is_open(text: &str, quote: usize) -> bool {
    let slashes = text.as_bytes()[..quote].iter().rev();
    slashes.take_while(|byte| **byte == b'\\').count() % 2 == 0
}

/// The end of the string that is the previous line, at the end of a range.
fn between_before(text: &str, range: Range<usize>, quote: char) -> Option<usize> {
    let rest = text.get(range.clone())?.trim_end_matches(is_between);
    let end = range.start + rest.strip_suffix(quote)?.len();
    (range.end - end <= BETWEEN).then_some(end)
}

/// The start of the string that is the next line, at the start of a range.
fn between_after(text: &str, range: Range<usize>, quote: char) -> Option<usize> {
    let rest = text.get(range.clone())?.trim_start_matches(is_between);
    let start = range.end - rest.strip_prefix(quote)?.len();
    (start - range.start <= BETWEEN).then_some(start)
}

/// Whether the character may be between the strings of a list, or between strings that a program
/// concatenates.
fn is_between(c: char) -> bool {
    c.is_ascii_whitespace() || ",+.\\-".contains(c)
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, c == '\\') {
            (c, false) => plain.push(c),
            _ => match characters.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some('r') | None => {}
                Some(c) => plain.push(c),
            },
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2-Marker\n";

    #[test]
    fn base64_is_read_at_every_offset_and_in_lines() {
        for shift in ["", "a", "ab", "abc"] {
            let text = format!("# {shift}\n{TEXT}");
            let code = base64::engine::general_purpose::STANDARD.encode(&text);
            let at = super::super::candidates(&code).next().expect(&code).at();
            let all = (0..code.len(), Some(text.clone()));
            let judge = &ValueJudge::of(Path::new("a"), &code);
            assert_eq!(base64(&code, at, judge), all);
            let (range, decoded) = base64(&format!("KEY={code}\n"), at + 4, judge);
            assert_eq!((range.start, decoded), (4, Some(text.clone())));
            let lines: Vec<&str> = (0..code.len())
                .step_by(20)
                .map(|start| &code[start..(start + 20).min(code.len())])
                .collect();
            let wrapped = format!("content: |\n  {}\nother: abcd\n", lines.join("\n  "));
            let at = super::super::candidates(&wrapped)
                .next()
                .map(super::super::Candidate::at);
            // A line break may divide the word.
            if let Some(at) = at {
                let (range, decoded) = base64(&wrapped, at, judge);
                assert_eq!(decoded.as_ref(), Some(&text));
                assert!(wrapped[range].starts_with(lines[0]));
            }
        }
    }

    #[test]
    fn strings_with_escapes_are_read() {
        for (text, expected) in [
            (
                r#"a = "x: 1\nkind: Secret\ny: \"z\"\n" b"#,
                "x: 1\nkind: Secret\ny: \"z\"\n",
            ),
            (
                r#"{"a": "{\"kind\": \"Secret\"}"}"#,
                r#"{"kind": "Secret"}"#,
            ),
            (r#"a('kind: Secret\nb: c')"#, "kind: Secret\nb: c"),
            (
                "a(\"x: 1\\n\" +\n  \"kind: Secret\\n\" + // b\n \"c\")",
                "x: 1\nkind: Secret\n",
            ),
            (
                r#"{"a": ["{\n", "\"kind\": \"Secret\",\n", "\"b\": 1}"], "c": 1}"#,
                "{\n\"kind\": \"Secret\",\n\"b\": 1}",
            ),
            (
                "- 'x: 1'\n- '- kind: Secret'\n- '  y: é'",
                "x: 1\n- kind: Secret\n  y: é",
            ),
        ] {
            let at = text.find("kind").expect(text);
            let (range, inner) = quoted(text, at).expect(text);
            assert_eq!(inner, expected);
            assert!(range.contains(&at), "{text}");
        }
        for text in [
            "kind: Secret\n",
            "{\"kind\": \"Secret\"}",
            "['a', {'kind': 'Secret'}]",
            "{a: 'b', kind: 'Secret'}",
        ] {
            let at = text.find("kind").expect(text);
            assert_eq!(quoted(text, at), None, "{text}");
        }
    }

    #[test]
    fn any_text_around_a_kind_can_be_read() {
        let text = "é'\\\"'kind: Secret\\né', \"é\\\"kind\": \\\"Secretü\"'\"-'";
        for (start, _) in text.char_indices() {
            for (end, _) in text.char_indices().filter(|(end, _)| *end >= start) {
                for (at, _) in text[start..end].match_indices("kind") {
                    let _ = quoted(&text[start..end], at);
                }
            }
        }
    }
}
