//! Locates errors about keys in the metadata: `sops-keys` does not know how the metadata lists
//! them.

use sops_document::{Component, KeyPath};
use sops_keys::EntryPosition;

use crate::error::Error;

/// The metadata key that holds the groups, if there are several.
pub(crate) const KEY_GROUPS: &str = "key_groups";

/// Converts the error without a location in the text, which is not known here.
impl From<sops_keys::Error> for Error {
    fn from(error: sops_keys::Error) -> Self {
        match error {
            sops_keys::Error::NoKey {
                message,
                missing,
                damaged,
            } => Self::NoDataKey {
                message,
                missing,
                damaged: damaged.and_then(path_of_enc),
                location: None,
            },
            error => Self::Keys(error),
        }
    }
}

/// The error about a field of the entry at `path`.
pub(super) fn in_entry(error: sops_keys::Error, mut path: Vec<Component>) -> Error {
    match error {
        sops_keys::Error::InvalidEntry { field, message } => {
            path.push(Component::Key(field.into()));
            Error::Metadata {
                location: None,
                path: KeyPath::new(path),
                message: message.to_owned(),
            }
        }
        error => error.into(),
    }
}

/// The path of an entry's `enc`.
fn path_of_enc(position: EntryPosition) -> Option<KeyPath> {
    let group = position
        .group
        .map(|number| [Component::Key(KEY_GROUPS.into()), Component::Index(number)]);
    let entry = [
        Component::Key(position.family.name().into()),
        Component::Index(position.index),
        Component::Key("enc".into()),
    ];
    KeyPath::new(group.into_iter().flatten().chain(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_keys_keep_their_kind_and_message() {
        let error = Error::from(sops_keys::Error::NoRecipient);
        assert!(matches!(error, Error::Keys(sops_keys::Error::NoRecipient)));
        assert_eq!(error.to_string(), sops_keys::Error::NoRecipient.to_string());
        let entry = [Component::Key("pgp".into()), Component::Index(1)];
        let invalid = sops_keys::Error::InvalidEntry {
            field: "fp",
            message: "is not a string",
        };
        assert_eq!(
            in_entry(invalid, entry.to_vec()).to_string(),
            "invalid `sops` metadata: `pgp[1].fp` is not a string"
        );
    }
}
