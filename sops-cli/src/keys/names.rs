//! The names of master keys in messages.

use sops_core::keys::MasterKey;

/// A key in full, because its short form can be imitated.
pub(crate) fn shown(key: &MasterKey) -> String {
    match key {
        MasterKey::Age { recipient } => recipient.clone(),
        key => format!("{} {}", key.family().name(), key.id()),
    }
}

/// Key groups in a message.
pub(crate) fn recipients(groups: &[Vec<MasterKey>]) -> String {
    let group = |group: &Vec<MasterKey>| {
        let keys: Vec<String> = group.iter().map(shown).collect();
        keys.join(", ")
    };
    match groups {
        [only] => group(only),
        _ => {
            let groups: Vec<_> = groups
                .iter()
                .map(|keys| format!("({})", group(keys)))
                .collect();
            format!("the key groups {}", groups.join(", "))
        }
    }
}
