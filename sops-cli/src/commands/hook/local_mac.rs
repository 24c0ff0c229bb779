//! Verifies the MAC of encrypted files with the age keys of this machine. It never asks the user
//! and runs no program, so that a hook never blocks.

use std::path::Path;

use sops_core::keys::DataKey;
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedDocument, Error, Format, MacCheck, format_of_encrypted,
};

use crate::command_error::{CommandError, Role};
use crate::keys::unprompted::Unprompted;

pub(super) struct LocalMac(Unprompted);

/// The result for one file.
pub(super) enum LocalCheck {
    /// The MAC matches, or the file is not an encrypted one.
    Passed,
    /// No key decrypts the file.
    NoKey(Format),
    Damaged(Error, Format),
}

impl LocalMac {
    pub(super) fn new() -> Self {
        Self(Unprompted::ready_age())
    }

    /// Checks a file.
    pub(super) fn check(&self, path: &Path, bytes: &[u8]) -> LocalCheck {
        let text = str::from_utf8(bytes).unwrap_or_default();
        if !text.contains(CIPHERTEXT_PREFIX) {
            return LocalCheck::Passed;
        }
        let format = format_of_encrypted(path, bytes);
        let Ok(document) = EncryptedDocument::parse(text, format) else {
            return LocalCheck::Passed;
        };
        let key: DataKey = match document.data_key(&self.0) {
            Ok(key) => key,
            Err(_) => return LocalCheck::NoKey(format),
        };
        match document.decrypt(&key, MacCheck::Require) {
            Err(
                error @ (Error::MacMismatch
                | Error::MacMissing { .. }
                | Error::MacUnreadable { .. }
                | Error::Value { .. }),
            ) => LocalCheck::Damaged(error, format),
            _ => LocalCheck::Passed,
        }
    }

    /// Why the file cannot be decrypted, with `name` as its name in messages. `None` if it can be,
    /// or if no key is available.
    pub(super) fn error(&self, name: &str, path: &Path, bytes: &[u8]) -> Option<CommandError> {
        match self.check(path, bytes) {
            LocalCheck::Damaged(error, format) => {
                let role = Role::Encrypted;
                Some(CommandError::in_text(error, name, bytes, format, role))
            }
            LocalCheck::Passed | LocalCheck::NoKey(_) => None,
        }
    }
}
