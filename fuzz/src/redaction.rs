//! Redaction of a stream.

use std::sync::Arc;

use sops_redaction::{MASK, Patterns, Redactor};

/// Divides the input into values, text and the lengths of the text's parts, and checks that the
/// redacted text is the same in one part and in several, and contains no value.
pub fn redact(input: &[u8]) {
    let mut parts = input.splitn(3, |byte| *byte == 0xff);
    let (values, lengths, text) = (parts.next(), parts.next(), parts.next());
    let values: Vec<&[u8]> = values
        .unwrap_or_default()
        .split(|byte| *byte == 0xfe)
        .collect();
    let lengths = lengths.unwrap_or_default();
    let text = text.unwrap_or_default();
    let patterns = Arc::new(Patterns::of_values(values.iter().copied()));

    let mut whole = Vec::new();
    let mut redactor = Redactor::new(Arc::clone(&patterns));
    redactor.push(text, &mut whole);
    redactor.finish(&mut whole);

    let mut divided = Vec::new();
    let mut redactor = Redactor::new(patterns);
    let mut rest = text;
    for length in lengths.iter().cycle() {
        if rest.is_empty() || lengths.iter().all(|length| *length == 0) {
            break;
        }
        let (part, after) = rest.split_at(rest.len().min(usize::from(*length)));
        redactor.push(part, &mut divided);
        rest = after;
    }
    redactor.push(rest, &mut divided);
    redactor.finish(&mut divided);
    assert!(whole == divided, "the output depends on the division");

    let is_in = |value: &[u8], text: &[u8]| text.windows(value.len()).any(|part| part == value);
    for value in values
        .iter()
        .filter(|value| value.len() >= sops_redaction::SHORTEST)
    {
        // The mask may complete a value that contains it.
        if !value.iter().any(|byte| MASK.contains(byte)) {
            assert!(!is_in(value, &whole), "a value passes through");
        }
    }
}
