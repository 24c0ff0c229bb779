//! Verifies the MAC of the files that a push changes, as they are at its tip: a rebase runs no
//! check before its commits, and `--no-verify` skips it.

use std::collections::HashMap;
use std::path::Path;

use sops_core::Error;
use sops_lint::shell_path;

use super::kept_data_key;
use super::local_mac::{LocalCheck, LocalMac};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::commands::verify::{altered_without_key, lost_value};
use crate::git::{Objects, Version};

pub(super) struct PushedMac<'p> {
    keys: LocalMac,
    objects: &'p Objects,
    /// The contents that the pushed commits replace, as blob IDs.
    before: HashMap<&'p Path, Vec<&'p str>>,
}

impl<'p> PushedMac<'p> {
    pub(super) fn new(objects: &'p Objects, versions: &'p [Version]) -> Self {
        let mut before: HashMap<&Path, Vec<&str>> = HashMap::new();
        for version in versions {
            let blobs = version.before.iter().map(|file| &*file.blob);
            before.entry(&version.file.path).or_default().extend(blobs);
        }
        Self {
            keys: LocalMac::new(),
            objects,
            before,
        }
    }

    /// The recipients that pushed commits remove from the file, but that can still decrypt it.
    pub(super) fn removed(&self, version: &Version, bytes: &[u8]) -> Vec<String> {
        let path = &*version.file.path;
        let before = self.before.get(path).map(Vec::as_slice).unwrap_or_default();
        let contents = self.objects.blobs(before).into_iter().flatten();
        let mut removed: Vec<String> = contents
            .flat_map(|before| kept_data_key::removed(path, &before, bytes))
            .collect();
        removed.sort_unstable();
        removed.dedup();
        removed
    }

    /// Why the version must not be pushed: its MAC does not match or, without a key, is that of
    /// other values. `name` is the name of the file for commands.
    pub(super) fn error(
        &self,
        version: &Version,
        name: &str,
        bytes: &[u8],
    ) -> Option<CommandError> {
        let path = &version.file.path;
        let shown = format!("{}:{}", version.commit, name_of(path));
        let file = shell_path(name);
        let mut hint = format!(
            "if you resolved a conflict by hand or want to keep the change, check the values with `sops-rs edit --ignore-mac {file}`, save them, and commit the file"
        );
        let message = match self.keys.check(path, bytes) {
            LocalCheck::Passed => return None,
            LocalCheck::Damaged(error, format) => {
                if matches!(error, Error::Value { .. }) {
                    hint = lost_value(&file);
                }
                let error = CommandError::in_text(error, &shown, bytes, format, Role::Encrypted);
                error.message().to_owned()
            }
            LocalCheck::NoKey(format) => {
                let before = self.before.get(&**path)?;
                let contents = self.objects.blobs(before).into_iter().flatten();
                let mut messages = contents.filter_map(|old| {
                    altered_without_key(bytes, &old, format, "the previous version")
                });
                messages.next()?
            }
        };
        let error = CommandError::new(Code::Generic, message);
        Some(error.in_file(&shown).hint(hint))
    }
}
