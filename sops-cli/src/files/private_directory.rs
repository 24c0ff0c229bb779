//! A private directory for plaintext, in memory if possible. It is removed when the command ends.

use std::env;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::directory::OpenDirectory;
use super::platform::is_in_memory;
use super::temporary_directory::{
    DirectoryKind, FileContent, TemporaryDirectory, remove_leftovers,
};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// The kind of these directories. Older versions left out `run-` in the names and did not lock the
/// directories, so those may be in use.
const KIND: DirectoryKind = DirectoryKind {
    prefix: "sops-rs-run-",
    content: FileContent::Plaintext,
};

/// The prefix of directories that contain text which the user still needs.
const KEPT_PREFIX: &str = "sops-rs-kept-";

/// A directory with mode 0700. Dropping it removes it with its content.
pub(crate) struct PrivateDirectory(TemporaryDirectory);

impl PrivateDirectory {
    /// Creates a directory on a memory file system, or on disk if that is missing and `allow_disk`
    /// is set.
    pub(crate) fn for_plaintext(ui: &Ui, allow_disk: bool) -> Result<Self, CommandError> {
        if let Some(directory) = in_memory() {
            return Ok(directory);
        }
        if !allow_disk {
            return Err(CommandError::new(
                Code::CannotWriteOutput,
                "there is no memory file system for the plaintext: neither $XDG_RUNTIME_DIR nor /dev/shm can be used",
            )
            .hint("`--allow-disk` puts the plaintext into the directory for temporary files, where traces of it may stay on the disk"));
        }
        ui.warn(format_args!(
            "the plaintext is in {}, where traces of it may stay on the disk",
            name_of(&env::temp_dir())
        ));
        temporary()
    }

    /// Creates a directory for pipes. It may be anywhere, because the content of a pipe never
    /// reaches a disk.
    pub(crate) fn for_pipes() -> Result<Self, CommandError> {
        in_memory().map_or_else(temporary, Ok)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// Creates a file in the directory with mode 0600.
    pub(crate) fn create(&self, name: &Path, content: &[u8]) -> Result<PathBuf, CommandError> {
        let path = self.path().join(name);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(content))
            .map_err(|error| CommandError::output(name_of(&path), &error))?;
        Ok(path)
    }

    /// Leaves the directory to the user and returns its new path.
    pub(crate) fn keep(self) -> PathBuf {
        self.0.keep(KEPT_PREFIX)
    }
}

/// Creates a directory on a usable memory file system, and removes the leftovers of killed runs
/// from all memory file systems.
fn in_memory() -> Option<PrivateDirectory> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let candidates = runtime.into_iter().chain([PathBuf::from("/dev/shm")]);
    let mut created = None;
    for path in candidates.filter(|path| path.is_absolute() && is_in_memory(path)) {
        if created.is_none() {
            created = create_in(&path).ok();
        } else if let Ok(directory) = OpenDirectory::open(&path) {
            remove_leftovers(&directory, KIND);
        }
    }
    created
}

/// Creates a directory in the system's temporary directory.
fn temporary() -> Result<PrivateDirectory, CommandError> {
    let parent = env::temp_dir();
    create_in(&parent).map_err(|error| CommandError::output(name_of(&parent), &error))
}

fn create_in(parent: &Path) -> io::Result<PrivateDirectory> {
    let parent = OpenDirectory::open(parent)?;
    TemporaryDirectory::create(parent, KIND).map(PrivateDirectory)
}
