//! Brings the encrypted files up to date after a change of the recipients.

use std::path::PathBuf;

use sops_core::config::Config;

use crate::arguments::{FileArg, GlobalArgs, OutputArgs};
use crate::command_error::CommandError;
use crate::commands::{rotate, updatekeys};
use crate::config::working_dir::{shortened, working_dir};
use crate::recipient_edit::RecipientNames;
use crate::ui::Ui;

/// What to do with the encrypted files.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(super) struct UpdateArgs {
    /// Also change the master keys of the encrypted files, as `updatekeys -y` does
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

/// Updates the encrypted files if the user wants that, or says how.
pub(super) fn update(
    ui: &Ui,
    globals: &GlobalArgs,
    config: &Config,
    args: &UpdateArgs,
    removes: bool,
) -> Result<(), CommandError> {
    let verb = if removes { "decrypt" } else { "yet decrypt" };
    let question = "Update the encrypted files now, as `sops-rs updatekeys -y .` does?";
    let is_wanted = args.update || ui.can_ask() && matches!(ui.confirm(question), Ok(true));
    if is_wanted {
        let former_names = RecipientNames::of(config);
        let args = updatekeys::Args::of_directory(directory(config)?, former_names);
        return updatekeys::cmd_updatekeys(ui, globals, &args);
    }
    ui.note(match removes {
        true => format!(
            "The recipient can still {verb} the existing files; run `sops-rs updatekeys -y .`"
        ),
        false => {
            format!("The recipient cannot {verb} the existing files; run `sops-rs updatekeys -y .`")
        }
    });
    Ok(())
}

/// Encrypts the files below the configuration with new data keys.
pub(super) fn rotate(ui: &Ui, globals: &GlobalArgs, config: &Config) -> Result<(), CommandError> {
    let args = rotate::Args {
        file: FileArg::of(directory(config)?),
        output: OutputArgs {
            in_place: true,
            output: None,
        },
        yes: false,
        ..rotate::Args::default()
    };
    rotate::cmd_rotate(ui, globals, &args)?;
    ui.note("Change every secret at its source too: old commits still contain it, encrypted with the old data keys.");
    Ok(())
}

/// The directory of the configuration, as short as possible.
fn directory(config: &Config) -> Result<PathBuf, CommandError> {
    let directory = shortened(&config.directory(), &working_dir()?);
    Ok(match directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => directory,
    })
}
