//! Walks a directory, without the files that Git ignores. The `.gitignore` files are untrusted.
//!
//! In a repository, only what Git reads counts: the `.gitignore` files up to its root, and the
//! user's exclude files. They do not apply to files that Git tracks, so callers look at
//! [`Tracked`](crate::git::Tracked) too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};
use sops_core::reading::CONFIG_LIMIT;

use crate::command_error::{Code, CommandError, name_of};
use crate::git::root_above;

/// The files that list what to ignore. In a repository, only the first one is read.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// A walk that has not started yet.
pub(crate) struct Walking {
    pub(crate) builder: WalkBuilder,
    /// An ignore file that cannot be used. Its directory was not entered.
    unusable: Arc<Mutex<Option<PathBuf>>>,
}

impl Walking {
    /// Walks a directory and its subdirectories, except `.git`.
    ///
    /// # Errors
    /// The directory, or one above it, has a `.gitignore` that is not a regular file of bounded
    /// size: reading it could take forever.
    pub(crate) fn new(directory: &Path) -> Result<Self, CommandError> {
        Self::except(directory, |_| false)
    }

    /// Like [`new`](Self::new), without the entries for which `is_left_out` returns true.
    pub(crate) fn except(
        directory: &Path,
        is_left_out: impl Fn(&DirEntry) -> bool + Send + Sync + 'static,
    ) -> Result<Self, CommandError> {
        let real = directory.canonicalize();
        let root = real.as_deref().ok().and_then(root_above);
        let files = match root {
            Some(_) => &IGNORE_FILES[..1],
            None => &IGNORE_FILES,
        };
        let above = real.iter().flat_map(|real| real.ancestors());
        let above = above.take_while(|above| root.is_none_or(|root| above.starts_with(root)));
        if let Some(file) = above.filter_map(|above| unusable(above, files)).next() {
            return Err(refused(&file));
        }
        let unusable_file: Arc<Mutex<Option<PathBuf>>> = Arc::default();
        let mut builder = WalkBuilder::new(directory);
        builder.hidden(false).require_git(root.is_some());
        builder.ignore(root.is_none()).filter_entry({
            let unusable_file = Arc::clone(&unusable_file);
            move |entry| {
                let is_walked = entry.file_name() != ".git" && !is_left_out(entry);
                is_walked && is_entered(entry, files, &unusable_file)
            }
        });
        Ok(Self {
            builder,
            unusable: unusable_file,
        })
    }

    /// Checks that the walk entered every directory.
    ///
    /// # Errors
    /// The same as for [`new`](Self::new), for a directory found during the walk.
    pub(crate) fn finish(&self) -> Result<(), CommandError> {
        let unusable = self.unusable.lock();
        match &*unusable.unwrap_or_else(PoisonError::into_inner) {
            Some(file) => Err(refused(file)),
            None => Ok(()),
        }
    }
}

/// Whether the walk can continue with the entry.
fn is_entered(entry: &DirEntry, files: &[&str], unusable_file: &Mutex<Option<PathBuf>>) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return true;
    }
    let Some(file) = unusable(entry.path(), files) else {
        return true;
    };
    *unusable_file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    false
}

/// The ignore file of a directory, if it cannot be read safely.
fn unusable(directory: &Path, files: &[&str]) -> Option<PathBuf> {
    let mut files = files.iter().map(|name| directory.join(name));
    files.find(|file| {
        // A directory with this name is harmless, because nothing reads it.
        fs::metadata(file).is_ok_and(|metadata| {
            let is_regular = metadata.is_file() && metadata.len() <= CONFIG_LIMIT;
            !is_regular && !metadata.is_dir()
        })
    })
}

fn refused(file: &Path) -> CommandError {
    let message = format!(
        "cannot read {}: not a regular file of at most 4 MiB",
        name_of(file)
    );
    CommandError::new(Code::CannotReadInput, message)
        .hint("delete it, or replace it with a regular file")
}
