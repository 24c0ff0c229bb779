//! Reads a `.sops.yaml`: the file that the user names, or the nearest one above the working
//! directory.

use std::path::Path;

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
        // The user may name a pipe.
        Some(file) => read(file, &working_dir, FileKind::Any)?,
        None => {
            let search = config::find(&working_dir);
            if let Some(warning) = &search.warning {
                ui.warn(warning);
            }
            let Some(file) = search.file else {
                return Ok(None);
            };
            owner::warn(ui, &working_dir.join(&file), &working_dir);
            let file = shortened(&file, &working_dir);
            read(&file, &working_dir, FileKind::Regular)?
        }
    };
    for warning in config.warnings() {
        ui.warn(warning);
    }
    Ok(Some(config))
}

/// Reads a configuration, if it is a file of the expected kind.
pub(crate) fn read(
    file: &Path,
    working_dir: &Path,
    kind: FileKind,
) -> Result<Config, CommandError> {
    let text = reading::read_config(&working_dir.join(file), kind)
        .map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))?;
    Config::parse(&text, file, working_dir)
        .map_err(|error| CommandError::in_config_text(error, &text))
}
