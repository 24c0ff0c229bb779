//! Judges whether a Secret may hold nothing but settings. It is still reported, as a warning: no
//! program can tell a setting from a password that is a word.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_document::NodeRef;

use crate::context::Context;
use crate::object::Object;
use crate::plaintext_values::is_under_part;
use crate::rule_coverage::covering_rule;
use crate::secret::SecretValue;
use crate::secret_detection::{
    in_text, is_harmless, is_of_access_key, is_random, judge, names_no_secret, words,
};

/// The beginning of the types of Secrets that always hold credentials.
const BUILT_IN: &str = "kubernetes.io/";

/// Whether none of the values looks like a secret, and no creation rule says that they are.
pub(super) fn is_settings(
    object: &Object<'_, '_>,
    values: &[SecretValue<'_, '_>],
    context: &Context<'_>,
) -> bool {
    let kind = object.node.get("type").and_then(NodeRef::as_str);
    let is_built_in = kind.is_some_and(|kind| kind.starts_with(BUILT_IN));
    !is_built_in && covering_rule(context).is_none() && values.iter().all(is_setting_value)
}

fn is_setting_value(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    is_under_part(value)
        && match value.field {
            "data" => {
                let packed: String = text.split_whitespace().collect();
                let bytes = STANDARD.decode(packed).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                text.is_some_and(|text| is_setting(value.key, &text))
            }
            _ => is_setting(value.key, text),
        }
}

/// Whether `text` under `key` is a setting by its form: a name, an address, a number, or a
/// configuration in which nothing looks like a secret.
pub(super) fn is_setting(key: &str, text: &str) -> bool {
    let text = text.trim();
    if is_variable(key, text) {
        return true;
    }
    let is_named = names_no_secret(key) || is_of_access_key(key);
    if !is_named || !in_text(key, text).is_empty() {
        return false;
    }
    match text.contains('\n') {
        true => !text.lines().any(|line| is_random(line.trim())),
        false => is_harmless(text) || is_name(text) || is_address(text) || is_id(key, text),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || "\"'=:,;()[]{}<>./_-".contains(c)
}

/// Whether `text` is the name of a variable that a script replaces: `AUTOREPLACE_SMTP_PASSWORD`.
fn is_variable(key: &str, text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    text.contains('_') && text.chars().all(is_part) && judge(key, text).is_none()
}

/// Whether `text` has at most 64 characters, all letters or punctuation, as in words and media
/// types.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || "-_./:, {}[]".contains(c);
    text.len() <= 64 && text.chars().all(is_part)
}

/// Whether `text` is an IP address, a network, a number, or a host with a domain, perhaps with a
/// path, as in the name of an image.
fn is_address(text: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || "./:,-".contains(c);
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:/_".contains(c);
    let domain = text.split([':', '/']).next().unwrap_or_default();
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_domain = domain.contains('.') && last.chars().all(|c| c.is_ascii_lowercase());
    let is_random = || text.split(is_separator).any(is_random);
    text.chars().all(is_number) || is_domain && text.chars().all(is_part) && !is_random()
}

/// Whether `text` is a UUID under the name of an identifier.
fn is_id(key: &str, text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let is_named = words(key).last().is_some_and(|last| last == "id");
    is_named && text.len() == 36 && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_setting;

    #[test]
    fn settings_are_recognized_by_their_form() {
        for (key, text) in [
            ("LOG_LEVEL", "info"),
            ("ENABLED", "true"),
            ("TIMEOUT", "30"),
            ("COOKIE_DOMAIN", "example.net"),
            ("dns_ip", "10.22.0.10"),
            ("endpoint", "s3.us-west-004.example.com"),
            ("url", "http://authentik.svc:80"),
            ("username", "workflows"),
            ("accesskey", "artifacts"),
            ("image", "ghcr.io/acme/shop-app:v0.12.0"),
            ("tunnel_id", "7e8d8e06-b9e2-4dc6-a8fa-bb811e8e972b"),
            ("config.json", "{}\n"),
            (
                "app.css",
                ":root {\n  --color-surface1-rgb: 245 224 220;\n}\n",
            ),
            ("SMTP_PASSWORD", "AUTOREPLACE_SMTP_PASSWORD"),
            (
                "config.yaml",
                "auth_enabled: false\nstore: s3\nbucket: ${BUCKET}\n",
            ),
            ("init.sql", "BEGIN;\nCREATE SCHEMA a;\nCOMMIT;\n"),
        ] {
            assert!(is_setting(key, text), "{key}: {text}");
        }
        for (key, text) in [
            ("password", "workflows"),
            ("a", "hunter2"),
            ("LOG_LEVEL", "Zq7hunter2Wv"),
            ("token", "abc"),
            ("tls.key", "test"),
            ("config.yaml", "user: app\npassword: correct-horse\n"),
            ("keys.txt", "# keys\nq8tbd7Zk21mPx40LcvW9\n"),
            ("url", "https://app:hunter2@example.com"),
            ("credentials", "FOO"),
            ("tunnel", "7e8d8e06-b9e2-4dc6-a8fa-bb811e8e972b"),
            ("image", "registry.acme.io/q8xbd7zk21mpx40lcvw9"),
        ] {
            assert!(!is_setting(key, text), "{key}: {text}");
        }
    }
}
