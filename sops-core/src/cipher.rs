//! Encrypts a value to `ENC[…]` and decrypts it: AES-256-GCM with a 32-byte nonce, and the key path
//! as additional data.

use std::borrow::Cow;
use std::ops::Range;

use aes_gcm::aead::KeyInit;
use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut, AesGcm, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use memchr::{memchr, memrchr};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use sops_document::{Type, Value};
use zeroize::Zeroizing;

use crate::keys::DataKey;

const NONCE_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;
/// The number of bytes that are base64-encoded at once. It is a multiple of 3, so that only the
/// last chunk is padded.
const ENCODED_AT_ONCE: usize = 48 * 1024;
/// The start of every encrypted value. The rest may be altered or truncated.
pub const CIPHERTEXT_PREFIX: &str = "ENC[AES256_GCM,data:";

/// Why a value can't be decrypted: a message without the value.
pub(crate) type Problem = &'static str;

/// Encrypts and decrypts the values of one file with its data key.
pub(crate) struct Cipher {
    usual: AesGcm<Aes256, U32>,
    /// For files from other programs, whose nonces have more common lengths.
    short: Box<(AesGcm<Aes256, U12>, AesGcm<Aes256, U16>)>,
    nonces: StdRng,
    /// The current plaintext or ciphertext.
    buffer: Zeroizing<Vec<u8>>,
    /// The current base64 text.
    encoded: Vec<u8>,
}

impl Cipher {
    pub(crate) fn new(key: &DataKey) -> Self {
        let key = key.as_bytes();
        Self {
            usual: AesGcm::new(key.into()),
            short: Box::new((AesGcm::new(key.into()), AesGcm::new(key.into()))),
            // Seeded by the system, not by the thread's generator: after a fork, both processes
            // would generate the same nonces, and reusing a nonce with the same data key breaks
            // GCM.
            nonces: StdRng::try_from_rng(&mut SysRng).expect(
                "the system's random generator works: nothing can be encrypted safely without it",
            ),
            buffer: Zeroizing::new(Vec::new()),
            encoded: Vec::new(),
        }
    }

    /// Appends the encrypted form of a value to `out`. The empty string stays empty.
    pub(crate) fn encrypt(
        &mut self,
        kind: Type,
        plaintext: &[u8],
        additional_data: &[u8],
        out: &mut String,
    ) {
        if plaintext.is_empty() {
            return;
        }
        let mut nonce = [0; NONCE_LENGTH];
        self.nonces.fill_bytes(&mut nonce);
        self.buffer.clear();
        self.buffer.extend_from_slice(plaintext);
        let tag = self
            .usual
            .encrypt_inout_detached(
                &Nonce::from(nonce),
                additional_data,
                self.buffer.as_mut_slice().into(),
            )
            // GCM accepts up to 64 GiB, and a document has less than 4 GiB.
            .expect("the plaintext is shorter than GCM's limit");
        let mut ascii = Ascii::new(&mut self.encoded, out);
        ascii.push(CIPHERTEXT_PREFIX);
        ascii.push_base64(&self.buffer);
        ascii.push(",iv:");
        ascii.push_base64(&nonce);
        ascii.push(",tag:");
        ascii.push_base64(&tag);
        ascii.push(",type:");
        ascii.push(kind.name());
        ascii.push("]");
        ascii.flush();
    }

    /// Decrypts `text`, an encrypted value. The plaintext is returned as it was written, not in
    /// canonical form.
    pub(crate) fn decrypt(
        &mut self,
        text: &str,
        additional_data: &[u8],
    ) -> Result<(Type, &[u8]), Problem> {
        let parts = Parts::parse(text)
            .ok_or("not an encrypted value of the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]")?;
        let kind =
            Type::from_name(parts.kind).ok_or("the `type` of the encrypted value is unknown")?;
        self.buffer.clear();
        BASE64
            .decode_vec(&*without_returns(parts.data), &mut self.buffer)
            .map_err(|_| "the `data` of the encrypted value is not base64")?;
        let mut nonce = [0; 64];
        let length = BASE64
            .decode_slice(&*without_returns(parts.nonce), &mut nonce)
            .map_err(|_| "the `iv` of the encrypted value is not base64")?;
        let mut tag = [0; TAG_LENGTH + 2];
        let tag_length = BASE64
            .decode_slice(&*without_returns(parts.tag), &mut tag)
            .map_err(|_| "the `tag` of the encrypted value is not base64")?;
        let tag: Tag<U16> = match (tag_length, tag.first_chunk::<TAG_LENGTH>()) {
            (TAG_LENGTH, Some(tag)) => Tag::from(*tag),
            _ => return Err("the `tag` of the encrypted value is not 16 bytes"),
        };
        let data = self.buffer.as_mut_slice().into();
        let opened = match nonce[..length].len() {
            32 => self.usual.decrypt_inout_detached(
                &Nonce::from(*chunk(&nonce)),
                additional_data,
                data,
                &tag,
            ),
            12 => self.short.0.decrypt_inout_detached(
                &Nonce::from(*chunk(&nonce)),
                additional_data,
                data,
                &tag,
            ),
            16 => self.short.1.decrypt_inout_detached(
                &Nonce::from(*chunk(&nonce)),
                additional_data,
                data,
                &tag,
            ),
            _ => return Err("the `iv` of the encrypted value is neither 12, 16 nor 32 bytes"),
        };
        opened.map_err(|_| "the encrypted value was altered, moved here from another key, or copied from before a `rotate`")?;
        Ok((kind, &self.buffer))
    }

    /// The last decrypted plaintext.
    pub(crate) fn into_plaintext(self) -> Zeroizing<Vec<u8>> {
        self.buffer
    }
}

/// Collects ASCII text for `out`, so that UTF-8 is validated once per value and not for every
/// piece.
struct Ascii<'b> {
    /// Never shrinks. The bytes after `length` are overwritten later.
    buffer: &'b mut Vec<u8>,
    length: usize,
    out: &'b mut String,
}

impl<'b> Ascii<'b> {
    fn new(buffer: &'b mut Vec<u8>, out: &'b mut String) -> Self {
        Self {
            buffer,
            length: 0,
            out,
        }
    }

    /// The buffer for the next `length` bytes.
    fn next(&mut self, length: usize) -> &mut [u8] {
        let start = self.length;
        self.length += length;
        if self.buffer.len() < self.length {
            self.buffer.resize(self.length, 0);
        }
        &mut self.buffer[start..self.length]
    }

    fn push(&mut self, text: &str) {
        self.next(text.len()).copy_from_slice(text.as_bytes());
    }

    /// Appends bytes in base64. `encode_string` of the crate clears a 1 KB buffer for each call,
    /// which is larger than most values.
    fn push_base64(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(ENCODED_AT_ONCE) {
            if self.length >= ENCODED_AT_ONCE {
                self.flush();
            }
            // The size of padded base64.
            BASE64
                .encode_slice(bytes, self.next(bytes.len().div_ceil(3) * 4))
                .expect("the buffer is long enough");
        }
    }

    fn flush(&mut self) {
        let text = str::from_utf8(&self.buffer[..self.length]).expect("base64 is ASCII");
        self.out.push_str(text);
        self.length = 0;
    }
}

/// Removes carriage returns from base64, which Go's decoder ignores.
fn without_returns(base64: &str) -> Cow<'_, str> {
    match memchr(b'\r', base64.as_bytes()) {
        Some(_) => Cow::Owned(base64.replace('\r', "")),
        None => Cow::Borrowed(base64),
    }
}

fn chunk<const N: usize>(nonce: &[u8; 64]) -> &[u8; N] {
    // The lengths are at most 32.
    nonce.first_chunk().expect("64 bytes have a first chunk")
}

/// The parts of an encrypted value, still in base64.
struct Parts<'a> {
    data: &'a str,
    nonce: &'a str,
    tag: &'a str,
    kind: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits the text like SOPS's regular expression, which is anchored only at the start and
    /// ignores text after the last bracket.
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(CIPHERTEXT_PREFIX)?;
        let rest = &rest[..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        let (rest, _) = split_last(rest, b']')?;
        // Base64 and type names contain no commas.
        let (rest, kind) = split_last(rest, b',')?;
        let (rest, tag) = split_last(rest, b',')?;
        let (data, nonce) = split_last(rest, b',')?;
        let nonce = nonce.strip_prefix("iv:")?;
        let tag = tag.strip_prefix("tag:")?;
        let kind = kind.strip_prefix("type:")?;
        let whole = ![data, nonce, tag, kind].iter().any(|part| part.is_empty());
        whole.then_some(Self {
            data,
            nonce,
            tag,
            kind,
        })
    }
}

/// Splits the text at the last occurrence of this ASCII character.
fn split_last(text: &str, at: u8) -> Option<(&str, &str)> {
    let position = memrchr(at, text.as_bytes())?;
    Some((&text[..position], &text[position + 1..]))
}

/// The text of a value that is a single encrypted value, `ENC[…]`.
pub fn ciphertext<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    let text = str::from_utf8(&value.bytes).ok()?;
    (value.is_str() && is_encrypted(text)).then_some(text)
}

/// Whether the text has the form of an encrypted value.
pub(crate) fn is_encrypted(text: &str) -> bool {
    Parts::parse(text).is_some()
}

/// Whether the value is a single encrypted value, optionally surrounded by white space.
pub(crate) fn is_ciphertext_value(value: &Value<'_>) -> bool {
    // Most values are too short, so the UTF-8 check can be skipped.
    value.is_str()
        && value.bytes.len() > CIPHERTEXT_PREFIX.len()
        && str::from_utf8(&value.bytes).is_ok_and(is_all_encrypted)
}

/// Whether the text is a single encrypted value, optionally surrounded by white space.
pub(crate) fn is_all_encrypted(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(CIPHERTEXT_PREFIX) && extent(text) == Some(0..text.len())
}

/// Whether a text is exactly one encrypted value as SOPS writes it: every part is valid base64, and
/// the nonce and the tag have valid lengths. This distinguishes ciphertext from plaintext that
/// begins like it. Decryption is more lenient.
pub fn is_ciphertext(text: &str) -> bool {
    // A block scalar ends with a line break.
    let text = text.trim_end();
    let Some(parts) = Parts::parse(text).filter(|_| extent(text) == Some(0..text.len())) else {
        return false;
    };
    let is_long = |part: &str, lengths: &[usize]| {
        let mut bytes = [0; 64];
        let length = BASE64.decode_slice(&*without_returns(part), &mut bytes);
        length.is_ok_and(|length| lengths.contains(&length))
    };
    let data = without_returns(parts.data);
    let body = data.trim_end_matches('=');
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    data.len().is_multiple_of(4)
        && data.len() - body.len() <= 2
        && body.bytes().all(is_base64)
        && is_long(parts.nonce, &[12, 16, NONCE_LENGTH])
        && is_long(parts.tag, &[TAG_LENGTH])
        && Type::from_name(parts.kind).is_some()
}

/// The range of the encrypted value in a scalar's source text, if there is one.
pub(crate) fn extent(source: &str) -> Option<Range<usize>> {
    // The comment in a block scalar's header, which comes first, may contain another encrypted
    // value.
    let start = source.rfind(CIPHERTEXT_PREFIX)?;
    let end = start + source[start..].find(']')? + 1;
    is_encrypted(&source[start..end]).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_is_distinguished_from_text_that_begins_like_it() {
        let mut text = String::new();
        Cipher::new(&DataKey::generate()).encrypt(Type::Str, b"hunter2", b"a:", &mut text);
        assert!(
            is_ciphertext(&text) && is_ciphertext(&format!("{text}\n")),
            "{text}"
        );
        let nonce = text
            .split(",iv:")
            .nth(1)
            .and_then(|rest| rest.split(',').next());
        let nonce = nonce.expect("the ciphertext has a nonce");
        for text in [
            text.replace(nonce, "pA=="),
            text.replace("type:str", "type:text"),
            text.replace("data:", "data:-"),
            text.replace(']', ""),
            format!("{text}\nhunter2"),
            format!("{text} hunter2"),
            format!(" {text}"),
            "ENC[AES256_GCM,hunter2".to_owned(),
            String::new(),
        ] {
            assert!(!is_ciphertext(&text), "{text}");
        }
        let short = text.replace(nonce, "AAAAAAAAAAAAAAAA");
        assert!(is_ciphertext(&short), "{short}");
    }
}
