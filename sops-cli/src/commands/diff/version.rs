//! The versions of a file: their bytes and their parsed form.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sops_core::compare::Contents;
use sops_core::document::is_conflict_marker;
use sops_core::keys::{DataKey, KeyService};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, Format, MacCheck};
use sops_lint::shell_path;
use zeroize::Zeroizing;

use crate::command_error::{CommandError, name_of};
use crate::git::{Objects, missing_content};
use crate::input::read_repository_file;
use crate::input_format::InputFormat;

/// A version of a file.
pub(super) struct Version {
    pub(super) path: PathBuf,
    /// `None` if there is no such file.
    pub(super) bytes: Option<Zeroizing<Vec<u8>>>,
}

/// The versions of a file that are compared.
pub(super) struct Versions {
    pub(super) old: Version,
    pub(super) new: Version,
    pub(super) is_unmerged: bool,
}

impl Version {
    pub(super) fn missing() -> Self {
        Self {
            path: PathBuf::new(),
            bytes: None,
        }
    }

    pub(super) fn of_file(path: &Path) -> Result<Self, CommandError> {
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|error| CommandError::input(name_of(path), &error))?;
        Ok(Self {
            path: path.to_owned(),
            bytes: Some(Zeroizing::new(bytes)),
        })
    }

    pub(super) fn in_working_tree(root: &Path, path: &Path) -> Result<Self, CommandError> {
        let bytes = match read_repository_file(&root.join(path)) {
            Ok(bytes) => Some(Zeroizing::new(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(CommandError::input(name_of(path), &error)),
        };
        let path = path.to_owned();
        Ok(Self { path, bytes })
    }

    pub(super) fn in_commit(
        objects: &Objects,
        path: &Path,
        id: &str,
    ) -> Result<Self, CommandError> {
        let bytes = objects.blob(id).ok_or_else(|| missing_content(path))?;
        Ok(Self {
            path: path.to_owned(),
            bytes: Some(Zeroizing::new(bytes)),
        })
    }

    pub(super) fn parse(&self) -> Parsed<'_> {
        let Some(bytes) = &self.bytes else {
            return Parsed::Missing;
        };
        let by_name = InputFormat::of_name(&self.path);
        let plaintext =
            || Parsed::Plaintext(bytes, by_name.of_plaintext().unwrap_or(Format::Binary));
        let Ok(format) = by_name.of_encrypted(bytes) else {
            return plaintext();
        };
        match EncryptedDocument::parse(&**bytes, format) {
            Ok(document) => Parsed::Encrypted(Box::new(document)),
            Err(Error::NotEncrypted) => plaintext(),
            Err(error) => match str::from_utf8(bytes) {
                Ok(text) if text.contains(CIPHERTEXT_PREFIX) => {
                    Parsed::Invalid(problem(&self.path, text, &error))
                }
                _ => plaintext(),
            },
        }
    }
}

/// How the bytes of a version were parsed.
pub(super) enum Parsed<'v> {
    Missing,
    Plaintext(&'v [u8], Format),
    Encrypted(Box<EncryptedDocument<'v>>),
    /// An encrypted file that cannot be read, and why.
    Invalid(String),
}

fn problem(path: &Path, text: &str, error: &Error) -> String {
    match text.lines().any(|line| is_conflict_marker(line.as_bytes())) {
        true => format!(
            "has conflict markers; `sops-rs resolve {}` resolves them",
            shell_path(&name_of(path))
        ),
        false => format!("cannot be read: {error}"),
    }
}

/// The values of a version, as far as they can be read.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) contents: Option<Contents>,
    pub(super) plaintext: Option<Zeroizing<Vec<u8>>>,
    pub(super) key: Option<DataKey>,
    pub(super) problem: Option<String>,
}

impl Parsed<'_> {
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_) | Self::Invalid(_))
    }

    /// The format of its text, if it can be read.
    pub(super) fn format(&self) -> Option<Format> {
        match self {
            Self::Plaintext(_, format) => Some(*format),
            Self::Encrypted(document) => Some(document.format()),
            Self::Missing | Self::Invalid(_) => None,
        }
    }

    pub(super) fn document(&self) -> Option<&EncryptedDocument<'_>> {
        match self {
            Self::Encrypted(document) => Some(document),
            _ => None,
        }
    }

    /// Decrypts the version if a private key can. A missing key is not reported here.
    pub(super) fn open(&self, keys: &dyn KeyService) -> Opened {
        match self {
            Self::Missing => Opened {
                contents: Some(Contents::empty()),
                ..Opened::default()
            },
            Self::Plaintext(bytes, format) => {
                let contents = Contents::of_plaintext(bytes, *format);
                Opened {
                    problem: contents
                        .as_ref()
                        .err()
                        .map(|error| format!("cannot be read: {error}")),
                    contents: contents.ok(),
                    plaintext: Some(Zeroizing::new(bytes.to_vec())),
                    key: None,
                }
            }
            Self::Encrypted(document) => decrypt(document, keys),
            Self::Invalid(problem) => Opened {
                problem: Some(problem.clone()),
                ..Opened::default()
            },
        }
    }
}

fn decrypt(document: &EncryptedDocument<'_>, keys: &dyn KeyService) -> Opened {
    let Ok(key) = document.data_key(keys) else {
        return Opened::default();
    };
    let (decrypted, problem) = match document.decrypt(&key, MacCheck::Require) {
        Ok(decrypted) => (Some(decrypted), None),
        Err(Error::MacMismatch | Error::MacMissing { .. } | Error::MacUnreadable { .. }) => {
            let problem = "was changed without its data key: its MAC does not match";
            let decrypted = document.decrypt(&key, MacCheck::Ignore);
            (decrypted.ok(), Some(problem.to_owned()))
        }
        Err(error) => (None, Some(format!("cannot be decrypted: {error}"))),
    };
    let plaintext = decrypted.map(|decrypted| decrypted.plaintext);
    let contents = plaintext
        .as_ref()
        .map(|text| Contents::of_decrypted(document, text));
    Opened {
        contents: contents.and_then(Result::ok),
        plaintext,
        key: Some(key),
        problem,
    }
}
