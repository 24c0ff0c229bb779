//! Files are replaced as a whole or not at all: written beside, synced, and renamed.

use std::fs::{Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};
use zeroize::Zeroizing;

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
    let is_special = path.metadata().is_ok_and(|old| !old.is_file());
    if is_special && matches!(expected, Expected::Anything) {
        // A pipe or a device such as /dev/stdout. Signals end the process while it waits for a reader.
        let device = std::fs::OpenOptions::new().write(true).open(path);
        return device
            .map_err(|error| unopened(path, &error))?
            .write_all(content)
            .map_err(|error| failed(path, &error));
    }
    let _signals = Deferred::new();
    let staged = stage(path, content, expected, readers)?;
    commit(vec![staged]).into_iter().collect()
}

/// A file that is written beside the one whose place it is to take; it goes when it is dropped.
pub(crate) struct Staged {
    path: PathBuf,
    target: PathBuf,
    temporary: TempPath,
    expected: Expecting,
}

/// What has to be at the place when it is taken, as [`Expected`].
enum Expecting {
    Content(Zeroizing<Vec<u8>>),
    Nothing,
    Anything,
}

/// Writes a file beside the one at `path`, for [`commit`] to put into its place.
pub(crate) fn stage(
    path: &Path,
    content: &[u8],
    expected: Expected<'_>,
    readers: Readers,
) -> Result<Staged, CommandError> {
    let old = match path.metadata() {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unopened(path, &error)),
    };
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        let message = format!(
            "{} is no regular file and cannot be replaced",
            name_of(path)
        );
        return Err(CommandError::new(Code::CannotWriteOutput, message));
    }
    let target = target(path).map_err(|error| unopened(path, &error))?;
    if old.is_some() {
        // A folder's permission is enough to replace a file, but not what its owner meant by making it read-only.
        let writable = OpenOptions::new().write(true).open(&target);
        writable.map_err(|error| unopened(path, &error))?;
    }
    let mode = match (&old, readers) {
        (Some(_), _) | (None, Readers::Owner) => 0o600,
        (None, Readers::Usual) => 0o666,
    };
    // The folder's own error would name the temporary file.
    let temporary =
        temporary(folder(&target), &target, mode).map_err(|error| unopened(path, &error))?;
    fill(&temporary, content, old.as_ref()).map_err(|error| failed(path, &error))?;
    Ok(Staged {
        path: path.to_owned(),
        target,
        // Many of them are not to use up the files that a process may have open.
        temporary: temporary.into_temp_path(),
        expected: match expected {
            Expected::Content(content) => Expecting::Content(Zeroizing::new(content.to_vec())),
            Expected::Nothing => Expecting::Nothing,
            Expected::Anything => Expecting::Anything,
        },
    })
}

/// Puts the files into their places, as soon as all of them are on the disk. Gives the outcomes in the same order.
pub(crate) fn commit(staged: Vec<Staged>) -> Vec<Result<(), CommandError>> {
    let synced = sync(&staged);
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut outcomes = Vec::with_capacity(staged.len());
    for (staged, synced) in staged.into_iter().zip(synced) {
        let folder = folder(&staged.target).to_owned();
        outcomes.push(match synced {
            Ok(()) => staged.persist(),
            Err(error) => Err(failed(&staged.path, &error)),
        });
        if folders.last() != Some(&folder) {
            folders.push(folder);
        }
    }
    folders.sort();
    folders.dedup();
    for folder in folders {
        // The new names are on the disk as soon as the folder is; some file systems cannot sync one.
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    outcomes
}

impl Staged {
    fn persist(self) -> Result<(), CommandError> {
        let Self {
            path,
            target,
            temporary,
            expected,
        } = self;
        let changed = || {
            let name = name_of(&path);
            let message =
                format!("{name} was changed by another program meanwhile; it is left as it is now");
            Err(CommandError::new(Code::CannotWriteOutput, message))
        };
        let persisted = match expected {
            Expecting::Content(content) => {
                if std::fs::read(&target).ok().as_deref() != Some(&content[..]) {
                    return changed();
                }
                temporary.persist(&target)
            }
            Expecting::Nothing => temporary.persist_noclobber(&target),
            Expecting::Anything => temporary.persist(&target),
        };
        match persisted {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => changed(),
            Err(error) => Err(failed(&path, &error.error)),
        }
    }
}

/// How many files are synced one by one; more cost less with all that waits to be written to their file system.
const ONE_BY_ONE: usize = 4;

/// Has the files on the disk.
fn sync(staged: &[Staged]) -> Vec<io::Result<()>> {
    if staged.len() > ONE_BY_ONE && sync_file_systems(staged).is_ok() {
        return staged.iter().map(|_| Ok(())).collect();
    }
    let sync = |staged: &Staged| std::fs::File::open(&staged.temporary)?.sync_all();
    staged.iter().map(sync).collect()
}

/// Syncs each file system that has one of the files on it.
#[cfg(target_os = "linux")]
fn sync_file_systems(staged: &[Staged]) -> io::Result<()> {
    let mut synced = Vec::new();
    for staged in staged {
        let device = staged.temporary.metadata()?.dev();
        if !synced.contains(&device) {
            rustix::fs::syncfs(std::fs::File::open(folder(&staged.target))?)?;
            synced.push(device);
        }
    }
    Ok(())
}

/// Other systems sync files only.
#[cfg(not(target_os = "linux"))]
fn sync_file_systems(_: &[Staged]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `sops` has a code of its own only for a file that cannot be opened.
fn failed(path: &Path, error: &io::Error) -> CommandError {
    unopened(path, error).with_code(Code::Generic)
}

fn unopened(path: &Path, error: &io::Error) -> CommandError {
    CommandError::output(name_of(path), error)
}

fn folder(target: &Path) -> &Path {
    target.parent().unwrap_or(Path::new("/"))
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
        let mut mode = old.mode() & 0o7777;
        if new.uid() != old.uid() {
            // Only the administrator may give a file away; for others the file is theirs from now on.
            let _ = fchown(file, Some(old.uid()), None);
        }
        if new.gid() != old.gid() && fchown(file, None, Some(old.gid())).is_err() {
            // What the old group might do is not for another.
            mode &= !0o2070;
        }
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(content)
}
