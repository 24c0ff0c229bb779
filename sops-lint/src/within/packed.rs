//! Manifests in base64, and in quoted strings with escapes.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How long a manifest in one of these forms may be before and after its kind, in bytes.
const LENGTH: usize = 32 * 1024;

/// The text in base64 around a place, and where that is. The lines around it belong to it if they have nothing else.
pub(super) fn base64(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    let bytes = text.as_bytes();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let is_part = |byte: &u8| is_digit(byte) || byte.is_ascii_whitespace();
    let mut start = at
        - bytes[..at]
            .iter()
            .rev()
            .take(LENGTH)
            .take_while(|byte| is_digit(byte))
            .count();
    // A line of base64 is one word.
    while let Some((before, line)) = line_before(text, start) {
        if at - before > LENGTH || line.len() < 16 || !line.bytes().all(|byte| is_digit(&byte)) {
            break;
        }
        start = before;
    }
    let rest = &bytes[at..];
    let end = at
        + rest
            .iter()
            .take(LENGTH)
            .take_while(|byte| is_part(byte))
            .count();
    let mut digits = Vec::new();
    let mut last = at;
    for (number, word) in text.get(start..end)?.split_ascii_whitespace().enumerate() {
        // What follows a shorter line is something else.
        let length = digits.first().map_or(0, |first: &&str| first.len());
        let place = word.as_ptr() as usize - text.as_ptr() as usize;
        if number > 0
            && (digits
                .last()
                .is_some_and(|before: &&str| before.len() < length)
                || word.len() > length)
        {
            break;
        }
        last = place + word.len();
        digits.push(word);
    }
    let decoded = BASE64.decode(digits.concat()).ok()?;
    Some((start..last, String::from_utf8(decoded).ok()?))
}

/// The line before a place, if nothing but space is between its end and the place: where its content starts, and the content.
fn line_before(text: &str, start: usize) -> Option<(usize, &str)> {
    let before = text[..start]
        .trim_end_matches([' ', '\t'])
        .strip_suffix('\n')?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let content = before[line..].trim();
    let offset = content.as_ptr() as usize - text.as_ptr() as usize;
    Some((offset, content))
}

/// The text of the quoted string around a key `kind` that is written with escapes, and where the string is. `None` for a key that is not in
/// such a string.
pub(super) fn escaped(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    let bytes = text.as_bytes();
    let before = text[..at].trim_end_matches(['"', '\'']);
    let rest = text[at..].split('\n').next().unwrap_or_default();
    let value = rest
        .find("Secret")
        .map_or("", |found| &rest[found + "Secret".len()..]);
    let is_escaped = before.ends_with('\\')
        || before.ends_with("\\n")
        || value.starts_with("\\n")
        || value.starts_with("\\\"");
    if !is_escaped {
        return None;
    }
    let is_quote = |place: &usize, quote: u8| {
        let slashes = bytes[..*place]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\');
        bytes[*place] == quote && slashes.count() % 2 == 0
    };
    let string = |quote: u8| {
        let low = at.saturating_sub(LENGTH);
        let high = (at + LENGTH).min(bytes.len());
        let start = (low..at).rev().find(|place| is_quote(place, quote))? + 1;
        let end = (at..high)
            .find(|place| is_quote(place, quote))
            .unwrap_or(bytes.len());
        Some(start..end)
    };
    // The nearest quotes are those of the string.
    let range = [b'"', b'\'']
        .into_iter()
        .filter_map(string)
        .max_by_key(|range| range.start)?;
    let inner = unescaped(text.get(range.clone())?);
    Some((range, inner))
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
    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2-Marker\n";

    #[test]
    fn base64_is_read_at_every_offset_and_in_lines() {
        for shift in ["", "a", "ab", "abc"] {
            let text = format!("# {shift}\n{TEXT}");
            let code = base64::engine::general_purpose::STANDARD.encode(&text);
            let at = super::super::candidates(&code).next().expect(&code).at();
            let (range, decoded) = base64(&code, at).expect(&code);
            assert_eq!((range, decoded), (0..code.len(), text.clone()));
            let lines: Vec<&str> = (0..code.len())
                .step_by(20)
                .map(|start| &code[start..(start + 20).min(code.len())])
                .collect();
            let wrapped = format!("content: |\n  {}\nother: abcd\n", lines.join("\n  "));
            let at = super::super::candidates(&wrapped)
                .next()
                .map(super::super::Candidate::at);
            // The word may be cut in two by a line's end.
            if let Some(at) = at {
                let (range, decoded) = base64(&wrapped, at).expect(&wrapped);
                assert_eq!(decoded, text);
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
        ] {
            let at = text.find("kind").expect(text);
            assert_eq!(escaped(text, at).expect(text).1, expected);
        }
        for text in ["kind: Secret\n", "{\"kind\": \"Secret\"}"] {
            let at = text.find("kind").expect(text);
            assert_eq!(escaped(text, at), None, "{text}");
        }
    }
}
