//! Encrypted data keys that are visibly damaged, even without the private key.

use sops_core::EncryptedDocument;
use sops_core::keys::{Family, MasterKey, WrappedKey};

use crate::command_error::{Code, CommandError};
use crate::input::Input;

/// Refuses a file in which the data key of a master key is damaged, unless that master key is
/// removed. The encrypted data key may never have been valid: someone who adds a recipient to the
/// metadata by hand cannot encrypt the data key for it.
pub(crate) fn refuse_damaged(
    input: &Input,
    document: &EncryptedDocument<'_>,
    is_removed: impl Fn(usize, &MasterKey) -> bool,
) -> Result<(), CommandError> {
    let groups = document.metadata().key_groups.iter().enumerate();
    let mut keys = groups.flat_map(|(group, keys)| keys.keys.iter().map(move |key| (group, key)));
    let damaged = keys.find_map(|(group, key): (usize, &WrappedKey)| {
        let damage = key.damage()?;
        let key = key.master_key();
        (!is_removed(group, key)).then_some((key, damage))
    });
    let Some((key, damage)) = damaged else {
        return Ok(());
    };
    let (family, id) = (key.family(), key.id());
    let message = format!("`enc` of the {family} key `{id}` {damage}");
    let flag = removal_flag(family);
    Err(CommandError::new(Code::Generic, message)
        .in_file(&input.name)
        .hint("restore the file from version control; a recipient that was added by hand has no valid data key")
        .hint(format!(
            "to remove the key: `sops-rs rotate --in-place {flag} <KEY> <FILE>`"
        )))
}

/// The flag of `rotate` that removes keys of a family.
pub(crate) fn removal_flag(family: Family) -> String {
    let name = match family {
        Family::HcVault => "hc-vault-transit".to_owned(),
        family => family.name().replace('_', "-"),
    };
    format!("--rm-{name}")
}
