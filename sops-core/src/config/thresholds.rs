//! How many key groups it takes to decrypt a file, and how many its creation rule asks for.

use super::CreationRule;
use crate::metadata::Metadata;

/// The threshold of a file beside that of its creation rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// How many groups it takes to decrypt the file.
    pub file: usize,
    /// How many groups the file has.
    pub groups: usize,
    /// How many groups it would take by the rule.
    pub rule: usize,
    /// Whether the rule states that; without a threshold, it asks for all groups.
    pub is_stated: bool,
    /// What is written into the file together with the keys of the rule; `None` is no threshold, which means all groups.
    ///
    /// A rule that states no threshold leaves the file's, as far as there are as many groups; `sops` does that with every rule.
    pub updated: Option<usize>,
}

impl Thresholds {
    /// The thresholds of a file with this metadata.
    pub fn between(metadata: &Metadata, rule: &CreationRule) -> Self {
        let (has, wants) = (metadata.key_groups.len(), rule.key_groups.len());
        let stated = rule.shamir_threshold.map(usize::from);
        // Shamir's scheme has no threshold of 1, and one group has none at all.
        let stated = stated.filter(|threshold| *threshold > 1 && wants > 1);
        let updated = match (stated, metadata.shamir_threshold.unwrap_or(0)) {
            (Some(stated), _) => stated.min(wants),
            // A file of one group may have it.
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

    /// Whether the file needs another number of groups than the rule asks for. If the rule states no threshold, only a file that needs
    /// too few groups differs; with one group on either side, there is nothing to compare.
    pub fn differ(&self) -> bool {
        let differ = match self.is_stated {
            true => self.file != self.rule,
            false => self.file < self.groups && self.file < self.rule,
        };
        differ && self.groups > 1 && self.rule > 1
    }
}

/// How many of these key groups it takes to recover the data key.
pub fn needed_groups(threshold: Option<usize>, groups: usize) -> usize {
    threshold.unwrap_or(groups).min(groups).max(1)
}
