//! An encrypted file as Flux sees it before decryption, and the outcome.

use serde_json::Value;
use sops_core::CIPHERTEXT_PREFIX;
use sops_core::rules::EncryptionRule;
use sops_document::{Document, Format, NodeRef};

use super::json_value::{json_value, text};
use super::kustomize_file::Purpose;
use super::site::{Site, SiteId, Sites};

/// The annotation that switches decryption off for an object.
const DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// What Flux does with an encrypted file that a generator or a list of patches names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceOutcome {
    Decrypted,
    /// Flux does not see that the file is encrypted.
    Unrecognized,
    /// Flux decrypts nothing here.
    NotDecrypted,
    /// Flux treats the file as binary, and fails because it has keys.
    NotBinary,
}

/// An encrypted file.
#[derive(Debug)]
pub(super) struct EncryptedFile {
    /// The formats that Flux recognizes by their bytes.
    recognized: Vec<Format>,
    /// Whether only the content of a binary file is encrypted.
    is_binary: bool,
    pub(super) objects: Vec<EncryptedObject>,
    /// The selection rule, and its location.
    pub(super) rule: EncryptionRule,
    pub(super) rule_site: SiteId,
}

/// A document of an encrypted file.
#[derive(Debug)]
pub(super) struct EncryptedObject {
    /// The object with its encrypted values; null if it is not an object of Kubernetes.
    pub(super) identity: Value,
    pub(super) site: SiteId,
    /// The first encrypted part of the object's identity.
    pub(super) encrypted_name: Option<(&'static str, SiteId)>,
    /// Where decryption is switched off.
    pub(super) disabled: Option<SiteId>,
}

impl EncryptedFile {
    pub(super) fn of(
        document: &Document<'_>,
        content: &str,
        rule: EncryptionRule,
        sites: &mut Sites,
    ) -> Self {
        let objects: Vec<_> = document
            .tops()
            .flatten()
            .map(|top| EncryptedObject::of(top, sites))
            .collect();
        let mut keys = document
            .tops()
            .flatten()
            .flat_map(|top| top.entries().map(|(key, _)| key));
        let rule_start = content.rfind(rule.name()).unwrap_or_default();
        Self {
            recognized: recognized(content),
            is_binary: keys.by_ref().eq(["data"]),
            objects,
            rule_site: sites.add(Site {
                span: rule_start..rule_start,
                path: Vec::new(),
                object: None,
            }),
            rule,
        }
    }

    /// The outcome for the file in a generator or a list of patches.
    pub(super) fn outcome(&self, name: &str, purpose: &Purpose) -> SourceOutcome {
        match purpose {
            Purpose::Value {
                is_secret: false, ..
            }
            | Purpose::Variables {
                is_secret: false, ..
            } => SourceOutcome::NotDecrypted,
            Purpose::Variables {
                is_old_field: true, ..
            } => SourceOutcome::NotDecrypted,
            Purpose::Variables { .. } => self.outcome_as(match format_of(name) {
                Format::Binary => Format::Dotenv,
                format => format,
            }),
            Purpose::Patch => self.outcome_as(format_of(name)),
            Purpose::Value { key, .. } => match format_of(key) {
                _ if self.recognized.is_empty() => SourceOutcome::Unrecognized,
                Format::Binary if !self.is_binary => SourceOutcome::NotBinary,
                // Flux decrypts the values of the generated Secret too, whatever format they have.
                _ => SourceOutcome::Decrypted,
            },
        }
    }

    fn outcome_as(&self, format: Format) -> SourceOutcome {
        match self.recognized.contains(&format) {
            true => SourceOutcome::Decrypted,
            false => SourceOutcome::Unrecognized,
        }
    }

    /// Whether kustomize makes the file's values depend on comments, which it drops.
    pub(super) fn depends_on_comments(&self) -> bool {
        matches!(
            self.rule,
            EncryptionRule::EncryptedCommentRegex(_) | EncryptionRule::UnencryptedCommentRegex(_)
        )
    }
}

impl EncryptedObject {
    fn of(node: NodeRef<'_, '_>, sites: &mut Sites) -> Self {
        let site = Site::of(node);
        let is_text = |path: &[&str]| {
            node.at(path)
                .and_then(NodeRef::as_str)
                .is_some_and(|value| !value.is_empty())
        };
        let is_object =
            is_text(&["apiVersion"]) && is_text(&["kind"]) && is_text(&["metadata", "name"]);
        let names: [(&'static str, &[&str]); 4] = [
            ("apiVersion", &["apiVersion"]),
            ("kind", &["kind"]),
            ("metadata.name", &["metadata", "name"]),
            ("metadata.namespace", &["metadata", "namespace"]),
        ];
        let encrypted_name = names.into_iter().find_map(|(name, path)| {
            let field = node.at(path)?;
            field
                .as_str()?
                .starts_with(CIPHERTEXT_PREFIX)
                .then(|| (name, sites.add(Site::of(field))))
        });
        let annotation = node.at(&["metadata", "annotations", DECRYPT]);
        let is_disabled = annotation
            .and_then(NodeRef::as_str)
            .is_some_and(|value| value.eq_ignore_ascii_case("disabled"));
        Self {
            identity: if is_object {
                json_value(node)
            } else {
                Value::Null
            },
            site: sites.add(site),
            encrypted_name,
            disabled: annotation
                .filter(|_| is_disabled)
                .map(|node| sites.add(Site::of(node))),
        }
    }

    /// The kind and name of the object, for messages.
    pub(super) fn reference(&self) -> String {
        let field = |path: &[&str]| text(&self.identity, path).unwrap_or_default();
        format!("{} {}", field(&["kind"]), field(&["metadata", "name"]))
    }
}

/// The formats whose marks Flux finds in `content`; it looks for these bytes before it decrypts.
fn recognized(content: &str) -> Vec<Format> {
    let marks: [(&[Format], &str); 4] = [
        (&[Format::Json, Format::Binary], "\"mac\": \"ENC["),
        (&[Format::Yaml], "mac: ENC["),
        (&[Format::Dotenv], "sops_mac=ENC["),
        (&[Format::Ini], "[sops]"),
    ];
    let present = marks.into_iter().filter(|(_, mark)| content.contains(mark));
    present
        .flat_map(|(formats, _)| formats.iter().copied())
        .collect()
}

/// The format that Flux reads a file as, by the end of its key or name.
fn format_of(name: &str) -> Format {
    let endings = [
        (".dockerconfigjson", Format::Json),
        (".yaml", Format::Yaml),
        (".yml", Format::Yaml),
        (".json", Format::Json),
        (".env", Format::Dotenv),
        (".ini", Format::Ini),
    ];
    let mut endings = endings.into_iter();
    let known = endings.find(|(ending, _)| name.ends_with(ending));
    known.map_or(Format::Binary, |(_, format)| format)
}
