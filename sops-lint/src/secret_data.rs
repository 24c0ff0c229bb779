//! Base64 under `data` of a Secret, as Kubernetes reads it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Go's decoder, which Kubernetes uses, ignores the bits after the last byte.
const GO: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes of a value under `data` of a Secret; `None` if it is not base64, in which case
/// Kubernetes refuses the Secret. As in Go, line breaks are ignored, and other white space is not.
pub fn decode_secret_data(text: &str) -> Option<Vec<u8>> {
    let text: Cow<'_, str> = match text.contains(['\n', '\r']) {
        true => text.replace(['\n', '\r'], "").into(),
        false => text.into(),
    };
    GO.decode(text.as_bytes()).ok()
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
            ("aHVu dGVyMg==", None),
            ("\taHVudGVyMg==", None),
            ("aHVudGVy_g==", None),
            ("hunter2", None),
        ] {
            assert_eq!(decode_secret_data(text).as_deref(), expected, "{text}");
        }
    }
}
