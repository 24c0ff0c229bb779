//! A master key and the secret that was encrypted for it, as listed in the metadata of a document.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Map, Value as Json};

use crate::encrypted_secret::{self, MAX_BYTES, TOO_LONG};
use crate::error::{Error, Result};
use crate::family::Family;
use crate::identifier::{MAX_CONTEXT, fault_of_identifier};
use crate::master_key::MasterKey;
use crate::timestamp;

/// A group of master keys, each of which encrypts the same secret: the data key, or this group's
/// share of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGroup {
    /// The keys, in the order of the document.
    pub keys: Vec<WrappedKey>,
}

/// A master key and the data key, or a share of it, encrypted for that key.
///
/// It keeps all fields of the entry that it was read from, including unknown ones, and is written
/// back with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    master_key: MasterKey,
    /// The whole entry in the metadata, including `enc`.
    fields: Map<String, Json>,
}

impl WrappedKey {
    /// An entry for a secret that was encrypted at the time `now`, with the fields that `sops`
    /// writes.
    #[must_use]
    pub fn new(master_key: MasterKey, enc: String, now: SystemTime) -> Self {
        let mut fields = Map::new();
        let mut set = |name: &str, value: &str| fields.insert(name.into(), value.into());
        match &master_key {
            MasterKey::Age { recipient } => {
                set("recipient", recipient);
            }
            MasterKey::Pgp { fingerprint } => {
                set("fp", fingerprint);
            }
            MasterKey::Kms {
                arn,
                role,
                context,
                aws_profile,
            } => {
                set("arn", arn);
                set("aws_profile", aws_profile.as_deref().unwrap_or_default());
                if let Some(role) = role {
                    set("role", role);
                }
                if !context.is_empty() {
                    let context = context.iter().map(|(k, v)| (k.clone(), v.clone().into()));
                    fields.insert("context".into(), Json::Object(context.collect()));
                }
            }
            MasterKey::GcpKms { resource_id } => {
                set("resource_id", resource_id);
            }
            MasterKey::Hckms { key_id } => {
                set("key_id", key_id);
            }
            MasterKey::AzureKv {
                vault_url,
                name,
                version,
            } => {
                set("vault_url", vault_url);
                set("name", name);
                set("version", version);
            }
            MasterKey::HcVault {
                vault_address,
                engine_path,
                key_name,
            } => {
                set("vault_address", vault_address);
                set("engine_path", engine_path);
                set("key_name", key_name);
            }
        }
        if master_key.family() != Family::Age {
            fields.insert("created_at".into(), timestamp::format(now).into());
        }
        fields.insert("enc".into(), enc.into());
        fields.sort_keys();
        Self { master_key, fields }
    }

    /// Reads an entry of a family's list in the metadata. As in `sops`, numbers are read as
    /// strings, and missing fields are empty.
    ///
    /// # Errors
    /// [`Error::InvalidEntry`] for a list or mapping in place of a string, for an identifier that
    /// is too long, not [printable](sops_printable::is_printable) or has many consecutive spaces or
    /// combining marks, for an `enc` of more than 64 KiB, and for a `created_at` that is not a
    /// time, except in age keys.
    pub fn from_fields(family: Family, fields: Map<String, Json>) -> Result<Self> {
        let invalid =
            |field: &'static str, message: &'static str| Error::InvalidEntry { field, message };
        let any_text = |name: &'static str| {
            text(fields.get(name).unwrap_or(&Json::Null))
                .ok_or_else(|| invalid(name, "is not a string"))
        };
        let text = |name: &'static str| {
            let text = any_text(name)?;
            match fault_of_identifier(&text) {
                Some(fault) => Err(invalid(name, fault)),
                None => Ok(text),
            }
        };
        let set =
            |name: &'static str| text(name).map(|text| Some(text).filter(|text| !text.is_empty()));
        let master_key = match family {
            Family::Age => MasterKey::Age {
                recipient: text("recipient")?,
            },
            Family::Pgp => MasterKey::Pgp {
                fingerprint: text("fp")?,
            },
            Family::Kms => MasterKey::Kms {
                arn: text("arn")?,
                role: set("role")?,
                context: match fields.get("context") {
                    Some(Json::Object(context)) => {
                        self::context(context).map_err(|fault| invalid("context", fault))?
                    }
                    _ => Default::default(),
                },
                aws_profile: set("aws_profile")?,
            },
            Family::GcpKms => MasterKey::GcpKms {
                resource_id: text("resource_id")?,
            },
            Family::Hckms => MasterKey::Hckms {
                key_id: text("key_id")?,
            },
            Family::AzureKv => MasterKey::AzureKv {
                vault_url: text("vault_url")?,
                name: text("name")?,
                version: text("version")?,
            },
            Family::HcVault => MasterKey::HcVault {
                vault_address: text("vault_address")?,
                engine_path: text("engine_path")?,
                key_name: text("key_name")?,
            },
        };
        if family != Family::Age && !timestamp::is_valid(&text("created_at")?) {
            return Err(invalid(
                "created_at",
                "is not a time such as 2024-01-31T12:00:00Z",
            ));
        }
        if any_text("enc")?.len() > MAX_BYTES {
            return Err(invalid("enc", TOO_LONG));
        }
        Ok(Self { master_key, fields })
    }

    /// The key that the secret is encrypted for.
    #[must_use]
    pub fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// The encrypted secret in the form of its family: an armored age file or PGP message, base64,
    /// …
    #[must_use]
    pub fn enc(&self) -> &str {
        // A file may lack it, which `damage` reports.
        self.fields.get("enc").and_then(Json::as_str).unwrap_or("")
    }

    /// The damage to the encrypted secret; `None` if nothing is visible without the key.
    #[must_use]
    pub fn damage(&self) -> Option<&'static str> {
        encrypted_secret::damage(self.master_key.family(), self.enc())
    }

    /// All fields of the entry in the metadata.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Json> {
        &self.fields
    }

    /// This entry with the encrypted secret of another entry for the same key.
    #[must_use]
    pub fn with_enc_of(mut self, renewed: &Self) -> Self {
        self.fields.insert("enc".into(), renewed.enc().into());
        self
    }
}

/// Reads an encryption context; the error says what is wrong with it.
fn context(
    fields: &Map<String, Json>,
) -> std::result::Result<BTreeMap<String, String>, &'static str> {
    if fields.len() > MAX_CONTEXT {
        return Err("has more than 1,000 entries");
    }
    let context = fields
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), text(value)?)));
    let context: BTreeMap<_, _> = context.collect();
    let fault = context
        .iter()
        .flat_map(|(key, value)| [key, value])
        .find_map(|text| fault_of_identifier(text));
    fault.map_or(Ok(context), Err)
}

/// A scalar as a string.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(if *truth { "1" } else { "0" }.to_owned()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn key(family: Family, text: &str) -> MasterKey {
        MasterKey::from_list(family, text).unwrap().remove(0)
    }

    /// The field names are those of `stores.go` of SOPS 3.13.3.
    #[test]
    fn a_new_key_has_the_fields_of_sops_and_is_read_back() {
        let mut kms = key(Family::Kms, "arn:a+arn:b");
        if let MasterKey::Kms { context, .. } = &mut kms {
            context.insert("k".into(), "v".into());
        }
        let created_at = "2001-09-09T01:46:40Z";
        for (master_key, fields) in [
            (
                key(Family::Age, "age1x"),
                json!({"enc": "x", "recipient": "age1x"}),
            ),
            (
                key(Family::Pgp, "85D7"),
                json!({"created_at": created_at, "enc": "x", "fp": "85D7"}),
            ),
            (
                kms,
                json!({"arn": "arn:a", "aws_profile": "", "context": {"k": "v"}, "created_at": created_at, "enc": "x", "role": "arn:b"}),
            ),
            (
                key(Family::GcpKms, "projects/p"),
                json!({"created_at": created_at, "enc": "x", "resource_id": "projects/p"}),
            ),
            (
                key(Family::Hckms, "r:1"),
                json!({"created_at": created_at, "enc": "x", "key_id": "r:1"}),
            ),
            (
                key(Family::AzureKv, "https://v/keys/k/1"),
                json!({"created_at": created_at, "enc": "x", "name": "k", "vault_url": "https://v", "version": "1"}),
            ),
            (
                key(Family::HcVault, "https://v/v1/e/keys/k"),
                json!({"created_at": created_at, "enc": "x", "engine_path": "e", "key_name": "k", "vault_address": "https://v"}),
            ),
        ] {
            let family = master_key.family();
            let wrapped = WrappedKey::new(
                master_key,
                "x".into(),
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            );
            assert_eq!(Json::Object(wrapped.fields().clone()), fields);
            let Json::Object(fields) = fields else {
                panic!("the table holds objects")
            };
            assert_eq!(WrappedKey::from_fields(family, fields).unwrap(), wrapped);
        }
    }

    #[test]
    fn unknown_fields_are_kept() {
        let Json::Object(fields) =
            json!({"created_at": "2001-09-09T01:46:40Z", "fp": 7, "enc": "x", "later": [1]})
        else {
            unreachable!()
        };
        let wrapped = WrappedKey::from_fields(Family::Pgp, fields.clone()).unwrap();
        assert_eq!(
            (wrapped.master_key().id(), wrapped.enc()),
            ("7".into(), "x")
        );
        assert_eq!(wrapped.fields(), &fields);
    }

    #[test]
    fn a_malformed_entry_is_rejected() {
        for (family, fields) in [
            (Family::Age, json!({"recipient": ["age1x"]})),
            (Family::Age, json!({"recipient": "age1x", "enc": {}})),
            (Family::Pgp, json!({"fp": "85D7", "enc": "x"})),
            (Family::Kms, json!({"arn": "a", "created_at": "today"})),
            (
                Family::Kms,
                json!({"arn": "a", "created_at": "2001-09-09T01:46:40Z", "enc": "x".repeat(MAX_BYTES + 1)}),
            ),
            (
                Family::Age,
                json!({"recipient": "age1x", "enc": "x".repeat(MAX_BYTES + 1)}),
            ),
        ] {
            let Json::Object(fields) = fields else {
                unreachable!()
            };
            let error = WrappedKey::from_fields(family, fields).unwrap_err();
            assert!(matches!(error, Error::InvalidEntry { .. }));
        }
    }

    #[test]
    fn damage_is_found_without_a_key() {
        let first = include_str!("../../testdata/keys/age.jsonl").lines().next();
        let age: Json = serde_json::from_str(first.unwrap_or_default()).unwrap();
        let age = age["enc"].as_str().unwrap();
        let pgp = "-----BEGIN PGP MESSAGE-----\n\nhF4D\n-----END PGP MESSAGE-----\n";
        for (family, enc, damage) in [
            (Family::Age, age.to_owned(), None),
            (Family::Age, age.trim_end().to_owned(), None),
            (Family::Age, String::new(), Some("is missing or empty")),
            (
                Family::Age,
                "x".to_owned(),
                Some("is not an armored age file"),
            ),
            (
                Family::Age,
                age[..age.len() - 40].to_owned(),
                Some("is cut off or altered"),
            ),
            (
                Family::Age,
                age[..100].to_owned(),
                Some("is cut off or altered"),
            ),
            (
                Family::Age,
                age.replacen("YWdl", "YWd!", 1),
                Some("is cut off or altered"),
            ),
            (
                Family::Age,
                age.replacen("YWdl", "YWdm", 1),
                Some("has a malformed header"),
            ),
            (Family::Pgp, pgp.to_owned(), None),
            (Family::Pgp, pgp[..30].to_owned(), Some("is cut off")),
            (
                Family::Pgp,
                age.to_owned(),
                Some("is not an armored PGP message"),
            ),
            (Family::GcpKms, "x".to_owned(), None),
            (Family::GcpKms, " ".to_owned(), Some("is missing or empty")),
        ] {
            let wrapped = WrappedKey::new(key(family, "x"), enc.clone(), SystemTime::UNIX_EPOCH);
            assert_eq!(wrapped.damage(), damage, "{enc}");
        }
    }
}
