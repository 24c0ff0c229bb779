//! Files are replaced as a whole or not at all: written beside, synced, and renamed.

use std::fs::{Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::command_error::{Code, CommandError, name_of};
use crate::signals::Deferred;

/// What has to be at the place that is written.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The file with this content, as it was read.
    Content(&'a [u8]),
    /// No file.
    Nothing,
    /// Either.
    Anything,
}

/// Who may read a file that is new; one that is replaced keeps its mode.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    /// Whoever the process's mask allows.
    Usual,
    /// The owner, since it holds secrets.
    Owner,
}

/// Writes `content` to the file at `path`, following symbolic links. On an error, and on a signal, the file is as it was.
pub(crate) fn write(
    path: &Path,
    content: &[u8],
    expected: Expected<'_>,
    readers: Readers,
) -> Result<(), CommandError> {
    // `sops` has a code of its own only for a file that cannot be opened.
    let failed =
        |error: io::Error| CommandError::output(name_of(path), &error).with_code(Code::Generic);
    let unopened = |error: io::Error| CommandError::output(name_of(path), &error);
    let old = match path.metadata() {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unopened(error)),
    };
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        if !matches!(expected, Expected::Anything) {
            let message = format!(
                "{} is no regular file and cannot be replaced",
                name_of(path)
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message));
        }
        // A pipe or a device such as /dev/stdout. Signals end the process while it waits for a reader.
        let device = std::fs::OpenOptions::new().write(true).open(path);
        return device.map_err(unopened)?.write_all(content).map_err(failed);
    }
    let _signals = Deferred::new();
    let target = target(path).map_err(unopened)?;
    // The folder's own error would name the temporary file.
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mode = match (&old, readers) {
        (Some(_), _) | (None, Readers::Owner) => 0o600,
        (None, Readers::Usual) => 0o666,
    };
    let temporary = temporary(folder, &target, mode).map_err(unopened)?;
    fill(&temporary, content, old.as_ref()).map_err(failed)?;
    let changed = || {
        CommandError::new(
            Code::CannotWriteOutput,
            format!(
                "{} was changed by another program meanwhile; it is left as it is now",
                name_of(path)
            ),
        )
    };
    let persisted = match expected {
        Expected::Content(content) => {
            if std::fs::read(&target).ok().as_deref() != Some(content) {
                return Err(changed());
            }
            temporary.persist(&target)
        }
        Expected::Nothing => temporary.persist_noclobber(&target),
        Expected::Anything => temporary.persist(&target),
    };
    match persisted {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(changed()),
        Err(error) => return Err(failed(error.error)),
    }
    // The new name is on the disk as soon as the folder is; some file systems cannot sync one.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
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

fn temporary(folder: &Path, target: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))
}

fn fill(temporary: &NamedTempFile, content: &[u8], old: Option<&Metadata>) -> io::Result<()> {
    let mut file = temporary.as_file();
    if let Some(old) = old {
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            // Only the administrator may give a file away; for others the file is theirs from now on.
            let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        }
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
    }
    file.write_all(content)?;
    file.sync_all()
}
