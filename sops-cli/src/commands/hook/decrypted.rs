//! Finds files in plaintext that the version before them had encrypted, or that are encrypted beside them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::Encrypted;

use crate::git::{Snapshot, TrackedFile};
use crate::lint::Shown;
use crate::lint::judge::Judge;

/// The name of the commit that has the encrypted file beside a copy.
const BESIDE: &str = "the same commit";

/// How many files of a directory are read to find the one that a file with an unrelated name is a copy of.
const MOST: usize = 100;

/// The encrypted files of each directory, read at most once.
#[derive(Default)]
pub(super) struct Directories(Mutex<HashMap<PathBuf, Arc<[Encrypted]>>>);

impl Directories {
    /// The first encrypted files in the directory of a file.
    fn beside(&self, snapshot: &Snapshot<'_>, path: &Path) -> Arc<[Encrypted]> {
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(directory) {
            return Arc::clone(known);
        }
        let files = snapshot.files_in(directory);
        let files = files.filter(|file| Encrypted::may_be_named(&file.path));
        let files: Vec<TrackedFile> = files.take(MOST).collect();
        let files = encrypted(snapshot, &files).into_iter();
        let files: Arc<[Encrypted]> = files.map(Encrypted::staying).collect();
        read.insert(directory.to_owned(), Arc::clone(&files));
        files
    }
}

/// What a file is compared with.
pub(super) struct Previous<'p> {
    /// Earlier versions of the same path.
    pub(super) versions: &'p [TrackedFile],
    /// Files that the commit deletes, because it may rename one.
    pub(super) deleted: &'p [Encrypted],
    /// The name of the commit that has them.
    pub(super) name: &'p str,
    /// The files beside it.
    pub(super) directories: &'p Directories,
}

impl Previous<'_> {
    /// The finding that a file with this content was encrypted. The older content is read only for files that are in plaintext.
    pub(super) fn shown(&self, judge: &Judge<'_>, path: &Path, bytes: &[u8]) -> Vec<Shown> {
        if may_be_encrypted(bytes) {
            return Vec::new();
        }
        let versions = encrypted(judge.snapshot, self.versions);
        let before = match self.versions.is_empty() {
            true => self.deleted,
            false => &versions,
        };
        let shown = judge.shown_as_decrypted(path, bytes, before, self.name);
        if !shown.is_empty() {
            return shown;
        }
        let related = Encrypted::related_names(path).into_iter();
        let related: Vec<TrackedFile> = related
            .flat_map(|name| judge.snapshot.files_at(&name))
            .collect();
        let related = encrypted(judge.snapshot, &related).into_iter();
        let related: Vec<Encrypted> = related.map(Encrypted::staying).collect();
        let beside = || self.directories.beside(judge.snapshot, path);
        let shown = judge.shown_as_decrypted(path, bytes, &related, BESIDE);
        match shown.is_empty() {
            true => judge.shown_as_decrypted(path, bytes, &beside(), BESIDE),
            false => shown,
        }
    }
}

/// Those of the files that are encrypted. A partial clone may lack old content, which is no reason to refuse new content.
pub(super) fn encrypted<'f>(
    snapshot: &Snapshot<'_>,
    files: impl IntoIterator<Item = &'f TrackedFile>,
) -> Vec<Encrypted> {
    let root = sops_lint::Tree::root(snapshot);
    let files: Vec<&TrackedFile> = files.into_iter().collect();
    let contents = snapshot.contents(&files);
    let files = files
        .iter()
        .zip(contents)
        .filter_map(|(file, bytes)| Encrypted::read(&root.join(&file.path), &bytes?));
    files.collect()
}

/// Whether the file has an encrypted value, so that other rules judge it.
fn may_be_encrypted(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX))
}
