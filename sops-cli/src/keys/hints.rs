//! What to do if none of the keys can decrypt a file.

use std::borrow::Cow;
use std::collections::HashSet;

use sops_core::keys::{Family, MasterKey};

use crate::built_in::missing_family;
use crate::keys::own::addition;

/// Hints for a file that none of the keys can decrypt. `is_new` says that the user has no age key;
/// `own` is the recipient of the user's newest key.
pub(super) fn hints<'k>(
    keys: impl Iterator<Item = &'k MasterKey>,
    is_new: bool,
    own: Option<&str>,
) -> Vec<Cow<'static, str>> {
    let mut hints = Vec::new();
    let keys: Vec<&MasterKey> = keys.collect();
    let has_age = keys.iter().any(|key| key.family() == Family::Age);
    for key in keys {
        hints.extend(missing_family(key.family()).map(Cow::Owned));
        let hint = match key.family() {
            Family::Age => age_hint(&key.id(), is_new),
            Family::Pgp => Cow::Borrowed(
                "`gpg --list-secret-keys` shows the available PGP keys; if they are in another directory, set GNUPGHOME to it",
            ),
            _ => Cow::Borrowed(
                "if a key service can use this key, pass its address with `--keyservice`",
            ),
        };
        hints.push(hint);
    }
    if let Some(own) = own.filter(|_| has_age) {
        hints.push(Cow::Owned(format!(
            "to get access, ask someone who can decrypt the file to add your key: `{}`",
            addition(own, None)
        )));
    }
    let mut seen = HashSet::new();
    hints.retain(|hint| seen.insert(hint.clone()));
    hints
}

/// The hint that says where to put the private key of an age recipient.
fn age_hint(recipient: &str, is_new: bool) -> Cow<'static, str> {
    if recipient.starts_with("ssh-") {
        return Cow::Borrowed(
            "put the private key into `~/.ssh/id_ed25519` or `~/.ssh/id_rsa`, or set SOPS_AGE_SSH_PRIVATE_KEY_FILE to its path",
        );
    }
    // `age1NAME1…`; Bech32 data has no `1`.
    let plugin = recipient
        .strip_prefix("age1")
        .and_then(|rest| rest.rsplit_once('1'));
    match plugin {
        Some(("tag" | "tagpq", _)) => Cow::Borrowed(
            "this key is in hardware: add the identity from its plugin to the key file, or set SOPS_AGE_KEY_FILE to the file that contains it",
        ),
        Some((name, _)) if !name.is_empty() && name != "pq" => Cow::Owned(format!(
            "put an identity of the plugin `age-plugin-{name}` into the key file, or set SOPS_AGE_KEY_FILE to the file that contains it"
        )),
        _ if is_new => Cow::Borrowed(
            "you have no private key: run `sops-rs init`, and send the line that it prints to someone who can decrypt the file",
        ),
        _ => Cow::Borrowed(
            "put the private key of one of the file's recipients into the key file, or set SOPS_AGE_KEY_FILE to the file that contains it",
        ),
    }
}
