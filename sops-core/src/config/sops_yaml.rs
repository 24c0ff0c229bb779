//! The keys that `.sops.yaml` may have, and the kind of value of each.

use super::schema::{Inner, Schema, UnknownKeys, ValueKind};
use crate::keys::Family;
use crate::rules::EncryptionRule;

const fn keys(family: Family) -> ValueKind {
    ValueKind::Keys { family, text: true }
}

const fn list(family: Family) -> ValueKind {
    ValueKind::Keys {
        family,
        text: false,
    }
}

/// The whole file. Users keep their anchors under keys of their own.
pub(super) static FILE: Schema = Schema {
    description: "the configuration",
    keys: &[
        ("creation_rules", ValueKind::Mappings(&CREATION_RULE)),
        ("destination_rules", ValueKind::Mappings(&DESTINATION_RULE)),
        ("stores", ValueKind::Mapping(&STORES)),
    ],
    unknown_keys: UnknownKeys::Ignored,
    decisive: &["creation_rules"],
    inner: Some(Inner {
        list: "creation_rules",
        schema: &CREATION_RULE,
    }),
    ..Schema::CLOSED
};

pub(super) static CREATION_RULE: Schema = Schema {
    description: "a creation rule",
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
        // `sops` ignores it.
        ("max_age", ValueKind::Duration),
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
    judges_by_look: true,
    ..Schema::CLOSED
};

pub(super) static KEY_GROUP: Schema = Schema {
    description: "a key group",
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
    judges_by_look: true,
    ..Schema::CLOSED
};

static KMS_KEY: Schema = Schema {
    description: "an AWS KMS key",
    keys: &[
        ("arn", ValueKind::Text),
        ("role", ValueKind::Text),
        ("context", ValueKind::Texts),
        ("aws_profile", ValueKind::Text),
    ],
    required: &["arn"],
    ..Schema::CLOSED
};

static GCP_KMS_KEY: Schema = Schema {
    description: "a Google Cloud KMS key",
    keys: &[("resource_id", ValueKind::Text)],
    required: &["resource_id"],
    ..Schema::CLOSED
};

static HCKMS_KEY: Schema = Schema {
    description: "a Huawei Cloud KMS key",
    keys: &[("key_id", ValueKind::Text)],
    required: &["key_id"],
    ..Schema::CLOSED
};

static AZURE_KEY: Schema = Schema {
    description: "an Azure Key Vault key",
    keys: &[
        ("vaultUrl", ValueKind::Text),
        ("key", ValueKind::Text),
        ("version", ValueKind::Text),
    ],
    required: &["vaultUrl", "key"],
    ..Schema::CLOSED
};

static DESTINATION_RULE: Schema = Schema {
    description: "a destination rule",
    keys: &[
        // The expression is compiled when a file is published, so that a mistake doesn't stop other
        // commands.
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
    ..Schema::CLOSED
};

pub(super) static STORES: Schema = Schema {
    description: "`stores`",
    keys: &[
        ("dotenv", ValueKind::Mapping(&NO_SETTINGS)),
        ("ini", ValueKind::Mapping(&NO_SETTINGS)),
        ("json_binary", ValueKind::Mapping(&JSON_STORE)),
        ("json", ValueKind::Mapping(&JSON_STORE)),
        ("yaml", ValueKind::Mapping(&YAML_STORE)),
    ],
    ..Schema::CLOSED
};

static NO_SETTINGS: Schema = Schema {
    description: "a store without settings",
    ..Schema::CLOSED
};

static JSON_STORE: Schema = Schema {
    description: "the settings of a JSON store",
    keys: &[("indent", ValueKind::Number { min: -1 })],
    ..Schema::CLOSED
};

static YAML_STORE: Schema = Schema {
    description: "the settings of the YAML store",
    keys: &[("indent", ValueKind::Number { min: 0 })],
    ..Schema::CLOSED
};

#[cfg(test)]
mod tests {
    use super::super::schema::UnknownKey;
    use super::*;

    #[test]
    fn a_misspelled_key_is_an_error_only_if_it_affects_encryption() {
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
            (&CREATION_RULE, "aeg", "error; did you mean `age`?"),
            (
                &CREATION_RULE,
                "recipients",
                "error; the known keys are: path_regex, age",
            ),
            (&CREATION_RULE, "ageRecipients", "error; the known keys are"),
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
            (&CREATION_RULE, "paths", "error; the known keys are"),
            (&CREATION_RULE, "filename", "error; the known keys are"),
            (&CREATION_RULE, "glob", "error; the known keys are"),
            (&CREATION_RULE, "pattern", "error; the known keys are"),
            (&CREATION_RULE, "recipents", "error; the known keys are"),
            (&CREATION_RULE, "recepients", "error; the known keys are"),
            (&CREATION_RULE, "agekeys", "error; the known keys are"),
            (&CREATION_RULE, "pubkey", "error; the known keys are"),
            (&CREATION_RULE, "kmsarn", "error; the known keys are"),
            (&CREATION_RULE, "shamir", "error; the known keys are"),
            (&CREATION_RULE, "encrypt_only", "error; the known keys are"),
            (
                &DESTINATION_RULE,
                "recreation_rules",
                "warning; did you mean `recreation_rule`?",
            ),
            (&CREATION_RULE, "description", "warning; the known keys are"),
            (&CREATION_RULE, "image", "warning; the known keys are"),
            (&KEY_GROUP, "agee", "error; did you mean `age`?"),
            (
                &KEY_GROUP,
                "hc_vault_transit_uri",
                "error; the known keys are: merge",
            ),
            (&KEY_GROUP, "owner", "warning; the known keys are"),
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
            (&NO_SETTINGS, "indent", "warning; remove it"),
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
