//! The keys that `.sops.yaml` may have, and what each may hold.

use crate::keys::Family;
use crate::rules::EncryptionRule;

/// What a mapping may hold.
pub(super) struct Schema {
    /// What the mapping is, for messages.
    pub(super) what: &'static str,
    pub(super) keys: &'static [(&'static str, Kind)],
    /// Whether other keys are left alone.
    pub(super) open: bool,
    /// Keys of which at most one is set.
    pub(super) at_most_one: &'static [&'static str],
    /// Keys without which the mapping means nothing.
    pub(super) required: &'static [&'static str],
}

/// What may stand behind a key; an empty value is always fine, and as good as none.
#[derive(Clone, Copy)]
pub(super) enum Kind {
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

const fn keys(family: Family) -> Kind {
    Kind::Keys { family, text: true }
}

const fn list(family: Family) -> Kind {
    Kind::Keys {
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
        ("creation_rules", Kind::Mappings(&CREATION_RULE)),
        ("destination_rules", Kind::Mappings(&DESTINATION_RULE)),
        ("stores", Kind::Mapping(&STORES)),
    ],
    open: true,
    ..CLOSED
};

static CREATION_RULE: Schema = Schema {
    what: "a creation rule",
    keys: &[
        ("path_regex", Kind::Pattern),
        ("age", keys(Family::Age)),
        ("pgp", keys(Family::Pgp)),
        ("kms", keys(Family::Kms)),
        ("aws_profile", Kind::Text),
        ("gcp_kms", keys(Family::GcpKms)),
        ("hckms", list(Family::Hckms)),
        ("azure_keyvault", keys(Family::AzureKv)),
        ("hc_vault_transit_uri", keys(Family::HcVault)),
        ("key_groups", Kind::Mappings(&KEY_GROUP)),
        ("shamir_threshold", Kind::Number { min: 0 }),
        ("unencrypted_suffix", Kind::Text),
        ("encrypted_suffix", Kind::Text),
        ("unencrypted_regex", Kind::Pattern),
        ("encrypted_regex", Kind::Pattern),
        ("unencrypted_comment_regex", Kind::Pattern),
        ("encrypted_comment_regex", Kind::Pattern),
        ("mac_only_encrypted", Kind::Flag),
    ],
    at_most_one: &EncryptionRule::NAMES,
    ..CLOSED
};

static KEY_GROUP: Schema = Schema {
    what: "a key group",
    keys: &[
        ("merge", Kind::Mappings(&KEY_GROUP)),
        ("age", list(Family::Age)),
        ("pgp", list(Family::Pgp)),
        ("kms", Kind::Mappings(&KMS_KEY)),
        ("gcp_kms", Kind::Mappings(&GCP_KMS_KEY)),
        ("hckms", Kind::Mappings(&HCKMS_KEY)),
        ("azure_keyvault", Kind::Mappings(&AZURE_KEY)),
        ("hc_vault", list(Family::HcVault)),
    ],
    ..CLOSED
};

static KMS_KEY: Schema = Schema {
    what: "a key of AWS KMS",
    keys: &[
        ("arn", Kind::Text),
        ("role", Kind::Text),
        ("context", Kind::Texts),
        ("aws_profile", Kind::Text),
    ],
    required: &["arn"],
    ..CLOSED
};

static GCP_KMS_KEY: Schema = Schema {
    what: "a key of Google Cloud KMS",
    keys: &[("resource_id", Kind::Text)],
    required: &["resource_id"],
    ..CLOSED
};

static HCKMS_KEY: Schema = Schema {
    what: "a key of Huawei Cloud KMS",
    keys: &[("key_id", Kind::Text)],
    required: &["key_id"],
    ..CLOSED
};

static AZURE_KEY: Schema = Schema {
    what: "a key of Azure Key Vault",
    keys: &[
        ("vaultUrl", Kind::Text),
        ("key", Kind::Text),
        ("version", Kind::Text),
    ],
    required: &["vaultUrl", "key"],
    ..CLOSED
};

static DESTINATION_RULE: Schema = Schema {
    what: "a destination rule",
    keys: &[
        ("path_regex", Kind::Pattern),
        ("s3_bucket", Kind::Text),
        ("s3_prefix", Kind::Text),
        ("gcs_bucket", Kind::Text),
        ("gcs_prefix", Kind::Text),
        ("vault_path", Kind::Text),
        ("vault_address", Kind::Text),
        ("vault_kv_mount_name", Kind::Text),
        ("vault_kv_version", Kind::Number { min: 0 }),
        ("recreation_rule", Kind::Mapping(&CREATION_RULE)),
        ("omit_extensions", Kind::Flag),
    ],
    at_most_one: &["s3_bucket", "gcs_bucket", "vault_path"],
    ..CLOSED
};

static STORES: Schema = Schema {
    what: "`stores`",
    keys: &[
        ("dotenv", Kind::Mapping(&NO_SETTINGS)),
        ("ini", Kind::Mapping(&NO_SETTINGS)),
        ("json_binary", Kind::Mapping(&JSON_STORE)),
        ("json", Kind::Mapping(&JSON_STORE)),
        ("yaml", Kind::Mapping(&YAML_STORE)),
    ],
    ..CLOSED
};

static NO_SETTINGS: Schema = Schema {
    what: "a store without settings",
    ..CLOSED
};

static JSON_STORE: Schema = Schema {
    what: "the settings of a JSON store",
    keys: &[("indent", Kind::Number { min: -1 })],
    ..CLOSED
};

static YAML_STORE: Schema = Schema {
    what: "the settings of the YAML store",
    keys: &[("indent", Kind::Number { min: 0 })],
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
