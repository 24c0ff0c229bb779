//! Turns an error of `sops_core` into a report: the message, the position, hints and the exit code.
//! The message for a missing private key comes from `sops_keys`, and its hints from
//! `keys::services`.

use sops_core::config::Config;
use sops_core::document::{Error as DocumentError, merge_conflict};
use sops_core::keys::Error as KeyError;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, Format, Location, encrypted_format};
use sops_lint::shell_path;

use super::code::Code;
use super::error::CommandError;
use super::names::STANDARD_INPUT;
use crate::built_in::missing_family;

const TAKE_OR_LOOK: &str = "restore the file from version control, or inspect its values with `sops-rs decrypt --ignore-mac <FILE>`";

/// The role of the text in which an error was found. `sops` has different exit codes for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The text of a file that a command encrypts.
    Plaintext,
    /// The new text of an encrypted file.
    Changed,
    /// An encrypted file.
    Encrypted,
}

impl CommandError {
    /// The error for a change that would add a second `sops` key to a file.
    pub(crate) fn reserved_key() -> Self {
        let message = "the top-level key `sops`, and in dotenv every key that begins with `sops_`, is reserved for the file's metadata";
        Self::new(Code::AlreadyEncrypted, message)
    }

    /// An error of the library that is not about a file's content.
    pub(crate) fn general(error: impl Into<Error>) -> Self {
        Self::from_core(error.into(), None)
    }

    /// An error of the library about the text of the file that messages call `name`.
    pub(crate) fn in_text(
        error: Error,
        name: &str,
        text: &[u8],
        format: Format,
        role: Role,
    ) -> Self {
        Self::from_core(error, Some((name, text, format, role)))
    }

    /// An error of the library about a configuration with this text.
    pub(crate) fn in_config_text(error: Error, text: &[u8]) -> Self {
        match error {
            Error::Config {
                file,
                location,
                message,
            } => {
                let name = file.display().to_string();
                if let Some(conflict) = merge_conflict(text) {
                    let message = "the configuration has an unresolved merge conflict";
                    let mut new = Self::new(Code::Generic, message)
                        .hint("keep the lines that you want from both sides, remove the conflict markers, and `git add` the file");
                    let location = Location::of(&String::from_utf8_lossy(text), conflict.start);
                    new.point(&name, Some(location), text, Format::Yaml);
                    return new;
                }
                let mut new = Self::with_lines(Code::Generic, &message);
                new.point(&name, location, text, Format::Yaml);
                new
            }
            error => Self::general(error),
        }
    }

    /// An error of the library about a configuration that is already parsed.
    pub(crate) fn in_config(error: Error, config: &Config) -> Self {
        Self::in_config_text(error, config.text().as_bytes())
    }

    fn from_core(error: Error, source: Option<(&str, &[u8], Format, Role)>) -> Self {
        let (malformed, unencryptable) = match source {
            Some((.., Role::Plaintext | Role::Changed)) => {
                (Code::CannotReadInput, Code::CannotEncryptTree)
            }
            _ => (Code::Generic, Code::CannotDecryptTree),
        };
        let actual_format =
            source
                .filter(|_| may_have_other_format(&error))
                .and_then(|(_, text, format, role)| match role {
                    Role::Encrypted | Role::Plaintext => other_format(text, format),
                    Role::Changed => None,
                });
        let as_whole = source.and_then(|(_, text, format, role)| {
            let is_plain = role == Role::Plaintext && actual_format.is_none();
            as_whole(&error, format).filter(|_| is_plain && merge_conflict(text).is_none())
        });
        let several = source.is_some_and(|(_, text, format, _)| {
            is_about_content(&error) && are_several_files(text, format)
        });
        let has_mark = source.is_some_and(|(_, text, format, role)| {
            role == Role::Encrypted && is_about_content(&error) && has_byte_order_mark(text, format)
        });
        // Without a conversion, the file itself is encrypted and has metadata.
        let encrypted_as = source.and_then(|(_, text, format, _)| match &error {
            Error::Ciphertext { .. } => other_format(text, format),
            _ => None,
        });
        let mut at = None;
        let simple = |code, error: &Error| Self::new(code, error.to_string());
        let mut new = match error {
            Error::Document(DocumentError::Syntax { location, message }) | Error::Document(DocumentError::Unsupported { location, message }) => {
                let (name, text) = source.map_or(("", &b""[..]), |(name, text, ..)| (name, text));
                match merge_conflict(text) {
                    Some(conflict) => {
                        let whole = String::from_utf8_lossy(&text[..conflict.end]);
                        at = Some(Location::of(&whole, conflict.start));
                        unresolved_conflict(malformed, name, text)
                    }
                    None => {
                        at = Some(location);
                        Self::new(malformed, message)
                    }
                }
            }
            Error::Document(DocumentError::Unrepresentable { location, message }) => {
                at = Some(location);
                Self::new(unencryptable, message)
            }
            Error::Document(DocumentError::Limit { location, message }) => {
                at = location;
                Self::new(malformed, message)
            }
            Error::NotEncrypted if actual_format.is_some() => simple(Code::Generic, &error),
            Error::NotEncrypted if source.is_some_and(|(_, text, ..)| has_ciphertext(text)) => {
                simple(Code::Generic, &error)
                    .hint("the file has encrypted values, but its metadata is missing; restore the file from version control")
            }
            Error::Output(cause) => return Self::stream("standard output", &cause),
            Error::NotEncrypted => simple(Code::Generic, &error)
                .hint("encrypt the file first: `sops-rs encrypt --in-place <FILE>`"),
            Error::Metadata { .. } if malformed == Code::CannotReadInput => {
                // The plaintext has a key that is reserved for metadata; its content doesn't
                // matter.
                return Self::from_core(Error::AlreadyEncrypted, source);
            }
            Error::AlreadyEncrypted if matches!(source, Some((.., Role::Changed))) => {
                Self::reserved_key()
            }
            Error::AlreadyEncrypted if matches!(source, Some((.., Format::Dotenv, _))) => {
                Self::new(Code::AlreadyEncrypted, "a key begins with `sops_`: the document is already encrypted")
                    .hint("to change an encrypted file: `sops-rs edit <FILE>`")
                    .hint("in a plaintext file, give the keys that begin with `sops_` other names")
            }
            Error::AlreadyEncrypted if source.is_some_and(|(_, text, format, _)| EncryptedDocument::parse(text, format).is_ok()) => {
                Self::new(Code::AlreadyEncrypted, "the file is already encrypted")
                    .hint("to change its values: `sops-rs edit <FILE>`; to change who can decrypt it: `sops-rs updatekeys <FILE>`")
            }
            Error::AlreadyEncrypted => Self::new(Code::AlreadyEncrypted, "the document has a top-level key `sops`, which is reserved for the metadata of encrypted files: either the document is already encrypted, or the key needs another name")
                .hint("to change an encrypted file: `sops-rs edit <FILE>`")
                .hint("in a plaintext file, give the key `sops` another name"),
            Error::Ciphertext { .. } if encrypted_as.is_some() => {
                let actual = encrypted_as.map_or_else(String::new, shown);
                let message = format!("the file is already encrypted, as {actual}");
                Self::new(Code::AlreadyEncrypted, message)
                    .hint("to change an encrypted file: `sops-rs edit <FILE>`")
            }
            Error::Ciphertext { .. } if matches!(source, Some((.., Format::Binary, _))) => {
                Self::new(Code::AlreadyEncrypted, "this is only part of an encrypted file, or other text follows it")
                    .hint("restore the file from version control; if you encrypt it again, it can no longer be decrypted")
            }
            Error::Ciphertext { path, location } => {
                at = Some(location);
                Self::new(Code::AlreadyEncrypted, format!("{path}: this value is already encrypted, but the file has no `sops` metadata to decrypt it with"))
                    .hint("restore the metadata from version control; if you encrypt the value again, it can no longer be decrypted")
            }
            Error::Metadata { location, path, message } => {
                at = location;
                let is_whole = path.is_none();
                let unplaced = Error::Metadata { location: None, path, message };
                let new = simple(Code::Generic, &unplaced)
                    .hint("the metadata must not be edited by hand; restore the file from version control");
                match is_whole {
                    true => new.hint("in a plaintext file, give the key `sops` another name"),
                    false => new,
                }
            }
            Error::Value {
                path,
                location,
                message,
            }
            | Error::Document(DocumentError::Value {
                path,
                location,
                message,
            }) => {
                at = location;
                let may_be_merged = message.contains("before the last `rotate`");
                let new = Self::new(Code::CannotDecryptTree, format!("{path}: {message}"))
                    .hint("change encrypted values only with `sops-rs edit` or `sops-rs set`; restore the file from version control");
                match may_be_merged {
                    true => new.hint("after a merge with a branch that rotated the file, `sops-rs resolve <FILE>` merges both sides again"),
                    false => new,
                }
            }
            Error::MacMismatch => simple(Code::MacMismatch, &error)
                .hint("if you want to keep the change, for example after a merge, check the values with `sops-rs edit --ignore-mac <FILE>` and save them")
                .hint("to undo the change, restore the file from version control"),
            Error::MacMissing { location } => {
                at = location;
                simple(Code::MacMismatch, &Error::MacMissing { location: None })
                    .hint(TAKE_OR_LOOK)
            }
            Error::MacUnreadable { location } => {
                at = location;
                simple(Code::MacMismatch, &Error::MacUnreadable { location: None })
                    .hint(TAKE_OR_LOOK)
            }
            Error::NoDataKey { location, .. } => {
                at = location;
                let new = Self::with_lines(Code::CannotRetrieveDataKey, &error.to_string());
                match location {
                    Some(_) => new.hint("an `enc` was altered or truncated; restore the file from version control"),
                    None => new,
                }
            }
            Error::Keys(KeyError::NoKeyService { family, .. }) => missing_family(family)
                .into_iter()
                .fold(simple(Code::Generic, &error), Self::hint)
                .hint("pass one with `--keyservice`; to remove the key instead, edit `.sops.yaml`, or run `rotate` with a flag such as `--rm-kms`"),
            Error::Document(DocumentError::Unwritable { .. }) => simple(Code::CannotWriteTree, &error),
            Error::Keys(KeyError::NoRecipient) => simple(Code::Generic, &error)
                .hint("pass one with `--age`, or add one to a creation rule in `.sops.yaml`; `sops-rs init` creates a key and the rule"),
            Error::NothingSelected { .. } => simple(Code::Generic, &error)
                .hint(match source {
                    // The error occurred while the file was encrypted again with another rule.
                    Some((.., Role::Encrypted)) => "change the rule",
                    _ => "change the rule, or put a rule for this file before it; to leave the file in plaintext, add `--allow-plaintext`",
                }),
            Error::Keys(KeyError::PrivateKey) => simple(Code::Generic, &error)
                .hint("pass the public key, `age1…`, instead; create a new key if others have seen this private key"),
            Error::Config { .. } => return Self::in_config_text(error, b""),
            error => simple(Code::Generic, &error),
        };
        if let Some(as_whole) = as_whole {
            new = new.hint(as_whole);
        }
        if several {
            new = Self::new(new.code, "the documents of this file have different `sops` metadata: several encrypted files were joined")
                .hint("SOPS reads only the metadata of the first document; keep the files separate, or join their plaintexts and encrypt the result");
        } else if has_mark {
            new = Self::new(
                new.code,
                "the file begins with a byte order mark, which SOPS reads as part of the first key",
            )
            .hint("save the file as UTF-8 without it");
        }
        if let Some(actual_format) = actual_format {
            new = new.hint(match source {
                Some((.., Role::Plaintext)) => encrypted_hint(actual_format),
                _ => format_hint(actual_format),
            });
        }
        if let Some((name, text, format, _)) = source {
            if matches!(new.code, Code::MacMismatch | Code::CannotDecryptTree)
                && let Some(hint) = unknown_keys(text, format)
            {
                new = new.hint(hint);
            }
            new.point(name, at, text, format);
        }
        new
    }
}

/// The error for text with a merge conflict, which is the cause of its syntax error.
fn unresolved_conflict(code: Code, name: &str, text: &[u8]) -> CommandError {
    let error = CommandError::new(code, "the file has an unresolved merge conflict");
    let file = match name {
        STANDARD_INPUT | "" => "<FILE>".to_owned(),
        name => shell_path(name),
    };
    match has_ciphertext(text) {
        true => error
            .hint(format!("`sops-rs resolve {file}` shows both sides decrypted in your editor, even after the markers were committed")),
        false => error
            .hint("resolve the conflict first: keep the lines that you want, and remove those that begin with `<<<<<<<`, `=======` and `>>>>>>>`"),
    }
}

/// Whether the error may come from reading the text as the wrong format.
fn may_have_other_format(error: &Error) -> bool {
    matches!(
        error,
        Error::Document(DocumentError::Syntax { .. })
            | Error::Document(DocumentError::Unsupported { .. })
            | Error::NotEncrypted
            | Error::Document(DocumentError::Unwritable { .. })
    )
}

/// The format in which the text is an encrypted file, if that is not the one in which it was read.
fn other_format(text: &[u8], format: Format) -> Option<Format> {
    let actual = encrypted_format(text).filter(|actual| *actual != format)?;
    // If the file is damaged in that format too, the hint would not help.
    EncryptedDocument::parse(text, actual)
        .is_ok()
        .then_some(actual)
}

/// The name of a format for use in a sentence.
fn shown(format: Format) -> String {
    match format {
        Format::Dotenv | Format::Binary => format.name().to_owned(),
        _ => format.name().to_uppercase(),
    }
}

/// The hint for an encrypted file of that format whose name has another extension.
fn format_hint(format: Format) -> String {
    let (name, shown) = (format.name(), shown(format));
    let flags = format!(
        "this looks like an encrypted {shown} file: add `--input-type {name} --output-type {name}`"
    );
    match format {
        Format::Binary => flags,
        Format::Dotenv => format!("{flags}, or give it a name that ends with `.env`"),
        _ => format!("{flags}, or give it a name that ends with `.{name}`"),
    }
}

/// The hint for a plaintext that is already an encrypted file of that format.
fn encrypted_hint(format: Format) -> String {
    let (name, shown) = (format.name(), shown(format));
    format!(
        "this looks like an encrypted {shown} file, which need not be encrypted again; to change it: `sops-rs edit --input-type {name} --output-type {name} <FILE>`"
    )
}

/// The hint for a plaintext that is valid in its format, but not for SOPS.
fn as_whole(error: &Error, format: Format) -> Option<&'static str> {
    match error {
        Error::Document(DocumentError::Unsupported { message, .. })
            if message.starts_with("the top level") =>
        {
            Some(
                "put the content under a key; or, to encrypt the file as a whole, add `--input-type binary --output-type binary` here and to `decrypt`",
            )
        }
        Error::Document(DocumentError::Syntax { .. } | DocumentError::Unsupported { .. })
            if format.is_flat() =>
        {
            Some(
                "to encrypt the file as a whole, without parsing it, add `--input-type binary --output-type binary` here and to `decrypt`",
            )
        }
        _ => None,
    }
}

/// Whether the error means that values changed after encryption.
fn is_about_content(error: &Error) -> bool {
    matches!(
        error,
        Error::Value { .. } | Error::MacMismatch | Error::MacUnreadable { .. }
    )
}

/// Whether each document has metadata of its own.
fn are_several_files(text: &[u8], format: Format) -> bool {
    let document = EncryptedDocument::parse(text, format);
    document.is_ok_and(|document| !document.differing_metadata().is_empty())
}

/// Whether the text begins with a byte order mark, added by an editor, that changes its meaning.
fn has_byte_order_mark(text: &[u8], format: Format) -> bool {
    format == Format::Dotenv && text.starts_with("\u{feff}".as_bytes())
}

/// Whether the text contains a value that SOPS encrypted.
fn has_ciphertext(text: &[u8]) -> bool {
    text.windows(CIPHERTEXT_PREFIX.len())
        .any(|bytes| bytes == CIPHERTEXT_PREFIX.as_bytes())
}

/// The warning about unknown keys in the metadata: a misspelled key changes which values are
/// encrypted.
fn unknown_keys(text: &[u8], format: Format) -> Option<String> {
    let document = EncryptedDocument::parse(text, format).ok()?;
    let keys = &document.metadata().unknown_keys;
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    (!keys.is_empty()).then(|| {
        let keys = keys.join(", ");
        format!("the `sops` metadata has unknown keys: {keys}; a misspelled key has no effect")
    })
}
