//! age's tagged recipients, whose private keys are in hardware, as filippo.io/age 1.3 defines them:
//! `age1tag1…` (P-256) and `age1tagpq1…` (ML-KEM-768 with P-256).
//!
//! The file key is sealed with HPKE (HKDF-SHA256, ChaCha20Poly1305, no additional data). The first
//! argument of the stanza is a tag of 4 bytes, by which a plugin recognizes its files without
//! asking for a touch; the second is the encapsulated key.

use std::collections::HashSet;
use std::io;

use ::age::EncryptError;
use age_core::format::{FileKey, Stanza};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bech32::{FromBase32, Variant};
use hkdf::HkdfExtract;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{DhP256HkdfSha256, MlKem768P256};
use hpke::{Deserializable, HpkeError, Kem, OpModeS, Serializable};
use p256::elliptic_curve::sec1::ToSec1Point;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::bech32_key::MISTYPED;

/// Recipients with this label must not be mixed with others in one file, because those could reveal
/// the file key.
const LABEL: &str = "postquantum";
const TAG_BYTES: usize = 4;
/// The size of an uncompressed point of P-256, with which hybrid keys end.
const POINT_BYTES: usize = 65;

/// The public key.
#[derive(Clone)]
pub(super) enum Recipient {
    /// `age1tag1…`.
    Classic {
        key: <DhP256HkdfSha256 as Kem>::PublicKey,
        /// The compressed point, which the tag depends on.
        point: Vec<u8>,
    },
    /// `age1tagpq1…`.
    Hybrid(Box<<MlKem768P256 as Kem>::PublicKey>),
}

impl Recipient {
    /// Whether `text` begins like a tagged recipient. Other recipients with a name belong to
    /// plugins.
    pub(super) fn is(text: &str) -> bool {
        text.starts_with("age1tag1") || text.starts_with("age1tagpq1")
    }

    /// Reads a recipient.
    ///
    /// # Errors
    /// What is wrong with the recipient.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (prefix, data, variant) = bech32::decode(text).map_err(|_| MISTYPED)?;
        let key = Vec::from_base32(&data).map_err(|_| MISTYPED)?;
        match (&*prefix, variant) {
            ("age1tag", Variant::Bech32) => {
                const INVALID: &str = "not a valid P-256 public key";
                // Only compressed points have one spelling.
                let point = p256::PublicKey::from_sec1_bytes(&key).map_err(|_| INVALID)?;
                let compressed = point.to_sec1_point(true).as_bytes().to_vec();
                if compressed != key {
                    return Err(INVALID);
                }
                let uncompressed = point.to_sec1_point(false);
                let key = Deserializable::from_bytes(uncompressed.as_bytes());
                let key = key.map_err(|_| INVALID)?;
                Ok(Self::Classic {
                    key,
                    point: compressed,
                })
            }
            ("age1tagpq", Variant::Bech32) => Deserializable::from_bytes(&key)
                .map(|key| Self::Hybrid(Box::new(key)))
                .map_err(|_| "not a valid ML-KEM-768 and P-256 public key"),
            _ => Err(MISTYPED),
        }
    }
}

impl ::age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (name, labels) = match self {
            Self::Classic { .. } => ("p256tag", HashSet::new()),
            Self::Hybrid(_) => ("mlkem768p256tag", HashSet::from([LABEL.to_owned()])),
        };
        let info = format!("age-encryption.org/{name}");
        let file_key = file_key.expose_secret();
        let sealed = match self {
            Self::Classic { key, .. } => sealed::<DhP256HkdfSha256>(key, &info, file_key),
            Self::Hybrid(key) => sealed::<MlKem768P256>(key, &info, file_key),
        };
        let (encapsulated, body) =
            sealed.map_err(|error| EncryptError::Io(io::Error::other(error.to_string())))?;
        let tag = match self {
            Self::Classic { point, .. } => tag(&info, &encapsulated, point),
            Self::Hybrid(key) => {
                let key = key.to_bytes();
                tag(&info, &encapsulated, &key[key.len() - POINT_BYTES..])
            }
        };
        let stanza = Stanza {
            tag: name.to_owned(),
            args: vec![
                BASE64_STANDARD_NO_PAD.encode(tag),
                BASE64_STANDARD_NO_PAD.encode(encapsulated),
            ],
            body,
        };
        Ok((vec![stanza], labels))
    }
}

/// The encapsulated key, and the sealed file key.
fn sealed<K: Kem>(
    key: &K::PublicKey,
    info: &str,
    file_key: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), HpkeError> {
    let (encapsulated, body) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, K>(
        &OpModeS::Base,
        key,
        info.as_bytes(),
        file_key,
        &[],
    )?;
    Ok((encapsulated.to_bytes().to_vec(), body))
}

/// The tag of a stanza: the start of HKDF-Extract over the encapsulated key and the start of the
/// hash of the recipient's point, with the label as salt.
fn tag(label: &str, encapsulated: &[u8], point: &[u8]) -> [u8; TAG_BYTES] {
    let mut extract = HkdfExtract::<Sha256>::new(Some(label.as_bytes()));
    extract.input_ikm(encapsulated);
    extract.input_ikm(&Sha256::digest(point)[..TAG_BYTES]);
    let (tag, _) = extract.finalize();
    let mut start = [0; TAG_BYTES];
    start.copy_from_slice(&tag[..TAG_BYTES]);
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::age::Recipient as _;
    use age_core::format::FILE_KEY_BYTES;
    use bech32::ToBase32;
    use hpke::OpModeR;

    /// The seed that the private keys are derived from.
    const SEED: &[u8] = b"test";
    const FILE_KEY: [u8; FILE_KEY_BYTES] = *b"0123456789abcdef";

    /// A stanza that filippo.io/age made.
    struct Vector {
        recipient: &'static str,
        name: &'static str,
        tag: &'static str,
        encapsulated: &'static str,
        body: &'static str,
    }

    fn vectors() -> [Vector; 2] {
        let parts = include_str!("../../../testdata/keys/tagged.txt").split("\n\n");
        let parts: Vec<Vector> = parts
            .map(|part| {
                let lines: Vec<_> = part.lines().collect();
                let [recipient, name, tag, encapsulated, body] = lines[..] else {
                    panic!("a vector has five lines");
                };
                Vector {
                    recipient,
                    name,
                    tag,
                    encapsulated,
                    body,
                }
            })
            .collect();
        parts
            .try_into()
            .unwrap_or_else(|_| panic!("there are two vectors"))
    }

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_STANDARD_NO_PAD.decode(text).unwrap()
    }

    /// The file key in a stanza, opened with the derived key.
    fn opened(name: &str, encapsulated: &[u8], body: &[u8]) -> Vec<u8> {
        fn open<K: Kem>(name: &str, encapsulated: &[u8], body: &[u8]) -> Vec<u8> {
            let (key, _) = K::derive_keypair(SEED);
            let encapsulated = <K as Kem>::EncappedKey::from_bytes(encapsulated).unwrap();
            let info = format!("age-encryption.org/{name}");
            hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, K>(
                &OpModeR::Base,
                &key,
                &encapsulated,
                info.as_bytes(),
                body,
                &[],
            )
            .unwrap()
        }
        match name {
            "p256tag" => open::<DhP256HkdfSha256>(name, encapsulated, body),
            _ => open::<MlKem768P256>(name, encapsulated, body),
        }
    }

    #[test]
    fn stanzas_have_the_form_of_the_reference() {
        for vector in vectors() {
            let expected = opened(
                vector.name,
                &bytes(vector.encapsulated),
                &bytes(vector.body),
            );
            assert_eq!(expected, FILE_KEY, "{}", vector.name);

            let recipient = Recipient::parse(vector.recipient).unwrap();
            let file_key = FileKey::new(Box::new(FILE_KEY));
            let (stanzas, labels) = recipient.wrap_file_key(&file_key).unwrap();
            let [stanza] = &stanzas[..] else {
                panic!("a recipient has one stanza");
            };
            assert_eq!(stanza.tag, vector.name);
            assert_eq!(labels.contains(LABEL), vector.name == "mlkem768p256tag");
            let [tag, encapsulated] = &stanza.args[..] else {
                panic!("the stanza has two arguments");
            };
            assert_eq!(tag.len(), vector.tag.len());
            assert_eq!(encapsulated.len(), vector.encapsulated.len());
            assert_eq!(
                opened(vector.name, &bytes(encapsulated), &stanza.body),
                FILE_KEY
            );
        }
    }

    #[test]
    fn a_tag_is_that_of_the_reference() {
        for vector in vectors() {
            let point = match Recipient::parse(vector.recipient).unwrap() {
                Recipient::Classic { point, .. } => point,
                Recipient::Hybrid(key) => {
                    let key = key.to_bytes();
                    key[key.len() - POINT_BYTES..].to_vec()
                }
            };
            let label = format!("age-encryption.org/{}", vector.name);
            let found = tag(&label, &bytes(vector.encapsulated), &point);
            assert_eq!(BASE64_STANDARD_NO_PAD.encode(found), vector.tag);
        }
    }

    #[test]
    fn an_invalid_recipient_is_refused() {
        let [classic, hybrid] = vectors().map(|vector| vector.recipient);
        for text in [
            &classic[..60],
            &classic.replace("tz84", "tz85"),
            &hybrid[..1000],
            "age1tag1",
            "age1tagpq1",
            "age1tag1é",
        ] {
            assert!(Recipient::parse(text).is_err(), "{text}");
        }
        // An uncompressed point is another spelling of the same key.
        let (_, data, _) = bech32::decode(classic).unwrap();
        let compressed = Vec::from_base32(&data).unwrap();
        let point = p256::PublicKey::from_sec1_bytes(&compressed).unwrap();
        let data = point.to_sec1_point(false).as_bytes().to_vec().to_base32();
        let text = bech32::encode("age1tag", data, Variant::Bech32).unwrap();
        assert!(Recipient::parse(&text).is_err());
    }
}
