//! The tracked files below a directory. `.gitignore` does not apply to them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::program::{Running, git};
use super::repository::root_by_variables;
use crate::command_error::CommandError;

/// How `git ls-files -t` marks a file that a sparse checkout leaves out.
const SKIPPED: u8 = b'S';

/// The tracked files that a walk has not found yet.
#[derive(Default)]
pub(crate) struct Tracked {
    directory: PathBuf,
    /// Whether some of them are not in the working tree, because it is a sparse checkout.
    pub(crate) is_sparse: bool,
    unseen: Mutex<HashSet<PathBuf>>,
}

impl Tracked {
    /// The tracked files below a directory, or none outside a repository. Like in a walk, their
    /// paths start with the directory.
    ///
    /// # Errors
    /// Git is missing, or can't read the repository.
    pub(crate) fn below(directory: &Path) -> Result<Self, CommandError> {
        let list = match directory.canonicalize() {
            Ok(real) if root_above(&real).is_some() => list(directory)?,
            Ok(real) => list_by_variables(&real)?,
            Err(_) => Vec::new(),
        };
        // Each path has a letter and a space before it.
        let entries = list.split(|byte| *byte == 0);
        let entries = entries.filter_map(|entry| Some((*entry.first()?, entry.get(2..)?)));
        let mut is_sparse = false;
        let paths = entries.map(|(state, name)| {
            is_sparse |= state == SKIPPED;
            directory.join(OsStr::from_bytes(name))
        });
        Ok(Self {
            directory: directory.to_owned(),
            unseen: Mutex::new(paths.collect()),
            is_sparse,
        })
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        let unseen = self.unseen.lock();
        let unseen = unseen.unwrap_or_else(PoisonError::into_inner);
        unseen.contains(path)
    }

    /// Removes a file that the walk found.
    pub(crate) fn saw(&self, path: &Path) {
        let unseen = self.unseen.lock();
        unseen.unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// The regular files that the walk did not find, sorted.
    pub(crate) fn unseen(self) -> Vec<PathBuf> {
        let unseen = self.unseen.into_inner();
        let unseen = unseen.unwrap_or_else(PoisonError::into_inner);
        // A link that replaced a directory may lead out of the repository.
        let is_below = |path: &Path| {
            let mut above = path.ancestors().skip(1);
            above.all(|above| {
                above == self.directory
                    || !above.starts_with(&self.directory)
                    || !above.is_symlink()
            })
        };
        let is_file = |path: &PathBuf| {
            path.symlink_metadata()
                .is_ok_and(|metadata| metadata.is_file())
                && is_below(path)
        };
        let mut unseen: Vec<PathBuf> = unseen.into_iter().filter(is_file).collect();
        unseen.sort_unstable();
        unseen
    }
}

/// The root of the repository that contains the directory with this absolute path.
pub(crate) fn root_above(directory: &Path) -> Option<&Path> {
    let mut above = directory.ancestors();
    above.find(|directory| directory.join(".git").exists())
}

/// The arguments with which Git lists the tracked files below the working directory.
const LIST: [&str; 3] = ["ls-files", "-t", "-z"];

fn list(directory: &Path) -> Result<Vec<u8>, CommandError> {
    match Running::start_in(directory, &LIST)?.try_output()? {
        Ok(list) => Ok(list),
        // The `.git` is not a repository.
        Err(failure) if failure.reason.starts_with("not a git repository") => Ok(Vec::new()),
        Err(failure) => {
            let message = format!("`git ls-files`: {}", failure.reason);
            Err(failure.error(message))
        }
    }
}

/// The tracked files below a directory without a `.git` above it, if the variables of Git name the
/// repository whose working tree it is in.
fn list_by_variables(directory: &Path) -> Result<Vec<u8>, CommandError> {
    let Some(root) = root_by_variables().filter(|root| directory.starts_with(root)) else {
        return Ok(Vec::new());
    };
    // The variables may be relative to the working directory.
    let git_directory = git(&["rev-parse", "--absolute-git-dir"])?;
    let git_directory = git_directory.strip_suffix(b"\n").unwrap_or(&git_directory);
    Running::start_for(OsStr::from_bytes(git_directory), &root, directory, &LIST)?.output()
}
