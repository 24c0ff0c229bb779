//! Errors that several steps of writing share.

use std::io;
use std::path::Path;

use rustix::fs::Stat;

use crate::command_error::{Code, CommandError, name_of};

/// Rejects writing plaintext to a file or pipe of another user.
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
