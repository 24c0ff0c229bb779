//! Resolves the path of a file to write. The path is resolved once; afterwards, only open
//! directories and files are used.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, Stat, readlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;
use sops_lint::shell_path;

use super::directory::{OpenDirectory, is_regular, mode};
use super::errors::check_directory;
use crate::command_error::{Code, CommandError, name_of};

/// The permission of the group or of others to create files in a directory.
const SHARED: Mode = Mode::WGRP.union(Mode::WOTH);

/// The maximum number of symbolic links that are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// A regular file, or the name of a new one.
pub(super) struct WriteTarget {
    /// The path as the user entered it.
    pub(super) path: PathBuf,
    pub(super) name: OsString,
    is_linked: bool,
}

/// The file that is replaced, open for writing.
pub(super) struct OldFile {
    pub(super) file: File,
    pub(super) stat: Stat,
}

impl WriteTarget {
    /// Follows symbolic links from `path`. Also returns the directory that contains the file.
    pub(super) fn find(path: &Path) -> Result<(OpenDirectory, Self), CommandError> {
        let (directory, name, is_linked) = follow(path).map_err(|error| {
            let reason = check_directory(path).err();
            reason.unwrap_or_else(|| CommandError::output(name_of(path), &error))
        })?;
        let target = Self {
            path: path.to_owned(),
            name,
            is_linked,
        };
        Ok((directory, target))
    }

    /// Opens the current file. It is an error if it may not be written or replaced.
    pub(super) fn open(&self, directory: &OpenDirectory) -> Result<Option<OldFile>, CommandError> {
        let unopened = |error: &io::Error| CommandError::output(self.shown(), error);
        let stat = directory
            .entry(&self.name)
            .map_err(|error| unopened(&error))?;
        let Some(stat) = stat else {
            // A dangling link.
            return match self.is_linked {
                true => Err(unopened(&io::Error::from(Errno::NOENT))),
                false => Ok(None),
            };
        };
        if !is_regular(&stat) {
            let message = format!(
                "{} is not a regular file and cannot be replaced",
                self.shown()
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message));
        }
        // Write permission on the directory is enough to replace a file, but a read-only file must
        // be respected.
        let (file, stat) = directory
            .open_file(&self.name, OFlags::WRONLY)
            .map_err(|error| unopened(&error))?;
        if is_for_owners_only(directory, &stat) {
            let denied = io::ErrorKind::PermissionDenied.into();
            return Err(self.refused(directory.path(), true, &denied));
        }
        if may_be_planted(directory, &stat) {
            let message = format!(
                "{} belongs to another user (uid {}), and other users can create files in {}; nothing was written",
                self.shown(),
                stat.st_uid,
                shown(directory.path())
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("someone may have created it to receive your data; use another directory"));
        }
        Ok(Some(OldFile { file, stat }))
    }

    /// The error for a directory in which a file can't be created.
    pub(super) fn refused(
        &self,
        directory: &Path,
        exists: bool,
        error: &io::Error,
    ) -> CommandError {
        let name = self.shown();
        let is_of_directory = matches!(
            error.kind(),
            // A mount point is busy, such as a file that is mounted into a container.
            io::ErrorKind::PermissionDenied | io::ErrorKind::ResourceBusy
        );
        if !exists || !is_of_directory {
            return CommandError::output(name, error);
        }
        let message = format!(
            "cannot replace {name}: its directory, {}, does not allow it",
            shown(directory)
        );
        CommandError::new(Code::CannotWriteOutput, message)
            .hint("sops-rs replaces whole files, so that an interrupted write loses nothing; nothing was changed")
            .hint(format!(
                "work on a copy in a directory of your own, then put it back with `cat <COPY> > {}`",
                shell_path(&name)
            ))
    }

    /// The name of the file in messages.
    pub(super) fn shown(&self) -> String {
        name_of(&self.path)
    }
}

/// The name of a directory in messages. It is the full path, because `.` would not identify it.
fn shown(directory: &Path) -> String {
    let whole = directory.canonicalize();
    name_of(whole.as_deref().unwrap_or(directory))
}

/// Resolves `path` to a directory and a name, and returns whether a symbolic link was followed.
fn follow(path: &Path) -> io::Result<(OpenDirectory, OsString, bool)> {
    let mut directory = OpenDirectory::open(parent(path))?;
    let mut name = last(path)?.to_owned();
    for links in 0..=MAX_LINKS {
        let link = match readlinkat(&directory, &name, Vec::new()) {
            Ok(link) => PathBuf::from(OsString::from_vec(link.into_bytes())),
            // The entry does not exist or is not a link.
            Err(Errno::NOENT | Errno::INVAL) => return Ok((directory, name, links > 0)),
            Err(error) => return Err(error.into()),
        };
        if let Some(entry) = directory.entry(&name)?
            && mode(directory.stat()).contains(Mode::SVTX | Mode::WOTH)
            && !is_of(&entry, directory.stat())
        {
            // Follows the rule of `fs.protected_symlinks` on Linux, which applies only to links
            // that the kernel follows.
            return Err(Errno::ACCESS.into());
        }
        directory = directory.open_below(parent(&link))?;
        name = last(&link)?.to_owned();
    }
    Err(Errno::LOOP.into())
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn last(path: &Path) -> io::Result<&OsStr> {
    // `/` and `..` are directories.
    path.file_name().ok_or_else(|| Errno::ISDIR.into())
}

/// Whether an entry of a directory belongs to the current user or to the directory's owner.
fn is_of(entry: &Stat, directory: &Stat) -> bool {
    entry.st_uid == geteuid().as_raw() || entry.st_uid == directory.st_uid
}

/// Whether only owners may replace files in the directory, and the file belongs to another user.
fn is_for_owners_only(directory: &OpenDirectory, old: &Stat) -> bool {
    let user = geteuid();
    !user.is_root()
        && mode(directory.stat()).contains(Mode::SVTX)
        && ![old.st_uid, directory.stat().st_uid].contains(&user.as_raw())
}

/// Whether another user may have planted the file. This is the rule of `fs.protected_regular` on
/// Linux, which applies only to files opened with `O_CREAT`.
fn may_be_planted(directory: &OpenDirectory, old: &Stat) -> bool {
    let mode = mode(directory.stat());
    mode.contains(Mode::SVTX) && mode.intersects(SHARED) && !is_of(old, directory.stat())
}
