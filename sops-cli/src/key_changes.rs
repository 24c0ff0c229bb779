//! How a file's master keys change when it gets those of its creation rule.

use sops_core::config::CreationRule;
use sops_core::keys::MasterKey;
use sops_core::metadata::Metadata;

/// The added and removed keys, and the threshold before and after.
pub(crate) struct KeyChanges {
    /// The threshold that the file gets; `None` is all groups.
    pub(crate) threshold: Option<usize>,
    lines: Vec<String>,
    is_change: bool,
    grants: bool,
}

impl KeyChanges {
    /// The changes from the file's keys to those of the rule.
    pub(crate) fn between(metadata: &Metadata, rule: &CreationRule) -> Self {
        let old = metadata.master_keys();
        let new = &rule.key_groups;
        let old_threshold = metadata.shamir_threshold.unwrap_or(0);
        let threshold = threshold(old_threshold, rule);
        let (groups, comes, goes) = groups(&old, new);
        let needed_before = needed(metadata.shamir_threshold, old.len());
        let threshold_after = Some(threshold).filter(|threshold| *threshold > 0);
        Self {
            threshold: threshold_after,
            lines: [threshold_lines(old_threshold, threshold), groups].concat(),
            is_change: comes || goes || threshold != old_threshold,
            grants: comes || needed(threshold_after, new.len()) < needed_before,
        }
    }

    /// Whether anything changes.
    pub(crate) fn is_change(&self) -> bool {
        self.is_change
    }

    /// Whether someone new can decrypt the file afterwards.
    pub(crate) fn grants(&self) -> bool {
        self.grants
    }

    /// The changes as `sops` prints them: group by group, `+++` before added and `---` before removed keys.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// The threshold that the rule states. A rule that states none leaves the file's, as far as there are as many groups, which is what `sops`
/// does with every rule.
fn threshold(old: usize, rule: &CreationRule) -> usize {
    let groups = rule.key_groups.len();
    let stated = rule.shamir_threshold.map(usize::from);
    // Shamir's scheme has no threshold of 1, and one group none at all.
    let stated = stated.filter(|threshold| *threshold > 1 && groups > 1);
    match (stated, old) {
        (Some(stated), _) => stated.min(groups),
        // A file of one group may have it.
        (None, 1) => groups,
        (None, old) => old.min(groups),
    }
}

/// How many groups it takes to decrypt a file.
fn needed(threshold: Option<usize>, groups: usize) -> usize {
    threshold.unwrap_or(groups).min(groups).max(1)
}

/// The kept, added and removed keys, group by group, and whether any key is added and any removed.
fn groups(old: &[Vec<MasterKey>], new: &[Vec<MasterKey>]) -> (Vec<String>, bool, bool) {
    let mut report = Vec::new();
    let (mut comes, mut goes) = (false, false);
    for index in 0..old.len().max(new.len()) {
        let ids = |group: &Vec<MasterKey>| group.iter().map(MasterKey::id).collect();
        let old: Vec<String> = old.get(index).map(ids).unwrap_or_default();
        let new: Vec<String> = new.get(index).map(ids).unwrap_or_default();
        let stays = new.iter().filter(|id| old.contains(id));
        let added: Vec<_> = new.iter().filter(|id| !old.contains(id)).collect();
        let removed: Vec<_> = old.iter().filter(|id| !new.contains(id)).collect();
        comes |= !added.is_empty();
        goes |= !removed.is_empty();
        report.push(format!("Group {}", index + 1));
        let lines = stays.map(|id| ("   ", id));
        let lines = lines.chain(added.into_iter().map(|id| ("+++", id)));
        let lines = lines.chain(removed.into_iter().map(|id| ("---", id)));
        report.extend(lines.map(|(mark, id)| format!("{mark} {id}")));
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
