//! The names of master keys in messages.

use sops_core::keys::MasterKey;

/// A key in full, because its short form can be imitated.
pub(crate) fn shown(key: &MasterKey) -> String {
    match key {
        MasterKey::Age { recipient } => recipient.clone(),
        key => format!("{} {}", key.family().name(), key.id()),
    }
}

/// A key in a short form, next to a name. It begins and ends as the key does.
pub(crate) fn short(id: &str) -> String {
    const BEGINNING: usize = 12;
    const END: usize = 6;
    let length = id.chars().count();
    if length <= BEGINNING + END + 1 {
        return id.to_owned();
    }
    let begin = id.chars().take(BEGINNING);
    let end = id.chars().skip(length - END);
    begin.chain(['…']).chain(end).collect()
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
