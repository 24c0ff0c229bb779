//! Decides which values may be shown: those of fields that hold no secrets, unless they look like
//! one.

use sops_core::is_ciphertext;
use sops_core::metadata::METADATA_KEY;
use sops_document::NodeRef;

use super::field_names::{
    CLOSED, OF_KEYS, OF_QUERY, OF_REFERENCE, OF_SECRET, READABLE, REFERENCES, SWITCHES, WITH_SIGNS,
};
use crate::allowing_comment::ANNOTATION;
use crate::secret::is_secret_part;
use crate::secret_detection::{in_text, is_random, judge};
use crate::shown_name::shown_name;

/// The length of a commit's identifier.
const COMMIT: usize = 40;

/// The fields on the way to a value, which decide whether it may be shown.
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
    /// The fields of a mapping, which is an object if it has a kind.
    pub(super) fn of_mapping(&self, mapping: NodeRef<'_, '_>) -> Self {
        let Some(kind) = mapping.get("kind").and_then(NodeRef::as_str) else {
            return self.clone();
        };
        // At the top and in a list of objects, it is an object even if it has no other fields.
        let may_be_reference = !matches!(self.names.last(), None | Some(&"items"));
        let mut keys = mapping.entries().map(|(key, _)| key);
        let lower = kind.to_ascii_lowercase();
        let object = match kind {
            _ if may_be_reference && keys.all(|key| OF_REFERENCE.contains(&key)) => {
                ObjectKind::Other
            }
            "ConfigMap" => ObjectKind::ConfigMap,
            _ if lower.ends_with("secret") || lower.ends_with("secretlist") => ObjectKind::Secret,
            _ => ObjectKind::Other,
        };
        Self {
            object,
            ..self.clone()
        }
    }

    /// The fields of the text in a value.
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

    /// Whether this is inside a value of a Secret, which has keys only if it is malformed.
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

    /// Whether the value can be read. `is_setting` says that it is a boolean or null.
    pub(super) fn shows(&self, value: &str, is_setting: bool) -> bool {
        let Some((name, parents)) = self.names.split_last() else {
            return false;
        };
        if parents.last() == Some(&"annotations") && !self.is_in_secret() {
            return is_known_annotation(name, value);
        }
        let is_listed = || READABLE.contains(name);
        let leads_to_secret =
            |name: &&str| !REFERENCES.contains(name) && judge(name, value).is_some();
        !self.is_closed
            && !self.is_in_secret()
            && (is_setting
                || is_listed()
                    && (!OF_KEYS.contains(name) || value.split(',').all(is_public_key))
                    && (!parents.contains(&METADATA_KEY) || has_form(name, value))
                    && !may_be_secret(name, value)
                    && !self.names.iter().any(leads_to_secret)
                    && in_text(name, value).is_empty())
    }
}

/// Whether a value in SOPS's metadata has the form that its field requires. Metadata that someone
/// edited by hand may have a secret anywhere.
fn has_form(field: &str, value: &str) -> bool {
    let consists_of = |signs: &str| {
        value
            .chars()
            .all(|c| c.is_ascii_digit() || signs.contains(c))
    };
    match field {
        "version" => consists_of("."),
        "lastmodified" | "created_at" => consists_of("-T:.+Z"),
        // The MAC is long, and says nothing to a reader.
        "mac" => false,
        _ => true,
    }
}

/// Whether the value of a field for names and locations may still be a secret, because it looks
/// generated or contains an assignment.
fn may_be_secret(field: &str, value: &str) -> bool {
    if OF_KEYS.contains(&field) || is_ciphertext(value) {
        return false;
    }
    let (value, digest) = value.split_once("@sha256:").unwrap_or((value, ""));
    let is_digest = is_hexadecimal(digest);
    let is_location = is_location(value);
    let is_assignment = !WITH_SIGNS.contains(&field) && !is_location && shown_name(value) != value;
    let commit = value.split_once("ref=").map_or("", |(_, rest)| rest);
    let commit = commit.split('&').next().unwrap_or_default();
    let is_commit =
        |word: &str| is_location && word == commit && word.len() == COMMIT && is_hexadecimal(word);
    let mut words = value.split(|c: char| !c.is_alphanumeric());
    !is_digest || is_assignment || words.any(|word| is_generated(word) && !is_commit(word))
}

/// Whether the value is the address of a repository, a server or a file in one of them, without
/// credentials. Git's addresses have a user that everyone knows.
fn is_location(value: &str) -> bool {
    let (address, query) = value.split_once('?').unwrap_or((value, ""));
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (is_of_git, address) = match address.strip_prefix("git@") {
        Some(rest) => (true, rest),
        None => (false, address),
    };
    let host = address.split('/').next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let mut query = query.split('&').filter(|part| !part.is_empty());
    name.contains('.')
        && (is_number || is_of_git)
        && !address.contains(['@', '='])
        && query.all(|part| OF_QUERY.iter().any(|known| part.starts_with(known)))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether an annotation turns something on or off, or allows findings. Names of annotations that
/// begin with a domain belong to known programs.
fn is_known_annotation(name: &str, value: &str) -> bool {
    let is_switch = SWITCHES.iter().any(|word| word.eq_ignore_ascii_case(value));
    let has_domain = name
        .split_once('/')
        .is_some_and(|(domain, _)| domain.contains('.'));
    is_switch && has_domain || name == ANNOTATION && in_text("", value).is_empty()
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
