//! How many key groups are needed to decrypt a file, and how many its creation rule requires.

use super::rule::CreationRule;
use crate::metadata::Metadata;

/// The threshold of a file and that of its creation rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thresholds {
    /// How many groups are needed to decrypt the file.
    pub file: usize,
    /// How many groups the file has.
    pub groups: usize,
    /// How many groups the rule requires.
    pub rule: usize,
    /// Whether the rule states its threshold; without one, it requires all groups.
    pub is_stated: bool,
    /// The threshold that is written into the file together with the keys of the rule. `None` is no
    /// threshold, which means all groups.
    ///
    /// A rule without a threshold keeps that of the file, up to the number of groups; `sops` keeps
    /// it with every rule.
    pub updated: Option<usize>,
}

impl Thresholds {
    /// The thresholds of a file with this metadata.
    pub fn between(metadata: &Metadata, rule: &CreationRule) -> Self {
        let (has, wants) = (metadata.key_groups.len(), rule.key_groups.len());
        let stated = rule.shamir_threshold.map(usize::from);
        // Shamir's scheme has no threshold of 1, and a single group has no threshold.
        let stated = stated.filter(|threshold| *threshold > 1 && wants > 1);
        let updated = match (stated, metadata.shamir_threshold.unwrap_or(0)) {
            (Some(stated), _) => stated.min(wants),
            // A file with one group may have a threshold of 1.
            (None, 1) => wants,
            (None, old) => old.min(wants),
        };
        Self {
            file: needed_groups(metadata.shamir_threshold, has),
            groups: has,
            rule: needed_groups(stated, wants),
            is_stated: stated.is_some(),
            updated: Some(updated).filter(|threshold| *threshold > 0),
        }
    }

    /// Whether the file needs a different number of groups than the rule requires. If the rule
    /// states no threshold, only a file that needs too few groups differs. With one group on either
    /// side, there is nothing to compare.
    pub fn differ(&self) -> bool {
        let differ = match self.is_stated {
            true => self.file != self.rule,
            false => self.file < self.groups && self.file < self.rule,
        };
        differ && self.groups > 1 && self.rule > 1
    }
}

/// How many of these key groups are needed to recover the data key. Shamir's scheme has no
/// threshold of 1, so with several groups, at least two are needed.
pub fn needed_groups(threshold: Option<usize>, groups: usize) -> usize {
    match groups {
        0 | 1 => 1,
        groups => threshold.unwrap_or(groups).clamp(2, groups),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyGroup;

    fn thresholds(file: (Option<usize>, usize), rule: (Option<u8>, usize)) -> Thresholds {
        let tree = serde_json::json!({
            "age": [{"enc": "x", "recipient": "age1x"}],
            "lastmodified": "2026-01-01T00:00:00Z",
            "mac": "ENC[]",
            "version": "3.13.3",
        });
        let tree = tree.as_object().expect("the value is an object");
        let mut metadata = Metadata::from_tree(tree).expect("the text is valid");
        metadata.key_groups = vec![KeyGroup::default(); file.1];
        metadata.shamir_threshold = file.0;
        let rule = CreationRule {
            key_groups: vec![Vec::new(); rule.1],
            shamir_threshold: rule.0,
            ..CreationRule::default()
        };
        Thresholds::between(&metadata, &rule)
    }

    #[test]
    fn a_stated_threshold_replaces_that_of_the_file() {
        for (file, rule, differ, updated) in [
            ((Some(2), 3), (Some(3), 3), true, Some(3)),
            ((Some(2), 3), (Some(2), 3), false, Some(2)),
            // A threshold above the number of groups means all of them.
            ((Some(3), 3), (Some(9), 3), false, Some(3)),
            ((None, 3), (Some(2), 3), true, Some(2)),
            // The rule has no threshold, or one that Shamir's scheme does not allow.
            ((Some(2), 3), (None, 3), true, Some(2)),
            ((Some(2), 3), (Some(1), 3), true, Some(2)),
            ((Some(3), 3), (None, 2), false, Some(2)),
            ((None, 3), (None, 3), false, None),
            ((Some(1), 1), (None, 2), false, Some(2)),
            // A single group has no threshold.
            ((None, 1), (Some(2), 1), false, None),
            ((None, 1), (Some(2), 2), false, Some(2)),
        ] {
            let found = thresholds(file, rule);
            assert_eq!(
                (found.differ(), found.updated),
                (differ, updated),
                "{file:?} {rule:?}"
            );
        }
    }
}
