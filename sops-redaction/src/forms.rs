//! The forms in which a value is searched for.

use zeroize::Zeroizing;

use crate::texts::Texts;
use crate::{SHORTEST, base64_forms, escapes};

/// Adds all forms of a value and of each of its lines.
pub(crate) fn add(value: &[u8], texts: &mut Texts) {
    add_encoded(value, texts);
    if !value.contains(&b'\n') {
        return;
    }
    // Shells remove the line breaks at the end of a value.
    let trimmed = without_breaks(value);
    add_encoded(trimmed, texts);
    texts.add(&Zeroizing::new(with_returns(trimmed)));
    for line in value.split(|byte| *byte == b'\n') {
        add_encoded(line.trim_ascii(), texts);
    }
}

/// Adds `text` and its encodings.
pub(crate) fn add_encoded(text: &[u8], texts: &mut Texts) {
    if text.len() < SHORTEST {
        return;
    }
    texts.add(text);
    base64_forms::add(text, texts);
    escapes::add_url(text, texts);
    if let Ok(text) = str::from_utf8(text) {
        escapes::add_json(text, texts);
    }
}

/// The value without line breaks at its end.
fn without_breaks(value: &[u8]) -> &[u8] {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let end = value.iter().rposition(|byte| !is_break(byte));
    &value[..end.map_or(0, |end| end + 1)]
}

/// The value with `\r\n` for each line break, as terminals receive it.
fn with_returns(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    lines.join(b"\r\n".as_slice())
}
