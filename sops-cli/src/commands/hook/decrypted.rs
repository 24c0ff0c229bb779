//! Finds plaintext files whose previous version was encrypted, or that have an encrypted version
//! next to them.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::{Encrypted, Finding};

use crate::git::{Snapshot, TrackedFile};
use crate::lint::judge::Judge;

/// How messages refer to a commit that has both the encrypted file and a copy of it.
const BESIDE: &str = "this commit";

/// The maximum number of files in the same directory, and of files with similar names, that are
/// read to find the file that another one is a copy of.
const MOST: usize = 100;

/// The encrypted files in each directory, and those with each beginning of a name. Each file is
/// read at most once.
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

    /// The first encrypted files anywhere with each name that the name of a file begins with,
    /// longest names first.
    fn of_name(&self, snapshot: &Snapshot<'_>, path: &Path) -> Vec<Arc<[Encrypted]>> {
        let stem = Encrypted::stem(path);
        let mut read = lock(&self.of_names);
        let unread = beginnings(&stem).filter(|begin| !read.contains_key(*begin));
        let mut unread: HashMap<&str, Vec<TrackedFile>> =
            unread.map(|begin| (begin, Vec::new())).collect();
        if !unread.is_empty() {
            let files = snapshot.files_named(|name| may_begin(&stem, name));
            for file in files.filter(|file| Encrypted::may_be_named(&file.path)) {
                if let Some(files) = unread.get_mut(&*Encrypted::stem(&file.path))
                    && files.len() < MOST
                {
                    files.push(file);
                }
            }
        }
        for (begin, files) in unread {
            read.insert(begin.to_owned(), staying(snapshot, &files));
        }
        let known = beginnings(&stem).filter_map(|begin| read.get(begin));
        known.filter(|files| !files.is_empty()).cloned().collect()
    }
}

/// The names, without extensions, of the files that this one may be a copy of: its own name, and
/// the name without suffixes that tools add, such as `-old`, `_20260101` and `2`.
fn beginnings(stem: &str) -> impl Iterator<Item = &str> {
    let is_end =
        |(at, next): &(usize, char)| *at > 0 && ("-_ (".contains(*next) || next.is_ascii_digit());
    let ends = stem.char_indices().rev().filter(is_end).map(|(at, _)| at);
    [stem.len()].into_iter().chain(ends).map(|end| &stem[..end])
}

/// Whether `stem` may begin with `name`. Looks only at the first part of `name`, to be fast: this
/// runs for every file in the repository.
fn may_begin(stem: &str, name: &[u8]) -> bool {
    let is_divider = |byte: &u8| b".-_ ".contains(byte);
    let has_begin = |part: &[u8]| {
        let begin = stem.as_bytes().get(..part.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(part))
    };
    // A leading dot only makes the file hidden.
    has_begin(&name[..name.len().min(1)]) && {
        let end = name.iter().skip(1).position(is_divider);
        has_begin(&name[..end.map_or(name.len(), |end| end + 1)])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The encrypted files among these. Another file may be a decrypted copy of one.
fn staying(snapshot: &Snapshot<'_>, files: &[TrackedFile]) -> Arc<[Encrypted]> {
    let files = encrypted(snapshot, files).into_iter();
    files.map(Encrypted::staying).collect()
}

/// The encrypted files that a file is compared with.
pub(super) struct Previous<'p> {
    /// Earlier versions of the same path.
    pub(super) versions: &'p [TrackedFile],
    /// Files that the commit deletes, because it may rename one.
    pub(super) deleted: &'p [Encrypted],
    /// Files that earlier commits deleted. A copy of one has all of its keys.
    pub(super) deleted_before: &'p [Encrypted],
    /// The name of the commit that has the versions.
    pub(super) name: &'p str,
    /// The files next to it, and those with similar names.
    pub(super) neighbours: &'p Neighbours,
}

/// The name of a commit before the last one.
pub(super) const EARLIER: &str = "an earlier commit";

impl Previous<'_> {
    /// The finding that a file with this content was encrypted before. Older content is read only
    /// for files that are in plaintext.
    pub(super) fn shown(&self, judge: &Judge<'_>, path: &Path, bytes: &[u8]) -> Vec<Finding> {
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
        let of_name = self.neighbours.of_name(judge.snapshot, path).into_iter();
        let mut shown = of_name.map(|files| judge.shown_as_decrypted(path, bytes, &files, BESIDE));
        shown.find(|shown| !shown.is_empty()).unwrap_or_default()
    }
}

/// The files that commits delete, oldest first.
#[derive(Default)]
pub(super) struct Deleted {
    /// The indexes of all deleted files, by path.
    of_paths: HashMap<PathBuf, Vec<usize>>,
    /// The indexes of the encrypted files.
    indexes: Vec<usize>,
    files: Vec<Encrypted>,
    /// The encrypted files, for comparison with files of later commits.
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

    /// The index of the last deleted file with this path before an index.
    pub(super) fn last(&self, path: &Path, before: usize) -> Option<usize> {
        let indexes = self.of_paths.get(path)?;
        indexes.iter().copied().rfind(|index| *index < before)
    }

    /// The encrypted files with these indexes.
    pub(super) fn between(&self, range: &Range<usize>) -> &[Encrypted] {
        &self.files[self.position(range.start)..self.position(range.end)]
    }

    /// The encrypted files with lower indexes.
    pub(super) fn before(&self, index: usize) -> &[Encrypted] {
        &self.earlier[..self.position(index)]
    }

    fn position(&self, index: usize) -> usize {
        self.indexes.partition_point(|earlier| *earlier < index)
    }
}

/// The encrypted files among these. A partial clone may lack old content, which is no reason to
/// refuse new content.
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
