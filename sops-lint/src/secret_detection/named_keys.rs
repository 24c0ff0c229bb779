//! Recognizes values that name a key of a Secret because of what is around them.

use sops_document::{NodeRef, Shape};

use super::likeness::Likeness;
use super::name;
use crate::rule::Confidence;

/// How certain it is that a value is the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyName {
    No,
    /// The value is the name of a key unless it looks generated: in `existingSecretKeys`, or next
    /// to `existingSecret`.
    Likely,
    /// The value is always the name of a key: in `secretKeyRef`, or as `secretKey` next to the
    /// `remoteRef` of an ExternalSecret.
    Certain,
}

impl KeyName {
    /// The certainty for the values below `node`, the value of this key.
    pub(crate) fn below(self, key: &str, node: NodeRef<'_, '_>) -> Self {
        match self {
            _ if node.shape() == Shape::Mapping && key.ends_with("KeyRef") => Self::Certain,
            Self::No if name::holds_keys_of_secret(key) => Self::Likely,
            _ => self,
        }
    }

    /// The certainty for the value of a key in a mapping.
    pub(crate) fn of_entry(self, mapping: NodeRef<'_, '_>, key: &str) -> Self {
        let has_name = || mapping.entries().any(|(key, _)| name::is_of_object(key));
        match self {
            _ if key == "secretKey" && mapping.get("remoteRef").is_some() => Self::Certain,
            Self::No if name::is_of_key(key) && has_name() => Self::Likely,
            _ => self,
        }
    }

    /// Whether a value still counts as a secret, although it may be the name of a key.
    pub(crate) fn allows(self, likeness: Likeness) -> bool {
        match (self, likeness) {
            (Self::No, _) | (_, Likeness::Format(_)) => true,
            (Self::Likely, Likeness::Name(confidence)) => confidence == Confidence::High,
            (Self::Certain, Likeness::Name(_)) => false,
        }
    }
}
