//! Compares master keys regardless of their spelling.

use crate::family::Family;
use crate::master_key::MasterKey;
use crate::spelling::{hex_digits, without_comment};

/// A master key without the parts that may differ between two spellings; see
/// [`MasterKey::canonical`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalKey {
    family: Family,
    name: String,
}

impl MasterKey {
    /// The key for comparisons and maps: two keys have the same canonical form if the same private
    /// key decrypts for both.
    ///
    /// This ignores the comment of an SSH key, the letter case, spaces and `0x` prefix of a PGP
    /// fingerprint, and the version of a key in Azure Key Vault. Everything else counts: a `!`
    /// after a fingerprint selects a subkey, a PGP key ID can be forged, and the roles, contexts
    /// and profiles of AWS KMS are separate permissions.
    #[must_use]
    pub fn canonical(&self) -> CanonicalKey {
        let name = match self {
            Self::Age { recipient } => without_comment(recipient),
            Self::Pgp { fingerprint } => hex_digits(fingerprint),
            Self::AzureKv {
                vault_url, name, ..
            } => format!("{vault_url}/keys/{name}"),
            key => key.id(),
        };
        CanonicalKey {
            family: self.family(),
            name,
        }
    }

    /// Whether both have the same [canonical](Self::canonical) form. In contrast, `==` compares
    /// their spelling.
    ///
    /// ```
    /// use sops_keys::{Family, MasterKey};
    ///
    /// let keys = MasterKey::from_list(Family::Age, "ssh-ed25519 AAAA ann, ssh-ed25519 AAAA bob")?;
    /// assert!(keys[0].is_same_key(&keys[1]));
    /// assert_ne!(keys[0], keys[1]);
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// Whether this key, as spelled in a creation rule or a flag, refers to `key` of a file: it is
    /// the same key and, for an Azure key with a version, has the same version.
    #[must_use]
    pub fn means(&self, stored: &Self) -> bool {
        let is_version_meant = match (self, stored) {
            (
                Self::AzureKv { version, .. },
                Self::AzureKv {
                    version: stored, ..
                },
            ) => version.is_empty() || version == stored,
            _ => true,
        };
        is_version_meant && self.is_same_key(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(family: Family, text: &str) -> MasterKey {
        MasterKey::from_list(family, text).unwrap().remove(0)
    }

    #[test]
    fn a_key_is_the_same_however_it_is_spelled() {
        let fingerprint = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";
        for (family, left, right, is_same) in [
            (Family::Pgp, fingerprint, &*fingerprint.to_lowercase(), true),
            (Family::Pgp, fingerprint, &format!("0x{fingerprint}"), true),
            (Family::Pgp, fingerprint, &format!("{fingerprint}!"), false),
            (Family::Pgp, fingerprint, "BC17301B491B3F21", false),
            (
                Family::Age,
                "ssh-ed25519 AAAA ann",
                "ssh-ed25519  AAAA  bob of c",
                true,
            ),
            (
                Family::Age,
                "ssh-ed25519 AAAA ann",
                "ssh-ed25519 AAAA",
                true,
            ),
            (Family::Age, "ssh-ed25519 AAAA", "ssh-ed25519 AAAB", false),
            (Family::Age, "ssh-ed25519 AAAA", "ssh-rsa AAAA", false),
            (Family::Age, "age1a", "age1A", false),
            (
                Family::AzureKv,
                "https://v/keys/k/1",
                "https://v/keys/k",
                true,
            ),
            (
                Family::AzureKv,
                "https://v/keys/k/1",
                "https://v/keys/k/2",
                true,
            ),
            (
                Family::AzureKv,
                "https://v/keys/k/1",
                "https://v/keys/l/1",
                false,
            ),
            (Family::Kms, "arn:aws:kms:a", "arn:aws:kms:a+arn:b", false),
            (Family::GcpKms, "projects/p", "projects/q", false),
        ] {
            let (left, right) = (key(family, left), key(family, right));
            assert_eq!(left.is_same_key(&right), is_same, "{left:?} {right:?}");
            assert_eq!(right.is_same_key(&left), is_same, "{left:?} {right:?}");
        }
        assert!(!key(Family::Age, "x").is_same_key(&key(Family::GcpKms, "x")));
    }

    #[test]
    fn an_azure_key_with_a_version_means_only_that_version() {
        let azure = |version: &str| key(Family::AzureKv, &format!("https://v/keys/k{version}"));
        for (named, stored, is_meant) in [
            ("", "/1", true),
            ("/1", "/1", true),
            ("/2", "/1", false),
            ("/1", "", false),
        ] {
            assert_eq!(
                azure(named).means(&azure(stored)),
                is_meant,
                "{named} {stored}"
            );
        }
        let ssh = |comment: &str| key(Family::Age, &format!("ssh-ed25519 AAAA {comment}"));
        assert!(ssh("ann").means(&ssh("bob")));
    }
}
