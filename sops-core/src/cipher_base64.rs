//! The base64 of an encrypted value. Its data, nonce and tag are encoded or decoded together: most
//! are so short that a call for each would take longer than the work itself.

use std::borrow::Cow;

use base64::Engine as _;
use memchr::memchr;
use zeroize::Zeroize as _;

use self::engine::Engine;

/// The engine with vector instructions, on the processors that have one.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
mod engine {
    use base64::engine::GeneralPurposeConfig;
    pub(super) use base64::engine::Simd as Engine;

    pub(super) fn new() -> Engine {
        Engine::standard(GeneralPurposeConfig::new())
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
mod engine {
    pub(super) use base64::engine::GeneralPurpose as Engine;

    pub(super) fn new() -> Engine {
        base64::engine::general_purpose::STANDARD
    }
}

/// The length of the nonces that `sops` writes, in bytes.
pub(crate) const NONCE_LENGTH: usize = 32;
/// The length of a tag in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

/// Data up to this length in base64 is copied, to decode it together with the nonce and the tag.
const SHORT: usize = 4 * 1024;
/// The number of bytes that are encoded at once: a multiple of 3, so that only the last ones are
/// padded.
const ENCODED_AT_ONCE: usize = 48 * 1024;
/// The engine uses vector instructions only for at least this many bytes.
const LEAST_ENCODED: usize = 128;
/// The number of characters that vector instructions decode at once.
const DECODED_AT_ONCE: usize = 32;
/// The lengths of the nonce and the tag in base64, with padding.
const NONCE_TEXT: usize = 44;
const TAG_TEXT: usize = 24;

/// The parts of an encrypted value besides its data.
pub(crate) struct Sealed {
    /// The nonce, followed by other bytes.
    pub(crate) nonce: [u8; 64],
    /// The length of the nonce in bytes.
    pub(crate) nonce_length: usize,
    pub(crate) tag: [u8; TAG_LENGTH],
}

/// Encodes and decodes the parts of encrypted values.
pub(crate) struct Base64 {
    engine: Engine,
    /// The current text. It never shrinks.
    text: Vec<u8>,
}

impl Base64 {
    pub(crate) fn new() -> Self {
        Self {
            engine: engine::new(),
            text: Vec::new(),
        }
    }

    /// Appends the data, nonce and tag with the names between them. The buffer holds the data; its
    /// content is undefined afterwards.
    pub(crate) fn encode(
        &mut self,
        buffer: &mut Vec<u8>,
        nonce: &[u8; NONCE_LENGTH],
        tag: &[u8; TAG_LENGTH],
        out: &mut String,
    ) {
        let whole = buffer.len() / ENCODED_AT_ONCE * ENCODED_AT_ONCE;
        for chunk in buffer[..whole].chunks(ENCODED_AT_ONCE) {
            out.push_str(self.encoded(chunk));
        }
        // Zero bytes take the place of the padding.
        let padding = buffer.len().next_multiple_of(3) - buffer.len();
        buffer.resize(buffer.len() + padding, 0);
        let data = (buffer.len() - whole) / 3 * 4;
        buffer.extend_from_slice(nonce);
        buffer.push(0);
        buffer.extend_from_slice(tag);
        buffer.extend_from_slice(&[0; 2]);
        buffer.resize(buffer.len().max(whole + LEAST_ENCODED), 0);
        let text = self.encoded(&buffer[whole..]);
        let (data, rest) = text.split_at(data);
        out.push_str(&data[..data.len() - padding]);
        out.push_str(&"=="[..padding]);
        out.push_str(",iv:");
        out.push_str(&rest[..NONCE_TEXT - 1]);
        out.push_str("=,tag:");
        out.push_str(&rest[NONCE_TEXT..NONCE_TEXT + TAG_TEXT - 2]);
        out.push_str("==,type:");
    }

    /// The base64 of some bytes.
    fn encoded(&mut self, bytes: &[u8]) -> &str {
        // The size of padded base64.
        let length = bytes.len().div_ceil(3) * 4;
        if self.text.len() < length {
            self.text.resize(length, 0);
        }
        let length = self
            .engine
            .encode_slice(bytes, &mut self.text[..length])
            .expect("the buffer is long enough");
        str::from_utf8(&self.text[..length]).expect("base64 is ASCII")
    }

    /// Decodes a value, and puts its data into the buffer.
    ///
    /// # Errors
    /// A message that names the part that is invalid.
    pub(crate) fn decode(
        &mut self,
        data: &[u8],
        nonce: &[u8],
        tag: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<Sealed, &'static str> {
        match self.decode_usual(data, nonce, tag, buffer) {
            Some(sealed) => Ok(sealed),
            None => self.decode_each(data, nonce, tag, buffer),
        }
    }

    /// Decodes a short value as `sops` writes it; `None` if it is written differently, or invalid.
    fn decode_usual(
        &mut self,
        data: &[u8],
        nonce: &[u8],
        tag: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Option<Sealed> {
        if data.len() > SHORT || !data.len().is_multiple_of(4) {
            return None;
        }
        let padding = match data {
            [.., b'=', b'='] => 2,
            [.., b'='] => 1,
            _ => 0,
        };
        let ends =
            |text: &[u8], length, padding: &[u8]| text.len() == length && text.ends_with(padding);
        if !ends(nonce, NONCE_TEXT, b"=") || !ends(tag, TAG_TEXT, b"==") {
            return None;
        }
        self.text.clear();
        let parts = [(data, padding), (nonce, 1), (tag, 2)];
        for (part, padding) in parts {
            let (digits, _) = part.split_at(part.len() - padding);
            self.text.extend_from_slice(digits);
            // The digit zero takes the place of the padding.
            self.text.extend_from_slice(&b"AA"[..padding]);
        }
        // The last four characters are decoded on their own.
        let length = self.text.len().next_multiple_of(DECODED_AT_ONCE) + 4;
        self.text.resize(length, b'A');
        empty(buffer, length / 4 * 3);
        buffer.resize(length / 4 * 3, 0);
        self.engine.decode_slice(&self.text, buffer).ok()?;
        let (data, rest) = buffer.split_at(data.len() / 4 * 3);
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LENGTH>()?;
        let (zero, rest) = rest.split_first()?;
        let (tag, rest) = rest.split_first_chunk::<TAG_LENGTH>()?;
        let length = data.len() - padding;
        // The bits after the last byte of each part must be zero.
        if *zero != 0 || rest[..2] != [0; 2] || data[length..] != [0; 2][..padding] {
            return None;
        }
        let mut sealed = Sealed {
            nonce: [0; 64],
            nonce_length: NONCE_LENGTH,
            tag: *tag,
        };
        sealed.nonce[..NONCE_LENGTH].copy_from_slice(nonce);
        buffer.truncate(length);
        Some(sealed)
    }

    /// Decodes each part on its own.
    fn decode_each(
        &self,
        data: &[u8],
        nonce: &[u8],
        tag: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<Sealed, &'static str> {
        empty(buffer, data.len());
        self.engine
            .decode_vec(&*without_returns(data), buffer)
            .map_err(|_| "the `data` of the encrypted value is not base64")?;
        let mut nonce_bytes = [0; 64];
        let nonce_length = self
            .engine
            .decode_slice(&*without_returns(nonce), &mut nonce_bytes)
            .map_err(|_| "the `iv` of the encrypted value is not base64")?;
        let mut tag_bytes = [0; TAG_LENGTH + 2];
        let length = self
            .engine
            .decode_slice(&*without_returns(tag), &mut tag_bytes)
            .map_err(|_| "the `tag` of the encrypted value is not base64")?;
        match (length, tag_bytes.first_chunk()) {
            (TAG_LENGTH, Some(tag)) => Ok(Sealed {
                nonce: nonce_bytes,
                nonce_length,
                tag: *tag,
            }),
            _ => Err("the `tag` of the encrypted value is not 16 bytes"),
        }
    }
}

/// Empties a buffer for this many bytes. Growing it would leave a copy of its content.
fn empty(buffer: &mut Vec<u8>, length: usize) {
    match buffer.capacity() < length {
        true => buffer.zeroize(),
        false => buffer.clear(),
    }
    buffer.reserve(length);
}

/// Removes carriage returns from base64, which Go's decoder ignores.
pub(crate) fn without_returns(base64: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'\r', base64) {
        Some(_) => base64
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r')
            .collect(),
        None => Cow::Borrowed(base64),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn parts(length: usize) -> (Vec<u8>, [u8; NONCE_LENGTH], [u8; TAG_LENGTH]) {
        let bytes = |seed: u8| move |at: usize| (at as u8).wrapping_mul(37) ^ seed;
        (
            (0..length).map(bytes(1)).collect(),
            std::array::from_fn(bytes(2)),
            std::array::from_fn(bytes(3)),
        )
    }

    #[test]
    fn values_of_all_lengths_are_encoded_as_by_the_usual_engine() {
        let mut base64 = Base64::new();
        let long = [
            ENCODED_AT_ONCE - 1,
            ENCODED_AT_ONCE,
            2 * ENCODED_AT_ONCE + 7,
        ];
        for length in (1..300).chain(long) {
            let (data, nonce, tag) = parts(length);
            let mut out = String::new();
            base64.encode(&mut data.clone(), &nonce, &tag, &mut out);
            let [data_text, nonce_text, tag_text] =
                [&data[..], &nonce, &tag].map(|part| STANDARD.encode(part));
            let expected = format!("{data_text},iv:{nonce_text},tag:{tag_text},type:");
            assert_eq!(out, expected, "{length}");
            let mut buffer = Vec::new();
            let [data_text, nonce_text, tag_text] =
                [&data_text, &nonce_text, &tag_text].map(String::as_bytes);
            let usual = base64.decode_usual(data_text, nonce_text, tag_text, &mut buffer);
            assert_eq!(usual.is_some(), data_text.len() <= SHORT, "{length}");
            for sealed in usual.into_iter().chain([base64
                .decode(data_text, nonce_text, tag_text, &mut buffer)
                .expect("the base64 is valid")])
            {
                assert_eq!(buffer, data);
                assert_eq!(sealed.nonce[..sealed.nonce_length], nonce);
                assert_eq!(sealed.tag, tag);
            }
        }
    }

    #[test]
    fn invalid_base64_is_rejected_in_values_of_all_lengths() {
        let mut base64 = Base64::new();
        let (data, nonce, tag) = parts(48);
        let [data, nonce, tag] = [&data[..], &nonce, &tag].map(|part| STANDARD.encode(part));
        let mut is_valid = |data: &str, nonce: &str, tag: &str| {
            let [data, nonce, tag] = [data, nonce, tag].map(str::as_bytes);
            base64.decode(data, nonce, tag, &mut Vec::new()).is_ok()
        };
        assert!(is_valid(&data, &nonce, &tag));
        assert!(is_valid(&format!("{data}\r"), &nonce, &tag));
        for bad in [
            "Q", "QQ", "QQ=", "QR==", "QUF=", "QQ==QQ==", "=QQ=", "Q===", "====", "QQ-=", "",
        ] {
            let is_empty = bad.is_empty();
            assert_eq!(is_valid(bad, &nonce, &tag), is_empty, "{bad}");
            let ended = format!("{data}{bad}");
            assert_eq!(is_valid(&ended, &nonce, &tag), is_empty, "{ended}");
            assert!(!is_valid(&data, &nonce, bad), "{bad}");
        }
        // Bits after the last byte.
        let last = |text: &str, padding: &str| {
            let digits = text.trim_end_matches('=');
            format!("{}B{padding}", &digits[..digits.len() - 1])
        };
        assert!(!is_valid(&data, &last(&nonce, "="), &tag));
        assert!(!is_valid(&data, &nonce, &last(&tag, "==")));
    }
}
