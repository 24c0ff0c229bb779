//! How the master keys of a file change.

use sops_core::keys::MasterKey;

use crate::keys::groups::KeyGroups;
use crate::recipient_edit::RecipientNames;

/// The changes of a file's keys, in lines for the user. Files with the same lines are listed
/// together, and a file is only written if it has the lines that the user saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyDifference {
    lines: Vec<String>,
    /// Whether someone who could decrypt the file is removed from it.
    removes: bool,
}

/// A key group with its number, from 1.
struct NumberedGroup<'g> {
    number: usize,
    keys: &'g [MasterKey],
}

impl KeyDifference {
    /// The changes from one set of key groups to another. Recipients are shown with their names in
    /// the configuration.
    pub(crate) fn between(
        before: KeyGroups<'_>,
        after: KeyGroups<'_>,
        names: &RecipientNames,
    ) -> Self {
        let mut lines = Vec::new();
        let (old, new) = changed_groups(before.groups, after.groups);
        let are_several = before.groups.len() > 1 || after.groups.len() > 1;
        let pairs = old.len().min(new.len());
        for (old, new) in old.iter().zip(&new) {
            if are_several {
                lines.push(format!("Group {}", new.number));
            }
            let added = new.keys.iter().filter(|key| !is_old(key, old.keys));
            lines.extend(added.map(|key| format!("+++ {}", names.shown(key))));
            let removed = old.keys.iter().filter(|key| !stays(key, new.keys));
            lines.extend(removed.map(|key| format!("--- {}", names.shown(key))));
        }
        for (mark, groups) in [("+++", &new[pairs..]), ("---", &old[pairs..])] {
            lines.extend(groups.iter().map(|group| {
                let keys: Vec<String> = group.keys.iter().map(|key| names.shown(key)).collect();
                format!("{mark} Group {}: {}", group.number, keys.join(", "))
            }));
        }
        let mut pairs = before.groups.iter().zip(after.groups);
        if lines.is_empty() && !pairs.all(|(old, new)| is_same(old, new)) {
            lines.push("the order of the key groups".to_owned());
        }
        if before.threshold != after.threshold {
            let [old, new] = [before, after].map(|groups| match groups.threshold {
                Some(threshold) => threshold.to_string(),
                None => "none".to_owned(),
            });
            lines.push(format!("shamir_threshold: {old} -> {new}"));
        }
        let kept = after.groups.concat();
        let mut held = before.groups.iter().flatten();
        Self {
            lines,
            removes: held.any(|key| !stays(key, &kept)),
        }
    }

    /// Whether someone who could decrypt the file is removed from it.
    pub(crate) fn removes(&self) -> bool {
        self.removes
    }

    /// The changes, one in each line.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// The groups of each side that the other side does not have.
fn changed_groups<'g>(
    before: &'g [Vec<MasterKey>],
    after: &'g [Vec<MasterKey>],
) -> (Vec<NumberedGroup<'g>>, Vec<NumberedGroup<'g>>) {
    let numbered = |groups: &'g [Vec<MasterKey>]| -> Vec<NumberedGroup<'g>> {
        let groups = groups.iter().enumerate();
        groups
            .map(|(index, keys)| NumberedGroup {
                number: index + 1,
                keys,
            })
            .collect()
    };
    let (mut old, mut new) = (numbered(before), numbered(after));
    old.retain(|group| {
        let same = new.iter().position(|new| is_same(group.keys, new.keys));
        same.map(|at| new.remove(at)).is_none()
    });
    (old, new)
}

/// Whether two groups have the same keys.
fn is_same(old: &[MasterKey], new: &[MasterKey]) -> bool {
    new.iter().all(|key| is_old(key, old)) && old.iter().all(|key| stays(key, new))
}

fn is_old(new: &MasterKey, old: &[MasterKey]) -> bool {
    old.iter().any(|old| new.means(old))
}

fn stays(old: &MasterKey, new: &[MasterKey]) -> bool {
    new.iter().any(|new| new.means(old))
}
