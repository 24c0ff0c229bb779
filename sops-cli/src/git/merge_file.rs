//! Merges files that are not encrypted, as Git does without a driver.

use std::path::Path;

use sops_core::merge::Markers;

use super::program::command;
use crate::command_error::CommandError;

/// Merges into the first of the files, which are ours, the base and theirs. Returns whether the
/// merge is clean.
pub(crate) fn merge_file(
    markers: &Markers,
    base_label: Option<&str>,
    files: [&Path; 3],
) -> Result<bool, CommandError> {
    let size = format!("--marker-size={}", markers.size);
    let labels = [
        &*markers.ours,
        base_label.unwrap_or("base"),
        &*markers.theirs,
    ];
    let mut command = command(&["merge-file", "--quiet", &size]);
    for label in labels {
        command.arg("-L").arg(label);
    }
    let status = command.arg("--").args(files).status();
    let status = status.map_err(|error| super::program::missing(&error))?;
    Ok(status.success())
}
