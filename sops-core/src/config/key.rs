//! The keys that a creation rule encrypts for, as the configuration names them.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// A kind of master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// age and OpenSSH recipients.
    Age,
    /// OpenPGP.
    Pgp,
    /// AWS KMS.
    Kms,
    /// Google Cloud KMS.
    GcpKms,
    /// Huawei Cloud KMS.
    HcKms,
    /// Azure Key Vault.
    AzureKeyVault,
    /// The transit engine of HashiCorp Vault.
    HcVault,
}

impl Family {
    /// The name of the family's list in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Pgp => "pgp",
            Self::Kms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::HcKms => "hckms",
            Self::AzureKeyVault => "azure_kv",
            Self::HcVault => "hc_vault",
        }
    }
}

/// A key that the configuration names. None of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfiguredKey {
    /// A recipient of age, not checked yet.
    Age {
        /// `age1…`, `ssh-ed25519 …` or `ssh-rsa …`.
        recipient: String,
    },
    /// A key of OpenPGP.
    Pgp {
        /// The fingerprint, without spaces.
        fingerprint: String,
    },
    /// A key of AWS KMS.
    Kms {
        /// The key's ARN.
        arn: String,
        /// The ARN of the role to take on.
        role: Option<String>,
        /// The encryption context.
        context: BTreeMap<String, String>,
        /// The profile in the AWS configuration.
        aws_profile: Option<String>,
    },
    /// A key of Google Cloud KMS.
    GcpKms {
        /// `projects/…/cryptoKeys/…`.
        resource_id: String,
    },
    /// A key of Huawei Cloud KMS.
    HcKms {
        /// Region and UUID, divided by a colon.
        key_id: String,
    },
    /// A key of Azure Key Vault.
    AzureKeyVault {
        /// The vault, `https://….vault.azure.net`.
        vault_url: String,
        /// The key's name.
        key: String,
        /// Its version; none is the latest.
        version: Option<String>,
    },
    /// A key of HashiCorp Vault.
    HcVault {
        /// `https://vault.example.com:8200/v1/transit/keys/name`.
        uri: String,
    },
}

impl ConfiguredKey {
    /// The key's family.
    pub fn family(&self) -> Family {
        match self {
            Self::Age { .. } => Family::Age,
            Self::Pgp { .. } => Family::Pgp,
            Self::Kms { .. } => Family::Kms,
            Self::GcpKms { .. } => Family::GcpKms,
            Self::HcKms { .. } => Family::HcKms,
            Self::AzureKeyVault { .. } => Family::AzureKeyVault,
            Self::HcVault { .. } => Family::HcVault,
        }
    }

    /// The keys in a text that divides them with commas, spelled as on the command line of `sops`. Empty parts are passed over.
    ///
    /// # Errors
    /// What to write instead, where a part cannot be a key of the family.
    pub fn from_list(family: Family, text: &str) -> Result<Vec<Self>, &'static str> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Self::from_text(family, part))
            .collect()
    }

    /// One key of a family, spelled as on the command line of `sops`.
    fn from_text(family: Family, text: &str) -> Result<Self, &'static str> {
        Ok(match family {
            Family::Age => Self::Age {
                recipient: text.to_owned(),
            },
            Family::Pgp => Self::Pgp {
                fingerprint: without_spaces(text),
            },
            Family::Kms => {
                let text = without_spaces(text);
                // An ARN may hold a `+`, yet no colon behind it.
                let (arn, role) = match text.find("+arn:") {
                    Some(plus) if plus > 0 => (text[..plus].to_owned(), Some(text[plus + 1..].to_owned())),
                    _ => (text, None),
                };
                Self::Kms {
                    arn,
                    role,
                    context: BTreeMap::new(),
                    aws_profile: None,
                }
            }
            Family::GcpKms => Self::GcpKms {
                resource_id: without_spaces(text),
            },
            Family::HcKms => Self::HcKms {
                key_id: text.to_owned(),
            },
            Family::AzureKeyVault => azure_key(text).ok_or(
                "this is no key of Azure Key Vault; write `https://<vault>.vault.azure.net/keys/<name>/<version>`",
            )?,
            Family::HcVault => Self::HcVault { uri: text.to_owned() },
        })
    }
}

/// The key as `sops` prints it.
impl fmt::Display for ConfiguredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient } => f.write_str(recipient),
            Self::Pgp { fingerprint } => f.write_str(fingerprint),
            Self::Kms { arn, role, .. } => {
                f.write_str(arn)?;
                role.iter().try_for_each(|role| write!(f, "+{role}"))
            }
            Self::GcpKms { resource_id } => f.write_str(resource_id),
            Self::HcKms { key_id } => f.write_str(key_id),
            Self::AzureKeyVault {
                vault_url,
                key,
                version,
            } => write!(
                f,
                "{vault_url}/keys/{key}/{}",
                version.as_deref().unwrap_or_default()
            ),
            Self::HcVault { uri } => f.write_str(uri),
        }
    }
}

/// The keys of one group, each once, in the order of their first mention.
pub(super) fn without_repeats(keys: Vec<ConfiguredKey>) -> Vec<ConfiguredKey> {
    let mut seen = HashSet::new();
    keys.into_iter()
        .filter(|key| seen.insert(key.clone()))
        .collect()
}

fn without_spaces(text: &str) -> String {
    text.replace(' ', "")
}

/// Reads `https://<vault>/keys/<name>`, with or without `/<version>`.
fn azure_key(text: &str) -> Option<ConfiguredKey> {
    let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
    let (key, version) = match path.strip_prefix("keys/")?.split_once('/') {
        Some((key, version)) => (key, version),
        None => (path.strip_prefix("keys/")?, ""),
    };
    if host.is_empty() || key.is_empty() || version.contains('/') {
        return None;
    }
    Some(ConfiguredKey::AzureKeyVault {
        vault_url: format!("https://{host}"),
        key: key.to_owned(),
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
    })
}
