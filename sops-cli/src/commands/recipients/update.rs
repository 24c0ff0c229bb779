//! Brings the encrypted files up to date after a change of the recipients.

use std::path::PathBuf;

use sops_core::EncryptedDocument;
use sops_core::config::Config;
use sops_core::keys::MasterKey;
use sops_lint::shell_path;

use crate::arguments::{FileArg, GlobalArgs, OutputArgs};
use crate::batch::{self, Leftovers};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::commands::{rotate, updatekeys};
use crate::config::working_dir::{shortened, working_dir};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::recipient_edit::RecipientNames;
use crate::ui::Ui;

/// What to do with the encrypted files.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(super) struct UpdateArgs {
    /// Also change the recipients of the encrypted files, as `updatekeys -y` does
    #[arg(long)]
    update: bool,
}

impl UpdateArgs {
    /// Also requests an update if `condition` is true.
    pub(super) fn or_if(&self, condition: bool) -> Self {
        Self {
            update: self.update || condition,
        }
    }

    pub(super) fn is_requested(&self) -> bool {
        self.update
    }
}

/// Updates the encrypted files if the user agrees, and otherwise prints how to do it.
pub(super) fn update(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    config: &Config,
    args: &UpdateArgs,
    removes: bool,
) -> Result<(), CommandError> {
    let directory = directory(config)?;
    let command = format!(
        "sops-rs updatekeys -y {}",
        shell_path(&directory.to_string_lossy())
    );
    let question = format!("Update the encrypted files now, as `{command}` does?");
    let is_wanted = args.update || ui.can_ask() && matches!(ui.confirm(&question), Ok(true));
    if is_wanted {
        let former_names = RecipientNames::of(config);
        let args = updatekeys::Args::of_directory(directory, former_names);
        return updatekeys::update(ui, globals, services, &args);
    }
    ui.note(match removes {
        true => {
            format!("The existing files stay encrypted for the recipient until you run `{command}`")
        }
        false => {
            format!("The recipient cannot decrypt the existing files until you run `{command}`")
        }
    });
    Ok(())
}

/// Refuses to continue if the user, who is asked to unlock a locked key, can decrypt none of the
/// encrypted files: only the configuration would change. The hint contains `command`, for someone
/// who can decrypt the files.
pub(super) fn require_access(
    ui: &Ui,
    services: &Services,
    config: &Config,
    command: &str,
) -> Result<(), CommandError> {
    let directory = directory(config)?;
    let items = batch::items([directory.as_path()].into_iter(), Leftovers::Keep)?;
    let items = batch::meant(items, true);
    let mut is_any_closed = false;
    for item in &items {
        let by_name = InputFormat::of_name(&item.path);
        let input = Input::read(Some(&item.path), by_name, Role::Encrypted)?;
        // The update reports files that cannot be read.
        let Ok(document) = EncryptedDocument::parse(&*input.content, input.format) else {
            continue;
        };
        let groups = document.metadata().master_keys();
        let key_groups = KeyGroups {
            groups: &groups,
            threshold: document.metadata().shamir_threshold,
        };
        if services.closing(key_groups).is_some() {
            is_any_closed = true;
            continue;
        }
        let opened = services.data_key(ui, &input, &document);
        return match opened {
            Err(error) if services.locked().is_some() => Err(error),
            // The update reports a file whose data key is damaged.
            _ => Ok(()),
        };
    }
    if !is_any_closed {
        return Ok(());
    }
    if let Some(locked) = services.locked() {
        return Err(locked);
    }
    let message = format!(
        "you cannot decrypt any of the encrypted files, so {} was not changed",
        name_of(config.file())
    );
    Err(
        CommandError::new(Code::CannotRetrieveDataKey, message).hint(format!(
            "ask someone who can decrypt them to run `{command}`"
        )),
    )
}

/// Encrypts the files below the configuration with new data keys. The recipient that is leaving
/// also loses access to files that no creation rule covers.
pub(super) fn rotate(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    config: &Config,
    leaving: Option<&MasterKey>,
) -> Result<(), CommandError> {
    let args = rotate::Args {
        file: FileArg::of(directory(config)?),
        output: OutputArgs {
            in_place: true,
            output: None,
        },
        yes: false,
        leaving: leaving.cloned(),
        former_names: RecipientNames::of(config),
        ..rotate::Args::default()
    };
    rotate::rotate(ui, globals, services, &args)
}

/// The directory of the configuration, as short as possible.
pub(super) fn directory(config: &Config) -> Result<PathBuf, CommandError> {
    let directory = shortened(&config.directory(), &working_dir()?);
    Ok(match directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => directory,
    })
}
