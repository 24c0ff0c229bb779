//! Master keys: the public half of a key of any family, for which a data key is encrypted.

use std::collections::BTreeMap;
use std::fmt;

use sops_printable::escaped;

use crate::family::Family;
use crate::identifier::{MAX_CONTEXT, fault_of_identifier};
use crate::spelling::{holds_several_recipients, shortened};

/// The identifier of a master key of any family. No part of it is secret.
///
/// `==` compares the spelling of all fields; [`is_same_key`](Self::is_same_key) compares the keys.
///
/// ```
/// use sops_keys::{Family, MasterKey};
///
/// let keys = MasterKey::from_list(Family::Pgp, "85D7 7543 B3D6 24B6 3CEA  9E6D BC17 301B 491B 3F21,")?;
/// assert_eq!(keys[0].id(), "85D77543B3D624B63CEA9E6DBC17301B491B3F21");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MasterKey {
    /// An age key.
    Age {
        /// `age1…`, `ssh-ed25519 …` or `ssh-rsa …`, not checked yet.
        recipient: String,
    },
    /// An OpenPGP key.
    Pgp {
        /// The fingerprint, or a long key ID, without spaces; a `!` at the end selects that subkey.
        fingerprint: String,
    },
    /// An AWS KMS key.
    Kms {
        /// The key's ARN.
        arn: String,
        /// The ARN of the role to assume.
        role: Option<String>,
        /// The encryption context.
        context: BTreeMap<String, String>,
        /// The profile in the AWS configuration.
        aws_profile: Option<String>,
    },
    /// A Google Cloud KMS key.
    GcpKms {
        /// `projects/…/cryptoKeys/…`.
        resource_id: String,
    },
    /// A Huawei Cloud KMS key.
    Hckms {
        /// Region and UUID, separated by a colon.
        key_id: String,
    },
    /// An Azure Key Vault key.
    AzureKv {
        /// The vault, `https://….vault.azure.net`.
        vault_url: String,
        /// The key's name.
        name: String,
        /// The key's version. If it is empty, the key service asks the vault for the latest
        /// version, and a service that can't do that does not encrypt for the key.
        version: String,
    },
    /// A HashiCorp Vault key.
    HcVault {
        /// The server, `https://vault.example.com:8200`.
        vault_address: String,
        /// The mount path of the transit engine.
        engine_path: String,
        /// The key's name.
        key_name: String,
    },
}

impl MasterKey {
    /// The key's family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Age { .. } => Family::Age,
            Self::Pgp { .. } => Family::Pgp,
            Self::Kms { .. } => Family::Kms,
            Self::GcpKms { .. } => Family::GcpKms,
            Self::Hckms { .. } => Family::Hckms,
            Self::AzureKv { .. } => Family::AzureKv,
            Self::HcVault { .. } => Family::HcVault,
        }
    }

    /// The identifier of the key, as `sops` prints it: the recipient, the fingerprint, the ARN with
    /// its other fields, …
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Age { recipient } => recipient.clone(),
            Self::Pgp { fingerprint } => fingerprint.clone(),
            Self::Kms {
                arn,
                role,
                context,
                aws_profile,
            } => {
                let mut id = arn.clone();
                if let Some(role) = role {
                    id = format!("{id}+{role}");
                }
                let context: Vec<_> = context.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                let context = context.join(",");
                match aws_profile {
                    Some(profile) => format!("{id}|{context}|{profile}"),
                    None if !context.is_empty() => format!("{id}|{context}"),
                    None => id,
                }
            }
            Self::GcpKms { resource_id } => resource_id.clone(),
            Self::Hckms { key_id } => key_id.clone(),
            Self::AzureKv {
                vault_url,
                name,
                version,
            } => format!("{vault_url}/keys/{name}/{version}"),
            Self::HcVault {
                vault_address,
                engine_path,
                key_name,
            } => format!("{vault_address}/v1/{engine_path}/keys/{key_name}"),
        }
    }

    /// Whether the metadata of a file may contain every identifier of the key.
    pub(crate) fn is_readable(&self) -> bool {
        let are_valid =
            |texts: &[&str]| texts.iter().all(|text| fault_of_identifier(text).is_none());
        match self {
            Self::Age { recipient: id }
            | Self::Pgp { fingerprint: id }
            | Self::GcpKms { resource_id: id }
            | Self::Hckms { key_id: id } => are_valid(&[id]),
            Self::Kms {
                arn,
                role,
                context,
                aws_profile,
            } => {
                let [role, aws_profile] =
                    [role, aws_profile].map(|text| text.as_deref().unwrap_or_default());
                are_valid(&[arn, role, aws_profile])
                    && context.len() <= MAX_CONTEXT
                    && context.iter().all(|(key, value)| are_valid(&[key, value]))
            }
            Self::AzureKv {
                vault_url,
                name,
                version,
            } => are_valid(&[vault_url, name, version]),
            Self::HcVault {
                vault_address,
                engine_path,
                key_name,
            } => are_valid(&[vault_address, engine_path, key_name]),
        }
    }

    /// The keys in a comma-separated list, spelled as on the command line of `sops`. Empty parts
    /// are skipped.
    ///
    /// # Errors
    /// For a part that is not a key of the family, returns what to write instead.
    pub fn from_list(family: Family, text: &str) -> std::result::Result<Vec<Self>, &'static str> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Self::from_text(family, part))
            .collect()
    }

    /// One key of a family, spelled as on the command line of `sops`.
    fn from_text(family: Family, text: &str) -> std::result::Result<Self, &'static str> {
        if family == Family::Age && holds_several_recipients(text) {
            return Err(
                "there are several recipients without commas between them; separate them with commas, as in `age1…,age1…`",
            );
        }
        if fault_of_identifier(text).is_some() {
            return Err(
                "not a valid key identifier: it contains a control character, a line break or an invisible character, more than four spaces or combining marks in a row, or more than 4,096 bytes",
            );
        }
        Ok(match family {
            Family::Age => Self::Age {
                recipient: text.to_owned(),
            },
            Family::Pgp => Self::Pgp {
                fingerprint: without_spaces(text),
            },
            Family::Kms => {
                let text = without_spaces(text);
                // An ARN can contain a `+`, but no colon after it.
                let (arn, role) = match text.find("+arn:") {
                    Some(plus) if plus > 0 => {
                        (text[..plus].to_owned(), Some(text[plus + 1..].to_owned()))
                    }
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
            Family::Hckms => {
                let (region, uuid) = text.split_once(':').unwrap_or_default();
                if region.trim().is_empty() || uuid.trim().is_empty() {
                    return Err("this is not a Huawei Cloud KMS key; write `<region>:<key-uuid>`");
                }
                Self::Hckms {
                    key_id: text.to_owned(),
                }
            }
            Family::AzureKv => azure_key(text).ok_or(
                "this is not an Azure Key Vault key; write `https://<vault>.vault.azure.net/keys/<name>/<version>`",
            )?,
            Family::HcVault => vault_key(text).ok_or(
                "this is not a HashiCorp Vault key; write `https://<server>:8200/v1/<engine>/keys/<name>`",
            )?,
        })
    }
}

/// The key for messages: the family, except for age, and the [id](MasterKey::id), shortened if it
/// is long.
impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient } => f.write_str(&escaped(&shortened(recipient))),
            key => write!(f, "{} {}", key.family().name(), escaped(&key.id())),
        }
    }
}

fn without_spaces(text: &str) -> String {
    text.replace(' ', "")
}

/// Reads `https://<vault>/keys/<name>`, with or without `/<version>`.
fn azure_key(text: &str) -> Option<MasterKey> {
    let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
    let path = path.strip_prefix("keys/")?;
    let (name, version) = path.split_once('/').unwrap_or((path, ""));
    if host.is_empty() || name.is_empty() || version.contains('/') {
        return None;
    }
    Some(MasterKey::AzureKv {
        vault_url: format!("https://{host}"),
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

/// Reads `https://<server>/v1/<engine>/keys/<name>`. As in `sops`, the engine's path may have
/// several parts, the server has no path of its own, and the part before the name need not be
/// `keys`.
fn vault_key(text: &str) -> Option<MasterKey> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let mut parts = path.trim_matches('/').split('/');
    let version = parts.next()?.strip_prefix('v')?;
    let parts: Vec<&str> = parts.collect();
    let [engine @ .., _, name] = &parts[..] else {
        return None;
    };
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || scheme.is_empty() || engine.is_empty() || parts.contains(&"") {
        return None;
    }
    Some(MasterKey::HcVault {
        vault_address: format!("{scheme}://{host}"),
        engine_path: engine.join("/"),
        key_name: (*name).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_text_and_named_as_sops_names_it() {
        for (family, text, id) in [
            (Family::Age, "age1x", "age1x"),
            (Family::Pgp, "85D7 7543", "85D77543"),
            (Family::Kms, "arn:aws:kms:x", "arn:aws:kms:x"),
            (Family::Kms, "arn:a + arn:b", "arn:a+arn:b"),
            (Family::GcpKms, "projects/ p", "projects/p"),
            (Family::Hckms, "r:1", "r:1"),
            (Family::AzureKv, "https://v/keys/k/1", "https://v/keys/k/1"),
            (Family::AzureKv, "https://v/keys/k", "https://v/keys/k/"),
            (
                Family::HcVault,
                "https://v:8200/v1/sops/keys/k",
                "https://v:8200/v1/sops/keys/k",
            ),
            (
                Family::HcVault,
                "http://v/v1/a/b/keys/k/",
                "http://v/v1/a/b/keys/k",
            ),
        ] {
            let keys = MasterKey::from_list(family, text).unwrap();
            let [key] = &keys[..] else { panic!("{keys:?}") };
            assert_eq!((key.family(), key.id()), (family, id.to_owned()));
            assert_eq!(Family::from_name(family.name()), Some(family));
        }
        let with_profile = MasterKey::Kms {
            arn: "arn:a".into(),
            role: None,
            context: [("b", "2"), ("a", "1")]
                .map(|(k, v)| (k.into(), v.into()))
                .into(),
            aws_profile: Some("p".into()),
        };
        assert_eq!(with_profile.id(), "arn:a|a:1,b:2|p");
    }

    #[test]
    fn text_that_is_not_a_key_of_the_family_is_rejected() {
        for (family, text) in [
            (Family::Hckms, "1"),
            (Family::Hckms, "r: "),
            (Family::AzureKv, "https://v/keys/"),
            (Family::AzureKv, "http://v/keys/k/1"),
            (Family::HcVault, "v/v1/sops/keys/k"),
            (Family::HcVault, "https://v/v1/keys/k"),
            (Family::HcVault, "https://v/prefix/v1/sops/keys/k"),
            (Family::Age, "age1x\u{1b}[2K"),
            (Family::Pgp, "85D7\n+++ 7543"),
            (Family::Kms, "arn:aws:kms:\u{202e}x"),
            (Family::GcpKms, "projects/\u{200b}p"),
            (Family::Hckms, "r:\u{9b}1"),
            (Family::AzureKv, "https://v\u{2028}/keys/k"),
            (Family::HcVault, "https://v/v1/\u{feff}/keys/k"),
        ] {
            assert!(MasterKey::from_list(family, text).is_err(), "{text}");
        }
    }
}
