//! Base64 as the values under `data` of a Secret have it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// Go's decoder, which Kubernetes uses, ignores the bits after the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The shortest text that is considered to be encoded on purpose.
const SHORTEST: usize = 8;

/// The base64 of the bytes.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE64_STANDARD.encode(bytes))
}

/// The bytes of a value under `data`; `None` if Kubernetes would refuse it. As in Go, line breaks
/// are ignored.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Cow<'_, str> = match text.contains(['\n', '\r']) {
        true => text.replace(['\n', '\r'], "").into(),
        false => text.into(),
    };
    LENIENT.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

/// Whether a text is probably the base64 of another text, so that encoding it would be a mistake.
pub(crate) fn is_encoded_text(text: &str) -> bool {
    let text = text.trim_end_matches(['\n', '\r']);
    let decoded = decode(text).filter(|_| text.len() >= SHORTEST);
    decoded.is_some_and(|decoded| {
        let is_readable =
            |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
        str::from_utf8(&decoded).is_ok_and(|text| text.chars().all(is_readable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_as_in_go() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("aHVudGVyMg==", Some(b"hunter2")),
            ("aHVu\ndGVy\r\nMg==\n", Some(b"hunter2")),
            // Go ignores the last bits.
            ("aHVudGVyMh==", Some(b"hunter2")),
            ("aHVudGVyMg", None),
            ("aHVudGVyMg= =", None),
            ("aHVudGVy_g==", None),
            ("hunter2", None),
        ] {
            assert_eq!(
                decode(text).as_deref().map(Vec::as_slice),
                expected,
                "{text}"
            );
        }
        assert_eq!(*encode(b"hunter2"), "aHVudGVyMg==");
    }

    #[test]
    fn an_encoded_text_is_recognized() {
        for (text, expected) in [
            ("aHVudGVyMg==", true),
            ("aHVudGVyMg==\n", true),
            ("password", false),
            ("hunter22", false),
            ("YQ==", false),
        ] {
            assert_eq!(is_encoded_text(text), expected, "{text}");
        }
    }
}
