//! Verifies the MAC of encrypted files with the private keys of this machine. It never asks the
//! user and runs no program, so that a hook never blocks.

use std::path::Path;

use sops_core::keys::DataKey;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, MacCheck, format_of_encrypted};

use crate::command_error::{CommandError, Role};
use crate::keys::unprompted::Unprompted;

pub(super) struct LocalMac(Unprompted);

impl LocalMac {
    pub(super) fn new() -> Self {
        Self(Unprompted::ready_age())
    }

    /// Why the file cannot be decrypted, with `name` as its name in messages. `None` if it can be,
    /// or if no key is available.
    pub(super) fn error(&self, name: &str, path: &Path, bytes: &[u8]) -> Option<CommandError> {
        let text = str::from_utf8(bytes).ok()?;
        if !text.contains(CIPHERTEXT_PREFIX) {
            return None;
        }
        let format = format_of_encrypted(path, bytes);
        let document = EncryptedDocument::parse(text, format).ok()?;
        let key: DataKey = document.data_key(&self.0).ok()?;
        let error = document.decrypt(&key, MacCheck::Require).err()?;
        let is_damage = matches!(
            error,
            Error::MacMismatch
                | Error::MacMissing { .. }
                | Error::MacUnreadable { .. }
                | Error::Value { .. }
        );
        is_damage.then(|| CommandError::in_text(error, name, bytes, format, Role::Encrypted))
    }
}
