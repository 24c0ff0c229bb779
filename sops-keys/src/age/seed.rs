//! The 32 secret bytes of a private key, from which everything else follows.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::bech32_key::{SEED_BYTES, decode, encode};
#[cfg(feature = "pq")]
use super::hybrid;
use super::identity::Identity;

/// The secret bytes of a key.
pub(super) type Seed = Zeroizing<[u8; SEED_BYTES]>;

/// The kinds of private keys that have a seed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SeedKind {
    X25519,
    #[cfg(feature = "pq")]
    Hybrid,
}

impl SeedKind {
    pub(super) const ALL: &[Self] = &[
        Self::X25519,
        #[cfg(feature = "pq")]
        Self::Hybrid,
    ];

    /// What the text of the key begins with, in lower case.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::X25519 => "age-secret-key-",
            #[cfg(feature = "pq")]
            Self::Hybrid => hybrid::IDENTITY_PREFIX,
        }
    }

    /// The key with this seed.
    pub(super) fn key(self, seed: &Seed) -> Identity {
        let mut text = encode(self.prefix(), &**seed);
        text.make_ascii_uppercase();
        let text = SecretString::from(text);
        let key = text.expose_secret().parse();
        key.expect("32 bytes are a private key of any kind")
    }

    /// The kind and the seed of a key; `None` for a key of a plugin.
    pub(super) fn of(key: &Identity) -> Option<(Self, Seed)> {
        let text = key.to_text();
        Self::ALL.iter().find_map(|kind| {
            let bytes = decode(text.expose_secret(), kind.prefix()).ok()?;
            let seed = bytes.as_slice().try_into().ok()?;
            Some((*kind, Zeroizing::new(seed)))
        })
    }
}
