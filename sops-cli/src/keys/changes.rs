//! How a file's master keys change when it gets those of its creation rule.

use sops_core::config::{CreationRule, Thresholds, needed_groups};
use sops_core::keys::MasterKey;
use sops_core::metadata::Metadata;

/// The added and removed keys, and the threshold before and after.
pub(crate) struct KeyChanges {
    /// The threshold that the file gets; `None` is all groups.
    pub(crate) threshold: Option<usize>,
    lines: Vec<String>,
    is_change: bool,
    grants: bool,
    removes: bool,
}

impl KeyChanges {
    /// The changes from the file's keys to those of the rule.
    pub(crate) fn between(metadata: &Metadata, rule: &CreationRule) -> Self {
        let old = metadata.master_keys();
        let new = &rule.key_groups;
        let (groups, comes, goes) = groups(&old, new);
        let thresholds = Thresholds::between(metadata, rule);
        let threshold = thresholds.updated;
        let kept = new.concat();
        let mut held = old.iter().flatten();
        let before = metadata.shamir_threshold.unwrap_or(0);
        let after = threshold.unwrap_or(0);
        Self {
            threshold,
            lines: [threshold_lines(before, after), groups].concat(),
            is_change: comes || goes || after != before,
            removes: held.any(|old| !kept.iter().any(|new| new.means(old))),
            grants: comes || needed_groups(threshold, new.len()) < thresholds.file,
        }
    }

    /// Whether anything changes.
    pub(crate) fn is_change(&self) -> bool {
        self.is_change
    }

    /// Whether the changes let someone new decrypt the file.
    pub(crate) fn grants(&self) -> bool {
        self.grants
    }

    /// Whether someone who could decrypt the file is removed from it.
    pub(crate) fn removes(&self) -> bool {
        self.removes
    }

    /// The changes as `sops` prints them: group by group, `+++` before added and `---` before
    /// removed keys.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// The kept, added and removed keys, group by group, and whether any key is added and any removed.
fn groups(old: &[Vec<MasterKey>], new: &[Vec<MasterKey>]) -> (Vec<String>, bool, bool) {
    let mut report = Vec::new();
    let (mut comes, mut goes) = (false, false);
    for index in 0..old.len().max(new.len()) {
        let old = old.get(index).map(Vec::as_slice).unwrap_or_default();
        let new = new.get(index).map(Vec::as_slice).unwrap_or_default();
        let is_meant = |old: &&MasterKey| new.iter().any(|new| new.means(old));
        let is_old = |new: &&MasterKey| old.iter().any(|old| new.means(old));
        let (stays, added): (Vec<_>, Vec<_>) = new.iter().partition(is_old);
        let removed: Vec<_> = old.iter().filter(|old| !is_meant(old)).collect();
        comes |= !added.is_empty();
        goes |= !removed.is_empty();
        report.push(format!("Group {}", index + 1));
        for (mark, keys) in [("   ", stays), ("+++", added), ("---", removed)] {
            report.extend(keys.iter().map(|key| format!("{mark} {}", key.id())));
        }
    }
    (report, comes, goes)
}

/// The lines about the threshold; a threshold of 0 has none.
fn threshold_lines(old: usize, new: usize) -> Vec<String> {
    let marked = match old == new {
        true => vec![("", new)],
        false => vec![("+++ ", new), ("--- ", old)],
    };
    marked
        .into_iter()
        .filter(|(_, threshold)| *threshold > 0)
        .map(|(mark, threshold)| format!("{mark}shamir_threshold: {threshold}"))
        .collect()
}
