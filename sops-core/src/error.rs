//! The main error type of the library: whose fault it is, where, and what to do. It never holds a
//! value, a key or an identity.

use std::path::PathBuf;

use sops_document::{KeyPath, Location};
use sops_go_compat::RegexpError;
use sops_keys::MasterKey;

use crate::io_error::IoError;

/// What the functions of this library return.
pub type Result<T> = std::result::Result<T, Error>;

/// A place in front of a message.
fn prefix(location: &Option<Location>) -> String {
    location.map_or_else(String::new, |at| format!("{at}: "))
}

/// A part of the `sops` block in front of what is said of it.
fn part(path: &Option<KeyPath>) -> String {
    path.as_ref()
        .map_or_else(String::new, |path| format!("`{}` ", path.dotted()))
}

/// Everything that can go wrong, by whose fault it is.
///
/// [`kind`](Self::kind) says what a program can do about it. The messages name places, key paths, recipients and files; values, data keys and
/// identities never appear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not valid in its format, cannot be changed as asked, or does not fit the type that it is read into.
    #[error(transparent)]
    Document(sops_document::Error),
    /// The document has no `sops` block, so there is nothing to decrypt.
    #[error("sops metadata not found")]
    NotEncrypted,
    /// The document has a `sops` block already, in dotenv a key that begins with `sops_`, so it cannot be encrypted again.
    #[error("the document has a top-level key `sops`: it is encrypted already")]
    AlreadyEncrypted,
    /// A value is an encrypted one, in a document without the `sops` block that opens it: the block was cut off, or lost in a merge. Take it
    /// back from version control.
    #[error("{location}: {path}: an encrypted value, without the `sops` block that opens it")]
    Ciphertext {
        /// The key path, keys joined with `.`.
        path: String,
        /// Where the value stands.
        location: Location,
    },
    /// The `sops` block is missing a part, or a part is malformed.
    #[error("{}the `sops` block: {}{message}", prefix(location), part(path))]
    Metadata {
        /// Where in the text the part of the block that is wrong stands, or the block, if it was read from a text.
        location: Option<Location>,
        /// The part that is wrong, from the block down; `None` if it is all of it.
        path: Option<KeyPath>,
        /// What is wrong with it.
        message: String,
    },
    /// An encrypted value is malformed, was altered or moved, or is plaintext where the rules ask for an encrypted one.
    #[error("{path}: {message}")]
    Value {
        /// The key path, keys joined with `.`; sequence indexes in brackets.
        path: String,
        /// Where in the encrypted text, if it is known.
        location: Option<Location>,
        /// What is wrong with the value.
        message: String,
    },
    /// The values are not those that the MAC was computed over.
    #[error(
        "MAC mismatch: a value was changed, added, removed or moved after the file was encrypted"
    )]
    MacMismatch,
    /// The `sops` block has no MAC.
    #[error("{}no MAC in the `sops` block", prefix(location))]
    MacMissing {
        /// Where the block stands.
        location: Option<Location>,
    },
    /// The stored MAC cannot be decrypted: it, or `lastmodified`, was changed.
    #[error(
        "{}the stored MAC cannot be decrypted: `mac` or `lastmodified` was changed",
        prefix(location)
    )]
    MacUnreadable {
        /// Where `mac` stands.
        location: Option<Location>,
    },
    /// None of the identities opens the file, or fewer key groups than the threshold asks for.
    #[error("{message}")]
    NoDataKey {
        /// Which groups stay closed, and the recipients that would open them.
        message: String,
        /// The master keys of those groups.
        missing: Vec<MasterKey>,
        /// The first `enc` among them that nobody could open, since it was altered or cut off: its path from the block down.
        damaged: Option<KeyPath>,
        /// Where that stands in the text.
        location: Option<Location>,
    },
    /// A key, a recipient or a key service is the problem.
    #[error(transparent)]
    Keys(sops_keys::Error),
    /// An entry cannot become an environment variable.
    #[error("`{name}`: {message}")]
    Variable {
        /// Its key.
        name: String,
        /// What is in the way.
        message: String,
    },
    /// A regular expression is not valid, or would not mean the same to every reader.
    #[error("regular expression `{pattern}`: {message}")]
    Regex {
        /// The expression, which is not secret.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// The configuration file `.sops.yaml` is wrong, or no rule of it fits.
    #[error("{}: {}{message}", file.display(), prefix(location))]
    Config {
        /// The configuration file.
        file: PathBuf,
        /// Where in it, if it is known.
        location: Option<Location>,
        /// What is wrong.
        message: String,
    },
    /// The rules select none of the document's values, so that encryption would leave all of it in plaintext.
    #[error("{message}")]
    NothingSelected {
        /// Which rule, and the keys that the document has.
        message: String,
    },
    /// What was encrypted cannot be written out.
    #[error(transparent)]
    Output(IoError),
    /// Another program changed a file since it was read, so that it was not written.
    #[error("{}: the file has been changed since it was read", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's own error.
        source: IoError,
    },
}

/// What a program can do about an [`Error`].
///
/// ```
/// use sops_core::{ErrorKind, SecretFile};
///
/// # let directory = tempfile::tempdir().expect("a temporary directory");
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
    /// None of the private keys decrypts the file: get another key, or ask somebody who can decrypt it to add yours.
    NoKey,
    /// The file is not as it was when it was encrypted: a value, the MAC or the metadata was changed, moved or cut off. Restore it.
    Tampered,
    /// The file is not encrypted.
    NotEncrypted,
    /// The text is not a document in its format: fix it where the error points to.
    Syntax,
    /// The document does not have the value that was asked for.
    NotFound,
    /// Any other; its variant says more.
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
