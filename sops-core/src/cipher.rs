//! Encrypts a value to `ENC[…]` and decrypts it: AES-256-GCM with a 32-byte nonce, and the key path
//! as additional data.

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

use crate::cipher_base64::{Base64, NONCE_LENGTH, Sealed, TAG_LENGTH, without_returns};
use crate::keys::DataKey;

/// The start of every encrypted value. The rest may be altered or truncated.
pub const CIPHERTEXT_PREFIX: &str = "ENC[AES256_GCM,data:";

/// Why a value can't be decrypted: a message without the value.
pub(crate) type Problem = &'static str;

/// Encrypts and decrypts the values of one file with its data key.
pub(crate) struct Cipher {
    usual: AesGcm<Aes256, U32>,
    /// For 12-byte and 16-byte nonces, which other programs write.
    short: Box<(AesGcm<Aes256, U12>, AesGcm<Aes256, U16>)>,
    nonces: StdRng,
    base64: Base64,
    /// The current plaintext or ciphertext.
    buffer: Zeroizing<Vec<u8>>,
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
            base64: Base64::new(),
            buffer: Zeroizing::new(Vec::new()),
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
        out.push_str(CIPHERTEXT_PREFIX);
        self.base64
            .encode(&mut self.buffer, &nonce, &tag.into(), out);
        out.push_str(kind.name());
        out.push(']');
    }

    /// Decrypts `text`, an encrypted value. The plaintext is returned as it was written, not in
    /// canonical form.
    pub(crate) fn decrypt(
        &mut self,
        text: &[u8],
        additional_data: &[u8],
    ) -> Result<(Type, &[u8]), Problem> {
        let parts = Parts::usual(text)
            .or_else(|| Parts::parse(text))
            .ok_or("not an encrypted value of the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]")?;
        let kind = parts
            .kind()
            .ok_or("the `type` of the encrypted value is unknown")?;
        let Sealed {
            nonce,
            nonce_length,
            tag,
        } = self
            .base64
            .decode(parts.data, parts.nonce, parts.tag, &mut self.buffer)?;
        let tag: Tag<U16> = tag.into();
        let data = self.buffer.as_mut_slice().into();
        let opened = match nonce_length {
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
        opened.map_err(|_| "the encrypted value was altered, moved here from another key, or copied from a version before the last `rotate`")?;
        Ok((kind, &self.buffer))
    }

    /// The last decrypted plaintext.
    pub(crate) fn into_plaintext(self) -> Zeroizing<Vec<u8>> {
        self.buffer
    }
}

fn chunk<const N: usize>(nonce: &[u8; 64]) -> &[u8; N] {
    // The lengths are at most 32.
    nonce.first_chunk().expect("64 bytes have a first chunk")
}

/// The parts of an encrypted value, still in base64.
struct Parts<'a> {
    data: &'a [u8],
    nonce: &'a [u8],
    tag: &'a [u8],
    kind: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Splits `text` if the nonce and the tag have the lengths that `sops` writes.
    fn usual(text: &'a [u8]) -> Option<Self> {
        /// The lengths of the nonce and the tag in base64.
        const NONCE: usize = 44;
        const TAG: usize = 24;
        let rest = text.strip_prefix(CIPHERTEXT_PREFIX.as_bytes())?;
        let rest = rest.strip_suffix(b"]")?;
        if memchr(b'\n', rest).is_some() {
            return None;
        }
        let (rest, kind) = split_last(rest, b',')?;
        let (rest, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let rest = rest.strip_suffix(b",tag:")?;
        let (rest, nonce) = rest.split_at_checked(rest.len().checked_sub(NONCE)?)?;
        let data = rest.strip_suffix(b",iv:").filter(|data| !data.is_empty())?;
        Some(Self {
            data,
            nonce,
            tag,
            kind: kind.strip_prefix(b"type:")?,
        })
    }

    /// Splits the text like SOPS's regular expression, which is anchored only at the start and
    /// ignores text after the last bracket.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let rest = text.strip_prefix(CIPHERTEXT_PREFIX.as_bytes())?;
        let rest = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        let (rest, _) = split_last(rest, b']')?;
        // Base64 and type names contain no commas.
        let (rest, kind) = split_last(rest, b',')?;
        let (rest, tag) = split_last(rest, b',')?;
        let (data, nonce) = split_last(rest, b',')?;
        let nonce = nonce.strip_prefix(b"iv:")?;
        let tag = tag.strip_prefix(b"tag:")?;
        let kind = kind.strip_prefix(b"type:")?;
        let whole = ![data, nonce, tag, kind].iter().any(|part| part.is_empty());
        whole.then_some(Self {
            data,
            nonce,
            tag,
            kind,
        })
    }

    /// The type; `None` if it is unknown.
    fn kind(&self) -> Option<Type> {
        str::from_utf8(self.kind).ok().and_then(Type::from_name)
    }
}

/// Splits the text at the last occurrence of this byte.
fn split_last(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memrchr(at, text)?;
    Some((&text[..position], &text[position + 1..]))
}

/// The text of a value that is a single encrypted value, `ENC[…]`.
pub fn ciphertext<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    let text = str::from_utf8(&value.bytes).ok()?;
    (value.is_str() && is_encrypted(text)).then_some(text)
}

/// What an encrypted value reveals without a key: the type of the plaintext, and its length in
/// bytes. `None` if the text is not an encrypted value, or its type is unknown.
///
/// AES-GCM does not hide lengths, so anyone who can read the file can read this.
pub fn plaintext_shape(ciphertext: &str) -> Option<(Type, usize)> {
    let parts = Parts::parse(ciphertext.as_bytes())?;
    let data = without_returns(parts.data);
    let digits = without_padding(&data).len();
    Some((parts.kind()?, digits * 3 / 4))
}

/// Whether the text is an encrypted comment, which SOPS writes as an item in sequences.
pub(crate) fn is_comment(text: &[u8]) -> bool {
    Parts::parse(text).and_then(|parts| parts.kind()) == Some(Type::Comment)
}

/// Base64 without its padding.
fn without_padding(base64: &[u8]) -> &[u8] {
    let padding = base64
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    &base64[..base64.len() - padding]
}

/// Whether the text has the form of an encrypted value.
pub(crate) fn is_encrypted(text: &str) -> bool {
    Parts::parse(text.as_bytes()).is_some()
}

/// Whether the value is a single encrypted value, optionally surrounded by white space.
pub(crate) fn is_ciphertext_value(value: &Value<'_>) -> bool {
    // Most values are too short or begin otherwise, so the UTF-8 check can be skipped.
    let begins_otherwise = |byte: &u8| byte.is_ascii_graphic() && *byte != b'E';
    value.is_str()
        && value.bytes.len() > CIPHERTEXT_PREFIX.len()
        && !value.bytes.first().is_some_and(begins_otherwise)
        && str::from_utf8(&value.bytes).is_ok_and(is_all_encrypted)
}

/// Whether the text is a single encrypted value, optionally surrounded by white space.
pub(crate) fn is_all_encrypted(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(CIPHERTEXT_PREFIX) && extent(text) == Some(0..text.len())
}

/// Whether `text` is exactly one encrypted value as SOPS writes it: every part is valid base64, and
/// the nonce and the tag have valid lengths. This distinguishes ciphertext from plaintext that
/// begins like it. Decryption is more lenient.
pub fn is_ciphertext(text: &str) -> bool {
    // A block scalar ends with a line break.
    let text = text.trim_end();
    let parts = Parts::parse(text.as_bytes());
    let Some(parts) = parts.filter(|_| extent(text) == Some(0..text.len())) else {
        return false;
    };
    let is_long = |part: &[u8], lengths: &[usize]| {
        let mut bytes = [0; 64];
        let length = BASE64.decode_slice(&*without_returns(part), &mut bytes);
        length.is_ok_and(|length| lengths.contains(&length))
    };
    let data = without_returns(parts.data);
    let body = without_padding(&data);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    data.len().is_multiple_of(4)
        && data.len() - body.len() <= 2
        && body.iter().all(is_base64)
        && is_long(parts.nonce, &[12, 16, NONCE_LENGTH])
        && is_long(parts.tag, &[TAG_LENGTH])
        && parts.kind().is_some()
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
    fn the_shape_of_a_plaintext_is_read_without_a_key() {
        let mut cipher = Cipher::new(&DataKey::generate());
        for length in 1..200 {
            let mut text = String::new();
            cipher.encrypt(Type::Bool, &vec![b'1'; length], b"a:", &mut text);
            assert_eq!(plaintext_shape(&text), Some((Type::Bool, length)));
        }
        assert_eq!(plaintext_shape("plaintext"), None);
    }

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
