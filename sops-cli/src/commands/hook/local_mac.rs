//! Verifies the MAC of encrypted files with the private keys of this machine. It never asks the
//! user and runs no program, so that a hook never blocks.

use std::path::Path;
use std::{env, fs};

use sops_core::keys::{
    self, DataKey, Effort, Environment, Family, Identities, KeyService, MasterKey, WorkBudget,
};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, MacCheck, format_of_encrypted};
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Role};

/// Variables that name a file. A pipe or a terminal could block.
const FILES: [&str; 2] = ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"];

/// The age keys that need no passphrase, plugin or command.
pub(super) struct LocalMac(Identities);

impl LocalMac {
    pub(super) fn new() -> Self {
        let variables = env::vars_os().filter(|(name, value)| {
            !FILES.iter().any(|file| name == file)
                || fs::metadata(value).is_ok_and(|metadata| metadata.is_file())
        });
        Self(Identities::from_environment(Environment::new(variables)))
    }

    /// Why the file cannot be decrypted, with `name` as its name in messages. `None`: it can be, or
    /// no key is available.
    pub(super) fn error(&self, name: &str, path: &Path, bytes: &[u8]) -> Option<CommandError> {
        let text = str::from_utf8(bytes).ok()?;
        if !text.contains(CIPHERTEXT_PREFIX) {
            return None;
        }
        let format = format_of_encrypted(path, bytes);
        let document = EncryptedDocument::parse(text, format).ok()?;
        let key: DataKey = document.data_key(self).ok()?;
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

impl KeyService for LocalMac {
    fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        self.0.encrypt(key, secret)
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&self.budget(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        match effort {
            Effort::Ready => self.0.decrypt_within(budget, key, enc, effort),
            Effort::Run | Effort::Ask => Ok(None),
        }
    }

    fn budget(&self) -> WorkBudget {
        WorkBudget::small()
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        self.0.available_keys()
    }
}
