//! A private folder that goes with the command: plaintext lives there, on no disk.

use std::env;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// A folder with mode 0700. It goes with all that is in it when it is dropped.
pub(crate) struct PrivateFolder(TempDir);

impl PrivateFolder {
    /// Makes one on a memory file system; where there is none, on the disk if that is allowed.
    pub(crate) fn for_plaintext(ui: &Ui, allow_disk: bool) -> Result<Self, CommandError> {
        if let Some(folder) = in_memory() {
            return Ok(folder);
        }
        if !allow_disk {
            return Err(CommandError::new(
                Code::CannotWriteOutput,
                "there is no memory file system for the plaintext: neither $XDG_RUNTIME_DIR nor /dev/shm can be used",
            )
            .hint("`--allow-disk` puts the plaintext into the folder for temporary files, where traces of it may stay on the disk"));
        }
        ui.warn(format_args!(
            "the plaintext is in {}, where traces of it may stay on the disk",
            name_of(&env::temp_dir())
        ));
        temporary()
    }

    /// Makes one for pipes, whose content is on no disk wherever they are.
    pub(crate) fn for_pipes() -> Result<Self, CommandError> {
        in_memory().map_or_else(temporary, Ok)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes a file in it that only the owner may read and write.
    pub(crate) fn create(&self, name: &Path, content: &[u8]) -> Result<PathBuf, CommandError> {
        let path = self.0.path().join(name);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(content))
            .map_err(|error| CommandError::output(name_of(&path), &error))?;
        Ok(path)
    }

    /// Leaves the folder where it is.
    pub(crate) fn keep(self) {
        let _ = self.0.keep();
    }
}

/// A folder on a memory file system, if there is one that can be used.
fn in_memory() -> Option<PrivateFolder> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let candidates = runtime.into_iter().chain([PathBuf::from("/dev/shm")]);
    candidates
        .filter(|path| path.is_absolute() && is_in_memory(path))
        .find_map(|parent| new_in(&parent).ok())
}

/// A folder in the one for temporary files.
fn temporary() -> Result<PrivateFolder, CommandError> {
    let parent = env::temp_dir();
    new_in(&parent).map_err(|error| CommandError::output(name_of(&parent), &error))
}

fn new_in(parent: &Path) -> std::io::Result<PrivateFolder> {
    Builder::new()
        .prefix("sops-rs-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map(PrivateFolder)
}

/// Whether the folder is on a file system that has no disk below it.
#[cfg(target_os = "linux")]
fn is_in_memory(folder: &Path) -> bool {
    // TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
    const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    rustix::fs::statfs(folder).is_ok_and(|system| IN_MEMORY.contains(&(system.f_type as u64)))
}

/// Other systems have none at a known place.
#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &Path) -> bool {
    false
}
