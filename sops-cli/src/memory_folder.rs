//! A private folder that is never on a disk: plaintext that a person edits lives there.

use std::env;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// A folder with mode 0700 on a memory file system. It goes with all that is in it when it is dropped.
pub(crate) struct MemoryFolder(TempDir);

impl MemoryFolder {
    /// Makes one; where there is no memory file system, on the disk if that is allowed.
    pub(crate) fn new(ui: &Ui, allow_disk: bool) -> Result<Self, CommandError> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let candidates = runtime.into_iter().chain([PathBuf::from("/dev/shm")]);
        for candidate in candidates.filter(|path| path.is_absolute() && is_in_memory(path)) {
            if let Ok(folder) = private_folder(&candidate) {
                return Ok(Self(folder));
            }
        }
        if !allow_disk {
            return Err(CommandError::new(
                Code::CannotWriteOutput,
                "there is no memory file system for the plaintext: neither $XDG_RUNTIME_DIR nor /dev/shm can be used",
            )
            .hint("`--allow-disk` edits the plaintext in the folder for temporary files, where traces of it may stay on the disk"));
        }
        let folder = env::temp_dir();
        ui.warn(format_args!(
            "the plaintext is edited in {}, where traces of it may stay on the disk",
            name_of(&folder)
        ));
        private_folder(&folder)
            .map(Self)
            .map_err(|error| CommandError::output(name_of(&folder), &error))
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

fn private_folder(parent: &Path) -> std::io::Result<TempDir> {
    Builder::new()
        .prefix("sops-rs-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
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
