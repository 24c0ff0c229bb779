//! The results that a merge reports: conflicts, other problems, and notes.

use std::collections::HashSet;
use std::hash::Hash;

use sops_document::KeyPath;

use crate::error::Error;
use crate::keys::MasterKey;

/// One of the two versions that are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SideName {
    /// The current branch; in a rebase, the branch that the commits are put on.
    Ours,
    /// The branch or commit that is merged into it.
    Theirs,
}

impl SideName {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// One of the three versions of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// The common ancestor.
    Base,
    /// One of the sides.
    Side(SideName),
}

/// A value or comment that both sides changed differently.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Conflict {
    /// The number of the document in the stream, from 0.
    pub document: usize,
    /// The key path in the document; `None` for the whole file.
    pub path: Option<KeyPath>,
    /// The kind of the conflict.
    pub kind: ConflictKind,
}

/// The kind of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConflictKind {
    /// Both sides changed the value.
    Value,
    /// One side removed the value, and the other changed it or its comment.
    Removed,
    /// Both sides changed the comment above or after the value.
    Comment,
}

/// Why a merge is not clean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeProblem {
    /// Both sides changed the same value or comment.
    Conflict(Conflict),
    /// One version is plaintext, and another is encrypted.
    Plaintext(Version),
    /// A version has unresolved conflict markers.
    Marked(Version),
    /// A version is damaged, or cannot be decrypted.
    Unreadable(Version, Error),
    /// None of the private keys decrypts either side, so the MAC cannot be computed.
    NoKey(Error),
    /// Both sides changed the selection rule, or they differ in `mac_only_encrypted`.
    Settings,
    /// A value that one side encrypts would be in plaintext under the merged selection rule. The
    /// text is its key path.
    Exposed(String),
    /// Both sides changed the key groups, one removed all keys that the other kept, or theirs has
    /// groups or a threshold that neither ours nor the configuration has.
    KeyGroups,
    /// The data key would have to be encrypted for these keys, which the configuration does not
    /// name.
    Unapproved(Vec<MasterKey>),
    /// None of the private keys would decrypt the merged file: a side removed the recipients that
    /// they belong to, or damaged what is encrypted for them.
    LockedOut,
    /// The merged file cannot be encrypted.
    Unencryptable(Error),
}

/// A note for the user about a merge, even a clean one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeNote {
    /// These keys were removed, but the data key stayed: their owners can still decrypt the file if
    /// they have an old version of it.
    RemovedWithoutRotation(Vec<MasterKey>),
    /// Theirs removed these keys, so they cannot decrypt the merged file. But they can decrypt our
    /// version, if its commits are published.
    ReadsOurs(Vec<MasterKey>),
    /// A side added these keys, which the configuration does not name.
    Unnamed(Vec<MasterKey>),
    /// The file has a new data key: only theirs had replaced it, or that of ours was encrypted for
    /// a removed key.
    NewDataKey,
}

/// Adds the items that the list does not have. Pieces that fit together on one side may not on the
/// other, so the sides may have different conflicts.
pub(super) fn add_new<T: Clone + Eq + Hash>(list: &mut Vec<T>, more: Vec<T>) {
    let mut known: HashSet<T> = list.iter().cloned().collect();
    list.extend(more.into_iter().filter(|item| known.insert(item.clone())));
}
