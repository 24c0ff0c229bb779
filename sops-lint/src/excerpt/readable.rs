//! Decides which values may be shown: values of fields without secrets, if they don't look like
//! secrets.

use sops_core::is_ciphertext;

use crate::secret::is_secret_part;
use crate::secret_detection::{in_text, is_random, judge};
use crate::shown_name::shown_name;

/// Fields whose values are settings, names and locations.
const READABLE: [&str; 79] = [
    "age",
    "age_recipients",
    "aggregate",
    "apiVersion",
    "arn",
    "aws_profile",
    "branch",
    "chart",
    "configMap",
    "configMapName",
    "context",
    "created_at",
    "defaultMode",
    "driver",
    "encrypted_comment_regex",
    "encrypted_regex",
    "encrypted_suffix",
    "existingSecret",
    "envs",
    "fieldPath",
    "files",
    "fp",
    "from",
    "gcp_kms",
    "generateName",
    "hc_vault_transit_uri",
    "image",
    "imagePullPolicy",
    "input_type",
    "interval",
    "key",
    "kind",
    "kms",
    "lastmodified",
    "mac",
    "mac_only_encrypted",
    "medium",
    "mode",
    "mountPath",
    "name",
    "namespace",
    "nodePublishSecretRef",
    "op",
    "operator",
    "path",
    "path_regex",
    "pgp",
    "provider",
    "prune",
    "readOnly",
    "recipient",
    "region",
    "resource_id",
    "resources",
    "restartPolicy",
    "role",
    "schedule",
    "schemaVersion",
    "secretName",
    "serviceAccountName",
    "shamir_threshold",
    "subPath",
    "target",
    "targetNamespace",
    "targetPath",
    "type",
    "unencrypted_comment_regex",
    "unencrypted_regex",
    "unencrypted_suffix",
    "uses",
    "valuesKey",
    "vault_address",
    "vault_path",
    "vaultUrl",
    "vault_url",
    "version",
    "volume",
    "volumeName",
    "wait",
];

/// Fields with encryption keys: a value that is not a public key may be a private one.
const OF_KEYS: [&str; 9] = [
    "age",
    "age_recipients",
    "arn",
    "fp",
    "gcp_kms",
    "kms",
    "pgp",
    "recipient",
    "resource_id",
];

/// Fields whose values have `:` or `=` in them: images, addresses, times, expressions and
/// ciphertext.
const WITH_SIGNS: [&str; 18] = [
    "chart",
    "created_at",
    "encrypted_comment_regex",
    "encrypted_regex",
    "files",
    "from",
    "hc_vault_transit_uri",
    "image",
    "lastmodified",
    "mac",
    "path_regex",
    "schedule",
    "unencrypted_comment_regex",
    "unencrypted_regex",
    "uses",
    "vault_address",
    "vaultUrl",
    "vault_url",
];

/// Fields with arbitrary content, below which everything may be a secret.
const CLOSED: [&str; 15] = [
    "annotations",
    "binaryData",
    "config",
    "env_file",
    "environment",
    "literals",
    "parameters",
    "set",
    "settings",
    "sops",
    "substitute",
    "values",
    "valuesContent",
    "valuesInline",
    "valuesObject",
];

/// The fields of a Secret that cannot contain its values.
const OF_SECRET: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "sops"];

/// Fields of Kubernetes that contain the word "secret" and lead to the name of a Secret.
const REFERENCES: [&str; 9] = [
    "secret",
    "secretKeyRef",
    "secretRef",
    "secrets",
    "imagePullSecrets",
    "secretGenerator",
    "secretProviderClass",
    "externalSecret",
    "existingSecret",
];

/// The fields that lead to a value, as far as they decide whether it can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields<'d> {
    /// Whether the content here is arbitrary.
    is_closed: bool,
    /// How many keys lead from a Secret to here, if its values are here; otherwise 0.
    depth_in_secret: usize,
    object: ObjectKind,
    names: Vec<&'d str>,
}

/// The kind of object that the fields are at the top level of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ObjectKind {
    Secret,
    ConfigMap,
    #[default]
    Other,
}

impl<'d> Fields<'d> {
    /// The fields in an object of that kind.
    pub(super) fn of_object(&self, kind: &str) -> Self {
        let lower = kind.to_ascii_lowercase();
        let object = match kind {
            "ConfigMap" => ObjectKind::ConfigMap,
            _ if lower.ends_with("secret") || lower.ends_with("secretlist") => ObjectKind::Secret,
            _ => ObjectKind::Other,
        };
        Self {
            object,
            ..self.clone()
        }
    }

    /// The fields in a text that is a value.
    pub(super) fn of_text(&self) -> Self {
        Self {
            names: self.names.clone(),
            ..Self::default()
        }
    }

    /// The fields under that key.
    pub(super) fn under(&self, key: &'d str) -> Self {
        let is_closed = |closed: &&str| closed.eq_ignore_ascii_case(key);
        let mut names = self.names.clone();
        names.push(key);
        Self {
            is_closed: self.is_closed || is_secret_part(key) || CLOSED.iter().any(is_closed),
            depth_in_secret: match self.object {
                _ if self.is_in_secret() => self.depth_in_secret + 1,
                ObjectKind::Secret => usize::from(!OF_SECRET.contains(&key)),
                ObjectKind::ConfigMap => 0,
                ObjectKind::Other => usize::from(is_secret_part(key)),
            },
            object: ObjectKind::Other,
            names,
        }
    }

    /// Whether the values of a Secret are here.
    pub(super) fn is_in_secret(&self) -> bool {
        self.depth_in_secret > 0
    }

    /// Whether a value of a Secret is here, which has no keys unless it is malformed.
    pub(super) fn is_in_value_of_secret(&self) -> bool {
        self.depth_in_secret > 1
    }

    /// Whether the field names the kind of its object, which is never a secret.
    pub(super) fn is_type(&self, value: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "./-".contains(c);
        let name = self.names.last().copied().unwrap_or_default();
        let is_short = value.len() <= 63 && value.chars().all(is_part);
        let is_kind = value.bytes().all(|byte| byte.is_ascii_alphabetic());
        !self.is_in_secret()
            && is_short
            && (name == "apiVersion" && value.contains('v') || name == "kind" && is_kind)
    }

    /// Whether the value can be read. `is_setting`: it is a boolean or null.
    pub(super) fn shows(&self, value: &str, is_setting: bool) -> bool {
        let Some(name) = self.names.last() else {
            return false;
        };
        let is_listed = || READABLE.contains(name);
        let leads_to_secret =
            |name: &&str| !REFERENCES.contains(name) && judge(name, value).is_some();
        !self.is_closed
            && !self.is_in_secret()
            && (is_setting
                || is_listed()
                    && (!OF_KEYS.contains(name) || value.split(',').all(is_public_key))
                    && !may_be_secret(name, value)
                    && !self.names.iter().any(leads_to_secret)
                    && in_text(name, value).is_empty())
    }
}

/// Whether the value of a field for names and locations may still be a secret, because it looks
/// generated or contains an assignment.
fn may_be_secret(field: &str, value: &str) -> bool {
    if OF_KEYS.contains(&field) || is_ciphertext(value) {
        return false;
    }
    let (value, digest) = value.split_once("@sha256:").unwrap_or((value, ""));
    let is_digest = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_assignment = !WITH_SIGNS.contains(&field) && shown_name(value) != value;
    let mut words = value.split(|c: char| !c.is_alphanumeric());
    !is_digest || is_assignment || words.any(is_generated)
}

/// Whether a word changes between letters and digits more than names and versions do.
fn is_generated(word: &str) -> bool {
    let kinds: Vec<bool> = word.chars().map(char::is_numeric).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]);
    is_random(word) || kinds.len() >= 8 && changes.count() >= 3
}

/// Whether the value has the form of a public key, or of a key's identifier.
fn is_public_key(text: &str) -> bool {
    let text = text.trim();
    let is_fingerprint = || text.len() >= 16 && text.bytes().all(|c| c.is_ascii_hexdigit());
    ["age1", "ssh-", "arn:", "projects/"]
        .iter()
        .any(|start| text.starts_with(start))
        || is_fingerprint()
}
