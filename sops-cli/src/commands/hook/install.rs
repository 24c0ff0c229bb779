//! Writes the hook, and takes it away.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::git::git;
use crate::ui::Ui;

/// What stands in the hook that this program has written.
const MARK: &str = "# Written by `sops-rs hook install`.";

const SCRIPT: &str = "\
#!/bin/sh
# Written by `sops-rs hook install`. `sops-rs hook uninstall` takes it away.
exec sops-rs hook run
";

/// Where Git looks for the hook: it knows of worktrees and of `core.hooksPath`.
fn hook() -> Result<PathBuf, CommandError> {
    let output = git(&["rev-parse", "--git-path", "hooks"])?;
    let folder = output.strip_suffix(b"\n").unwrap_or(&output);
    Ok(Path::new(OsStr::from_bytes(folder)).join("pre-commit"))
}

pub(super) fn install(ui: &Ui) -> Result<(), CommandError> {
    let hook = hook()?;
    if hook.symlink_metadata().is_ok() {
        if is_ours(&hook) {
            ui.note(format_args!("{} is there already", name_of(&hook)));
            return Ok(());
        }
        let message = format!(
            "{} is there already, and is not overwritten",
            name_of(&hook)
        );
        return Err(CommandError::new(Code::Generic, message)
            .hint("let it run this too: put the line `sops-rs hook run || exit 1` into it, before any `exec` or `exit`"));
    }
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| CommandError::output(name_of(folder), &error))?;
    }
    files::write(
        ui,
        &hook,
        SCRIPT.as_bytes(),
        Expected::Nothing,
        Readers::Usual,
    )?;
    let executable = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    fs::set_permissions(&hook, executable)
        .map_err(|error| CommandError::output(name_of(&hook), &error))?;
    ui.note(format_args!(
        "Wrote {}: commits with plaintext or private keys are refused",
        name_of(&hook)
    ));
    Ok(())
}

pub(super) fn uninstall(ui: &Ui) -> Result<(), CommandError> {
    let hook = hook()?;
    if hook.symlink_metadata().is_err() {
        ui.note(format_args!("There is no {}", name_of(&hook)));
        return Ok(());
    }
    if !is_ours(&hook) {
        let message = format!("{} was written by somebody else, and stays", name_of(&hook));
        return Err(CommandError::new(Code::Generic, message)
            .hint("take the line `sops-rs hook run` out of it"));
    }
    fs::remove_file(&hook).map_err(|error| CommandError::output(name_of(&hook), &error))?;
    ui.note(format_args!("Took {} away", name_of(&hook)));
    Ok(())
}

fn is_ours(hook: &Path) -> bool {
    fs::read(hook).is_ok_and(|text| text.windows(MARK.len()).any(|part| part == MARK.as_bytes()))
}
