//! Who could read a version: everyone whose master keys recover its data key, from this or from any
//! other version with the same data key.

use std::collections::{BTreeSet, HashMap};

use sops_core::config::needed_groups;
use sops_core::keys::{CanonicalKey, MasterKey};
use sops_core::metadata::Metadata;

use super::data_keys::{Handle, handles};

/// The number of a master key.
pub(crate) type MasterId = usize;

/// The master keys of all versions, each with a number.
#[derive(Default)]
pub(crate) struct Masters {
    keys: Vec<MasterKey>,
    ids: HashMap<CanonicalKey, MasterId>,
}

impl Masters {
    pub(crate) fn key(&self, id: MasterId) -> &MasterKey {
        &self.keys[id]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (MasterId, &MasterKey)> {
        self.keys.iter().enumerate()
    }

    pub(crate) fn id(&mut self, key: &MasterKey) -> MasterId {
        *self.ids.entry(key.canonical()).or_insert_with(|| {
            self.keys.push(key.clone());
            self.keys.len() - 1
        })
    }
}

/// The master keys that recover a data key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    groups: Vec<Vec<MasterId>>,
    /// How many groups are needed.
    needed: usize,
}

impl Access {
    pub(super) fn of(metadata: &Metadata, masters: &mut Masters) -> Self {
        let groups = metadata.master_keys();
        let needed = needed_groups(metadata.shamir_threshold, groups.len());
        let groups = groups.iter();
        let groups = groups.map(|keys| keys.iter().map(|key| masters.id(key)).collect());
        Self {
            groups: groups.collect(),
            needed,
        }
    }

    /// Whether someone with these master keys can recover the data key.
    pub(crate) fn is_open_to(&self, keys: &BTreeSet<MasterId>) -> bool {
        let is_open = |group: &&Vec<MasterId>| group.iter().any(|key| keys.contains(key));
        self.groups.iter().filter(is_open).count() >= self.needed
    }

    /// The master keys that recover the data key on their own, which a key in only one of several
    /// groups cannot do.
    pub(super) fn readers(&self) -> impl Iterator<Item = MasterId> {
        let members: BTreeSet<MasterId> = self.groups.iter().flatten().copied().collect();
        members
            .into_iter()
            .filter(|key| self.is_open_to(&BTreeSet::from([*key])))
    }
}

/// The versions with one data key.
pub(crate) type ClassId = usize;

/// Which versions have the same data key.
#[derive(Default)]
pub(super) struct Classes {
    /// The class that each class was joined with; for a class that was not joined, the class
    /// itself.
    joined: Vec<ClassId>,
    by_handle: HashMap<Handle, ClassId>,
    by_key: HashMap<Vec<u8>, ClassId>,
    access: Vec<BTreeSet<Access>>,
}

impl Classes {
    /// The class of a version. `fingerprint` identifies its data key, if that is known.
    pub(super) fn add(&mut self, metadata: &Metadata, fingerprint: Option<Vec<u8>>) -> ClassId {
        let new = self.joined.len();
        let handles = handles(metadata);
        let earlier = handles
            .iter()
            .filter_map(|handle| self.by_handle.get(handle))
            .chain(fingerprint.as_ref().and_then(|key| self.by_key.get(key)));
        let earlier: BTreeSet<ClassId> = earlier.map(|class| self.root(*class)).collect();
        let class = earlier.first().copied().unwrap_or_else(|| {
            self.joined.push(new);
            self.access.push(BTreeSet::new());
            new
        });
        for other in earlier.into_iter().skip(1) {
            self.joined[other] = class;
            let access = std::mem::take(&mut self.access[other]);
            self.access[class].extend(access);
        }
        for handle in handles {
            self.by_handle.insert(handle, class);
        }
        if let Some(key) = fingerprint {
            self.by_key.insert(key, class);
        }
        class
    }

    /// Adds those who could recover the data key of a class.
    pub(super) fn open_to(&mut self, class: ClassId, access: Access) {
        let root = self.root(class);
        self.access[root].insert(access);
    }

    /// The class that this class was joined with in the end.
    pub(super) fn root(&self, mut class: ClassId) -> ClassId {
        while self.joined[class] != class {
            class = self.joined[class];
        }
        class
    }

    /// Whether someone with these master keys can read the versions of the class.
    pub(super) fn is_open_to(&self, class: ClassId, keys: &BTreeSet<MasterId>) -> bool {
        let access = &self.access[self.root(class)];
        access.iter().any(|access| access.is_open_to(keys))
    }

    /// The master keys that can read the versions of the class on their own.
    pub(super) fn readers(&self, class: ClassId) -> BTreeSet<MasterId> {
        let access = self.access[self.root(class)].iter();
        access.flat_map(Access::readers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(groups: &[&[MasterId]], needed: usize) -> Access {
        Access {
            groups: groups.iter().map(|group| group.to_vec()).collect(),
            needed,
        }
    }

    #[test]
    fn a_member_of_one_of_several_groups_is_not_a_reader() {
        let split = access(&[&[0, 1], &[1, 2], &[3]], 2);
        assert!(split.readers().eq([1]));
        assert!(split.is_open_to(&BTreeSet::from([0, 3])));
        assert!(!split.is_open_to(&BTreeSet::from([0])));
        assert!(access(&[&[0, 1]], 1).readers().eq([0, 1]));
        assert!(access(&[], 1).readers().next().is_none());
    }
}
