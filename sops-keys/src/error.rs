//! The error type of this crate. It never holds a private key, a data key or a passphrase.

use crate::family::Family;
use crate::master_key::MasterKey;

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong with keys.
///
/// Texts in it are safe to show after escaping: a key service can choose some of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The available private keys decrypt fewer key groups than are needed.
    #[error("{message}")]
    NoKey {
        /// The groups that stay closed, the master keys that would open them, and where private keys were looked for. It has several lines.
        message: String,
        /// The master keys of those groups.
        missing: Vec<MasterKey>,
        /// The first of their entries that no key could have decrypted, since its `enc` was altered or cut off.
        damaged: Option<EntryPosition>,
    },
    /// An encrypted secret, `enc` in the metadata, is malformed, cut off or altered.
    #[error("`enc` of {key}: {message}")]
    DamagedSecret {
        /// The master key that it is for, shortened.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// A field of an entry in the metadata is malformed.
    #[error("`{field}` {message}")]
    InvalidEntry {
        /// The name of the field.
        field: &'static str,
        /// What is wrong with it.
        message: &'static str,
    },
    /// The key groups, their threshold and their shares do not fit each other.
    #[error("key groups: {message}")]
    KeyGroups {
        /// What does not fit.
        message: String,
    },
    /// There is no master key to encrypt for.
    #[error("no recipient: there is no key to encrypt the file for")]
    NoRecipient,
    /// The caller gave a private key in place of a public one. The error does not show it.
    #[error("a private key stands where a recipient belongs")]
    PrivateKey,
    /// An age recipient is malformed, or its plugin fails.
    #[error("recipient `{recipient}`: {message}")]
    Recipient {
        /// The recipient, shortened, or `***` if it does not look like one.
        recipient: String,
        /// What is wrong with it.
        message: String,
    },
    /// A master key cannot encrypt or decrypt.
    #[error("master key {key}: {message}")]
    MasterKey {
        /// The key, which is public.
        key: String,
        /// Why it cannot.
        message: String,
    },
    /// No available key service serves the family of a master key.
    #[error("master key {key}: this needs a key service for {family}")]
    NoKeyService {
        /// The key, which is public.
        key: String,
        /// Its family.
        family: Family,
    },
    /// A text is not an age identity. The error does not show it.
    #[error("{message}")]
    Identity {
        /// What is wrong with it.
        message: &'static str,
    },
    /// A source of private keys cannot be used.
    #[error("{name}: {message}")]
    KeySource {
        /// The environment variable, the file, or the name that the caller gave.
        name: String,
        /// What is wrong with it, with a line number where one is known, and without its text.
        message: String,
    },
}

impl Error {
    /// The error about a key that no key service can use.
    #[must_use]
    pub fn no_key_service(key: &MasterKey) -> Self {
        Self::NoKeyService {
            key: key.to_string(),
            family: key.family(),
        }
    }

    /// The message without the name of the master key that it is about, for where the name is shown already.
    #[must_use]
    pub fn about_key(self) -> String {
        match self {
            Self::Recipient { message, .. } | Self::MasterKey { message, .. } => message,
            error => error.to_string(),
        }
    }
}

/// Which entry of a list of key groups an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryPosition {
    /// The number of the key group, from 0; `None` if there is only one group.
    pub group: Option<usize>,
    /// The family of the master key.
    pub family: Family,
    /// The number of the entry among those of the family in its group, from 0.
    pub index: usize,
}
