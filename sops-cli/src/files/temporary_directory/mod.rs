//! A directory for temporary files. It is locked while in use, and removed at the end or by a later
//! run.

mod claim;
mod kind;
mod leftovers;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, mkdirat, renameat, unlinkat};
use rustix::io::Errno;

use self::claim::{claim, remove};
use self::kind::{IGNORE_ALL, IGNORE_FILE, random_name};
use super::directory::OpenDirectory;

pub(crate) use self::kind::{DirectoryKind, FileContent, is_temporary};
pub(crate) use self::leftovers::remove_leftovers;

/// How many times to try another name if other runs remove each new directory as a leftover.
const ATTEMPTS: usize = 100;

/// A directory with mode 0700. Dropping it removes it with its content.
pub(crate) struct TemporaryDirectory {
    parent: Arc<OpenDirectory>,
    name: OsString,
    directory: OpenDirectory,
    is_kept: bool,
}

impl TemporaryDirectory {
    /// Creates a directory of this kind and removes the leftovers of killed runs.
    pub(crate) fn create(parent: OpenDirectory, kind: DirectoryKind) -> io::Result<Self> {
        remove_leftovers(&parent, kind);
        for _ in 0..ATTEMPTS {
            let name = random_name(kind.prefix);
            match mkdirat(&parent, &name, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                result => result?,
            }
            match claim(&parent, &name) {
                Ok(Some(directory)) => {
                    // If writing fails, dropping this removes the directory.
                    let created = Self {
                        parent: Arc::new(parent),
                        name,
                        directory,
                        is_kept: false,
                    };
                    if kind.content == FileContent::Staged {
                        created
                            .directory
                            .create_file(IGNORE_FILE, Mode::RUSR | Mode::WUSR)?
                            .write_all(IGNORE_ALL)?;
                    }
                    return Ok(created);
                }
                // Another run removed it as a leftover before it was locked.
                Ok(None) => {}
                Err(error) => {
                    let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
                    return Err(error);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn parent(&self) -> &Arc<OpenDirectory> {
        &self.parent
    }

    pub(super) fn directory(&self) -> &OpenDirectory {
        &self.directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join(&self.name)
    }

    /// Keeps the directory under a name that is not recognized as a leftover, and returns its path.
    pub(crate) fn keep(mut self, prefix: &str) -> PathBuf {
        let name = random_name(prefix);
        if renameat(&*self.parent, &self.name, &*self.parent, &name).is_ok() {
            self.name = name;
        }
        self.is_kept = true;
        self.path()
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // The next run removes what remains after an error.
        let _ = remove(&self.parent, &self.name, &self.directory);
    }
}
