//! Where a file is to be written, and whether the place allows that.

use std::fs::{Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::command_error::{Code, CommandError, name_of};

/// The bit of a folder in which only the owners of files replace them, as in `/tmp`.
const STICKY: u32 = 0o1000;

/// A regular file, or the place for a new one.
pub(super) struct Place {
    /// As the person named it.
    pub(super) path: PathBuf,
    /// The absolute path behind symbolic links.
    pub(super) target: PathBuf,
    /// The file that stands there.
    pub(super) old: Option<Metadata>,
}

impl Place {
    /// Follows symbolic links from `path`. A file that may not be written or replaced is an error.
    pub(super) fn find(path: &Path) -> Result<Self, CommandError> {
        let unopened = |error: &io::Error| CommandError::output(name_of(path), error);
        let old = match path.metadata() {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unopened(&error)),
        };
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            let message = format!(
                "{} is no regular file and cannot be replaced",
                name_of(path)
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message));
        }
        let place = Self {
            path: path.to_owned(),
            target: target(path).map_err(|error| unopened(&error))?,
            old,
        };
        if let Some(old) = &place.old {
            // A folder's permission is enough to replace a file, but not what its owner meant by making it read-only.
            let writable = OpenOptions::new().write(true).open(&place.target);
            writable.map_err(|error| unopened(&error))?;
            if place.is_for_owners_only(old) {
                return Err(place.refused(&io::ErrorKind::PermissionDenied.into()));
            }
        }
        Ok(place)
    }

    pub(super) fn folder(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("/"))
    }

    /// Whether the file that is replaced stays under another name.
    pub(super) fn has_other_names(&self) -> bool {
        self.old.as_ref().is_some_and(|old| old.nlink() > 1)
    }

    /// The error of a place that does not take a new file.
    pub(super) fn refused(&self, error: &io::Error) -> CommandError {
        let name = name_of(&self.path);
        let is_of_folder = matches!(
            error.kind(),
            // A file on which another is mounted is busy, as in containers.
            io::ErrorKind::PermissionDenied | io::ErrorKind::ResourceBusy
        );
        if self.old.is_none() || !is_of_folder {
            return CommandError::output(name, error);
        }
        let message = format!(
            "cannot replace {name}: it may be written, but {} does not let another file take its place",
            name_of(self.folder())
        );
        CommandError::new(Code::CannotWriteOutput, message)
            .hint("files are replaced as a whole, so that none is lost half written; nothing was changed")
            .hint(format!(
                "work on a copy in a folder of yours, then put it back with `cat <COPY> > {name}`"
            ))
    }

    /// Whether the folder lets only owners replace files, and the file belongs to another.
    fn is_for_owners_only(&self, old: &Metadata) -> bool {
        let user = geteuid();
        let is_owner = |metadata: &Metadata| metadata.uid() == user.as_raw();
        !user.is_root()
            && !is_owner(old)
            && self
                .folder()
                .metadata()
                .is_ok_and(|folder| folder.mode() & STICKY != 0 && !is_owner(&folder))
    }
}

/// The absolute path of what is written: where symbolic links lead, or the path itself if nothing is there.
fn target(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            Ok(folder.join(name))
        }
        result => result,
    }
}
