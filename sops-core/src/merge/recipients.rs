//! Merges the recipients of a file, and decides which data key the merged file has.
//!
//! Removal wins. The data key stays if both sides have the same one, or if ours has a new one; it
//! never becomes one that only theirs has, because the author of the branch knows that key. A data
//! key that was encrypted for a removed key is replaced, unless the side that removed the key kept
//! it, as `updatekeys` does.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use super::problem::{MergeNote, MergeProblem, SideName};
use super::settings::pick;
use super::side::OpenVersions;
use crate::keys::{
    CanonicalKey, DataKey, KeyGroup, KeyService, MasterKey, WrappedKey, recover_data_key,
    wrap_data_key,
};
use crate::metadata::Metadata;

/// Which recipients the data key may be encrypted for.
pub enum Approval<'p> {
    /// Only recipients that the configuration names. The function is called only if it is needed.
    Configured(&'p dyn Fn() -> ConfiguredKeys),
    /// All recipients of the merged file: the user approved them.
    Given,
}

/// The master keys that the configuration names for a file. Empty if no rule matches.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredKeys {
    /// The key groups.
    pub groups: Vec<Vec<MasterKey>>,
    /// How many groups are needed; `None` means all of them.
    pub threshold: Option<usize>,
}

/// The master keys of the merged file.
struct MergedKeys {
    groups: Vec<Vec<MasterKey>>,
    threshold: Option<usize>,
}

/// The data key of the merged file, and for whom it is encrypted.
pub(super) struct KeyPlan {
    pub(super) key: DataKey,
    pub(super) groups: Vec<KeyGroup>,
    pub(super) threshold: Option<usize>,
    pub(super) notes: Vec<MergeNote>,
}

/// Encrypts data keys: the service, and the recipients that it may encrypt for.
pub(super) struct KeyWrapping<'w> {
    pub(super) service: &'w dyn KeyService,
    pub(super) approval: &'w Approval<'w>,
    pub(super) now: SystemTime,
}

impl KeyWrapping<'_> {
    /// The keys that are not approved.
    fn unapproved(&self, keys: impl Iterator<Item = MasterKey>) -> Vec<MasterKey> {
        let keys: Vec<MasterKey> = keys.collect();
        match self.approval {
            Approval::Given => Vec::new(),
            Approval::Configured(_) if keys.is_empty() => keys,
            Approval::Configured(named) => {
                let named = set(&named().groups);
                let is_named = |key: &MasterKey| named.contains(&key.canonical());
                keys.into_iter().filter(|key| !is_named(key)).collect()
            }
        }
    }

    /// Whether the merged file may have these key groups: those of ours, those of the
    /// configuration, or a single group in place of a single group, whose keys are judged one by
    /// one. Other groups could let fewer keys open the file.
    fn approves_groups(&self, merged: &MergedKeys, ours: &MergedKeys) -> bool {
        let are_single = merged.groups.len() <= 1 && ours.groups.len() <= 1;
        if are_single || merged.needs_same_keys(&ours.groups, ours.threshold) {
            return true;
        }
        match self.approval {
            Approval::Given => true,
            Approval::Configured(named) => {
                let named = named();
                merged.needs_same_keys(&named.groups, named.threshold)
            }
        }
    }

    /// Whether the service can recover the data key of the merged file, or the user approved a file
    /// that it cannot decrypt. An `enc` that a branch added may hold anything.
    fn opens(&self, plan: &KeyPlan) -> bool {
        let recovered = || recover_data_key(&plan.groups, plan.threshold, self.service);
        matches!(self.approval, Approval::Given)
            || recovered().is_ok_and(|recovered| is_same(&recovered, &plan.key))
    }

    fn wrap(
        &self,
        key: &DataKey,
        groups: &[Vec<MasterKey>],
        threshold: Option<usize>,
    ) -> Result<Vec<KeyGroup>, MergeProblem> {
        wrap_data_key(key, groups, threshold, self.service, self.now)
            .map_err(|error| MergeProblem::Unencryptable(error.into()))
    }
}

/// Decides the keys of the merged file. `choice` names the side that has the right key groups.
pub(super) fn plan(
    versions: &OpenVersions<'_>,
    choice: Option<SideName>,
    wrapping: &KeyWrapping<'_>,
) -> Result<KeyPlan, MergeProblem> {
    let ours = MergedKeys::of(versions.ours.metadata());
    let merged = match choice {
        Some(SideName::Ours) => ours,
        Some(SideName::Theirs) => MergedKeys::of(versions.theirs.metadata()),
        None => merge(versions)
            .filter(|merged| wrapping.approves_groups(merged, &ours))
            .ok_or(MergeProblem::KeyGroups)?,
    };
    let members = set(&merged.groups);
    // Whoever opened ours can open the result if none of our keys was removed.
    let may_lock_out = !set(&versions.ours.metadata().master_keys()).is_subset(&members);
    let mut plan = plan_of(versions, merged, &members, wrapping)?;
    let can_read_all = |note: &MergeNote| matches!(note, MergeNote::RemovedWithoutRotation(_));
    if !plan.notes.iter().any(can_read_all) {
        let ours = versions.ours.metadata().master_keys().into_iter().flatten();
        let removed = ours.filter(|key| !members.contains(&key.canonical()));
        let note = MergeNote::ReadsOurs(removed.collect());
        plan.notes.extend(Some(note).filter(|note| !is_empty(note)));
    }
    match may_lock_out && !wrapping.opens(&plan) {
        true => Err(MergeProblem::LockedOut),
        false => Ok(plan),
    }
}

fn plan_of(
    versions: &OpenVersions<'_>,
    merged: MergedKeys,
    members: &HashSet<CanonicalKey>,
    wrapping: &KeyWrapping<'_>,
) -> Result<KeyPlan, MergeProblem> {
    let holders = Holders::of(versions);
    let Some((key, leaving)) = holders.key_that_stays(members) else {
        return new_key(merged, wrapping);
    };
    let added = holders.added(&merged.groups);
    let notes = [
        MergeNote::RemovedWithoutRotation(leaving),
        MergeNote::Unnamed(wrapping.unapproved(added.into_iter())),
    ];
    Ok(KeyPlan {
        key: key.clone(),
        groups: holders.groups(key, &merged, wrapping)?,
        threshold: merged.threshold,
        notes: notes.into_iter().filter(|note| !is_empty(note)).collect(),
    })
}

/// A fresh data key for the merged keys, which must all be approved.
fn new_key(merged: MergedKeys, wrapping: &KeyWrapping<'_>) -> Result<KeyPlan, MergeProblem> {
    let key = DataKey::generate();
    let unapproved = wrapping.unapproved(merged.groups.iter().flatten().cloned());
    if !unapproved.is_empty() {
        return Err(MergeProblem::Unapproved(unapproved));
    }
    Ok(KeyPlan {
        groups: wrapping.wrap(&key, &merged.groups, merged.threshold)?,
        key,
        threshold: merged.threshold,
        notes: vec![MergeNote::NewDataKey],
    })
}

fn is_empty(note: &MergeNote) -> bool {
    match note {
        MergeNote::RemovedWithoutRotation(keys)
        | MergeNote::ReadsOurs(keys)
        | MergeNote::Unnamed(keys) => keys.is_empty(),
        MergeNote::NewDataKey => false,
    }
}

impl MergedKeys {
    fn of(metadata: &Metadata) -> Self {
        Self {
            groups: metadata.master_keys(),
            threshold: metadata.shamir_threshold,
        }
    }

    /// Whether the same keys of the same groups are needed.
    fn needs_same_keys(&self, groups: &[Vec<MasterKey>], threshold: Option<usize>) -> bool {
        let sets = |groups: &[Vec<MasterKey>]| -> Vec<HashSet<CanonicalKey>> {
            groups
                .iter()
                .map(|group| set(std::slice::from_ref(group)))
                .collect()
        };
        let needed = |threshold: Option<usize>| threshold.unwrap_or(groups.len());
        sets(&self.groups) == sets(groups) && needed(self.threshold) == needed(threshold)
    }
}

/// The keys in canonical form, regardless of their spelling.
fn set(groups: &[Vec<MasterKey>]) -> HashSet<CanonicalKey> {
    groups.iter().flatten().map(MasterKey::canonical).collect()
}

/// Merges the master keys; `None` if both sides changed them so that they cannot be merged.
fn merge(versions: &OpenVersions<'_>) -> Option<MergedKeys> {
    let base = versions.base.as_ref().map(|base| base.metadata());
    let (ours, theirs) = (versions.ours.metadata(), versions.theirs.metadata());
    let sets = |metadata: &Metadata| -> Vec<HashSet<CanonicalKey>> {
        let groups = metadata.master_keys();
        groups
            .iter()
            .map(|group| set(std::slice::from_ref(group)))
            .collect()
    };
    let in_base = base.map(|base| (sets(base), base.shamir_threshold));
    let in_ours = (sets(ours), ours.shamir_threshold);
    let in_theirs = (sets(theirs), theirs.shamir_threshold);
    if let Some(side) = pick(in_base.as_ref(), &in_ours, &in_theirs) {
        let is_ours = *side == in_ours;
        return Some(MergedKeys::of(if is_ours { ours } else { theirs }));
    }
    let is_single = |metadata: &Metadata| metadata.key_groups.len() == 1;
    let are_single = is_single(ours) && is_single(theirs) && base.is_none_or(is_single);
    if !are_single || versions.is_base_unknown {
        return None;
    }
    let in_base = base
        .map(|base| set(&base.master_keys()))
        .unwrap_or_default();
    let (of_ours, of_theirs) = (&in_ours.0[0], &in_theirs.0[0]);
    let stays = |key: &MasterKey, by_other_side: &HashSet<CanonicalKey>| {
        let key = key.canonical();
        by_other_side.contains(&key) || !in_base.contains(&key)
    };
    let kept = ours.master_keys().into_iter().flatten();
    let mut group: Vec<MasterKey> = kept.filter(|key| stays(key, of_theirs)).collect();
    let added = theirs.master_keys().into_iter().flatten();
    group.extend(added.filter(|key| !of_ours.contains(&key.canonical()) && stays(key, of_ours)));
    (!group.is_empty()).then(|| MergedKeys {
        groups: vec![group],
        threshold: ours.shamir_threshold.and(theirs.shamir_threshold),
    })
}

/// Which versions have which data key, and for whom it is encrypted.
struct Holders<'v> {
    /// Ours, theirs and the base, in the order in which an `enc` is taken from them.
    versions: Vec<(&'v Metadata, &'v DataKey)>,
    base: Option<&'v DataKey>,
}

impl<'v> Holders<'v> {
    fn of(versions: &'v OpenVersions<'_>) -> Self {
        let OpenVersions {
            base, ours, theirs, ..
        } = versions;
        let known = [Some(ours), Some(theirs), base.as_ref()];
        let known = known.into_iter().flatten();
        Self {
            versions: known
                .map(|version| (version.metadata(), &version.key))
                .collect(),
            base: base.as_ref().map(|base| &base.key),
        }
    }

    /// The data key of ours if it stays: theirs has it too, or ours replaced that of the base. Also
    /// returns the keys that it was encrypted for and that are not `members`.
    fn key_that_stays(
        &self,
        members: &HashSet<CanonicalKey>,
    ) -> Option<(&'v DataKey, Vec<MasterKey>)> {
        let (ours, theirs) = (self.versions[0].1, self.versions[1].1);
        let is_old = self.base.is_some_and(|base| is_same(base, ours));
        if is_old && !is_same(ours, theirs) {
            return None;
        }
        let leaving = self.leaving(ours, members);
        (leaving.is_empty() || self.is_unrotated(ours)).then_some((ours, leaving))
    }

    /// The merged keys that the base does not have or, without a base, that one side lacks.
    fn added(&self, merged: &[Vec<MasterKey>]) -> Vec<MasterKey> {
        let sets: Vec<_> = self
            .versions
            .iter()
            .map(|(metadata, _)| set(&metadata.master_keys()))
            .collect();
        let is_old = |key: &&MasterKey| {
            let key = key.canonical();
            match &sets[..] {
                [_, _, base] => base.contains(&key),
                sides => sides.iter().all(|side| side.contains(&key)),
            }
        };
        let keys = merged.iter().flatten();
        keys.filter(|key| !is_old(key)).cloned().collect()
    }

    /// Whether all versions have this data key, so that whoever removed a master key kept the data
    /// key.
    fn is_unrotated(&self, key: &DataKey) -> bool {
        self.base.is_some() && self.versions.iter().all(|(_, held)| is_same(held, key))
    }

    fn with_key<'k>(&'k self, key: &'k DataKey) -> impl Iterator<Item = &'v Metadata> + 'k {
        let versions = self.versions.iter();
        versions
            .filter(|(_, held)| is_same(held, key))
            .map(|(metadata, _)| *metadata)
    }

    /// The keys that the data key was encrypted for and that are not `members`.
    fn leaving(&self, key: &DataKey, members: &HashSet<CanonicalKey>) -> Vec<MasterKey> {
        let mut seen = HashSet::new();
        let holders = self.with_key(key).flat_map(Metadata::master_keys).flatten();
        holders
            .filter(|holder| {
                let holder = holder.canonical();
                !members.contains(&holder) && seen.insert(holder)
            })
            .collect()
    }

    /// The data key encrypted for the merged keys: as a version has it or, if they are
    /// approved, encrypted for them now.
    fn groups(
        &self,
        key: &DataKey,
        merged: &MergedKeys,
        wrapping: &KeyWrapping<'_>,
    ) -> Result<Vec<KeyGroup>, MergeProblem> {
        let [group] = &merged.groups[..] else {
            return self.shares(key, merged, wrapping);
        };
        let mut known: HashMap<CanonicalKey, &WrappedKey> = HashMap::new();
        for metadata in self
            .with_key(key)
            .filter(|metadata| metadata.key_groups.len() == 1)
        {
            for wrapped in &metadata.key_groups[0].keys {
                known
                    .entry(wrapped.master_key().canonical())
                    .or_insert(wrapped);
            }
        }
        let wrapped = |master: &MasterKey| known.get(&master.canonical()).copied().cloned();
        let missing = group.iter().filter(|master| wrapped(master).is_none());
        let unapproved = wrapping.unapproved(missing.cloned());
        if !unapproved.is_empty() {
            return Err(MergeProblem::Unapproved(unapproved));
        }
        let mut keys = Vec::new();
        for master in group {
            match wrapped(master) {
                Some(wrapped) => keys.push(wrapped),
                None => {
                    let groups = wrapping.wrap(key, &[vec![master.clone()]], None)?;
                    keys.extend(groups.into_iter().flat_map(|group| group.keys));
                }
            }
        }
        Ok(vec![KeyGroup { keys }])
    }

    /// The shares of a data key: from one version, since those of two do not fit together.
    fn shares(
        &self,
        key: &DataKey,
        merged: &MergedKeys,
        wrapping: &KeyWrapping<'_>,
    ) -> Result<Vec<KeyGroup>, MergeProblem> {
        let mut versions = self.with_key(key);
        let is_merged = |metadata: &&Metadata| {
            metadata.master_keys() == merged.groups && metadata.shamir_threshold == merged.threshold
        };
        if let Some(metadata) = versions.find(is_merged) {
            return Ok(metadata.key_groups.clone());
        }
        let unapproved = wrapping.unapproved(merged.groups.iter().flatten().cloned());
        if !unapproved.is_empty() {
            return Err(MergeProblem::Unapproved(unapproved));
        }
        wrapping.wrap(key, &merged.groups, merged.threshold)
    }
}

fn is_same(left: &DataKey, right: &DataKey) -> bool {
    left.as_bytes() == right.as_bytes()
}
