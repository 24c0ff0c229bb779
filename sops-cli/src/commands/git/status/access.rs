//! Whether the user's keys decrypt the encrypted files when Git shows or merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sops_core::keys::{KeyServices, MasterKey};
use sops_core::{EncryptedDocument, ErrorKind, MacCheck, format_of_encrypted};
use zeroize::Zeroizing;

use super::problem::Problem;
use crate::command_error::{files_named, name_of};
use crate::input::read_repository_file;
use crate::keys::unprompted::ready_keys;
use crate::parallel::{self, ItemsPerThread};

/// How many files with the same master keys are tried: more than one, because a file may be
/// damaged, but not all, because `gpg` starts a process for each.
const TRIED: usize = 3;

/// The files that the keys decrypt, those that they do not, and those that were altered. Files with
/// conflict markers, and files that are not in the working tree, are in none of these groups.
pub(super) struct Access {
    pub(super) decryptable: usize,
    pub(super) closed: Vec<String>,
    /// The files that the keys decrypt, but that were changed without them.
    altered: Vec<String>,
}

impl Access {
    /// Tries the keys that Git uses for `git diff`: age and PGP keys that need no question.
    pub(super) fn of(root: &Path, encrypted: &[PathBuf]) -> Self {
        let keys = parallel::map(encrypted, ItemsPerThread::Many, |path| {
            read(root, path, |document| {
                let groups = document.metadata().master_keys().into_iter();
                let name = |key: MasterKey| (key.family().name(), key.id());
                let groups = groups.map(|group| group.into_iter().map(name).collect());
                groups.collect::<Vec<Vec<_>>>()
            })
        });
        let mut by_keys: BTreeMap<_, Vec<&Path>> = BTreeMap::new();
        for (path, keys) in encrypted.iter().zip(keys) {
            if let Some(keys) = keys {
                by_keys.entry(keys).or_default().push(path);
            }
        }
        let sets: Vec<Vec<&Path>> = by_keys.into_values().collect();
        let ready = ready_keys();
        let are_open = parallel::map(&sets, ItemsPerThread::One, |files| {
            let mut tried = files.iter().take(TRIED);
            tried.any(|path| {
                let key = read(root, path, |document| document.data_key(&ready));
                key.is_some_and(|key| key.is_ok())
            })
        });
        let mut access = Self {
            decryptable: 0,
            closed: Vec::new(),
            altered: Vec::new(),
        };
        for (files, is_open) in sets.iter().zip(are_open) {
            match is_open {
                true => {
                    let altered = altered(root, files, &ready);
                    access.decryptable += files.len() - altered.len();
                    access.altered.extend(altered);
                }
                false => access.closed.extend(files.iter().map(|path| name_of(path))),
            }
        }
        access.closed.sort_unstable();
        access.altered.sort_unstable();
        access
    }

    /// The warning about files that Git shows encrypted, because their MAC does not match.
    pub(super) fn altered(&self) -> Option<Problem> {
        (!self.altered.is_empty()).then(|| Problem {
            files: self.altered.clone(),
            ..Problem::new(
                "wrong-mac",
                format!(
                    "the MAC of these files does not match, so Git shows them encrypted and cannot merge them: {}",
                    files_named(&self.altered)
                ),
                "run `sops-rs verify` for details",
            )
        })
    }

    /// The warning if the keys decrypt none of the files. This is not a problem of the clone: it
    /// may be for CI, or its user may have a key that asks a question.
    pub(super) fn warning(&self) -> Option<Problem> {
        let is_closed = self.decryptable == 0 && !self.closed.is_empty();
        is_closed.then(|| Problem {
            files: self.closed.clone(),
            ..Problem::new(
                "no-key",
                "none of your private keys can decrypt the encrypted files without a passphrase, a touch or a server, so Git shows ciphertext",
                "if your key has a passphrase or a PIN, run `sops-rs agent start`; if none of your keys is a recipient, send a recipient that `sops-rs whoami` prints to someone who can decrypt the files",
            )
        })
    }
}

/// The files whose MAC does not match, among those that keys decrypt.
fn altered(root: &Path, files: &[&Path], keys: &KeyServices) -> Vec<String> {
    let are_altered = parallel::map(files, ItemsPerThread::Many, |path| {
        let result = read(root, path, |document| {
            let key = document.data_key(keys)?;
            document.decrypt(&key, MacCheck::Require).map(drop)
        });
        result.is_some_and(|result| result.is_err_and(|error| error.kind() == ErrorKind::Tampered))
    });
    let altered = files.iter().zip(are_altered);
    altered
        .filter(|(_, is_altered)| *is_altered)
        .map(|(path, _)| name_of(path))
        .collect()
}

/// Reads an encrypted file; `None` if it is not one, as with conflict markers.
fn read<T>(root: &Path, path: &Path, look: impl FnOnce(&EncryptedDocument<'_>) -> T) -> Option<T> {
    let content = Zeroizing::new(read_repository_file(&root.join(path)).ok()?);
    let format = format_of_encrypted(path, &content);
    let document = EncryptedDocument::parse(&**content, format).ok()?;
    Some(look(&document))
}
