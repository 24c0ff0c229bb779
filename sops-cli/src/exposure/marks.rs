//! Marks that make values comparable without keeping them in memory.

use std::hash::{BuildHasher, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sops_core::SecretValue;
use sops_lint::is_common_text;
use sops_redaction::SHORTEST;

use crate::secret_data;

/// Two values have a mark in common only if they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mark(u128);

/// Makes marks with keys of this process, so that a mark says nothing about its value.
#[derive(Default)]
pub(crate) struct Marker([RandomState; 2]);

/// What a mark was made from. Ciphertext is equal only if its value and its data key are.
#[derive(Clone, Copy, Hash)]
enum Source {
    Plaintext,
    Ciphertext,
}

impl Marker {
    /// The marks of a value: of its ciphertext, of its plaintext, and of the bytes that it encodes
    /// in base64, because a Secret has them under `data` or in plain text under `stringData`. Line
    /// breaks at the end make no difference, and an empty value has no marks.
    pub(crate) fn marks(&self, value: &SecretValue<'_>) -> Vec<Mark> {
        let ciphertext = value.ciphertext;
        let mut marks: Vec<Mark> = ciphertext
            .map(|text| self.mark(Source::Ciphertext, text.as_bytes()))
            .into_iter()
            .collect();
        if let Some(plaintext) = &value.plaintext {
            let plaintext = trimmed(plaintext);
            if plaintext.is_empty() {
                return Vec::new();
            }
            marks.push(self.mark(Source::Plaintext, plaintext));
            let decoded = BASE64.decode(plaintext).map(zeroize::Zeroizing::new);
            if let Ok(decoded) = decoded
                && !trimmed(&decoded).is_empty()
            {
                marks.push(self.mark(Source::Plaintext, trimmed(&decoded)));
            }
        }
        marks
    }

    fn mark(&self, source: Source, bytes: &[u8]) -> Mark {
        let [high, low] = &self.0;
        let half = |state: &RandomState| u128::from(state.hash_one((source, bytes)));
        Mark(half(high) << 64 | half(low))
    }
}

/// Whether text that contains the value is unlikely to contain it by chance.
pub(crate) fn is_distinctive(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let text = str::from_utf8(value).ok();
    if value.len() < SHORTEST || text.is_some_and(is_common_text) {
        return false;
    }
    let encoded = text.filter(|text| secret_data::is_encoded_text(text));
    let decoded = encoded.and_then(secret_data::decode);
    decoded.is_none_or(|decoded| is_distinctive(&decoded))
}

/// The value without line breaks at its end.
fn trimmed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !b"\r\n".contains(byte));
    &value[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(plaintext: &str) -> SecretValue<'static> {
        SecretValue::new(String::new(), None, Some(plaintext.as_bytes()))
    }

    #[test]
    fn short_and_common_values_are_equal_by_chance() {
        for (value, expected) in [
            ("1", false),
            ("true", false),
            ("localhost", false),
            ("bG9jYWxob3N0", false),
            ("correct-horse", true),
            ("Y29ycmVjdC1ob3JzZQ==", true),
            ("abcd1234", true),
        ] {
            assert_eq!(is_distinctive(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn equal_values_have_a_mark_in_common() {
        let marker = Marker::default();
        let marks = |plaintext: &str| marker.marks(&value(plaintext));
        let are_equal = |left: &str, right: &str| {
            let right = marks(right);
            marks(left).iter().any(|mark| right.contains(mark))
        };
        assert!(are_equal("correct-horse", "correct-horse\r\n"));
        // `data` and `stringData`.
        assert!(are_equal("Y29ycmVjdC1ob3JzZQ==", "correct-horse"));
        assert!(are_equal("Y29ycmVjdC1ob3JzZQo=", "correct-horse"));
        assert!(!are_equal("correct-horse", "correct-horse "));
        assert!(!are_equal("correct-horse", "Correct-horse"));
        for empty in ["", "\n", "\r\n"] {
            assert!(marks(empty).is_empty());
        }
    }
}
