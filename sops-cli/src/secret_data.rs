//! The base64 of values under `data` of a Secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sops_lint::decode_secret_data;
use zeroize::Zeroizing;

/// The shortest text that is considered to be encoded on purpose.
const SHORTEST: usize = 8;

/// The base64 of the bytes.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE64_STANDARD.encode(bytes))
}

/// The bytes of a value under `data`; `None` if Kubernetes would refuse it.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode_secret_data(text).map(Zeroizing::new)
}

/// Whether `text` is probably already base64 of readable text, so that encoding it would be a
/// mistake.
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
