//! Finds versions in plaintext of files that were encrypted in an earlier commit.

use sops_lint::Finding;

use super::decrypted::{Deleted, EARLIER, Neighbours, Previous};
use crate::git::{Changes, Version};
use crate::lint::judge::Judge;

/// The versions that the commits replace or delete.
pub(super) struct EarlierVersions<'c> {
    pub(super) changes: &'c Changes,
    pub(super) deleted: Deleted,
    pub(super) neighbours: Neighbours,
}

impl EarlierVersions<'_> {
    /// The finding that a version is in plaintext although its file was encrypted in an earlier
    /// commit.
    pub(super) fn shown(&self, judge: &Judge<'_>, version: &Version, bytes: &[u8]) -> Vec<Finding> {
        let Self {
            changes,
            deleted,
            neighbours,
        } = self;
        let path = &version.file.path;
        let deletions = &version.deletions;
        let mut previous = Previous {
            versions: &version.before,
            deleted: &[],
            deleted_before: &[],
            name: "the previous commit",
            neighbours,
        };
        if !version.before.is_empty() {
            return previous.shown(judge, path, bytes);
        }
        if let Some(last) = deleted.last(path, deletions.start) {
            previous.versions = &changes.deleted[last..=last];
            previous.name = EARLIER;
            let shown = previous.shown(judge, path, bytes);
            if !shown.is_empty() {
                return shown;
            }
        }
        previous = Previous {
            versions: &[],
            deleted: deleted.between(deletions),
            deleted_before: deleted.before(deletions.start),
            name: "the previous commit",
            neighbours,
        };
        previous.shown(judge, path, bytes)
    }
}
