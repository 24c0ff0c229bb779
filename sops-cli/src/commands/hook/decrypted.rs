//! Finds files in plaintext that the version before them had encrypted.

use std::path::Path;

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::Encrypted;

use crate::command_error::CommandError;
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
    pub(super) fn shown(
        &self,
        judge: &Judge<'_>,
        path: &Path,
        bytes: &[u8],
    ) -> Result<Vec<Shown>, CommandError> {
        let is_new = self.versions.is_empty();
        if is_new && self.deleted.is_empty() || may_be_encrypted(bytes) {
            return Ok(Vec::new());
        }
        let versions = encrypted(judge.snapshot, self.versions)?;
        let before = if is_new { self.deleted } else { &versions };
        Ok(judge.shown_as_decrypted(path, bytes, before, self.name))
    }
}

/// Those of the files that are encrypted.
pub(super) fn encrypted<'f>(
    snapshot: &Snapshot<'_>,
    files: impl IntoIterator<Item = &'f TrackedFile>,
) -> Result<Vec<Encrypted>, CommandError> {
    let mut found = Vec::new();
    for file in files {
        let path = sops_lint::Tree::root(snapshot).join(&file.path);
        found.extend(Encrypted::read(&path, &snapshot.content(file)?));
    }
    Ok(found)
}

/// Files with the first letters of an encrypted value are judged by other rules.
fn may_be_encrypted(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX))
}
