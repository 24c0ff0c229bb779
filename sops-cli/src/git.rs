//! The program `git`.

use std::process::{Command, Stdio};

use crate::command_error::{Code, CommandError};

/// What Git prints.
pub(crate) fn git(arguments: &[&str]) -> Result<Vec<u8>, CommandError> {
    let output = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output =
        output.map_err(|error| CommandError::input("`git`, which cannot be run", &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said
        .trim()
        .trim_start_matches("fatal: ")
        .lines()
        .next()
        .unwrap_or_default();
    Err(CommandError::new(
        Code::CannotReadInput,
        format!("`git {}`: {said}", arguments[0]),
    ))
}
