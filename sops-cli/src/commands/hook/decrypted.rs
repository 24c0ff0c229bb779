//! Finds files in plaintext that the version before them had encrypted, or that are encrypted beside them.

use std::path::Path;

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::Encrypted;

use crate::git::{Snapshot, TrackedFile};
use crate::lint::Shown;
use crate::lint::judge::Judge;

/// What a file is compared with.
pub(super) struct Previous<'p> {
    /// Earlier versions of the same path.
    pub(super) versions: &'p [TrackedFile],
    /// Files that the commit deletes, because it may rename one.
    pub(super) deleted: &'p [Encrypted],
    /// The name of the commit that has them.
    pub(super) name: &'p str,
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
        let beside = Encrypted::usual_names(path);
        let beside: Vec<TrackedFile> = beside
            .iter()
            .flat_map(|name| judge.snapshot.files_at(name))
            .collect();
        let beside = encrypted(judge.snapshot, &beside).into_iter();
        let beside: Vec<Encrypted> = beside.map(Encrypted::staying).collect();
        judge.shown_as_decrypted(path, bytes, &beside, "the same commit")
    }
}

/// Those of the files that are encrypted. A partial clone may lack old content, which is no reason to refuse new content.
pub(super) fn encrypted<'f>(
    snapshot: &Snapshot<'_>,
    files: impl IntoIterator<Item = &'f TrackedFile>,
) -> Vec<Encrypted> {
    let root = sops_lint::Tree::root(snapshot);
    let files = files.into_iter().filter_map(|file| {
        let bytes = snapshot.content(file).ok()?;
        Encrypted::read(&root.join(&file.path), &bytes)
    });
    files.collect()
}

/// Whether the file has an encrypted value, so that other rules judge it.
fn may_be_encrypted(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX))
}
