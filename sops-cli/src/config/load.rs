//! Reads a `.sops.yaml`: the file that the user names, or the nearest one above the working
//! directory.

use std::path::Path;

use sops_core::config::{self, Config};
use sops_core::reading::{self, FileKind};

use super::working_dir::{shortened, working_dir};
use super::{nearer, owner};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// The configuration: the file that the user named, or the nearest `.sops.yaml` at or above the
/// working directory.
pub(crate) fn config(ui: &Ui, globals: &GlobalArgs) -> Result<Option<Config>, CommandError> {
    if globals.config().is_some() {
        return named(ui, globals);
    }
    let search = config::find(&working_dir()?);
    if let Some(warning) = &search.warning {
        ui.warn(warning);
    }
    search.file.map(|file| found(ui, &file)).transpose()
}

/// The configuration for a new file, in commands that `sops` does not have: the one that `--config`
/// names, or else the nearest one above the new file.
pub(crate) fn config_for_new(
    ui: &Ui,
    globals: &GlobalArgs,
    file: &Path,
) -> Result<Option<Config>, CommandError> {
    let own = config::find(&working_dir()?).file;
    let is_own = |nearest: &Path| own.is_some_and(|own| nearer::is_same(nearest, &own));
    match nearer::nearest(file).filter(|_| globals.config().is_none()) {
        Some(nearest) if !is_own(&nearest) => found(ui, &nearest).map(Some),
        _ => config(ui, globals),
    }
}

/// The configuration that [`config()`] cannot read, without its invalid values, and the errors about
/// them.
pub(crate) fn config_with_errors(
    globals: &GlobalArgs,
) -> Result<(Option<Config>, Vec<CommandError>), CommandError> {
    let working_dir = working_dir()?;
    let found = config::find(&working_dir).file;
    let found = found.map(|file| (shortened(&file, &working_dir), FileKind::Regular));
    let named = globals
        .config()
        .map(|file| (file.to_owned(), FileKind::Any));
    let Some((file, kind)) = named.or(found) else {
        return Ok((None, Vec::new()));
    };
    let text = read_text(&file, &working_dir, kind)?;
    let (config, errors) = Config::parse_with_errors(&text, &file, &working_dir);
    let errors = errors.into_iter();
    let errors = errors.map(|error| CommandError::in_config_text(error, &text));
    Ok((config, errors.collect()))
}

/// The configuration on the command line, if there is one. The user may name a pipe.
fn named(ui: &Ui, globals: &GlobalArgs) -> Result<Option<Config>, CommandError> {
    let Some(file) = globals.config() else {
        return Ok(None);
    };
    let config = read(file, &working_dir()?, FileKind::Any)?;
    config
        .warnings()
        .iter()
        .for_each(|warning| ui.warn(warning));
    Ok(Some(config))
}

/// A configuration that was found, with its warnings.
fn found(ui: &Ui, file: &Path) -> Result<Config, CommandError> {
    let working_dir = working_dir()?;
    owner::warn(ui, &working_dir.join(file), &working_dir);
    let config = read(
        &shortened(file, &working_dir),
        &working_dir,
        FileKind::Regular,
    )?;
    config
        .warnings()
        .iter()
        .for_each(|warning| ui.warn(warning));
    Ok(config)
}

/// Reads a configuration, if it is a file of the expected kind.
pub(crate) fn read(
    file: &Path,
    working_dir: &Path,
    kind: FileKind,
) -> Result<Config, CommandError> {
    let text = read_text(file, working_dir, kind)?;
    Config::parse(&text, file, working_dir)
        .map_err(|error| CommandError::in_config_text(error, &text))
}

fn read_text(file: &Path, working_dir: &Path, kind: FileKind) -> Result<Vec<u8>, CommandError> {
    reading::read_config(&working_dir.join(file), kind)
        .map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))
}
