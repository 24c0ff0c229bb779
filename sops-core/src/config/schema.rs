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
        ("path_regex", ValueKind::Pattern),
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
    at_most_one: &["s3_bucket", "gcs_bucket", "vault_path"],
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

/// Whether `name` is `known` but for a typing error: two letters at most were put in, left out, exchanged or replaced.
pub(super) fn is_close(name: &str, known: &str) -> bool {
    let (name, known): (Vec<char>, Vec<char>) = (name.chars().collect(), known.chars().collect());
    if name.len().abs_diff(known.len()) > 2 || known.len() < 4 {
        return false;
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
    row[known.len()] <= 2
}
