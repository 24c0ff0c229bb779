//! The names of master keys in messages, and when two of them mean the same key.

use sops_core::keys::MasterKey;

/// The family and a normalised name of a key: fingerprints in upper case, SSH keys without their comment, and Azure keys without their
/// version, which `sops` adds to a key that `.sops.yaml` names without one.
pub(crate) fn identifier(key: &MasterKey) -> (&'static str, String) {
    let id = match key {
        MasterKey::Age { recipient } => {
            let words: Vec<&str> = recipient.split_whitespace().take(2).collect();
            words.join(" ")
        }
        MasterKey::Pgp { fingerprint } => {
            let digits = fingerprint.to_uppercase();
            digits.strip_prefix("0X").unwrap_or(&digits).to_owned()
        }
        MasterKey::AzureKv {
            vault_url, name, ..
        } => format!("{vault_url}/keys/{name}"),
        key => key.id(),
    };
    (key.family().name(), id)
}

/// A key in full, since its short form can be imitated.
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
