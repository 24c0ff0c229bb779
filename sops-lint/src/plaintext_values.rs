//! Finds the values of a Secret that are in plaintext.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, parse_document};
use sops_document::{Document, Format, NodeRef};
use sops_placeholder::is_published_key;

use crate::action;
use crate::object::{Object, secrets};
use crate::scrutiny::Scrutiny;
use crate::secret::{SECRET_PARTS, SecretField, SecretValue, secret_fields};
use crate::secret_detection::{has_signs, in_text};

/// Whether the value is under `data` or `stringData`, spelled exactly like this.
pub(crate) fn is_under_part(value: &SecretValue<'_, '_>) -> bool {
    SECRET_PARTS.contains(&value.field)
}

/// Whether the value is encrypted.
pub(crate) fn is_ciphertext(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text();
    text.is_some_and(sops_core::is_ciphertext)
}

/// Whether a value is a ciphertext with more text after it, which SOPS ignores.
pub(crate) fn extends_ciphertext(text: &str) -> bool {
    text.starts_with(CIPHERTEXT_PREFIX) && !sops_core::is_ciphertext(text) && {
        let mut ends = text.match_indices(']').map(|(at, _)| at + 1);
        ends.any(|end| sops_core::is_ciphertext(&text[..end]))
    }
}

/// The plaintext values of a Secret that are neither references nor placeholders nor public.
pub(crate) fn open_values<'d, 'a>(
    object: &Object<'d, 'a>,
    scrutiny: impl Fn(&SecretValue<'d, 'a>) -> Scrutiny,
) -> Vec<SecretValue<'d, 'a>> {
    let find = || {
        let is_whole = object.is_whole_secret();
        let settings = settings_of(object);
        let fields = secret_fields(object.node).into_iter();
        let fields = fields.filter(|field| field.is_part() || is_whole && field.holds_values());
        let values = fields.flat_map(|field| field.values());
        values
            .filter(|value| {
                object
                    .verdicts
                    .is_open(value, |_| is_plaintext_under(scrutiny(value), value))
            })
            .filter(|value| {
                let is_setting = settings.contains(&value.key) && is_public_setting(value);
                !is_setting || scrutiny(value) == Scrutiny::Strict
            })
            .collect()
    };
    object.open_values.get_or_init(find).clone()
}

/// The keys of a Secret that are settings of another program: of repositories and clusters for Argo
/// CD, and next to values that Mittwald's generator adds.
fn settings_of(object: &Object<'_, '_>) -> &'static [&'static str] {
    const ARGO_CD: &[&str] = &[
        "type",
        "url",
        "name",
        "project",
        "server",
        "namespaces",
        "clusterResources",
        "enableLfs",
        "enableOCI",
        "insecure",
        "proxy",
        "noProxy",
    ];
    const GENERATED: &[&str] = &["username", "user", "host", "port", "database", "name"];
    let of = |keys: &[&str]| object.node.at(keys);
    let label = of(&["metadata", "labels", "argocd.argoproj.io/secret-type"]);
    if label.is_some() {
        return ARGO_CD;
    }
    let annotations = of(&["metadata", "annotations"]).into_iter();
    let mut annotations = annotations.flat_map(NodeRef::entries);
    let is_generated =
        annotations.any(|(key, _)| key == "secret-generator.v1.mittwald.de/autogenerate");
    if is_generated { GENERATED } else { &[] }
}

/// Whether the value of a setting shows no credential, such as one in an address.
fn is_public_setting(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    let packed: String = text.split_whitespace().collect();
    let decoded = match value.field {
        "data" => STANDARD.decode(packed).ok().map(String::from_utf8),
        _ => Some(Ok(text.to_owned())),
    };
    let Some(Ok(text)) = decoded else {
        return false;
    };
    let address = text.strip_prefix("ssh://").unwrap_or(&text);
    let address = address.strip_prefix("git@").unwrap_or(address);
    is_under_part(value)
        && !address.contains(['@', '?', '\n'])
        && in_text(value.key, &text).is_empty()
}

/// Whether a value of a Secret is in plaintext: neither encrypted nor a reference, a placeholder or
/// public.
pub fn is_plaintext(value: &SecretValue<'_, '_>) -> bool {
    is_plaintext_under(Scrutiny::Usual, value)
}

/// Whether a value is in plaintext under the given scrutiny.
pub(crate) fn is_plaintext_under(scrutiny: Scrutiny, value: &SecretValue<'_, '_>) -> bool {
    let Some(text) = value.node.scalar_text() else {
        return true;
    };
    // `{}` stands for registry credentials that are still missing.
    let is_missing = || text.trim() == "{}" && scrutiny != Scrutiny::Strict;
    if sops_core::is_ciphertext(text) || is_missing() || is_published(text) {
        return false;
    }
    match value.field.eq_ignore_ascii_case("data") {
        true => is_open_base64(scrutiny, value.key, text),
        // A boolean in an unknown field is not a value of a Secret.
        false if !is_under_part(value) && value.node.as_str().is_none() => {
            !matches!(text, "True" | "False")
        }
        false => is_open_text(scrutiny, value.key, text),
    }
}

/// Whether the value is a published placeholder key, which another rule reports.
fn is_published(text: &str) -> bool {
    // Most values are shorter than any key.
    text.len() > 200 && is_published_key(text.as_bytes())
}

/// Whether `text` is a plaintext value or contains one: a configuration may contain passwords next
/// to its placeholders, or in them.
fn is_open_text(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    !scrutiny.passes(text.trim()) || holds_secret(key, text) || action::holds_secret(key, text)
}

/// Whether a line of `text`, such as a configuration, contains a secret.
pub(crate) fn holds_secret(key: &str, text: &str) -> bool {
    text.trim().contains('\n') && !in_text(key, text).is_empty()
}

/// Whether `text` under `data` contains a secret value. Text that is not base64 is a reference, or
/// a mistake that may be a secret.
pub(crate) fn is_open_base64(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    let packed: String = text.split_whitespace().collect();
    match STANDARD.decode(packed) {
        // Variables inside base64 are never filled in.
        Ok(bytes) => str::from_utf8(&bytes).map_or(true, |text| {
            has_signs(text.trim())
                || is_open_text(scrutiny, key, text) && !is_encrypted_file(key, text)
        }),
        Err(_) => !scrutiny.passes(text) || action::holds_secret(key, text),
    }
}

/// Whether the text of a key is a file that SOPS has encrypted, and that leaves no secret in
/// plaintext: Flux decrypts it.
fn is_encrypted_file(key: &str, text: &str) -> bool {
    // Most values are not encrypted.
    if !text.contains(CIPHERTEXT_PREFIX) {
        return false;
    }
    let format = Format::from_path(Path::new(key));
    let is_whole = EncryptedDocument::parse(text, format)
        .and_then(|document| document.unencrypted())
        .is_ok_and(|open| open.is_empty());
    is_whole
        && in_text(key, text).is_empty()
        && (format == Format::Binary
            || parse_document(text, format).is_ok_and(|document| hides_secrets(&document)))
}

/// Whether no Secret in the file has a value in plaintext, regardless of the file's own rule.
fn hides_secrets(document: &Document<'_>) -> bool {
    let fields = secrets(document).into_iter().flat_map(secret_fields);
    let mut values = fields
        .filter(SecretField::is_part)
        .flat_map(|field| field.values());
    !values.any(|value| is_plaintext(&value))
}

/// Whether the name and the form of a value say that it is a secret.
pub(crate) fn looks_secret(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    if !value.field.eq_ignore_ascii_case("data") {
        return !in_text(value.key, text).is_empty();
    }
    let packed: String = text.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).unwrap_or_else(|_| text.into());
    // Binary content is a key, or a file with a key.
    str::from_utf8(&bytes).map_or(true, |text| !in_text(value.key, text).is_empty())
}
