//! Other Unix systems, with what all of them have.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::{io, iter};

use rustix::fs::OFlags;

/// There is no memory file system at a fixed path.
pub(crate) fn is_in_memory(_: &Path) -> bool {
    false
}

/// Directories that cannot be listed cannot be opened.
pub(crate) fn open_unlistable(
    _: impl AsFd,
    _: &Path,
    _: OFlags,
) -> Option<rustix::io::Result<OwnedFd>> {
    None
}

/// No system call moves a file without replacing an existing one.
pub(crate) fn rename_to_new(
    _: (impl AsFd, &OsStr),
    _: (impl AsFd, &OsStr),
) -> Option<io::Result<()>> {
    None
}

/// Only individual files can be synced.
pub(crate) fn sync_file_system(_: impl AsFd) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reading the command lines of the processes above this one would need an unsafe call.
pub(crate) fn commands_above() -> impl Iterator<Item = Vec<OsString>> {
    iter::empty()
}
