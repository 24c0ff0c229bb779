//! Master keys: who can open a document.
//!
//! A master key encrypts the data key of a document, so that the holder of its private half gets at the values. A
//! document lists its master keys in one key group, any key of which opens it; or in several, of which a threshold has
//! to be opened, since each holds only a share of the data key.
//!
//! What belongs in this folder: one module a family of master keys (`age`; other families' keys are kept as they are),
//! where private keys are looked for (`sources`, `environment`, `command`), how a person is asked for a passphrase
//! (`prompt`), and how the data key is wrapped for key groups and recovered from them (`data_key`, `shamir`). Nothing
//! here knows the format of a document.

pub mod age;
mod command;
mod data_key;
mod environment;
mod prompt;
pub mod shamir;
mod sources;

pub use age::{Identities, Recipient};
pub use data_key::{DataKey, recover_data_key, wrap_data_key};
pub use environment::Environment;
pub use prompt::{NoPrompt, Prompt};

use std::fmt;

use serde_json::{Map, Value};

/// A group of master keys, each of which encrypts the same secret: the data key, or this group's share of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGroup {
    /// The keys, in the order of the document.
    pub keys: Vec<MasterKey>,
}

/// A key that encrypts the data key, or a share of it, together with the ciphertext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKey {
    /// A key that this library can use.
    Age {
        /// The recipient as the document spells it: public, and a hint only, since any identity is tried.
        recipient: String,
        /// The ASCII-armoured age file that holds the data key or the share.
        enc: String,
    },
    /// A key of a family that this library cannot use; it is written back as it was read.
    Foreign {
        /// The family.
        family: Family,
        /// All fields of the key, in the order of the document.
        fields: Map<String, Value>,
    },
}

impl MasterKey {
    /// The name of the key's family, which is its list's key in the metadata: `age`, `pgp`, `kms`, …
    pub fn family(&self) -> &'static str {
        match self {
            Self::Age { .. } => "age",
            Self::Foreign { family, .. } => family.name(),
        }
    }

    /// What tells the key from others of its family, as `sops` prints it: the recipient, the fingerprint, the ARN, …
    pub fn id(&self) -> String {
        match self {
            Self::Age { recipient, .. } => recipient.clone(),
            Self::Foreign { family, fields } => family.id(fields),
        }
    }
}

/// The family and [id](MasterKey::id) of the key, shortened where the id is long.
impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient, .. } => f.write_str(&age::shortened(recipient)),
            Self::Foreign { family, fields } => {
                write!(f, "{} {}", family.name(), family.id(fields))
            }
        }
    }
}

/// The families of master keys that SOPS has beside age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenPGP keys.
    Pgp,
    /// AWS KMS.
    Kms,
    /// Google Cloud KMS.
    GcpKms,
    /// Azure Key Vault.
    AzureKv,
    /// The transit engine of HashiCorp Vault.
    HcVault,
    /// Huawei Cloud KMS.
    Hckms,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pgp,
        Self::Kms,
        Self::GcpKms,
        Self::AzureKv,
        Self::HcVault,
        Self::Hckms,
    ];

    /// The name of the family's list in the metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pgp => "pgp",
            Self::Kms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::AzureKv => "azure_kv",
            Self::HcVault => "hc_vault",
            Self::Hckms => "hckms",
        }
    }

    /// The family of that name; `age` is none of these.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    fn id(self, fields: &Map<String, Value>) -> String {
        let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        match self {
            Self::Pgp => field("fp").to_owned(),
            Self::Kms => match field("role") {
                "" => field("arn").to_owned(),
                role => format!("{}+{role}", field("arn")),
            },
            Self::GcpKms => field("resource_id").to_owned(),
            Self::AzureKv => {
                format!(
                    "{}/keys/{}/{}",
                    field("vault_url"),
                    field("name"),
                    field("version")
                )
            }
            Self::HcVault => {
                let (address, engine, key) = (
                    field("vault_address"),
                    field("engine_path"),
                    field("key_name"),
                );
                format!("{address}/v1/{engine}/keys/{key}")
            }
            Self::Hckms => field("key_id").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_key_is_named_as_sops_names_it() {
        for (name, fields, id) in [
            ("pgp", serde_json::json!({"fp": "85D7", "enc": "…"}), "85D7"),
            (
                "kms",
                serde_json::json!({"arn": "arn:aws:kms:x"}),
                "arn:aws:kms:x",
            ),
            (
                "kms",
                serde_json::json!({"arn": "arn:a", "role": "arn:b"}),
                "arn:a+arn:b",
            ),
            (
                "gcp_kms",
                serde_json::json!({"resource_id": "projects/p"}),
                "projects/p",
            ),
            (
                "azure_kv",
                serde_json::json!({"vault_url": "https://v", "name": "k", "version": "1"}),
                "https://v/keys/k/1",
            ),
            (
                "hc_vault",
                serde_json::json!({"vault_address": "https://v", "engine_path": "sops", "key_name": "k"}),
                "https://v/v1/sops/keys/k",
            ),
            ("hckms", serde_json::json!({"key_id": "r:1"}), "r:1"),
            ("pgp", serde_json::json!({"fp": 7}), ""),
        ] {
            let Value::Object(fields) = fields else {
                panic!("the table holds objects")
            };
            let family = Family::from_name(name).unwrap();
            let key = MasterKey::Foreign { family, fields };
            assert_eq!((key.family(), key.id()), (name, id.to_owned()));
        }
        assert_eq!(Family::from_name("age"), None);
    }
}
