//! Finds the files that the user names, and those in the directories that the user names.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::path::Path;

use sops_core::reading::{self, FileKind};
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedDocument, Format, encrypted_format, is_encrypted, parse_document,
};
use zeroize::Zeroizing;

use super::BatchFile;
use crate::command_error::{Code, CommandError, name_of};
use crate::files;
use crate::git::Tracked;
use crate::parallel::{self, ItemsPerThread};
use crate::walking::Walking;

/// The error about a directory that cannot be read.
fn unreadable(error: &ignore::Error) -> CommandError {
    let mut path = None;
    let mut inner = error;
    loop {
        match inner {
            ignore::Error::WithPath { path: at, err } => (path, inner) = (Some(at), err),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                inner = err;
            }
            ignore::Error::Io(error) => {
                let path = path.map_or_else(|| "a directory".to_owned(), |path| name_of(path));
                return CommandError::input(path, error);
            }
            other => return CommandError::new(Code::CannotReadInput, other.to_string()),
        }
    }
}

/// What to do with temporary files of killed runs in the searched directories.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    Remove,
    /// The command writes nothing.
    Keep,
}

/// The named files, and the files in the named directories except those that Git ignores, each
/// once.
pub(crate) fn items<'a>(
    paths: impl Iterator<Item = &'a Path>,
    leftovers: Leftovers,
) -> Result<Vec<BatchFile>, CommandError> {
    let mut items = Vec::new();
    for path in paths {
        if !path.is_dir() {
            items.push(BatchFile {
                path: path.to_owned(),
                is_found: false,
            });
            continue;
        }
        let mut walking = Walking::except(path, move |entry| {
            let is_temporary = files::is_temporary(entry.file_name());
            if is_temporary
                && leftovers == Leftovers::Remove
                && let Some(directory) = entry.path().parent()
            {
                files::clean(directory);
            }
            is_temporary
        })?;
        // If Git cannot list the tracked files, `lint` reports it.
        let tracked = Tracked::below(path).unwrap_or_default();
        walking.builder.sort_by_file_path(Path::cmp);
        for entry in walking.builder.build() {
            let entry = entry.map_err(|error| unreadable(&error))?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                tracked.saw(entry.path());
                items.push(BatchFile {
                    path: entry.into_path(),
                    is_found: true,
                });
            }
        }
        walking.finish()?;
        items.extend(tracked.unseen().into_iter().map(|path| BatchFile {
            path,
            is_found: true,
        }));
    }
    let mut seen = HashSet::new();
    items.retain(|item| {
        let whole = item.path.canonicalize();
        seen.insert(whole.unwrap_or_else(|_| item.path.clone()))
    });
    Ok(items)
}

/// The files that the user named.
pub(crate) fn named(items: &[BatchFile]) -> impl Iterator<Item = &Path> {
    let named = items.iter().filter(|item| !item.is_found);
    named.map(|item| &*item.path)
}

/// The files that the command applies to; see [`BatchFile::is_meant`].
pub(crate) fn meant(items: Vec<BatchFile>, encrypted: bool) -> Vec<BatchFile> {
    let are_meant = parallel::map(&items, ItemsPerThread::Many, |item| {
        item.is_meant(encrypted)
    });
    let items = items.into_iter().zip(are_meant);
    items
        .filter_map(|(item, is_meant)| is_meant.then_some(item))
        .collect()
}

impl BatchFile {
    /// Whether the command applies to the file: the user named it, or it has a known format and is
    /// encrypted or not, as `encrypted` requires.
    pub(crate) fn is_meant(&self, encrypted: bool) -> bool {
        if !self.is_found {
            return true;
        }
        let format = Format::from_path(&self.path);
        // Files without a known extension count as binary; only encrypted ones are recognized.
        if format == Format::Binary && !(encrypted && begins_as_encrypted(&self.path)) {
            return false;
        }
        let Ok(text) = read_text(&self.path) else {
            // The error is reported when the file is processed. A file that only begins like an
            // encrypted one is skipped.
            return format != Format::Binary;
        };
        if format == Format::Binary {
            let format = encrypted_format(text.as_bytes());
            return format.is_some_and(|format| EncryptedDocument::parse(&*text, format).is_ok());
        }
        let is_encrypted = match parse_document(&text, format) {
            Ok(document) => is_encrypted(&document),
            Err(_) => text.contains(CIPHERTEXT_PREFIX),
        };
        is_encrypted == encrypted
    }
}

/// The text of a file that was found.
fn read_text(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    reading::open(path, FileKind::Regular)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The largest file without a known extension that is searched, unless it begins like JSON.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Whether a file begins like an encrypted one: as text, or as JSON if it is large.
fn begins_as_encrypted(path: &Path) -> bool {
    let Ok(file) = reading::open(path, FileKind::Regular) else {
        return false;
    };
    let is_small = file.metadata().is_ok_and(|file| file.len() <= SIZE_LIMIT);
    let mut start = Vec::new();
    let is_read = file.take(512).read_to_end(&mut start).is_ok();
    let is_text = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    is_read && start.iter().all(is_text) && (is_small || start.starts_with(b"{"))
}
