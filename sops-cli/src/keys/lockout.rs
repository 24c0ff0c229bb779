//! Finds files that the user could no longer decrypt after encryption, because they contain the
//! only key for themselves or have only other people's recipients.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sops_core::keys::age::key_files;
use sops_core::keys::{Environment, Family, Identities, MasterKey};

use crate::command_error::{Code, CommandError, files_named};
use crate::input::Input;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::ui::Ui;

/// The check of the files that a command encrypts in place.
pub(crate) struct Lockout<'s> {
    services: &'s Services,
    key_files: Vec<Metadata>,
    encrypted: Mutex<Vec<ReplacedFile>>,
}

/// Files that were encrypted for the same key groups.
struct ReplacedFile {
    groups: Vec<Vec<MasterKey>>,
    threshold: Option<usize>,
    names: Vec<String>,
}

impl<'s> Lockout<'s> {
    pub(crate) fn new(services: &'s Services) -> Self {
        let files = key_files(&Environment::process());
        Self {
            services,
            key_files: files
                .iter()
                .filter_map(|file| file.metadata().ok())
                .collect(),
            encrypted: Mutex::default(),
        }
    }

    /// Refuses a file that contains the only keys that could decrypt it, for example the key file
    /// itself.
    pub(crate) fn check(
        &self,
        input: &Input,
        key_groups: KeyGroups<'_>,
    ) -> Result<(), CommandError> {
        let groups = key_groups.groups;
        let has_age = groups
            .iter()
            .flatten()
            .any(|key| key.family() == Family::Age);
        let Some(path) = input.path.as_deref().filter(|_| has_age) else {
            return Ok(());
        };
        let is_key_file = self.is_key_file(path);
        let held: Vec<MasterKey> = Identities::contained_in(&input.content)
            .recipients()
            .into_iter()
            .map(MasterKey::from)
            .collect();
        if !is_key_file && held.is_empty() || !self.is_readable_again() {
            return Ok(());
        }
        let elsewhere = Identities::from_environment(Environment::process().without_file(path));
        let is_outside = |key: &MasterKey| match key {
            MasterKey::Age { recipient } => {
                let is_of_others = !is_key_file && !held.iter().any(|own| own.is_same_key(key));
                is_of_others || elsewhere.may_open(recipient)
            }
            _ => !is_key_file || self.services.may_open(key),
        };
        let open = groups.iter().filter(|group| group.iter().any(is_outside));
        if open.count() >= key_groups.needed() {
            return Ok(());
        }
        let message = match is_key_file {
            true => {
                "sops-rs reads your private keys from this file; if you encrypt it, you can no longer decrypt anything with them, not even this file"
            }
            false => "this file contains the only private key that could decrypt it",
        };
        Err(CommandError::new(Code::Generic, message)
            .in_file(&input.name)
            .hint("to make a backup, encrypt a copy for a recipient whose private key is somewhere else: `sops-rs encrypt --age <RECIPIENT> <FILE> > <COPY>`")
            .hint("to protect a key file, encrypt it with a passphrase: `age --passphrase --output <COPY> <FILE>`"))
    }

    /// Remembers a file that was encrypted, for [`warn`](Self::warn).
    pub(crate) fn note(&self, name: &str, KeyGroups { groups, threshold }: KeyGroups<'_>) {
        let mut encrypted = self
            .encrypted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut known = encrypted.iter_mut();
        let is_same =
            |known: &&mut ReplacedFile| known.groups == groups && known.threshold == threshold;
        match known.find(is_same) {
            Some(same) => same.names.push(name.to_owned()),
            None => encrypted.push(ReplacedFile {
                groups: groups.to_owned(),
                threshold,
                names: vec![name.to_owned()],
            }),
        }
    }

    /// Warns about files that none of the user's private keys can decrypt. There is no warning for
    /// users without an age key, who encrypt only for others, nor for cloud and PGP keys, which may
    /// be available in another way.
    pub(crate) fn warn(&self, ui: &Ui) {
        let mut encrypted = self
            .encrypted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut closed = Vec::new();
        for ReplacedFile {
            groups,
            threshold,
            names,
        } in encrypted.drain(..)
        {
            let is_age_only = groups
                .iter()
                .flatten()
                .all(|key| key.family() == Family::Age);
            if is_age_only
                && self.is_readable_again()
                && self.services.locks_out(KeyGroups {
                    groups: &groups,
                    threshold,
                })
            {
                closed.extend(names);
            }
        }
        closed.sort_unstable();
        if !closed.is_empty() {
            ui.warn(format_args!(
                "none of your private keys can decrypt {}; if one should, add your recipient to the creation rule or to `--age`, and encrypt the plaintext again",
                files_named(&closed)
            ));
        }
    }

    fn is_key_file(&self, path: &Path) -> bool {
        let id = |file: &Metadata| (file.dev(), file.ino());
        path.metadata().is_ok_and(|file| {
            self.key_files
                .iter()
                .any(|key_file| id(key_file) == id(&file))
        })
    }

    /// Whether the key files can be read more than once. A pipe cannot, and may never end.
    fn is_readable_again(&self) -> bool {
        self.key_files.iter().all(Metadata::is_file)
    }
}
