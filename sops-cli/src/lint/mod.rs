//! Code that `lint` and the hook share: it finds files and their configurations, and prints and
//! fixes findings.

pub(crate) mod demand;
mod diff;
pub(crate) mod fix;
pub(crate) mod judge;
pub(crate) mod output;
pub(crate) mod policy;
pub(crate) mod settings;
pub(crate) mod tally;
pub(crate) mod walk;

use std::path::{Path, PathBuf};

use crate::git::{root_above, root_by_variables};

/// The root of the repository that a directory is in, or else the directory itself. Without a
/// `.git` above the directory, `GIT_DIR` and `GIT_WORK_TREE` may name the repository.
pub(crate) fn root(directory: &Path) -> PathBuf {
    let named = || spelled_in(directory, &root_by_variables()?);
    let root = root_above(directory).map(Path::to_owned).or_else(named);
    root.unwrap_or_else(|| directory.to_owned())
}

/// The directory above `directory` that is the same as `root`, whose path has no symbolic links.
pub(crate) fn spelled_in(directory: &Path, root: &Path) -> Option<PathBuf> {
    let mut above = directory.ancestors();
    let is_root = |above: &&Path| above.canonicalize().is_ok_and(|above| above == root);
    above.find(is_root).map(Path::to_owned)
}
