//! The working directory, and paths relative to it.

use std::env;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::command_error::CommandError;

/// The working directory as the shell spells it, and therefore as Go and `sops` do.
pub(crate) fn working_dir() -> Result<PathBuf, CommandError> {
    let same = |path: &PathBuf| match (path.metadata(), Path::new(".").metadata()) {
        (Ok(spelled), Ok(current)) => {
            (spelled.dev(), spelled.ino()) == (current.dev(), current.ino())
        }
        _ => false,
    };
    let spelled = env::var_os("PWD").map(PathBuf::from);
    match spelled.filter(|path| path.is_absolute()).filter(same) {
        Some(path) => Ok(path),
        None => {
            env::current_dir().map_err(|error| CommandError::input("the working directory", &error))
        }
    }
}

/// A path relative to the working directory, if it is in there.
pub(crate) fn shortened(path: &Path, working_dir: &Path) -> PathBuf {
    path.strip_prefix(working_dir).unwrap_or(path).to_owned()
}
