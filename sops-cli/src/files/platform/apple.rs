//! macOS and Apple's other systems.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::{io, iter};

use rustix::fs::{OFlags, RenameFlags, renameat_with, statfs};
use rustix::io::Errno;

/// Whether the directory is on a memory file system. macOS has no such path by default, but an
/// administrator can mount one with `mount_tmpfs`, from macOS 11.
pub(crate) fn is_in_memory(directory: &Path) -> bool {
    statfs(directory).is_ok_and(|system| {
        let name = system.f_fstypename.iter().map(|byte| byte.cast_unsigned());
        name.take_while(|byte| *byte != 0).eq(*b"tmpfs")
    })
}

/// Directories that cannot be listed cannot be opened.
pub(crate) fn open_unlistable(
    _: impl AsFd,
    _: &Path,
    _: OFlags,
) -> Option<rustix::io::Result<OwnedFd>> {
    None
}

/// Moves a file without replacing an existing one. `None` if the file system cannot do that.
pub(crate) fn rename_to_new(
    from: (impl AsFd, &OsStr),
    to: (impl AsFd, &OsStr),
) -> Option<io::Result<()>> {
    match renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        result => Some(result.map_err(io::Error::from)),
    }
}

/// Only individual files can be synced.
pub(crate) fn sync_file_system(_: impl AsFd) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reading the command lines of the processes above this one would need an unsafe call.
pub(crate) fn commands_above() -> impl Iterator<Item = Vec<OsString>> {
    iter::empty()
}
