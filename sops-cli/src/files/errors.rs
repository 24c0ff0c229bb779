//! Errors that several steps of writing share.

use std::io;
use std::path::Path;

use rustix::fs::Stat;
use sops_lint::shell_path;

use crate::command_error::{Code, CommandError, name_of};

/// The error for writing plaintext to a file or pipe of another user.
pub(super) fn readable_by_another(name: &str, file: &Stat) -> CommandError {
    let message = format!(
        "{name} belongs to another user (uid {}), who could read the plaintext; nothing was written",
        file.st_uid
    );
    CommandError::new(Code::CannotWriteOutput, message)
}

/// The error for a failed write. `sops` has its own exit code only for a file that can't be opened.
pub(super) fn failed(path: &Path, error: &io::Error) -> CommandError {
    CommandError::output(name_of(path), error).with_code(Code::Generic)
}

/// Refuses a path whose directory does not exist or is a file.
pub(crate) fn check_directory(path: &Path) -> Result<(), CommandError> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => return Ok(()),
    };
    let name = name_of(directory);
    match directory.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(unwritable(path, &format!("{name} is not a directory"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let reason = format!("the directory {name} does not exist");
            Err(unwritable(path, &reason).hint(format!(
                "create the directory first: `mkdir -p {}`",
                shell_path(&name)
            )))
        }
        Err(_) => Ok(()),
    }
}

fn unwritable(path: &Path, reason: &str) -> CommandError {
    let message = format!("cannot write {}: {reason}", name_of(path));
    CommandError::new(Code::CannotWriteOutput, message)
}
