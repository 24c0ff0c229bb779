//! The attributes that Git gives to files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::program::Running;
use crate::command_error::CommandError;

/// The files, relative to the root, that lack one of these attributes with this value.
pub(crate) fn without_attributes<'p>(
    root: &Path,
    files: &'p [PathBuf],
    names: &[&str],
    value: &str,
) -> Result<Vec<&'p PathBuf>, CommandError> {
    let mut input = Vec::new();
    for file in files {
        input.extend_from_slice(file.as_os_str().as_bytes());
        input.push(0);
    }
    let arguments = [&["check-attr", "-z", "--stdin"], names].concat();
    let output = Running::start_with_input(root, &arguments, input)?.output()?;
    // The output repeats three fields: a path, the name of an attribute, and its value.
    let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
    let lacking = fields
        .chunks_exact(3)
        .filter(|field| field[2] != value.as_bytes());
    let lacking: HashSet<&Path> = lacking
        .map(|field| Path::new(OsStr::from_bytes(field[0])))
        .collect();
    Ok(files
        .iter()
        .filter(|file| lacking.contains(file.as_path()))
        .collect())
}
