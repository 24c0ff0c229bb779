//! The `sops` metadata: who can decrypt the file, its selection rule, and its MAC.

pub(crate) mod flat;
mod key_case;
mod key_error;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod version;

use std::borrow::Cow;

use key_error::in_entry;
use serde_json::{Map, Value as Json};
use sops_document::{Component, KeyPath};
use sops_go_compat::{Integer, parse_integer};
use sops_keys::identifier::fault_of_identifier;
use sops_keys::{Family, KeyGroup, MasterKey, WrappedKey, timestamp};
use text::{MAX_GROUPS, MAX_KEYS, fault_of_mac, fault_of_rule};

use crate::error::{Error, Result};
use crate::rules::EncryptionRule;

pub(crate) use key_case::with_known_keys;
pub(crate) use key_error::KEY_GROUPS;

/// The top-level key of the metadata.
pub const METADATA_KEY: &str = "sops";

/// The message of an [`Error::Metadata`] about a field that is missing or empty.
pub const MISSING: &str = "is missing";

/// The message of an [`Error::Metadata`] about a version that cannot be compared.
pub const INVALID_VERSION: &str = "is not a version such as 3.13.3";

/// The version of SOPS whose format this library writes. `sops` compares it, and rejects a file
/// without a version.
pub const FORMAT_VERSION: &str = "3.13.3";

/// The name of the source forms that cannot be derived from the values; `sops` ignores a comment or
/// key with this name.
pub(crate) const SOURCE_FORMS_KEY: &str = "sops_rs_spellings";

/// The keys of the metadata except selection rules and families of master keys.
const KNOWN_KEYS: [&str; 7] = [
    KEY_GROUPS,
    "shamir_threshold",
    "lastmodified",
    "mac",
    "mac_only_encrypted",
    "version",
    SOURCE_FORMS_KEY,
];

/// Every field that an entry in the list of a family can have.
pub(crate) const ENTRY_FIELDS: [&str; 16] = [
    "recipient",
    "fp",
    "arn",
    "role",
    "context",
    "aws_profile",
    "resource_id",
    "key_id",
    "vault_url",
    "name",
    "version",
    "vault_address",
    "engine_path",
    "key_name",
    "created_at",
    "enc",
];

/// The metadata of an encrypted file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metadata {
    /// The groups of master keys; one unless Shamir's scheme is used.
    pub key_groups: Vec<KeyGroup>,
    /// How many groups are needed to decrypt the file; `None` means all of them. A number below 1
    /// is read as `None`.
    pub shamir_threshold: Option<usize>,
    /// When the MAC was computed, in RFC 3339, UTC, with seconds. It is the MAC's additional data.
    pub last_modified: String,
    /// The MAC, an encrypted value.
    pub mac: String,
    /// Which values are encrypted. Metadata that was read always has a rule, because SOPS uses its
    /// default if the file has no rule. Without a rule, all values are encrypted.
    pub rule: Option<EncryptionRule>,
    /// Whether the MAC covers only the encrypted values.
    pub mac_only_encrypted: bool,
    /// The version of SOPS that wrote the file, a semantic version.
    pub version: String,
    /// The source forms that cannot be derived from the values, as an encrypted value that only
    /// this library writes and reads. If other programs left or merged several, the one that is
    /// bound to the MAC counts.
    pub(crate) source_forms: Vec<String>,
    /// Keys of the metadata that the format does not have. As in SOPS, they have no effect, and are
    /// not written again.
    pub unknown_keys: Vec<String>,
}

impl Metadata {
    /// Reads the metadata in the nested form of YAML and JSON.
    ///
    /// As in SOPS, strings are accepted for numbers and booleans, and unknown keys are ignored.
    ///
    /// Much of the metadata is printed, and it is not authenticated. So identifiers have at most
    /// 4,096 bytes and rules 65,536, and neither may contain characters that are not
    /// [printable](sops_printable::is_printable), except for wide spaces and, in rules, line feeds
    /// and tabs. Identifiers have at most four consecutive spaces or combining marks, and there are
    /// at most 255 key groups and 10,000 master keys.
    ///
    /// # Errors
    /// [`Error::Metadata`] for a part that is missing or malformed, for one beyond these limits,
    /// and for more than one rule.
    pub(crate) fn from_tree(tree: &Map<String, Json>) -> Result<Self> {
        let version = identifier(tree, "version")?.unwrap_or_default();
        let last_modified =
            identifier(tree, "lastmodified")?.ok_or_else(|| problem("lastmodified", MISSING))?;
        // SOPS binds the MAC to the time in the form that it writes.
        let last_modified = timestamp::normalized(&last_modified)
            .ok_or_else(|| problem("lastmodified", "is not a time such as 2024-01-31T12:00:00Z"))?;
        let mut settings = Vec::new();
        for name in EncryptionRule::NAMES {
            let text = string(tree, name)?.unwrap_or_default();
            if let Some(fault) = fault_of_rule(&text) {
                return Err(problem(name, fault));
            }
            settings.push((name, text));
        }
        let settings = settings.iter().map(|(name, text)| (*name, text.as_str()));
        let rule = EncryptionRule::only(settings).map_err(|(first, second)| {
            problem(second, format!("and `{first}` cannot both be set"))
        })?;
        let groups = list(tree, KEY_GROUPS)?;
        if groups.len() > MAX_GROUPS {
            return Err(problem(KEY_GROUPS, "has more than 255 groups"));
        }
        let direct = key_group(tree, &[])?;
        // SOPS ignores groups if keys are listed directly.
        let key_groups = match direct.keys.is_empty() {
            false => vec![direct],
            true => key_groups(groups)?,
        };
        if key_groups.is_empty() {
            return Err(problem_at(&[], "there are no master keys"));
        }
        if key_groups
            .iter()
            .map(|group| group.keys.len())
            .sum::<usize>()
            > MAX_KEYS
        {
            return Err(problem_at(&[], "there are more than 10,000 master keys"));
        }
        let mac = string(tree, "mac")?.unwrap_or_default();
        if let Some(fault) = fault_of_mac(&mac) {
            return Err(problem("mac", fault));
        }
        let new = Self {
            key_groups,
            shamir_threshold: threshold(tree)?,
            last_modified,
            mac,
            rule: Some(rule.unwrap_or_default()),
            mac_only_encrypted: boolean(tree, "mac_only_encrypted")?,
            version,
            source_forms: string(tree, SOURCE_FORMS_KEY)?.into_iter().collect(),
            unknown_keys: tree.keys().filter(|key| !is_known(key)).cloned().collect(),
        };
        // This check comes last because `sops` makes it only when it decrypts.
        match &*new.version {
            "" => Err(problem("version", MISSING)),
            version if !version::is_comparable(version) => Err(problem("version", INVALID_VERSION)),
            _ => Ok(new),
        }
    }

    /// The master keys of the groups, for changing or rotating them.
    pub fn master_keys(&self) -> Vec<Vec<MasterKey>> {
        let groups = self.key_groups.iter().map(|group| {
            let keys = group.keys.iter();
            keys.map(|key| key.master_key().clone()).collect()
        });
        groups.collect()
    }

    /// Sets the groups and the threshold. A key that stays keeps its fields.
    ///
    /// With several groups, the threshold is always written, as in `sops`: without one, `sops`
    /// combines whatever shares it has.
    pub(crate) fn set_key_groups(&mut self, mut groups: Vec<KeyGroup>, threshold: Option<usize>) {
        for (group, old) in groups.iter_mut().zip(&self.key_groups) {
            for key in &mut group.keys {
                let same = |old: &&WrappedKey| old.master_key() == key.master_key();
                if let Some(old) = old.keys.iter().find(same) {
                    *key = old.clone().with_enc_of(key);
                }
            }
        }
        self.shamir_threshold = match groups.len() {
            0 | 1 => threshold,
            several => threshold.or(Some(several)),
        };
        self.key_groups = groups;
    }

    /// Whether the version of SOPS that wrote the file omitted the final line break of JSON, as
    /// versions before 3.10 did. `sops` writes one when it decrypts.
    pub(crate) fn is_before_final_newlines(&self) -> bool {
        version::is_before(&self.version, 3, 10)
    }

    /// The metadata without the source forms, with keys in the order of SOPS.
    pub(crate) fn to_tree(&self) -> Map<String, Json> {
        let mut tree = Map::new();
        if let [group] = &self.key_groups[..] {
            insert_group(&mut tree, group);
        } else {
            let groups = self.key_groups.iter().map(|group| {
                let mut lists = Map::new();
                insert_group(&mut lists, group);
                // SOPS writes these two even if they are empty.
                for family in [Family::HcVault.name(), Family::Age.name()] {
                    lists
                        .entry(family)
                        .or_insert_with(|| Json::Array(Vec::new()));
                }
                lists.sort_keys();
                Json::Object(lists)
            });
            tree.insert(KEY_GROUPS.into(), groups.collect());
        }
        if let Some(threshold) = self.shamir_threshold {
            tree.insert("shamir_threshold".into(), threshold.into());
        }
        tree.insert("lastmodified".into(), self.last_modified.clone().into());
        tree.insert("mac".into(), self.mac.clone().into());
        if let Some(rule) = &self.rule {
            tree.insert(rule.name().into(), rule.text().into());
        }
        if self.mac_only_encrypted {
            tree.insert("mac_only_encrypted".into(), true.into());
        }
        tree.insert("version".into(), self.version.clone().into());
        tree.sort_keys();
        tree
    }
}

/// Whether the format has this key.
pub(crate) fn is_known(key: &str) -> bool {
    KNOWN_KEYS.contains(&key)
        || EncryptionRule::NAMES.contains(&key)
        || Family::ALL.iter().any(|family| family.name() == key)
}

fn insert_group(tree: &mut Map<String, Json>, group: &KeyGroup) {
    for key in &group.keys {
        let list = tree
            .entry(key.master_key().family().name())
            .or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(list) = list {
            list.push(Json::Object(key.fields().clone()));
        }
    }
}

/// The key groups in the list under [`KEY_GROUPS`].
fn key_groups(list: &[Json]) -> Result<Vec<KeyGroup>> {
    let groups = list.iter().enumerate().map(|(index, group)| {
        let path = [Component::Key(KEY_GROUPS.into()), Component::Index(index)];
        let group = entry(group).ok_or_else(|| problem_at(&path, "is not a mapping"))?;
        key_group(&group, &path)
    });
    groups.collect()
}

/// The master keys that are listed directly in `tree`, which is at `path`.
fn key_group(tree: &Map<String, Json>, path: &[Component]) -> Result<KeyGroup> {
    let mut keys = Vec::new();
    for family in Family::ALL {
        for (index, entry) in list(tree, family.name())?.iter().enumerate() {
            let path = [
                path,
                &[
                    Component::Key(family.name().into()),
                    Component::Index(index),
                ],
            ]
            .concat();
            let fields = self::entry(entry).ok_or_else(|| problem_at(&path, "is not a mapping"))?;
            let key = WrappedKey::from_fields(family, fields.into_owned());
            keys.push(key.map_err(|error| in_entry(error, path))?);
        }
    }
    Ok(KeyGroup { keys })
}

/// The fields of an entry in a list; null is an entry without fields.
fn entry(value: &Json) -> Option<Cow<'_, Map<String, Json>>> {
    match value {
        Json::Null => Some(Cow::Owned(Map::new())),
        value => value.as_object().map(Cow::Borrowed),
    }
}

fn problem(key: &str, message: impl Into<String>) -> Error {
    problem_at(&[Component::Key(key.into())], message)
}

/// The error about the part of the metadata at `path`.
pub(crate) fn problem_at(path: &[Component], message: impl Into<String>) -> Error {
    Error::Metadata {
        location: None,
        path: KeyPath::new(path.iter().cloned()),
        message: message.into(),
    }
}

/// The string under `key`; numbers and booleans are taken as spelled.
fn string(tree: &Map<String, Json>, key: &str) -> Result<Option<String>> {
    match tree.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        Some(Json::Bool(truth)) => Ok(Some(if *truth { "1" } else { "0" }.into())),
        Some(_) => Err(problem(key, "is not a string")),
    }
}

/// The string under `key`, which must be a single line.
fn identifier(tree: &Map<String, Json>, key: &str) -> Result<Option<String>> {
    let text = string(tree, key)?;
    match text.as_deref().and_then(fault_of_identifier) {
        Some(fault) => Err(problem(key, fault)),
        None => Ok(text),
    }
}

fn boolean(tree: &Map<String, Json>, key: &str) -> Result<bool> {
    match tree.get(key) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(truth)) => Ok(*truth),
        Some(Json::Number(number)) => Ok(number.as_f64() != Some(0.0)),
        Some(Json::String(text)) => match text.as_str() {
            "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
            _ => Err(problem(key, "is neither true nor false")),
        },
        Some(_) => Err(problem(key, "is neither true nor false")),
    }
}

fn threshold(tree: &Map<String, Json>) -> Result<Option<usize>> {
    const KEY: &str = "shamir_threshold";
    let number = match tree.get(KEY) {
        None | Some(Json::Null) => return Ok(None),
        // Go's decoder converts other types to an integer like this.
        Some(Json::Number(number)) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|number| number as i64)),
        Some(Json::Bool(truth)) => Some(i64::from(*truth)),
        Some(Json::String(text)) if text.is_empty() => return Ok(None),
        Some(Json::String(text)) => match parse_integer(&text.replace('_', "")) {
            Some(Integer::Signed(number)) => Some(number),
            _ => None,
        },
        Some(_) => None,
    };
    match number {
        Some(..=0) => Ok(None),
        Some(number) => Ok(usize::try_from(number).ok()),
        None => Err(problem(KEY, "is not a number")),
    }
}

/// The list under `key`; a mapping counts as a list with one item, and an empty mapping as an empty
/// list.
fn list<'a>(tree: &'a Map<String, Json>, key: &str) -> Result<&'a [Json]> {
    match tree.get(key) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(Json::Object(fields)) if fields.is_empty() => Ok(&[]),
        Some(single @ Json::Object(_)) => Ok(std::slice::from_ref(single)),
        Some(_) => Err(problem(key, "is not a list")),
    }
}
