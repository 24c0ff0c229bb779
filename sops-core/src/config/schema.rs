//! The keys that `.sops.yaml` may have, and what each may hold.

use crate::keys::Family;
use crate::rules::EncryptionRule;

/// What a mapping may hold.
pub(super) struct Schema {
    /// What the mapping is, for messages.
    pub(super) what: &'static str,
    pub(super) keys: &'static [(&'static str, ValueKind)],
    /// Whether other keys are left alone.
    pub(super) open: bool,
    /// Keys of which at most one is set.
    pub(super) at_most_one: &'static [&'static str],
    /// Keys without which the mapping means nothing.
    pub(super) required: &'static [&'static str],
    /// Keys that decide what is encrypted or for whom: a misspelling of one is an error.
    pub(super) decisive: &'static [&'static str],
}

/// What to do about a key that a mapping has and its schema does not.
pub(super) enum UnknownKey {
    /// Nothing: people keep their own things there.
    Foreign,
    /// It has no effect, and the file is probably wrong.
    Warning(String),
    /// The user may rely on it: it looks like a key that decides what is encrypted or for whom.
    Error(String),
}

impl Schema {
    /// What a known key may hold.
    pub(super) fn get(&self, name: &str) -> Option<(&'static str, ValueKind)> {
        let mut keys = self.keys.iter().copied();
        keys.find(|(known, _)| *known == name)
    }

    /// What to do about a key that is not [known](Self::get).
    pub(super) fn unknown(&self, name: &str) -> UnknownKey {
        let Self {
            what,
            keys,
            open,
            decisive,
            ..
        } = self;
        let names = || keys.iter().map(|(known, _)| *known);
        let close = names().find(|known| is_close(name, known));
        let is_decisive = match close {
            Some(close) => decisive.contains(&close),
            None => !decisive.is_empty() && !open && has_decisive_word(name),
        };
        let suggested = close.or_else(|| similar(name, names()));
        let way_out = match suggested {
            Some(known) => format!("did you mean `{known}`?"),
            None if keys.is_empty() => "take it out".to_owned(),
            None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        match close {
            _ if is_decisive => UnknownKey::Error(format!("{what} has no key `{name}`; {way_out}")),
            None if *open => UnknownKey::Foreign,
            _ => UnknownKey::Warning(format!(
                "{what} has no key `{name}`, so this has no effect; {way_out}"
            )),
        }
    }
}

/// Words in the names of keys that decide what is encrypted or for whom.
const DECISIVE_WORDS: [&str; 20] = [
    "age",
    "encrypted",
    "fingerprint",
    "fingerprints",
    "gpg",
    "group",
    "groups",
    "key",
    "keys",
    "keyvault",
    "kms",
    "path",
    "pgp",
    "recipient",
    "recipients",
    "regex",
    "suffix",
    "threshold",
    "unencrypted",
    "vault",
];

/// Whether one of the words of a name is one of those.
fn has_decisive_word(name: &str) -> bool {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            words.push('_');
        }
        words.extend(character.to_lowercase());
    }
    let all_upper = name.to_lowercase();
    let mut words = words
        .split(|c: char| !c.is_alphanumeric())
        .chain(all_upper.split(|c: char| !c.is_alphanumeric()));
    words.any(|word| DECISIVE_WORDS.contains(&word))
}

/// The known name that an unknown one resembles most, if it resembles one.
fn similar(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let limit = name.chars().count() / 3;
    let distances = known.map(|known| (distance(name, known), known));
    let (found, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (found <= limit).then_some(known)
}

/// What may stand behind a key; an empty value is always fine, and as good as none.
#[derive(Clone, Copy)]
pub(super) enum ValueKind {
    Text,
    /// A regular expression.
    Pattern,
    /// Keys of a family: a list, or where `text` says so a text that divides them with commas.
    Keys {
        family: Family,
        text: bool,
    },
    Flag,
    /// A whole number from `min` to 255.
    Number {
        min: i64,
    },
    /// Any texts under any keys.
    Texts,
    Mapping(&'static Schema),
    Mappings(&'static Schema),
}

const fn keys(family: Family) -> ValueKind {
    ValueKind::Keys { family, text: true }
}

const fn list(family: Family) -> ValueKind {
    ValueKind::Keys {
        family,
        text: false,
    }
}

const CLOSED: Schema = Schema {
    what: "",
    keys: &[],
    open: false,
    at_most_one: &[],
    required: &[],
    decisive: &[],
};

/// The whole file. People keep their anchors under keys of their own.
pub(super) static FILE: Schema = Schema {
    what: "the configuration",
    keys: &[
        ("creation_rules", ValueKind::Mappings(&CREATION_RULE)),
        ("destination_rules", ValueKind::Mappings(&DESTINATION_RULE)),
        ("stores", ValueKind::Mapping(&STORES)),
    ],
    open: true,
    decisive: &["creation_rules"],
    ..CLOSED
};

static CREATION_RULE: Schema = Schema {
    what: "a creation rule",
    keys: &[
        ("path_regex", ValueKind::Pattern),
        ("age", keys(Family::Age)),
        ("pgp", keys(Family::Pgp)),
        ("kms", keys(Family::Kms)),
        ("aws_profile", ValueKind::Text),
        ("gcp_kms", keys(Family::GcpKms)),
        ("hckms", list(Family::Hckms)),
        ("azure_keyvault", keys(Family::AzureKv)),
        ("hc_vault_transit_uri", keys(Family::HcVault)),
        ("key_groups", ValueKind::Mappings(&KEY_GROUP)),
        ("shamir_threshold", ValueKind::Number { min: 0 }),
        ("unencrypted_suffix", ValueKind::Text),
        ("encrypted_suffix", ValueKind::Text),
        ("unencrypted_regex", ValueKind::Pattern),
        ("encrypted_regex", ValueKind::Pattern),
        ("unencrypted_comment_regex", ValueKind::Pattern),
        ("encrypted_comment_regex", ValueKind::Pattern),
        ("mac_only_encrypted", ValueKind::Flag),
    ],
    at_most_one: &EncryptionRule::NAMES,
    decisive: &[
        "path_regex",
        "age",
        "pgp",
        "kms",
        "gcp_kms",
        "hckms",
        "azure_keyvault",
        "hc_vault_transit_uri",
        "key_groups",
        "shamir_threshold",
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ],
    ..CLOSED
};

static KEY_GROUP: Schema = Schema {
    what: "a key group",
    keys: &[
        ("merge", ValueKind::Mappings(&KEY_GROUP)),
        ("age", list(Family::Age)),
        ("pgp", list(Family::Pgp)),
        ("kms", ValueKind::Mappings(&KMS_KEY)),
        ("gcp_kms", ValueKind::Mappings(&GCP_KMS_KEY)),
        ("hckms", ValueKind::Mappings(&HCKMS_KEY)),
        ("azure_keyvault", ValueKind::Mappings(&AZURE_KEY)),
        ("hc_vault", list(Family::HcVault)),
    ],
    decisive: &[
        "merge",
        "age",
        "pgp",
        "kms",
        "gcp_kms",
        "hckms",
        "azure_keyvault",
        "hc_vault",
    ],
    ..CLOSED
};

static KMS_KEY: Schema = Schema {
    what: "a key of AWS KMS",
    keys: &[
        ("arn", ValueKind::Text),
        ("role", ValueKind::Text),
        ("context", ValueKind::Texts),
        ("aws_profile", ValueKind::Text),
    ],
    required: &["arn"],
    ..CLOSED
};

static GCP_KMS_KEY: Schema = Schema {
    what: "a key of Google Cloud KMS",
    keys: &[("resource_id", ValueKind::Text)],
    required: &["resource_id"],
    ..CLOSED
};

static HCKMS_KEY: Schema = Schema {
    what: "a key of Huawei Cloud KMS",
    keys: &[("key_id", ValueKind::Text)],
    required: &["key_id"],
    ..CLOSED
};

static AZURE_KEY: Schema = Schema {
    what: "a key of Azure Key Vault",
    keys: &[
        ("vaultUrl", ValueKind::Text),
        ("key", ValueKind::Text),
        ("version", ValueKind::Text),
    ],
    required: &["vaultUrl", "key"],
    ..CLOSED
};

static DESTINATION_RULE: Schema = Schema {
    what: "a destination rule",
    keys: &[
        // Compiled when a file is published, so that a mistake stops no other command.
        ("path_regex", ValueKind::Text),
        ("directory", ValueKind::Text),
        ("s3_bucket", ValueKind::Text),
        ("s3_prefix", ValueKind::Text),
        ("gcs_bucket", ValueKind::Text),
        ("gcs_prefix", ValueKind::Text),
        ("vault_path", ValueKind::Text),
        ("vault_address", ValueKind::Text),
        ("vault_kv_mount_name", ValueKind::Text),
        ("vault_kv_version", ValueKind::Number { min: 0 }),
        ("recreation_rule", ValueKind::Mapping(&CREATION_RULE)),
        ("omit_extensions", ValueKind::Flag),
    ],
    ..CLOSED
};

static STORES: Schema = Schema {
    what: "`stores`",
    keys: &[
        ("dotenv", ValueKind::Mapping(&NO_SETTINGS)),
        ("ini", ValueKind::Mapping(&NO_SETTINGS)),
        ("json_binary", ValueKind::Mapping(&JSON_STORE)),
        ("json", ValueKind::Mapping(&JSON_STORE)),
        ("yaml", ValueKind::Mapping(&YAML_STORE)),
    ],
    ..CLOSED
};

static NO_SETTINGS: Schema = Schema {
    what: "a store without settings",
    ..CLOSED
};

static JSON_STORE: Schema = Schema {
    what: "the settings of a JSON store",
    keys: &[("indent", ValueKind::Number { min: -1 })],
    ..CLOSED
};

static YAML_STORE: Schema = Schema {
    what: "the settings of the YAML store",
    keys: &[("indent", ValueKind::Number { min: 0 })],
    ..CLOSED
};

/// Whether `name` is `known` but for a typing error: two letters at most, in short names one, were put in, left out, exchanged or replaced.
fn is_close(name: &str, known: &str) -> bool {
    let limit = match known.len() {
        0..3 => return false,
        3 => 1,
        _ => 2,
    };
    distance(name, known) <= limit
}

/// How many letters have to be put in, left out or replaced, whatever their case.
fn distance(name: &str, known: &str) -> usize {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let known: Vec<char> = known.chars().collect();
    // No more is needed to tell that they differ, and the work stays bounded.
    let apart = name.len().abs_diff(known.len());
    if apart > known.len() {
        return apart;
    }
    // The distances between the first letters of both, row by row.
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (i, a) in name.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in known.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[known.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_an_error_only_where_it_decides_what_is_encrypted_or_for_whom() {
        for (schema, name, wanted) in [
            (
                &CREATION_RULE,
                "encrypted_regx",
                "error; did you mean `encrypted_regex`?",
            ),
            (
                &CREATION_RULE,
                "encryptedRegex",
                "error; did you mean `encrypted_regex`?",
            ),
            (&CREATION_RULE, "AGE", "error; did"),
            (&CREATION_RULE, "ags", "error; did you mean `age`?"),
            (
                &CREATION_RULE,
                "recipients",
                "error; there are: path_regex, age",
            ),
            (&CREATION_RULE, "ageRecipients", "error; there are"),
            (
                &CREATION_RULE,
                "mac_only_encrypt",
                "warning; did you mean `mac_only_encrypted`?",
            ),
            (
                &CREATION_RULE,
                "aws_profil",
                "warning; did you mean `aws_profile`?",
            ),
            (&CREATION_RULE, "description", "warning; there are"),
            (&CREATION_RULE, "image", "warning; there are"),
            (&KEY_GROUP, "agee", "error; did you mean `age`?"),
            (
                &KEY_GROUP,
                "hc_vault_transit_uri",
                "error; there are: merge",
            ),
            (&KEY_GROUP, "owner", "warning; there are"),
            (&KMS_KEY, "rol", "warning; did you mean `role`?"),
            (
                &DESTINATION_RULE,
                "reencryption_rule",
                "warning; did you mean `recreation_rule`?",
            ),
            (
                &DESTINATION_RULE,
                "s3_bukket",
                "warning; did you mean `s3_bucket`?",
            ),
            (&NO_SETTINGS, "indent", "warning; take it out"),
            (
                &FILE,
                "creation_rule",
                "error; did you mean `creation_rules`?",
            ),
            (
                &FILE,
                "destination_rule",
                "warning; did you mean `destination_rules`?",
            ),
            (&FILE, "keys", "foreign"),
            (&FILE, "x-anything", "foreign"),
        ] {
            let found = match schema.unknown(name) {
                UnknownKey::Foreign => "foreign".to_owned(),
                UnknownKey::Warning(message) => format!("warning; {message}"),
                UnknownKey::Error(message) => format!("error; {message}"),
            };
            let (kind, rest) = found.split_once("; ").unwrap_or((&found, ""));
            let way_out = rest.rsplit("; ").next().unwrap_or_default();
            let found = format!("{kind}; {way_out}");
            assert!(found.starts_with(wanted), "{name}: {found}");
        }
    }
}
