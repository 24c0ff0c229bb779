//! Stages new files next to the files that they replace, until all of them are on disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, Stat};
use sha2::{Digest, Sha256};

use super::attributes;
use super::conditions::{Expected, Readers};
use super::directory::{OpenDirectory, is_of_another, is_same};
use super::errors::{failed, readable_by_another};
use super::target::{OldFile, WriteTarget};
use super::temporary_directory::{DirectoryKind, FileContent, TemporaryDirectory};
use crate::command_error::CommandError;

/// The temporary directories next to the files that are written.
pub(super) const KIND: DirectoryKind = DirectoryKind {
    prefix: ".sops-rs-",
    content: FileContent::Staged,
};

/// The staged files of one run, with one temporary directory in each directory that the run writes
/// to.
#[derive(Default)]
pub(crate) struct Staging(pub(super) Mutex<Vec<Arc<StagingDirectory>>>);

/// A temporary directory next to the files that are written.
pub(super) struct StagingDirectory {
    temporary: TemporaryDirectory,
    next: AtomicUsize,
}

/// A staged file that will replace another. It is removed with its temporary directory.
pub(crate) struct StagedReplacement {
    pub(super) directory: Arc<StagingDirectory>,
    /// The name in the temporary directory.
    pub(super) name: String,
    pub(super) target: WriteTarget,
    pub(super) old: Option<Stat>,
    pub(super) expected: Expecting,
    readers: Readers,
}

/// [`Expected`], with a digest instead of the content.
pub(super) enum Expecting {
    /// The SHA-256 of the content, which may be large.
    Content([u8; 32]),
    Nothing,
    Anything,
}

impl Staging {
    /// Writes a file next to the one at `path`. [`Self::commit`] moves it into place.
    pub(crate) fn stage(
        &self,
        path: &Path,
        content: &[u8],
        expected: Expected<'_>,
        readers: Readers,
    ) -> Result<StagedReplacement, CommandError> {
        let (parent, target) = WriteTarget::find(path)?;
        let old = target.open(&parent)?;
        let refused =
            |error: &io::Error, parent: &Path| target.refused(parent, old.is_some(), error);
        let parent_path = parent.path().to_owned();
        let directory = self
            .directory(parent)
            .map_err(|error| refused(&error, &parent_path))?;
        let mode = match (&old, readers) {
            (Some(_), _) | (None, Readers::Owner) => 0o600,
            (None, Readers::Usual) => 0o666,
            (None, Readers::Executable) => 0o777,
        };
        let (file, name) = directory
            .create(Mode::from_raw_mode(mode))
            .map_err(|error| refused(&error, &parent_path))?;
        let staged = StagedReplacement {
            directory,
            name,
            expected: match expected {
                Expected::Content(content) => Expecting::Content(Sha256::digest(content).into()),
                Expected::Nothing => Expecting::Nothing,
                Expected::Anything => Expecting::Anything,
            },
            old: old.as_ref().map(|old| old.stat),
            target,
            readers,
        };
        if let Some(old) = &old {
            staged.take_attributes(&file, old)?;
        }
        (&file)
            .write_all(content)
            .map_err(|error| failed(path, &error))?;
        Ok(staged)
    }

    /// The temporary directory in `parent`.
    fn directory(&self, parent: OpenDirectory) -> io::Result<Arc<StagingDirectory>> {
        let mut directories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = directories
            .iter()
            .find(|known| is_same(known.parent().stat(), parent.stat()));
        if let Some(known) = known {
            return Ok(Arc::clone(known));
        }
        let temporary = TemporaryDirectory::create(parent, KIND)?;
        let directory = Arc::new(StagingDirectory {
            temporary,
            next: AtomicUsize::new(0),
        });
        directories.push(Arc::clone(&directory));
        Ok(directory)
    }
}

impl StagingDirectory {
    pub(super) fn parent(&self) -> &Arc<OpenDirectory> {
        self.temporary.parent()
    }

    pub(super) fn temporary(&self) -> &OpenDirectory {
        self.temporary.directory()
    }

    fn create(&self, mode: Mode) -> io::Result<(File, String)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = number.to_string();
        Ok((self.temporary().create_file(&name, mode)?, name))
    }
}

impl StagedReplacement {
    /// Gives `file`, which is this staged file, the attributes of the file that it replaces.
    pub(super) fn take_attributes(&self, file: &File, old: &OldFile) -> Result<(), CommandError> {
        if !self.takes_file_over(&old.stat) {
            return attributes::keep(file, old).map_err(|error| failed(&self.target.path, &error));
        }
        if matches!(self.expected, Expecting::Content(_)) {
            return attributes::keep_for_owner(file, old)
                .map_err(|error| failed(&self.target.path, &error));
        }
        // The owner may have created this file to receive the plaintext.
        Err(readable_by_another(&self.target.shown(), &old.stat)
            .hint("write to another file, or remove this one first: only you can read a new file"))
    }

    /// Whether the new file belongs to the user because the old file's owner must not get the
    /// plaintext.
    pub(super) fn takes_file_over(&self, old: &Stat) -> bool {
        matches!(self.readers, Readers::Owner) && is_of_another(old)
    }

    /// Opens the staged file.
    pub(super) fn open(&self, access: OFlags) -> io::Result<File> {
        let (file, _) = self
            .directory
            .temporary()
            .open_file(self.name.as_ref(), access)?;
        Ok(file)
    }
}
