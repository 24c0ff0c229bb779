//! The master keys of files and of creation rules.

use std::path::Path;

use sops_core::EncryptedDocument;
use sops_core::config::Config;
use sops_core::keys::MasterKey;

use crate::command_error::{CommandError, Role};
use crate::input::Input;
use crate::input_format::InputFormat;

/// A master key, and the data key that it encrypts in a file.
pub(super) struct FoundKey {
    pub(super) key: MasterKey,
    /// The encrypted data key in the first file with the master key; `None` if only rules name the
    /// key.
    pub(super) enc: Option<String>,
}

/// The keys that were found, each once, in the order in which they were found.
#[derive(Default)]
pub(super) struct Inventory(Vec<FoundKey>);

impl Inventory {
    /// Adds the keys of all creation rules.
    pub(super) fn add_rules(&mut self, config: &Config) {
        let rules = config.creation_rules().unwrap_or_default().iter();
        for key in rules.flat_map(|rule| rule.key_groups.iter().flatten()) {
            self.add(key, None);
        }
    }

    /// Adds the keys of an encrypted file.
    pub(super) fn add_file(&mut self, file: &Path) -> Result<(), CommandError> {
        let by_name = InputFormat::of_name(file);
        let input = Input::read(Some(file), by_name, Role::Encrypted)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        for group in &document.metadata().key_groups {
            for wrapped in &group.keys {
                self.add(wrapped.master_key(), Some(wrapped.enc()));
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &MasterKey, enc: Option<&str>) {
        // A key without a version in a rule is the same as one with a version in a file.
        let is_same = |found: &&mut FoundKey| key.means(&found.key) || found.key.means(key);
        match self.0.iter_mut().find(is_same) {
            Some(found) if found.enc.is_none() && enc.is_some() => {
                found.key = key.clone();
                found.enc = enc.map(str::to_owned);
            }
            Some(_) => {}
            None => self.0.push(FoundKey {
                key: key.clone(),
                enc: enc.map(str::to_owned),
            }),
        }
    }

    pub(super) fn keys(&self) -> &[FoundKey] {
        &self.0
    }
}
