//! The base64 of a value: alone, within the base64 of a longer text, and divided into lines.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::texts::Texts;

/// The lengths of lines: those of PEM, and of MIME and `base64`.
const LINES: [usize; 2] = [64, 76];

/// Adds the base64 of the value in both alphabets, with and without padding.
///
/// If the value is a part of a longer text, its base64 depends on how many bytes come before it,
/// modulo 3. Its first and its last character may also depend on the byte before or after the value
/// and are then left out; each holds at most four bits of the value.
pub(crate) fn add(value: &[u8], texts: &mut Texts) {
    for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let text = encode(engine, before, value);
            // The first character that has no bits of the bytes before the value.
            let start = (before * 8).div_ceil(6);
            let bytes = before + value.len();
            texts.add(&text.as_bytes()[start..bytes * 8 / 6]);
            texts.add(&text.as_bytes()[start..]);
            texts.add(padded(&text, bytes)[start..].as_bytes());
        }
    }
    add_lines(value, texts);
}

/// Adds the base64 of `text`, divided into lines: as a whole, and line by line.
pub(crate) fn add_lines(text: &[u8], texts: &mut Texts) {
    let encoded = encode(&BASE64_STANDARD_NO_PAD, 0, text);
    // More text may follow, such as a line break.
    let sure = &encoded[..text.len() * 8 / 6];
    for whole in [sure, &padded(&encoded, text.len())] {
        for width in LINES {
            let lines: Vec<&[u8]> = whole.as_bytes().chunks(width).collect();
            if lines.len() < 2 {
                continue;
            }
            for separator in ["\n", "\r\n"] {
                texts.add(&Zeroizing::new(lines.join(separator.as_bytes())));
            }
            for line in lines {
                texts.add(line);
            }
        }
    }
}

/// The unpadded base64 of `before` zero bytes followed by the value.
fn encode(engine: &GeneralPurpose, before: usize, value: &[u8]) -> Zeroizing<String> {
    let bytes = Zeroizing::new([&[0; 2][..before], value].concat());
    Zeroizing::new(engine.encode(&*bytes))
}

/// The base64 of `bytes` bytes with its padding.
fn padded(text: &str, bytes: usize) -> Zeroizing<String> {
    let padding = &"=="[..(3 - bytes % 3) % 3];
    Zeroizing::new([text, padding].concat())
}
