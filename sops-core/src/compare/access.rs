//! Compares who can decrypt two versions of a file, and which values are encrypted.

use std::collections::BTreeSet;

use crate::keys::{DataKey, MasterKey};
use crate::metadata::Metadata;
use crate::rules::EncryptionRule;

/// How two versions of a file differ in their recipients and settings.
#[non_exhaustive]
pub struct AccessChanges {
    /// The master keys that only the new version has.
    pub added: Vec<MasterKey>,
    /// The master keys that only the old version has.
    pub removed: Vec<MasterKey>,
    /// Whether the same master keys are in other groups.
    pub is_regrouped: bool,
    /// How many groups are needed, if that differs.
    pub threshold: Option<(usize, usize)>,
    /// The rule that selects what is encrypted, if it differs.
    pub rule: Option<(EncryptionRule, EncryptionRule)>,
    /// Whether the MAC covers only encrypted values, if that differs.
    pub mac_only_encrypted: Option<(bool, bool)>,
    /// Whether the data key is the same.
    pub data_key: DataKeyChange,
}

/// Whether two versions have the same data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKeyChange {
    /// The data key is the same: equal values have equal ciphertexts unless someone encrypted them
    /// again.
    Same,
    /// The data key differs.
    Changed,
    /// The metadata does not show whether the data key is the same.
    Unknown,
}

impl AccessChanges {
    /// Compares the metadata of two versions. `None` means that the version does not exist or is in
    /// plaintext. `keys` are the data keys, if both are known.
    pub fn between(
        old: Option<&Metadata>,
        new: Option<&Metadata>,
        keys: Option<(&DataKey, &DataKey)>,
    ) -> Self {
        let mut changes = Self {
            added: keys_only_in(new, old),
            removed: keys_only_in(old, new),
            is_regrouped: false,
            threshold: None,
            rule: None,
            mac_only_encrypted: None,
            data_key: DataKeyChange::Unknown,
        };
        let Some((old, new)) = old.zip(new) else {
            return changes;
        };
        let has_same_keys = changes.added.is_empty() && changes.removed.is_empty();
        changes.is_regrouped = has_same_keys && groups(old) != groups(new);
        changes.threshold = differing(needed(old), needed(new));
        changes.rule = differing(rule(old), rule(new));
        changes.mac_only_encrypted = differing(old.mac_only_encrypted, new.mac_only_encrypted);
        changes.data_key = match keys {
            Some((old, new)) if old.as_bytes() == new.as_bytes() => DataKeyChange::Same,
            Some(_) => DataKeyChange::Changed,
            None if has_same_data_key(old, new) => DataKeyChange::Same,
            None => DataKeyChange::Unknown,
        };
        changes
    }

    /// Whether anything differs, apart from the data key.
    pub fn is_change(&self) -> bool {
        !self.added.is_empty()
            || !self.removed.is_empty()
            || self.is_regrouped
            || self.threshold.is_some()
            || self.rule.is_some()
            || self.mac_only_encrypted.is_some()
    }
}

/// How many groups are needed to decrypt.
fn needed(metadata: &Metadata) -> usize {
    match metadata.key_groups.len() {
        0 | 1 => 1,
        // Shamir's scheme has no threshold of 1.
        groups => metadata.shamir_threshold.unwrap_or(groups).max(2),
    }
}

fn rule(metadata: &Metadata) -> EncryptionRule {
    metadata.rule.clone().unwrap_or_default()
}

fn differing<T: PartialEq>(old: T, new: T) -> Option<(T, T)> {
    (old != new).then_some((old, new))
}

/// The text that distinguishes a master key from others.
fn identity(key: &MasterKey) -> (&'static str, String) {
    (key.family().name(), key.id())
}

/// The master keys of one version that the other lacks, each once.
fn keys_only_in(metadata: Option<&Metadata>, other: Option<&Metadata>) -> Vec<MasterKey> {
    let keys = |metadata: Option<&Metadata>| {
        let groups = metadata.map(Metadata::master_keys).unwrap_or_default();
        groups.into_iter().flatten()
    };
    let mut known: BTreeSet<_> = keys(other).map(|key| identity(&key)).collect();
    keys(metadata)
        .filter(|key| known.insert(identity(key)))
        .collect()
}

/// The groups as sets, because the order of keys has no meaning.
fn groups(metadata: &Metadata) -> Vec<BTreeSet<(&'static str, String)>> {
    let groups = metadata.master_keys().into_iter();
    groups
        .map(|group| group.iter().map(identity).collect())
        .collect()
}

/// Whether enough groups to recover the data key contain the same encrypted secret.
fn has_same_data_key(old: &Metadata, new: &Metadata) -> bool {
    if old.key_groups.len() != new.key_groups.len() {
        return false;
    }
    let groups = old.key_groups.iter().zip(&new.key_groups);
    let same = groups.filter(|(old, new)| {
        let secrets: BTreeSet<&str> = old.keys.iter().map(|key| key.enc()).collect();
        let mut kept = new.keys.iter().map(|key| key.enc());
        kept.any(|secret| !secret.is_empty() && secrets.contains(secret))
    });
    same.count() >= needed(old)
}
