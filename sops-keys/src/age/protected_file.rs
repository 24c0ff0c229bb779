//! Passphrase-protected key files: age files whose only recipient is a passphrase (scrypt).

use std::sync::OnceLock;

use ::age::DecryptError;
use zeroize::Zeroizing;

use crate::prompt::Prompt;
use crate::reading::read_keys;

use super::age_file::{ARMOR_BEGIN, AgeFile, without_armor};
use super::identity::{Identity, KeyLayout, parse_keys};
use super::passphrase;
use super::source_report::WRONG_PASSPHRASE;

/// The highest accepted work factor, 2^22, as in filippo.io/age: 4 GiB of memory.
const MAX_WORK_FACTOR: u8 = 22;

/// The reason for a file that is damaged.
const MALFORMED: &str = "a malformed age file";

/// A protected key file. The user is asked for the passphrase when a file is found that the keys
/// may decrypt, and only once if the passphrase is correct.
pub(super) struct ProtectedKeys {
    file: Zeroizing<Vec<u8>>,
    decrypted: OnceLock<Result<Vec<Identity>, String>>,
}

impl ProtectedKeys {
    /// Accepts the text of a key file if it is an age file, armored or binary; returns it
    /// otherwise.
    pub(super) fn recognise(file: Zeroizing<Vec<u8>>) -> Result<Self, Zeroizing<Vec<u8>>> {
        // The two prefixes that `sops` checks, 14 bytes each.
        if file.starts_with(b"age-encryption") || file.starts_with(&ARMOR_BEGIN.as_bytes()[..14]) {
            Ok(Self {
                file,
                decrypted: OnceLock::new(),
            })
        } else {
            Err(file)
        }
    }

    /// The identities, or why they are unavailable; `None` until the user has been asked for the
    /// passphrase.
    pub(super) fn decrypted(&self) -> Option<&Result<Vec<Identity>, String>> {
        self.decrypted.get()
    }

    /// Decrypts the file unless that was tried before. `name` is that of the file, for the prompt.
    pub(super) fn unlock(&self, name: &str, prompt: &dyn Prompt) -> &Result<Vec<Identity>, String> {
        self.decrypted.get_or_init(|| self.decrypt(name, prompt))
    }

    fn decrypt(&self, name: &str, prompt: &dyn Prompt) -> Result<Vec<Identity>, String> {
        let file = without_armor(&self.file).map_err(|_| MALFORMED)?;
        let decryptor = || AgeFile::decryptor(&file).map_err(|_| MALFORMED);
        if !decryptor()?.is_scrypt() {
            return Err("this key file is encrypted for a recipient, and only those with a passphrase can be opened; decrypt it with `age --decrypt` first".to_owned());
        }
        let reader = passphrase::ask(name, prompt, |passphrase| {
            let mut identity = ::age::scrypt::Identity::new(passphrase);
            identity.set_max_work_factor(MAX_WORK_FACTOR);
            let reader = decryptor()?.decrypt(std::iter::once(&identity as _));
            reader.map_err(|error| match error {
                DecryptError::DecryptionFailed => WRONG_PASSPHRASE,
                DecryptError::ExcessiveWork { .. } => {
                    "its work factor is above 2^22; encrypt the key file again with a lower one"
                }
                _ => MALFORMED,
            })
        })?;
        let text = read_keys(reader, self.file.len()).map_err(|_| MALFORMED)?;
        let identities = parse_keys(&text, KeyLayout::Lines)?;
        if identities.is_empty() {
            return Err("contains no identities".to_owned());
        }
        Ok(identities)
    }
}
