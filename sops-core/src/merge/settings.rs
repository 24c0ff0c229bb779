//! Merges the settings of a file: the selection rule and what the MAC covers.

use super::problem::SideName;
use crate::metadata::Metadata;
use crate::rules::EncryptionRule;

/// Settings that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) rule: Option<EncryptionRule>,
    pub(super) mac_only_encrypted: bool,
}

impl Settings {
    fn of(metadata: &Metadata) -> Self {
        Self {
            rule: metadata.rule.clone(),
            mac_only_encrypted: metadata.mac_only_encrypted,
        }
    }
}

/// The merged settings; `None` if both sides changed the same one and no side was chosen.
pub(super) fn merge(
    base: Option<&Metadata>,
    ours: &Metadata,
    theirs: &Metadata,
    choice: Option<SideName>,
) -> Option<Settings> {
    let base = base.map(Settings::of);
    let (ours, theirs) = (Settings::of(ours), Settings::of(theirs));
    match choice {
        Some(SideName::Ours) => return Some(ours),
        Some(SideName::Theirs) => return Some(theirs),
        None => {}
    }
    let (rule, mac_only_encrypted) = match &base {
        Some(base) => (Some(&base.rule), Some(&base.mac_only_encrypted)),
        None => (None, None),
    };
    Some(Settings {
        rule: pick(rule, &ours.rule, &theirs.rule)?.clone(),
        mac_only_encrypted: *pick(
            mac_only_encrypted,
            &ours.mac_only_encrypted,
            &theirs.mac_only_encrypted,
        )?,
    })
}

/// The value that one side changed, or that both agree on.
pub(super) fn pick<'v, T: PartialEq>(
    base: Option<&T>,
    ours: &'v T,
    theirs: &'v T,
) -> Option<&'v T> {
    if ours == theirs || base == Some(theirs) {
        Some(ours)
    } else if base == Some(ours) {
        Some(theirs)
    } else {
        None
    }
}
