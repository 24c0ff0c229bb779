//! The post-quantum hybrid of age, ML-KEM-768 with X25519, as filippo.io/age 1.3 defines it.
//!
//! The file key is sealed with HPKE (KEM MLKEM768-X25519, which is X-Wing; HKDF-SHA256;
//! ChaCha20Poly1305), with info `age-encryption.org/mlkem768x25519` and no additional data. The
//! stanza is `mlkem768x25519`; its only argument is the encapsulated key in base64 without padding
//! (1120 bytes), and its body the sealed file key (32 bytes).

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use ::age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use super::bech32_key::{SEED_BYTES, decode, encode};
use super::low_order::{LOW_ORDER, is_low_order};

const STANZA: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// Recipients with this label must not be mixed with others in one file, because those could reveal
/// the file key.
const LABEL: &str = "postquantum";
const RECIPIENT_PREFIX: &str = "age1pq";
pub(super) const IDENTITY_PREFIX: &str = "age-secret-key-pq-";
const TAG_BYTES: usize = 16;

/// The public key: 1216 bytes.
#[derive(Clone)]
pub(super) struct Recipient(<XWing as Kem>::PublicKey);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "not a valid ML-KEM-768 and X25519 public key";
        let key = decode(text, RECIPIENT_PREFIX)?;
        let public = <XWing as Kem>::PublicKey::from_bytes(&key).map_err(|_| INVALID)?;
        // The X25519 part comes last.
        match key.last_chunk() {
            Some(point) if !is_low_order(*point) => Ok(Self(public)),
            _ => Err(LOW_ORDER),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(RECIPIENT_PREFIX, &self.0.to_bytes()))
    }
}

impl ::age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (encapsulated, body) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.0,
            INFO,
            file_key.expose_secret(),
            &[],
        )
        .map_err(|error| EncryptError::Io(std::io::Error::other(error.to_string())))?;
        let stanza = Stanza {
            tag: STANZA.to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(encapsulated.to_bytes())],
            body,
        };
        Ok((vec![stanza], HashSet::from([LABEL.to_owned()])))
    }
}

/// The private key as its seed of 32 bytes, which is expanded only when it is used.
#[derive(Clone)]
pub(super) struct Identity(Zeroizing<[u8; SEED_BYTES]>);

impl Identity {
    /// Generates a key with the system's random generator.
    pub(super) fn generate() -> Self {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        SysRng
            .try_fill_bytes(seed.as_mut())
            .expect("the system's random generator works: nothing secret can be made without it");
        Self(seed)
    }

    /// The key as a line of a key file.
    pub(super) fn to_text(&self) -> SecretString {
        let mut text = encode(IDENTITY_PREFIX, self.0.as_ref());
        text.make_ascii_uppercase();
        SecretString::from(text)
    }

    pub(super) fn recipient(&self) -> Recipient {
        Recipient(XWing::sk_to_pk(&self.key()))
    }

    fn key(&self) -> <XWing as Kem>::PrivateKey {
        Deserializable::from_bytes(self.0.as_ref())
            .expect("every seed of 32 bytes is a private key")
    }
}

impl FromStr for Identity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = decode(text, IDENTITY_PREFIX)?;
        <[u8; SEED_BYTES]>::try_from(key.as_slice())
            .map(|seed| Self(Zeroizing::new(seed)))
            .map_err(|_| "not a 32-byte private key")
    }
}

impl ::age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != STANZA {
            return None;
        }
        let encapsulated = match stanza.args.as_slice() {
            [argument] if stanza.body.len() == FILE_KEY_BYTES + TAG_BYTES => BASE64_STANDARD_NO_PAD
                .decode(argument)
                .ok()
                .and_then(|bytes| <XWing as Kem>::EncappedKey::from_bytes(&bytes).ok()),
            _ => None,
        };
        let Some(encapsulated) = encapsulated else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        // ML-KEM rejects implicitly: a wrong key is detected only here.
        let mut opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.key(),
            &encapsulated,
            INFO,
            &stanza.body,
            &[],
        )
        .ok()?;
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&opened);
            opened.zeroize();
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::age::{Identity as _, Recipient as _};

    fn file_key() -> FileKey {
        FileKey::new(Box::new([7; FILE_KEY_BYTES]))
    }

    #[test]
    fn a_recipient_round_trips() {
        let file = include_str!("../../../testdata/keys/hybrid.txt");
        let public = file
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .unwrap();
        let secret = file.lines().last().unwrap();
        let identity: Identity = secret.parse().unwrap();
        assert_eq!(identity.to_text().expose_secret(), secret);
        assert_eq!(identity.recipient().to_string(), public);
        assert_eq!(public.parse::<Recipient>().unwrap().to_string(), public);
    }

    #[test]
    fn an_altered_stanza_is_rejected() {
        let identity = Identity::generate();
        let (mut stanzas, labels) = identity.recipient().wrap_file_key(&file_key()).unwrap();
        assert_eq!(labels, HashSet::from(["postquantum".to_owned()]));
        let stanza = stanzas.remove(0);
        assert_eq!(stanza.args[0].len(), 1494);
        let opened = identity.unwrap_stanza(&stanza).unwrap().unwrap();
        assert_eq!(opened.expose_secret(), file_key().expose_secret());
        assert!(Identity::generate().unwrap_stanza(&stanza).is_none());

        let with = |args: Vec<String>, body: Vec<u8>| Stanza {
            tag: STANZA.to_owned(),
            args,
            body,
        };
        let argument = &stanza.args[0];
        let mut body = stanza.body.clone();
        body[3] ^= 1;
        assert!(
            identity
                .unwrap_stanza(&with(vec![argument.clone()], body))
                .is_none()
        );
        for (args, body) in [
            (vec![], stanza.body.clone()),
            (vec![argument.clone(), "x".to_owned()], stanza.body.clone()),
            (vec![argument[1..].to_owned()], stanza.body.clone()),
            (vec![argument[..1492].to_owned()], stanza.body.clone()),
            (vec![format!("{argument}=")], stanza.body.clone()),
            (vec!["é".to_owned()], stanza.body.clone()),
            (vec![argument.clone()], stanza.body[1..].to_vec()),
            (vec![argument.clone()], vec![]),
        ] {
            let result = identity.unwrap_stanza(&with(args, body));
            assert!(matches!(result, Some(Err(DecryptError::InvalidHeader))));
        }
    }
}
