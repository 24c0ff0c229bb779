//! The main error type of the library. An error says what caused it, where, and what to do; it
//! never holds a value, a key or an identity.

use std::path::PathBuf;

use sops_document::{KeyPath, Location};
use sops_go_compat::RegexpError;
use sops_keys::MasterKey;

use crate::io_error::IoError;

/// The result of this library's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// The location before a message.
fn prefix(location: &Option<Location>) -> String {
    location.map_or_else(String::new, |at| format!("{at}: "))
}

/// The part of the `sops` metadata before a message about it.
fn part(path: &Option<KeyPath>) -> String {
    path.as_ref()
        .map_or_else(String::new, |path| format!("`{}` ", path.dotted()))
}

/// Everything that can go wrong.
///
/// [`kind`](Self::kind) says what a program can do about it. Messages name locations, key paths,
/// recipients and files, but never values, data keys or identities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is invalid in its format, cannot be changed as requested, or does not match the
    /// type that it is read into.
    #[error(transparent)]
    Document(sops_document::Error),
    /// The document has no `sops` metadata, so there is nothing to decrypt.
    #[error("sops metadata not found")]
    NotEncrypted,
    /// The document has `sops` metadata already, or an edit sets its key: `sops` or, in dotenv, a
    /// key that begins with `sops_`.
    #[error(
        "the key `sops` (in dotenv, each key that begins with `sops_`) is reserved for the metadata of encrypted files: either the document is already encrypted, or the key needs another name"
    )]
    AlreadyEncrypted,
    /// A value is encrypted, but the document has no `sops` metadata to decrypt it with: the
    /// metadata was truncated, or lost in a merge. Restore it from version control.
    #[error(
        "{location}: {path}: this value is encrypted, but the document has no `sops` metadata to decrypt it with"
    )]
    Ciphertext {
        /// The key path, keys joined with `.`.
        path: String,
        /// Where the value is.
        location: Location,
    },
    /// A part of the `sops` metadata is missing or malformed.
    #[error("{}invalid `sops` metadata: {}{message}", prefix(location), part(path))]
    Metadata {
        /// The location of the invalid part, or of the metadata as a whole; `None` if it was not
        /// parsed from text.
        location: Option<Location>,
        /// The path of the invalid part in the metadata; `None` for the metadata as a whole.
        path: Option<KeyPath>,
        /// What is wrong with it.
        message: String,
    },
    /// An encrypted value is malformed, was altered or moved, or is plaintext where the rules
    /// require an encrypted value.
    #[error("{path}: {message}")]
    Value {
        /// The key path, keys joined with `.`, without the indexes of sequences.
        path: String,
        /// The location in the encrypted text, if known.
        location: Option<Location>,
        /// What is wrong with the value.
        message: String,
    },
    /// The values are not the ones that the MAC was computed over.
    #[error(
        "MAC mismatch: a value was changed, added, removed or moved after the file was encrypted"
    )]
    MacMismatch,
    /// The `sops` metadata has no MAC.
    #[error("{}the `sops` metadata has no MAC", prefix(location))]
    MacMissing {
        /// Where the metadata is.
        location: Option<Location>,
    },
    /// The stored MAC cannot be decrypted: the MAC or `lastmodified` was changed.
    #[error(
        "{}the stored MAC cannot be decrypted: `mac` or `lastmodified` was changed",
        prefix(location)
    )]
    MacUnreadable {
        /// Where `mac` is.
        location: Option<Location>,
    },
    /// None of the identities can decrypt the data key, or they recover fewer key groups than the
    /// threshold requires.
    #[error("{message}")]
    NoDataKey {
        /// Which groups could not be recovered, and the recipients that could recover them.
        message: String,
        /// The master keys of those groups.
        missing: Vec<MasterKey>,
        /// The path in the metadata of the first `enc` that no key can decrypt, because it was
        /// altered or truncated.
        damaged: Option<KeyPath>,
        /// The location of that `enc` in the text.
        location: Option<Location>,
    },
    /// A key, a recipient or a key service caused the error.
    #[error(transparent)]
    Keys(sops_keys::Error),
    /// An entry cannot become an environment variable.
    #[error("`{name}`: {message}")]
    Variable {
        /// The key of the entry.
        name: String,
        /// Why the entry cannot become a variable.
        message: String,
    },
    /// A regular expression is invalid, or would not mean the same to every reader.
    #[error("regular expression `{pattern}`: {message}")]
    Regex {
        /// The expression, which is not secret.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// The configuration file `.sops.yaml` is invalid, or none of its rules matches.
    #[error("{}: {}{message}", file.display(), prefix(location))]
    Config {
        /// The configuration file.
        file: PathBuf,
        /// The location in the file, if known.
        location: Option<Location>,
        /// What is wrong.
        message: String,
    },
    /// The rules select none of the document's values, so that encryption would leave all of it in
    /// plaintext.
    #[error("{message}")]
    NothingSelected {
        /// The rule, and the keys that the document has.
        message: String,
    },
    /// The encrypted document cannot be written.
    #[error(transparent)]
    Output(IoError),
    /// Another program changed a file after it was read, so it was not written.
    #[error("{}: the file changed after it was read", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        source: IoError,
    },
}

/// What a program can do about an [`Error`].
///
/// ```
/// use sops_core::{ErrorKind, SecretFile};
///
/// # let directory = tempfile::tempdir().expect("a temporary directory can be created");
/// # let path = directory.path().join("web.yaml");
/// # std::fs::write(&path, "user: web\n").expect("the directory is writable");
/// match SecretFile::open(path).map_err(|error| error.kind()) {
///     Ok(_) => println!("decrypted"),
///     Err(ErrorKind::NoKey) => println!("ask a colleague to add your recipient"),
///     Err(ErrorKind::Tampered) => println!("restore the file from version control"),
///     Err(ErrorKind::NotEncrypted) => println!("encrypt the file first"),
///     Err(_) => println!("report the error"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// None of the private keys can decrypt the file: use another key, or ask someone who can
    /// decrypt it to add yours.
    NoKey,
    /// The file is not as it was encrypted: a value, the MAC or the metadata was changed, moved or
    /// truncated. Restore it.
    Tampered,
    /// The file is not encrypted.
    NotEncrypted,
    /// The text is invalid in its format: fix it at the location in the error.
    Syntax,
    /// The document does not have the requested value.
    NotFound,
    /// Any other error; its variant says more.
    Other,
}

impl Error {
    /// What a program can do about it.
    pub fn kind(&self) -> ErrorKind {
        use sops_document::Error as DocumentError;
        match self {
            Self::NoDataKey { damaged: None, .. } => ErrorKind::NoKey,
            Self::NoDataKey { .. }
            | Self::Value { .. }
            | Self::Metadata { .. }
            | Self::MacMismatch
            | Self::MacMissing { .. }
            | Self::MacUnreadable { .. } => ErrorKind::Tampered,
            Self::NotEncrypted => ErrorKind::NotEncrypted,
            Self::Document(
                DocumentError::Syntax { .. }
                | DocumentError::Unsupported { .. }
                | DocumentError::Unrepresentable { .. }
                | DocumentError::Limit { .. },
            ) => ErrorKind::Syntax,
            Self::Document(DocumentError::NotFound { .. }) => ErrorKind::NotFound,
            _ => ErrorKind::Other,
        }
    }
}

impl From<sops_document::Error> for Error {
    fn from(error: sops_document::Error) -> Self {
        match error {
            sops_document::Error::ReservedEntry { location, message } => Self::Metadata {
                location,
                path: None,
                message,
            },
            sops_document::Error::Reserved { .. } => Self::AlreadyEncrypted,
            error => Self::Document(error),
        }
    }
}

impl Error {
    /// The error about an invalid expression.
    pub(crate) fn regex(error: RegexpError) -> Self {
        Self::Regex {
            pattern: error.pattern,
            message: error.message,
        }
    }
}
