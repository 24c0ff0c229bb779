//! New age keys, in the form of `age-keygen`.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::Recipient;

/// An identity with its recipient.
pub struct KeyPair {
    /// The private key: the line of a key file, `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`.
    pub identity: SecretString,
    /// The public key.
    pub recipient: Recipient,
}

impl KeyPair {
    /// The text of a key file that holds the pair, as `age-keygen` writes it.
    ///
    /// `created` is the time for its first line: RFC 3339, seconds, with the local offset or `Z`.
    pub fn key_file(&self, created: &str) -> Zeroizing<String> {
        let identity = self.identity.expose_secret();
        Zeroizing::new(format!(
            "# created: {created}\n# public key: {}\n{identity}\n",
            self.recipient
        ))
    }
}

/// Makes an X25519 key, from the system's random generator.
pub fn generate_x25519() -> KeyPair {
    let identity = ::age::x25519::Identity::generate();
    KeyPair {
        identity: identity.to_string(),
        recipient: identity.to_public().into(),
    }
}

/// Makes a post-quantum key (ML-KEM-768 and X25519), from the system's random generator.
///
/// It is there with the cargo feature `pq`.
#[cfg(feature = "pq")]
pub fn generate_hybrid() -> KeyPair {
    let identity = super::hybrid::Identity::generate();
    KeyPair {
        identity: identity.to_text(),
        recipient: identity.recipient().into(),
    }
}
