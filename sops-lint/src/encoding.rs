//! Detects and decodes text that is not UTF-8.

/// How many bytes are examined if there is no byte order mark.
const SAMPLE: usize = 512;

/// Text that was not UTF-8.
pub(crate) struct Decoded {
    /// The encoding's name, for messages.
    pub(crate) encoding: &'static str,
    pub(crate) text: String,
}

/// The size of a unit in bytes, whether its first byte is the low one, and the encoding's name.
type Wide = (usize, bool, &'static str);

const UTF_32_LE: Wide = (4, true, "UTF-32");
const UTF_32_BE: Wide = (4, false, "UTF-32");
const UTF_16_LE: Wide = (2, true, "UTF-16");
const UTF_16_BE: Wide = (2, false, "UTF-16");

/// Whether the bytes are UTF-8, and not a wide encoding that happens to be valid UTF-8.
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    wide(bytes).is_none() && str::from_utf8(bytes).is_ok()
}

/// Whether the bytes seem to be in UTF-16 or UTF-32.
pub(crate) fn is_wide(bytes: &[u8]) -> bool {
    wide(bytes).is_some()
}

/// The text of bytes that are not UTF-8: UTF-16 or UTF-32, detected by byte order mark or by the
/// positions of zeros; otherwise the parts that are UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    let Some((unit, is_little, encoding)) = wide(bytes) else {
        return Decoded {
            encoding: "not UTF-8",
            text: String::from_utf8_lossy(bytes).into_owned(),
        };
    };
    let units = bytes.chunks_exact(unit).map(|unit| {
        let value = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        match is_little {
            true => unit.iter().rev().fold(0, value),
            false => unit.iter().fold(0, value),
        }
    });
    let text: String = match unit {
        // A unit of 16 bits is the low half.
        2 => char::decode_utf16(units.map(|unit| unit as u16))
            .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        _ => units
            .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    };
    let text = match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    };
    Decoded { encoding, text }
}

/// The wide encoding that the bytes are in.
fn wide(bytes: &[u8]) -> Option<Wide> {
    by_mark(bytes).or_else(|| by_zeros(bytes))
}

fn by_mark(bytes: &[u8]) -> Option<Wide> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] => Some(UTF_32_LE),
        [0, 0, 0xFE, 0xFF, ..] => Some(UTF_32_BE),
        [0xFF, 0xFE, ..] => Some(UTF_16_LE),
        [0xFE, 0xFF, ..] => Some(UTF_16_BE),
        _ => None,
    }
}

/// Most characters of manifests and keys are ASCII, whose other bytes are zeros in these encodings.
fn by_zeros(bytes: &[u8]) -> Option<Wide> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.len() < 8 || !sample.contains(&0) {
        return None;
    }
    let is_zero = |at: usize, unit: usize| {
        let bytes = sample.iter().skip(at).step_by(unit);
        let zeros = bytes.clone().filter(|byte| **byte == 0).count();
        let all = bytes.count();
        match (zeros * 10 > all * 6, zeros * 10 < all) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    };
    let quarters = [0, 1, 2, 3].map(|at| is_zero(at, 4));
    let halves = [0, 1].map(|at| is_zero(at, 2));
    match (quarters, halves) {
        ([Some(false), _, Some(true), Some(true)], _) => Some(UTF_32_LE),
        ([Some(true), Some(true), _, Some(false)], _) => Some(UTF_32_BE),
        (_, [Some(false), Some(true)]) => Some(UTF_16_LE),
        (_, [Some(true), Some(false)]) => Some(UTF_16_BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_encodings_are_read_with_and_without_a_mark() {
        let text = "# Schlüssel\napiVersion: v1\nkind: Secret\n";
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
                marked.encode_utf16().flat_map(bytes).collect()
            };
            let utf32 = |bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
                let units = marked.chars().map(u32::from);
                units.flat_map(bytes).collect()
            };
            for (encoding, bytes) in [
                ("UTF-16", utf16(u16::to_le_bytes)),
                ("UTF-16", utf16(u16::to_be_bytes)),
                ("UTF-32", utf32(u32::to_le_bytes)),
                ("UTF-32", utf32(u32::to_be_bytes)),
            ] {
                assert!(!is_utf8(&bytes));
                let decoded = decode(&bytes);
                assert_eq!((decoded.encoding, &*decoded.text), (encoding, text));
            }
        }
    }

    #[test]
    fn utf8_is_unchanged_even_with_a_zero_byte() {
        for text in ["", "a: 1\n", "a: \0 b and more text\n", "\u{feff}a: ü\n"] {
            assert!(is_utf8(text.as_bytes()), "{text:?}");
        }
        let latin1 = b"kind: Secret # \xFC\n";
        assert!(!is_utf8(latin1));
        assert_eq!(decode(latin1).text, "kind: Secret # \u{fffd}\n");
    }
}
