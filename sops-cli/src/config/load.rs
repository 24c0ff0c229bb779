//! Reads a `.sops.yaml`: the file that the user names, or the nearest one above the working directory.

use std::path::Path;

use sops_core::Error;
use sops_core::config::{self, Config};
use sops_core::reading::{self, FileKind};

use super::owner;
use super::working_dir::{shortened, working_dir};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// The configuration: the file that was named, or the nearest one above the working directory.
pub(crate) fn config(ui: &Ui, globals: &GlobalArgs) -> Result<Option<Config>, CommandError> {
    let working_dir = working_dir()?;
    let config = match globals.config() {
        Some(file) => read_named(file, &working_dir)?,
        None => {
            let found = config::find(&working_dir);
            if let Some(warning) = &found.warning {
                ui.warn(warning);
            }
            let Some(file) = found.file else {
                return Ok(None);
            };
            owner::warn(ui, &working_dir.join(&file), &working_dir);
            read(&shortened(&file, &working_dir), &working_dir)?
        }
    };
    for warning in config.warnings() {
        ui.warn(warning);
    }
    Ok(Some(config))
}

/// Reads a configuration that was found.
pub(crate) fn read(file: &Path, working_dir: &Path) -> Result<Config, CommandError> {
    Config::read(file, working_dir).map_err(|error| match error {
        Error::Io { file, source } => {
            CommandError::input(name_of(&file), &source).with_code(Code::Generic)
        }
        error => CommandError::general(error),
    })
}

/// Reads the configuration that the user names, which may be a pipe.
fn read_named(file: &Path, working_dir: &Path) -> Result<Config, CommandError> {
    let text = reading::read_config(&working_dir.join(file), FileKind::Any)
        .map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))?;
    Config::parse(&text, file, working_dir).map_err(CommandError::general)
}
