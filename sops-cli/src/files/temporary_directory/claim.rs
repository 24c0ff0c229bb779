//! Locks a temporary directory while it is in use, and removes it with its content.

use std::ffi::OsStr;
use std::io;

use rustix::fs::{AtFlags, FlockOperation, Mode, flock, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::kind::IGNORE_FILE;
use crate::files::directory::{OpenDirectory, mode};

/// Opens and locks a directory that was just created; `None` if it no longer exists, or is no
/// longer ours.
pub(super) fn claim(parent: &OpenDirectory, name: &OsStr) -> io::Result<Option<OpenDirectory>> {
    let directory = match parent.open_entry(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let is_taken = match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => true,
        // No run removes leftovers on a file system without locks.
        Ok(()) | Err(_) => false,
    };
    // In another user's directory, someone may have put a different directory at this name.
    let is_new = |directory: &OpenDirectory| {
        directory
            .names(|_| true)
            .is_ok_and(|names| names.is_empty())
    };
    let is_ours = |directory: &OpenDirectory| {
        is_private(directory) && parent.holds(name, directory) && is_new(directory)
    };
    Ok(Some(directory).filter(|directory| !is_taken && is_ours(directory)))
}

/// Whether a directory belongs to the user and no other user has access.
pub(super) fn is_private(directory: &OpenDirectory) -> bool {
    let stat = directory.stat();
    stat.st_uid == geteuid().as_raw() && !mode(stat).intersects(Mode::RWXG | Mode::RWXO)
}

/// How many times a directory is emptied before it is left to the next run.
const REMOVALS: usize = 10;

/// Removes a directory with its content. A program that a killed run started may still be writing
/// to it.
pub(super) fn remove(
    parent: &OpenDirectory,
    name: &OsStr,
    directory: &OpenDirectory,
) -> io::Result<()> {
    for _ in 0..REMOVALS {
        directory.remove_content(IGNORE_FILE)?;
        match unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            result => return Ok(result?),
        }
    }
    Err(Errno::NOTEMPTY.into())
}
