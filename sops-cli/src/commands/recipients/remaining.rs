//! The encrypted files that a removed recipient can still decrypt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sops_core::EncryptedDocument;
use sops_core::keys::MasterKey;
use sops_lint::shell_path;

use crate::arguments::GlobalArgs;
use crate::batch::{self, Leftovers};
use crate::command_error::{Code, CommandError, Role, files_named, name_of};
use crate::config::nearest::{NearestConfigs, on_disk};
use crate::config::working_dir::{shortened, working_dir};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::damaged::removal_flag;

/// The files below a configuration that still have a recipient that was removed from it.
#[derive(Debug, Default)]
pub(crate) struct Remaining {
    /// The recipient, and how messages show it.
    recipient: String,
    shown: String,
    /// The flag of `rotate` that removes it.
    flag: String,
    /// The files, by the other configuration that names the recipient, if one does.
    files: BTreeMap<Option<PathBuf>, Vec<String>>,
}

impl Remaining {
    /// Reads the encrypted files in a directory.
    pub(super) fn find(
        globals: &GlobalArgs,
        directory: &Path,
        key: &MasterKey,
        shown: &str,
    ) -> Result<Self, CommandError> {
        let here = working_dir()?;
        let configs = NearestConfigs::new(Path::new("/"), on_disk);
        let configs = configs.with_named(globals.config(), &here)?;
        let items = batch::items([directory].into_iter(), Leftovers::Keep)?;
        let mut files: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for item in batch::meant(items, true) {
            let by_name = InputFormat::of_name(&item.path);
            let input = Input::read(Some(&item.path), by_name, Role::Encrypted)?;
            // The update has reported files that cannot be read.
            let Ok(document) = EncryptedDocument::parse(&*input.content, input.format) else {
                continue;
            };
            let mut keys = document.metadata().master_keys().into_iter().flatten();
            if !keys.any(|own| key.means(&own)) {
                continue;
            }
            let path = item.path.canonicalize();
            let path = path.map_err(|error| CommandError::input(&input.name, &error))?;
            let config = configs.nearest(&path).ok().flatten();
            let naming = config.filter(|config| {
                let rule = config.matching_creation_rule(&path);
                let mut keys = rule
                    .iter()
                    .flat_map(|rule| rule.key_groups.iter().flatten());
                keys.any(|own| key.means(own))
            });
            let naming = naming.map(|config| shortened(config.file(), &here));
            files.entry(naming).or_default().push(input.name);
        }
        Ok(Self {
            recipient: key.id(),
            shown: shown.to_owned(),
            flag: removal_flag(key.family()),
            files,
        })
    }

    /// An error that names the files and what to do, if there are any. `command` removes a
    /// recipient in the directory of another configuration.
    pub(crate) fn refuse(self, command: &str) -> Result<(), CommandError> {
        let names: Vec<String> = self.files.values().flatten().cloned().collect();
        let counted = match names.len() {
            0 => return Ok(()),
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let message = format!(
            "{} can still decrypt {counted}: {}",
            self.shown,
            files_named(&names)
        );
        let mut error = CommandError::new(Code::Generic, message);
        let recipient = shell_path(&self.recipient);
        for (config, files) in &self.files {
            error = error.hint(match config {
                Some(config) => {
                    let directory = config.parent().unwrap_or(Path::new("."));
                    format!(
                        "{} names this recipient too; run `(cd {} && sops-rs {command} {recipient})`",
                        name_of(config),
                        shell_path(&directory.to_string_lossy())
                    )
                }
                None => format!(
                    "no creation rule covers {}, and without this recipient, no key would be left; to replace the recipient, run `sops-rs rotate -i --add-age age1… {} {recipient} FILE`",
                    files_named(files),
                    self.flag
                ),
            });
        }
        Err(error)
    }
}
