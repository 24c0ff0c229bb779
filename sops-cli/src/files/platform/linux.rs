//! Linux.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{fs, io, iter};

use rustix::fs::{Mode, OFlags, RenameFlags, openat, renameat_with, statfs, syncfs};
use rustix::io::Errno;
use rustix::process::getppid;

/// Whether the directory is on a memory file system.
pub(crate) fn is_in_memory(directory: &Path) -> bool {
    // TMPFS_MAGIC and RAMFS_MAGIC from `linux/magic.h`.
    const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    statfs(directory).is_ok_and(|system| IN_MEMORY.contains(&(system.f_type as u64)))
}

/// Opens a directory that cannot be listed, but in which it may be possible to create files.
/// `None` if the system has no descriptors of this kind.
pub(crate) fn open_unlistable(
    base: impl AsFd,
    path: &Path,
    flags: OFlags,
) -> Option<rustix::io::Result<OwnedFd>> {
    Some(openat(base, path, flags | OFlags::PATH, Mode::empty()))
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

/// Syncs the whole file system of a directory.
pub(crate) fn sync_file_system(directory: impl AsFd) -> io::Result<()> {
    Ok(syncfs(directory)?)
}

/// The command lines of this process's parent, its grandparent, and so on. Nothing if the system
/// does not say.
pub(crate) fn commands_above() -> impl Iterator<Item = Vec<OsString>> {
    let parent_of_this = getppid().map(|parent| parent.as_raw_nonzero().get());
    let parents = iter::successors(parent_of_this, |process| parent(*process));
    parents.map_while(|process| {
        let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        let words = line.split(|byte| *byte == 0);
        Some(
            words
                .map(|word| OsStr::from_bytes(word).to_owned())
                .collect(),
        )
    })
}

/// The parent of a process.
fn parent(process: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines();
    lines
        .find_map(|line| line.strip_prefix("PPid:"))?
        .trim()
        .parse()
        .ok()
        .filter(|parent| *parent != 0)
}
