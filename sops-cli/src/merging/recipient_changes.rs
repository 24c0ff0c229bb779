//! Who added or removed a recipient: a side of a merge, or a commit. Without this, a command that
//! makes file and creation rule equal could remove what a teammate added, or add what one removed.

use std::path::Path;

use sops_core::keys::MasterKey;

use super::StoredConfiguration;
use crate::git::{Operation, commits_that_change, described_commit};
use crate::keys::names::shown;

/// How a recipient that the current configuration does not name was added or removed.
pub(crate) enum RecipientChange {
    /// The configuration at HEAD names it.
    AddedByUs,
    /// The configuration of the other side of a merge names it.
    AddedByOtherSide,
    /// This commit removed it from the configuration.
    RemovedIn(String),
}

/// A recipient with its name, and how the configuration for a file has changed.
pub(crate) struct ChangedRecipient {
    pub(crate) shown: String,
    pub(crate) change: Option<RecipientChange>,
}

impl ChangedRecipient {
    /// Why a file has a recipient that its creation rule does not name. `path` is the path of the
    /// file from the root of the repository.
    pub(crate) fn unnamed(path: &Path, key: &MasterKey) -> Self {
        Self::removed(path, key).unwrap_or_else(|| Self::added(path, key))
    }

    /// The recipient, and the side of a merge whose configuration names it, if one does.
    fn added(path: &Path, key: &MasterKey) -> Self {
        let operation = Operation::current();
        let other_side = operation.other_side();
        let sides = [
            (Some("HEAD"), RecipientChange::AddedByUs),
            (other_side, RecipientChange::AddedByOtherSide),
        ];
        for (commit, change) in sides {
            let Some(commit) = commit else { continue };
            if let Some(shown) = named_in(commit, path, key) {
                return Self {
                    shown,
                    change: Some(change),
                };
            }
        }
        Self {
            shown: shown(key),
            change: None,
        }
    }

    /// The recipient if a commit of either side of a merge removed it from the creation rule.
    pub(crate) fn removed(path: &Path, key: &MasterKey) -> Option<Self> {
        let operation = Operation::current();
        let heads: Vec<&str> = ["HEAD"].into_iter().chain(operation.other_side()).collect();
        commits_that_change(&key.id(), &heads)
            .iter()
            .find_map(|commit| {
                let shown = named_in(&format!("{commit}^"), path, key)?;
                if named_in(commit, path, key).is_some() {
                    return None;
                }
                Some(Self {
                    shown,
                    change: Some(RecipientChange::RemovedIn(described_commit(commit)?)),
                })
            })
    }

    /// The recipient and where it comes from, as a part of a message.
    pub(crate) fn described(&self) -> String {
        let Self { shown, change } = self;
        match change {
            None => shown.clone(),
            Some(RecipientChange::AddedByUs) => {
                format!("{shown}, which .sops.yaml at HEAD names")
            }
            Some(RecipientChange::AddedByOtherSide) => {
                format!("{shown}, which the other side added to its .sops.yaml")
            }
            Some(RecipientChange::RemovedIn(commit)) => {
                format!("{shown}, which {commit} removed from .sops.yaml")
            }
        }
    }
}

/// The recipient as messages show it, if the creation rule for the file in a commit names it.
fn named_in(commit: &str, path: &Path, key: &MasterKey) -> Option<String> {
    let configuration = StoredConfiguration::in_commit(commit, path);
    let named = configuration.keys().groups.concat();
    if !named.iter().any(|named| named.means(key)) {
        return None;
    }
    let names = configuration.names();
    Some(match names.name(key) {
        Some(_) => names.shown(key),
        None => shown(key),
    })
}
