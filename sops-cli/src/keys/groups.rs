//! Key groups with their threshold.

use sops_core::Encryption;
use sops_core::config::needed_groups;
use sops_core::keys::MasterKey;

/// The key groups of a file or a rule.
#[derive(Clone, Copy)]
pub(crate) struct KeyGroups<'k> {
    pub(crate) groups: &'k [Vec<MasterKey>],
    /// How many groups are needed to decrypt the file; `None` means all of them.
    pub(crate) threshold: Option<usize>,
}

impl<'k> KeyGroups<'k> {
    /// The key groups that a file is encrypted for.
    pub(crate) fn of(encryption: &'k Encryption) -> Self {
        Self {
            groups: &encryption.key_groups,
            threshold: encryption.shamir_threshold,
        }
    }

    /// How many groups are needed, as a number.
    pub(crate) fn needed(self) -> usize {
        needed_groups(self.threshold, self.groups.len())
    }
}
