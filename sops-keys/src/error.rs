//! The error type of this crate. It never holds a private key, a data key or a passphrase.

use crate::family::Family;
use crate::master_key::MasterKey;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong with keys.
///
/// Its messages must be escaped before they are printed: a key service can choose some of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The available private keys decrypt fewer key groups than required.
    #[error("{message}")]
    NoKey {
        /// The groups that could not be decrypted, the master keys that could decrypt them, and
        /// where private keys were looked for. It has several lines.
        message: String,
        /// The master keys of those groups.
        missing: Vec<MasterKey>,
        /// The first of their entries that no key could have decrypted, because its `enc` was
        /// altered or truncated.
        damaged: Option<EntryPosition>,
    },
    /// An encrypted secret, `enc` in the metadata, is malformed, truncated or altered.
    #[error("`enc` of {key}: {message}")]
    DamagedSecret {
        /// The master key that it was encrypted for, shortened.
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
    /// The key groups, their threshold and their shares are inconsistent.
    #[error("key groups: {message}")]
    KeyGroups {
        /// The inconsistency.
        message: String,
    },
    /// There is no master key to encrypt for.
    #[error("no recipients: specify at least one key to encrypt the file for")]
    NoRecipient,
    /// The caller gave a private key in place of a public one. The error does not show it.
    #[error("this is a private key, not a recipient")]
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
        /// Why the key cannot be used.
        message: String,
    },
    /// No available key service supports the family of a master key.
    #[error("master key {key}: this needs a key service for {family}")]
    NoKeyService {
        /// The key, which is public.
        key: String,
        /// The family of the key.
        family: Family,
    },
    /// A string is not an age identity. The error does not show it.
    #[error("{message}")]
    Identity {
        /// What is wrong with it.
        message: &'static str,
    },
    /// A share of a private key is mistyped, or cannot be used with the others. The error does not
    /// show its words.
    #[error("{message}")]
    Share {
        /// What is wrong with it.
        message: String,
        /// The number of the wrong word, from 1, if only one is wrong.
        word: Option<usize>,
    },
    /// A source of private keys cannot be used.
    #[error("{name}: {message}")]
    KeySource {
        /// The environment variable, the file, or the name that the caller gave.
        name: String,
        /// What is wrong with it, with a line number if known, and without its text.
        message: String,
    },
}

impl Error {
    /// The error about a key that no key service supports.
    #[must_use]
    pub fn no_key_service(key: &MasterKey) -> Self {
        Self::NoKeyService {
            key: key.to_string(),
            family: key.family(),
        }
    }

    pub(crate) fn share(message: impl Into<String>) -> Self {
        Self::Share {
            message: message.into(),
            word: None,
        }
    }

    /// The message without the name of its master key, for callers that already show the name.
    #[must_use]
    pub fn about_key(self) -> String {
        match self {
            Self::Recipient { message, .. } | Self::MasterKey { message, .. } => message,
            Self::DamagedSecret { message, .. } => format!("`enc`: {message}"),
            error => error.to_string(),
        }
    }
}

/// The entry in a list of key groups that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryPosition {
    /// The index of the key group, from 0; `None` if there is only one group.
    pub group: Option<usize>,
    /// The family of the master key.
    pub family: Family,
    /// The index of the entry among those of the family in its group, from 0.
    pub index: usize,
}
