//! New age keys, in the form of `age-keygen`.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::identity::Identity;
use super::recipient::{Recipient, armored};

/// An identity and its recipient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyPair {
    /// The private key, which [`Identities`](crate::Identities) takes.
    pub identity: Identity,
    /// The public key.
    pub recipient: Recipient,
}

impl KeyPair {
    /// The identity with its recipient; `None` for an identity of a plugin, which does not reveal
    /// the recipient.
    #[must_use]
    pub fn from_identity(identity: Identity) -> Option<Self> {
        let recipient = identity.recipient()?;
        Some(Self {
            identity,
            recipient,
        })
    }

    /// The text of a key file with the pair, as `age-keygen` writes it.
    ///
    /// `created` is the time in its first line: RFC 3339, with seconds, and with the local offset
    /// or `Z`.
    #[must_use]
    pub fn key_file(&self, created: &str) -> Zeroizing<String> {
        let identity = self.identity.to_text();
        Zeroizing::new(format!(
            "# created: {created}\n# public key: {}\n{}\n",
            self.recipient,
            identity.expose_secret()
        ))
    }

    /// The same text encrypted with a passphrase, as an armored age file. [`Identities`] asks for
    /// the passphrase when it needs the key.
    ///
    /// [`Identities`]: super::Identities
    #[must_use]
    pub fn protected_key_file(&self, created: &str, passphrase: SecretString) -> String {
        let recipient = ::age::scrypt::Recipient::new(passphrase);
        let file = armored(&recipient, self.key_file(created).as_bytes());
        file.expect("data in memory can be encrypted with a passphrase")
    }
}

/// Generates an X25519 key with the system's random generator.
///
/// ```
/// use sops_keys::{Identities, age::generate_x25519};
///
/// let pair = generate_x25519();
/// let identities = Identities::from(pair.identity);
/// assert_eq!(identities.recipients(), [pair.recipient]);
/// ```
#[must_use]
pub fn generate_x25519() -> KeyPair {
    let identity = ::age::x25519::Identity::generate();
    KeyPair {
        recipient: Recipient::x25519(identity.to_public()),
        identity: Identity::x25519(identity),
    }
}

/// Generates a post-quantum key (ML-KEM-768 and X25519) with the system's random generator.
///
/// Requires the cargo feature `pq`.
#[cfg(feature = "pq")]
#[must_use]
pub fn generate_hybrid() -> KeyPair {
    let identity = super::hybrid::Identity::generate();
    KeyPair {
        recipient: Recipient::hybrid(identity.recipient()),
        identity: Identity::hybrid(identity),
    }
}
