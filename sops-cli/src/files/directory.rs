//! An open directory. Operations on it use the same directory even if its path changes.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::platform::open_unlistable;

/// A directory, and its owner and mode when it was opened.
pub(crate) struct OpenDirectory {
    fd: OwnedFd,
    /// The path with which it was opened; only for messages.
    path: PathBuf,
    stat: Stat,
}

impl OpenDirectory {
    /// Opens the directory at `path`, following symbolic links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(CWD, path, path.to_owned(), OFlags::empty())
    }

    /// Opens `path` relative to this directory, following symbolic links. An absolute path starts
    /// at the root.
    pub(super) fn open_below(&self, path: &Path) -> io::Result<Self> {
        Self::open_at(self, path, self.path.join(path), OFlags::empty())
    }

    /// Opens the subdirectory with this name. A symbolic link is an error.
    pub(super) fn open_entry(&self, name: &OsStr) -> io::Result<Self> {
        Self::open_at(
            self,
            Path::new(name),
            self.path.join(name),
            OFlags::NOFOLLOW,
        )
    }

    fn open_at(base: impl AsFd, path: &Path, shown: PathBuf, flags: OFlags) -> io::Result<Self> {
        let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = match openat(&base, path, flags | OFlags::RDONLY, Mode::empty()) {
            Err(Errno::ACCESS) => open_unlistable(&base, path, flags).unwrap_or(Err(Errno::ACCESS)),
            result => result,
        }?;
        let stat = fstat(&fd)?;
        Ok(Self {
            fd,
            path: shown,
            stat,
        })
    }

    /// Opens a regular file in this directory. A symbolic link or another kind of file is an error.
    pub(super) fn open_file(&self, name: &OsStr, access: OFlags) -> io::Result<(File, Stat)> {
        // Opening a pipe must not block, and opening a terminal must not make it the controlling
        // terminal.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = openat(self, name, flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        if !is_regular(&stat) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok((fd.into(), stat))
    }

    /// Creates a file, subject to the umask. An existing file is an error.
    pub(super) fn create_file(&self, name: &str, mode: Mode) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(openat(self, name, flags, mode)?.into())
    }

    /// The entry with this name, without following a symbolic link.
    pub(super) fn entry(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether `name` still refers to `entry`.
    pub(super) fn holds(&self, name: &OsStr, entry: &OpenDirectory) -> bool {
        let current = self.entry(name).ok().flatten();
        current.is_some_and(|current| is_same(&current, &entry.stat))
    }

    /// The names in this directory that satisfy `is_wanted`.
    pub(super) fn names(&self, is_wanted: impl Fn(&[u8]) -> bool) -> io::Result<Vec<CString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(self)? {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") && is_wanted(name.to_bytes()) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// All names in this directory, `last` after the others.
    pub(super) fn all_names(&self, last: &str) -> io::Result<Vec<CString>> {
        let mut names = self.names(|_| true)?;
        names.sort_by_key(|name| name.as_bytes() == last.as_bytes());
        Ok(names)
    }

    /// Removes everything in this directory, the entry `last` after the others. Never enters
    /// another file system or follows a link.
    pub(super) fn remove_content(&self, last: &str) -> io::Result<()> {
        for name in self.all_names(last)? {
            // The error code for unlinking a directory differs between systems.
            let Err(error) = unlinkat(self, &name, AtFlags::empty()) else {
                continue;
            };
            let name = as_os_str(&name);
            let directory = self.open_entry(name).map_err(|_| io::Error::from(error))?;
            if directory.stat.st_dev != self.stat.st_dev {
                return Err(Errno::XDEV.into());
            }
            directory.remove_content(last)?;
            unlinkat(self, name, AtFlags::REMOVEDIR)?;
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn stat(&self) -> &Stat {
        &self.stat
    }
}

impl AsFd for OpenDirectory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A name as an `OsStr`.
pub(super) fn as_os_str(name: &CString) -> &OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes())
}

/// Whether both describe the same file (device and inode).
pub(super) fn is_same(left: &Stat, right: &Stat) -> bool {
    left.st_dev == right.st_dev && left.st_ino == right.st_ino
}

/// Whether a file belongs to a user other than the current one and root.
pub(super) fn is_of_another(file: &Stat) -> bool {
    ![geteuid().as_raw(), 0].contains(&file.st_uid)
}

pub(super) fn is_regular(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// The permission bits, with the set-user-ID, set-group-ID and sticky bits.
pub(super) fn mode(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
}
