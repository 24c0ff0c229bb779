//! Code that `lint` and the hook share: it finds files and their configurations, and prints and
//! fixes findings.

pub(crate) mod demand;
mod diff;
pub(crate) mod fix;
pub(crate) mod judge;
pub(crate) mod output;
pub(crate) mod settings;
pub(crate) mod tally;
pub(crate) mod walk;

use std::path::{Path, PathBuf};

use crate::git::root_above;

/// The root of the repository that a directory is in, or else the directory itself.
pub(crate) fn root(directory: &Path) -> PathBuf {
    root_above(directory).unwrap_or(directory).to_owned()
}
