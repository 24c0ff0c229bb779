//! Removes the temporary directories that killed runs left behind.

use std::ffi::{CString, OsStr};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, flock, unlinkat};
use rustix::process::geteuid;

use super::claim::is_private;
use super::kind::{DirectoryKind, FileContent, IGNORE_ALL, IGNORE_FILE, OLD_SUFFIX, is_temporary};
use crate::files::directory::{OpenDirectory, as_os_str, is_regular, is_same, mode};

/// Removes the leftovers of this user's killed runs. Anything that can't be removed, or that might
/// be something else, stays.
pub(crate) fn remove_leftovers(parent: &OpenDirectory, kind: DirectoryKind) {
    if !is_trusted(parent) {
        return;
    }
    let Ok(names) = parent.names(|name| is_temporary(name, kind)) else {
        return;
    };
    for name in names {
        let name = as_os_str(&name);
        let _ = match name.as_bytes().ends_with(OLD_SUFFIX) {
            true => remove_old_file(parent, name),
            false => remove_leftover(parent, name, kind.content),
        };
    }
}

/// Whether no other user can move one of this user's directories to a name in this directory.
fn is_trusted(parent: &OpenDirectory) -> bool {
    let stat = parent.stat();
    let mode = mode(stat);
    let is_for_everyone = mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX);
    [geteuid().as_raw(), 0].contains(&stat.st_uid) && !is_for_everyone
}

fn remove_leftover(parent: &OpenDirectory, name: &OsStr, content: FileContent) -> io::Result<()> {
    let directory = parent.open_entry(name)?;
    if !is_private(&directory) {
        return Ok(());
    }
    // If the lock is taken, a run still uses the directory.
    flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
    let Some(names) = leftover_names(&directory, content)? else {
        return Ok(());
    };
    if !parent.holds(name, &directory) {
        return Ok(());
    }
    for name in names {
        unlinkat(&directory, &name, AtFlags::empty())?;
    }
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

/// The names in a leftover, in the order of removal; `None` if the directory contains anything that
/// a leftover would not.
pub(super) fn leftover_names(
    directory: &OpenDirectory,
    content: FileContent,
) -> io::Result<Option<Vec<CString>>> {
    let names = directory.all_names(IGNORE_FILE)?;
    for name in &names {
        let name = as_os_str(name);
        let Some(stat) = directory.entry(name)? else {
            return Ok(None);
        };
        let belongs = match content {
            FileContent::Plaintext => FileType::from_raw_mode(stat.st_mode) != FileType::Directory,
            FileContent::Staged if name == IGNORE_FILE => {
                // A run that was killed early may have written only a part of this file.
                let text = beginning(directory, name)?;
                text == IGNORE_ALL || names.len() == 1 && IGNORE_ALL.starts_with(&text)
            }
            FileContent::Staged => {
                is_regular(&stat)
                    && name.as_bytes().iter().all(u8::is_ascii_digit)
                    && names.iter().any(|name| as_os_str(name) == IGNORE_FILE)
            }
        };
        if !belongs {
            return Ok(None);
        }
    }
    Ok(Some(names))
}

/// The first bytes of a file, up to one more than the length of a temporary directory's
/// `.gitignore`.
fn beginning(directory: &OpenDirectory, name: &OsStr) -> io::Result<Vec<u8>> {
    let (file, _) = directory.open_file(name, OFlags::RDONLY)?;
    let mut text = Vec::new();
    file.take(IGNORE_ALL.len() as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

fn remove_old_file(parent: &OpenDirectory, name: &OsStr) -> io::Result<()> {
    let (file, stat) = parent.open_file(name, OFlags::RDONLY)?;
    if stat.st_uid != geteuid().as_raw() {
        return Ok(());
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let current = parent.entry(name)?;
    if current.is_some_and(|current| is_same(&current, &stat)) {
        unlinkat(parent, name, AtFlags::empty())?;
    }
    Ok(())
}
