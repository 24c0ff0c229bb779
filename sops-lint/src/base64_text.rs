//! Base64 inside other text.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// A decoder that accepts base64 with line breaks and missing padding.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The characters that the base64 of `text` always contains if `shift` bytes precede it.
pub(crate) fn in_base64(text: &str, shift: usize) -> String {
    let encoded = STANDARD_NO_PAD.encode([&vec![0; shift], text.as_bytes()].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + text.len()) * 8 / 6;
    encoded[first..last].to_owned()
}

/// Whether a byte is a character of base64, except padding.
pub(crate) const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
