//! Files are replaced as a whole or not at all: written beside, synced, and renamed.

mod attributes;
mod place;

use std::fs::Permissions;
use std::io::{self, Read, Write};
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile, TempPath};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::signals::Deferred;
use crate::ui::Ui;

use place::Place;

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
    ui: &Ui,
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
            .map_err(|error| CommandError::output(name_of(path), &error))?
            .write_all(content)
            .map_err(|error| failed(path, &error));
    }
    let _signals = Deferred::new();
    let staged = stage(path, content, expected, readers)?;
    commit(ui, vec![staged]).into_iter().collect()
}

/// Whether the file at `path` can be written, told before there is anything to write.
pub(crate) fn check(path: &Path) -> Result<(), CommandError> {
    stage(path, &[], Expected::Anything, Readers::Owner).map(drop)
}

/// A file that is written beside the one whose place it is to take; it goes when it is dropped.
pub(crate) struct Staged {
    place: Place,
    temporary: TempPath,
    expected: Expecting,
}

/// What has to be at the place when it is taken, as [`Expected`].
enum Expecting {
    /// The SHA-256 of the content, which may be large.
    Content([u8; 32]),
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
    let place = Place::find(path)?;
    let mode = match (&place.old, readers) {
        (Some(_), _) | (None, Readers::Owner) => 0o600,
        (None, Readers::Usual) => 0o666,
    };
    let temporary = temporary(place.folder(), mode).map_err(|error| place.refused(&error))?;
    fill(&temporary, content, &place).map_err(|error| failed(path, &error))?;
    Ok(Staged {
        place,
        // Many of them are not to use up the files that a process may have open.
        temporary: temporary.into_temp_path(),
        expected: match expected {
            Expected::Content(content) => Expecting::Content(Sha256::digest(content).into()),
            Expected::Nothing => Expecting::Nothing,
            Expected::Anything => Expecting::Anything,
        },
    })
}

/// Puts the files into their places, as soon as all of them are on the disk. Gives the outcomes in the same order.
pub(crate) fn commit(ui: &Ui, staged: Vec<Staged>) -> Vec<Result<(), CommandError>> {
    let synced = sync(&staged);
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut outcomes = Vec::with_capacity(staged.len());
    for (staged, synced) in staged.into_iter().zip(synced) {
        let folder = staged.place.folder().to_owned();
        outcomes.push(match synced {
            Ok(()) => staged.persist(ui),
            Err(error) => Err(failed(&staged.place.path, &error)),
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
    fn persist(self, ui: &Ui) -> Result<(), CommandError> {
        let Self {
            place,
            temporary,
            expected,
        } = self;
        let name = name_of(&place.path);
        let changed = || {
            let message =
                format!("{name} was changed by another program meanwhile; it is left as it is now");
            Err(CommandError::new(Code::CannotWriteOutput, message))
        };
        let persisted = match expected {
            Expecting::Content(content) => {
                if digest(&place.target).ok() != Some(content) {
                    return changed();
                }
                temporary.persist(&place.target)
            }
            Expecting::Nothing => temporary.persist_noclobber(&place.target),
            Expecting::Anything => temporary.persist(&place.target),
        };
        match persisted {
            Ok(()) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return changed(),
            Err(error) => return Err(place.refused(&error.error)),
        }
        if place.has_other_names() {
            ui.warn(format_args!(
                "{name} was one of several names of its file (hard links); the others keep the old content"
            ));
        }
        Ok(())
    }
}

/// The SHA-256 of the file's content.
fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = std::fs::File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            length => digest.update(&buffer[..length]),
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
            rustix::fs::syncfs(std::fs::File::open(staged.place.folder())?)?;
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
    CommandError::output(name_of(path), error).with_code(Code::Generic)
}

fn temporary(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    // A name of its own, since that of the file may be as long as a name can be.
    Builder::new()
        .prefix(".sops-rs-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        // The error itself would name the temporary file.
        .map_err(|error| io::Error::from(error.kind()))
}

fn fill(temporary: &NamedTempFile, content: &[u8], place: &Place) -> io::Result<()> {
    let mut file = temporary.as_file();
    if let Some(old) = &place.old {
        attributes::keep(file, &place.target, old)?;
    }
    file.write_all(content)
}
