//! Recipients that a change removes from files that keep their data keys, for example the reverted
//! commit that added them. They can decrypt every later version.

use std::collections::BTreeMap;
use std::path::Path;

use sops_core::compare::{AccessChanges, DataKeyChange};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, format_of_encrypted};

use crate::keys::names::shown;
use crate::ui::Ui;

/// How many files a warning names.
const NAMED: usize = 3;

/// The names of files, by the recipients that were removed from them.
#[derive(Default)]
pub(super) struct KeptDataKeys(BTreeMap<Vec<String>, Vec<String>>);

impl KeptDataKeys {
    /// Adds a file from which these recipients were removed; without recipients, it adds nothing.
    pub(super) fn add(&mut self, name: String, removed: Vec<String>) {
        if !removed.is_empty() {
            let names = self.0.entry(removed).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }

    pub(super) fn warn(&self, ui: &Ui) {
        for (removed, names) in &self.0 {
            let mut files = names[..names.len().min(NAMED)].join(", ");
            if names.len() > NAMED {
                files += &format!(" and {} more files", names.len() - NAMED);
            }
            ui.warn(format_args!(
                "{files}: these recipients were removed, but can still decrypt later versions because the data key is the same: {}; run `sops-rs rotate -i .`, and commit the result",
                removed.join(", ")
            ));
        }
    }
}

/// The recipients that only the earlier content has, if both have the same data key.
pub(super) fn removed(path: &Path, before: &[u8], now: &[u8]) -> Vec<String> {
    let is_encrypted =
        |bytes: &[u8]| str::from_utf8(bytes).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX));
    if !is_encrypted(before) || !is_encrypted(now) {
        return Vec::new();
    }
    let parse = |bytes| EncryptedDocument::parse(bytes, format_of_encrypted(path, bytes)).ok();
    let (Some(before), Some(now)) = (parse(before), parse(now)) else {
        return Vec::new();
    };
    let changes = AccessChanges::between(Some(before.metadata()), Some(now.metadata()), None);
    match changes.data_key {
        DataKeyChange::Same => changes.removed.iter().map(shown).collect(),
        DataKeyChange::Changed | DataKeyChange::Unknown => Vec::new(),
    }
}
