//! Finds files in plaintext that the version before them had encrypted, or that are encrypted beside them.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::Encrypted;

use crate::git::{Snapshot, TrackedFile};
use crate::lint::Shown;
use crate::lint::judge::Judge;

/// The name of the commit that has the encrypted file beside a copy.
const BESIDE: &str = "the same commit";

/// How many files of a directory, and with similar names, are read to find the one that a file is a copy of.
const MOST: usize = 100;

/// The encrypted files of each directory, and with each beginning of a name, read at most once.
#[derive(Default)]
pub(super) struct Neighbours {
    of_directories: Mutex<HashMap<PathBuf, Arc<[Encrypted]>>>,
    of_names: Mutex<HashMap<String, Arc<[Encrypted]>>>,
}

impl Neighbours {
    /// The first encrypted files in the directory of a file.
    fn beside(&self, snapshot: &Snapshot<'_>, path: &Path) -> Arc<[Encrypted]> {
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut read = lock(&self.of_directories);
        let known = read.entry(directory.to_owned()).or_insert_with(|| {
            let files = snapshot.files_in(directory);
            let files = files.filter(|file| Encrypted::may_be_named(&file.path));
            staying(snapshot, &files.take(MOST).collect::<Vec<_>>())
        });
        Arc::clone(known)
    }

    /// The first encrypted files anywhere whose names begin like that of a file.
    fn of_name(&self, snapshot: &Snapshot<'_>, path: &Path) -> Arc<[Encrypted]> {
        let stem = Encrypted::stem(path);
        let mut read = lock(&self.of_names);
        let known = read.entry(stem).or_insert_with_key(|stem| {
            let files = snapshot.files_beginning_with(stem);
            let files = files.filter(|file| {
                Encrypted::may_be_named(&file.path) && Encrypted::stem(&file.path) == *stem
            });
            staying(snapshot, &files.take(MOST).collect::<Vec<_>>())
        });
        Arc::clone(known)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The encrypted ones among the files. Another file may be a copy of them.
fn staying(snapshot: &Snapshot<'_>, files: &[TrackedFile]) -> Arc<[Encrypted]> {
    let files = encrypted(snapshot, files).into_iter();
    files.map(Encrypted::staying).collect()
}

/// What a file is compared with.
pub(super) struct Previous<'p> {
    /// Earlier versions of the same path.
    pub(super) versions: &'p [TrackedFile],
    /// Files that the commit deletes, because it may rename one.
    pub(super) deleted: &'p [Encrypted],
    /// Files that earlier commits deleted. A copy of one has all of its keys.
    pub(super) deleted_before: &'p [Encrypted],
    /// The name of the commit that has the versions.
    pub(super) name: &'p str,
    /// The files beside it, and those with similar names.
    pub(super) neighbours: &'p Neighbours,
}

/// The name of a commit before the last one.
pub(super) const EARLIER: &str = "an earlier commit";

impl Previous<'_> {
    /// The finding that a file with this content was encrypted. The older content is read only for files that are in plaintext.
    pub(super) fn shown(&self, judge: &Judge<'_>, path: &Path, bytes: &[u8]) -> Vec<Shown> {
        if may_be_encrypted(bytes) {
            return Vec::new();
        }
        let versions = encrypted(judge.snapshot, self.versions);
        for (before, name) in [
            (&versions[..], self.name),
            (self.deleted, self.name),
            (self.deleted_before, EARLIER),
        ] {
            let shown = judge.shown_as_decrypted(path, bytes, before, name);
            if !shown.is_empty() {
                return shown;
            }
        }
        let related = Encrypted::related_names(path).into_iter();
        let related: Vec<TrackedFile> = related
            .flat_map(|name| judge.snapshot.files_at(&name))
            .collect();
        let related = staying(judge.snapshot, &related);
        let shown = judge.shown_as_decrypted(path, bytes, &related, BESIDE);
        if !shown.is_empty() {
            return shown;
        }
        let beside = self.neighbours.beside(judge.snapshot, path);
        let shown = judge.shown_as_decrypted(path, bytes, &beside, BESIDE);
        if !shown.is_empty() || !self.versions.is_empty() {
            return shown;
        }
        let of_name = self.neighbours.of_name(judge.snapshot, path);
        judge.shown_as_decrypted(path, bytes, &of_name, BESIDE)
    }
}

/// The files that commits delete, oldest first.
#[derive(Default)]
pub(super) struct Deleted {
    /// The indexes of all with a path.
    of_paths: HashMap<PathBuf, Vec<usize>>,
    /// The indexes of the encrypted ones.
    indexes: Vec<usize>,
    files: Vec<Encrypted>,
    /// The same, for comparison with files of later commits.
    earlier: Vec<Encrypted>,
}

impl Deleted {
    pub(super) fn read(snapshot: &Snapshot<'_>, list: &[TrackedFile]) -> Self {
        let mut deleted = Self::default();
        for (index, file) in list.iter().enumerate() {
            let of_path = deleted.of_paths.entry(file.path.clone());
            of_path.or_default().push(index);
            for file in encrypted(snapshot, [file]) {
                deleted.indexes.push(index);
                deleted.earlier.push(file.clone().staying());
                deleted.files.push(file);
            }
        }
        deleted
    }

    /// The index of the last one with this path before an index.
    pub(super) fn last(&self, path: &Path, before: usize) -> Option<usize> {
        let indexes = self.of_paths.get(path)?;
        indexes.iter().copied().rfind(|index| *index < before)
    }

    /// The encrypted ones with these indexes.
    pub(super) fn between(&self, range: &Range<usize>) -> &[Encrypted] {
        &self.files[self.position(range.start)..self.position(range.end)]
    }

    /// The encrypted ones with lower indexes.
    pub(super) fn before(&self, index: usize) -> &[Encrypted] {
        &self.earlier[..self.position(index)]
    }

    fn position(&self, index: usize) -> usize {
        self.indexes.partition_point(|earlier| *earlier < index)
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
