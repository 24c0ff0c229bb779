//! Writes secrets in the key-value engine, in both of its versions.

use http::StatusCode;
use serde_json::Value;
use sops_printable::escaped;

use super::api::Api;
use super::key_path::{is_segment, url_path};
use super::refusal;
use crate::provider::{Outcome, Warn};
use crate::publishing::{Published, VaultSecret};
use crate::reach::Reach;
use crate::transport::Answer;

/// Writes a secret, whose content is a JSON object. If the server already has the same content, no
/// new version is created.
pub(super) async fn write(
    api: &Api,
    secret: &VaultSecret,
    content: &[u8],
    reach: Reach,
    warn: &Warn,
) -> Outcome<Published> {
    let server = api.kv_server(secret.address.as_deref(), reach)?;
    let segments = segments(secret)?;
    let words = segments.join("/");
    let path = url_path(segments.into_iter());
    let new: Value = serde_json::from_slice(content)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| "a secret in Vault is a JSON object, and this is not".to_owned())?;
    let old = api.get(&server, &path).await?;
    if old.status == StatusCode::OK
        && current(&old, secret).is_some_and(|old| old == new && is_exact(&new))
    {
        return Ok(Published::Unchanged);
    }
    let text = std::str::from_utf8(content).expect("JSON is UTF-8");
    let body = match secret.has_versions {
        true => format!("{{\"data\":{text}}}"),
        false => text.to_owned(),
    };
    let answer = api.write(&server, &path, body).await?;
    match answer.status {
        StatusCode::OK | StatusCode::NO_CONTENT => {
            if !matches!(old.status, StatusCode::OK | StatusCode::NOT_FOUND) {
                warn(&format!(
                    "{server} did not let sops-rs read `{}`, so it was written even if its content is the same",
                    escaped(&words)
                ));
            }
            Ok(Published::Written)
        }
        _ => Err(refusal::explain_kv(api, &server, &answer, secret, &words, &texts(&new)).await),
    }
}

/// The segments of the path in the API. A configuration chooses them, so they must not lead to
/// another part of the API.
fn segments(secret: &VaultSecret) -> Outcome<Vec<&str>> {
    let [mount, path] = [&secret.mount, &secret.path].map(|path| {
        // Vault's client library removes empty segments.
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.collect::<Vec<&str>>()
    });
    if mount.is_empty() || path.is_empty() {
        return Err("the path is empty; check `vault_kv_mount_name` and `vault_path`".to_owned());
    }
    let data: &[&str] = if secret.has_versions { &["data"] } else { &[] };
    let all = [&mount, data, &path].concat();
    match all.iter().all(|part| is_segment(part)) {
        true => Ok(all),
        false => Err(
            "`.` and `..` cannot be parts of the path; check `vault_kv_mount_name` and `vault_path`"
                .to_owned(),
        ),
    }
}

/// The content that the secret has now.
fn current(answer: &Answer, secret: &VaultSecret) -> Option<Value> {
    let mut answer: Value = serde_json::from_slice(&answer.body).ok()?;
    let data = answer.get_mut("data")?.take();
    match secret.has_versions {
        true => Some(data.get("data")?.clone()),
        false => Some(data),
    }
}

/// Whether equal values are really the same. Large numbers and fractions are rounded when read.
fn is_exact(content: &Value) -> bool {
    match content {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(fields) => fields.values().all(is_exact),
        Value::String(_) | Value::Null | Value::Bool(_) => true,
    }
}

/// The strings in the content, which a server's message must not show. Short ones are left out,
/// because they are parts of words.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) if text.len() > 3 => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_numbers_are_never_the_same() {
        for (json, expected) in [
            (r#"{"a": [1, -2, "x", null, true]}"#, true),
            (r#"{"a": 18446744073709551615}"#, true),
            (r#"{"a": 18446744073709551616}"#, false),
            (r#"{"a": [{"b": 1.5}]}"#, false),
        ] {
            let content = serde_json::from_str(json).unwrap();
            assert_eq!(is_exact(&content), expected, "{json}");
        }
    }

    #[test]
    fn no_path_leads_to_another_part_of_the_api() {
        for (mount, path, has_versions, expected) in [
            ("secret", "a/b.yaml", true, Some("secret/data/a/b.yaml")),
            ("secret/", "/a//b", true, Some("secret/data/a/b")),
            ("a/kv/", "b", false, Some("a/kv/b")),
            ("secret", "../../sys/x", true, None),
            ("secret/..", "b", true, None),
            ("", "b", true, None),
            ("secret", "/", false, None),
        ] {
            let secret = VaultSecret {
                address: None,
                mount: mount.to_owned(),
                has_versions,
                path: path.to_owned(),
            };
            let found = segments(&secret).ok().map(|parts| parts.join("/"));
            assert_eq!(found.as_deref(), expected, "{mount} {path}");
        }
    }
}
