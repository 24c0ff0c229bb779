//! The path of this program, and links to it.

use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::command_error::CommandError;

/// The path of this program: the one on the PATH, which stays the same when a package manager
/// installs another version.
pub(crate) fn program() -> Result<PathBuf, CommandError> {
    let own = env::current_exe()
        .and_then(fs::canonicalize)
        .map_err(|error| CommandError::input("the path of this program", &error))?;
    let is_own = |file: &PathBuf| file.is_absolute() && is_same(file, &own);
    let mut candidates = directories().map(|directory| directory.join("sops-rs"));
    Ok(candidates.find(is_own).unwrap_or(own))
}

/// The directories of the PATH.
pub(crate) fn directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// Whether both paths lead to the same file.
pub(crate) fn is_same(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// Creates the link and replaces an existing file with its name, in one step.
pub(crate) fn replace(link: &Path, program: &Path) -> io::Result<()> {
    let mut attempt = 0_u32;
    let temporary = loop {
        let name = link.file_name().unwrap_or_default().to_string_lossy();
        let name = format!(".{name}-link-{}-{attempt}", std::process::id());
        let temporary = link.with_file_name(name);
        match symlink(program, &temporary) {
            Ok(()) => break temporary,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    let renamed = fs::rename(&temporary, link);
    // If both are links to the same file, `rename` keeps both.
    let _ = fs::remove_file(&temporary);
    renamed
}
