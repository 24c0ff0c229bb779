//! The rules by which Kubernetes refuses a Secret. No step of a build checks them, and the errors
//! of the API server cannot name the file.

use sops_core::Type;
use sops_core::tree::{Entry, Node};
use sops_lint::decode_secret_data;

use crate::problem::Problem;

/// Checks that the API server accepts this as a key of a Secret.
pub(crate) fn check_key(key: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let valid = !matches!(key, "" | "." | "..") && key.len() <= 253 && key.bytes().all(allowed);
    if valid {
        return Ok(());
    }
    Err(Problem::new(format!(
        "`{key}` cannot be a key of a Secret; use up to 253 letters, digits, `-`, `_` and `.`"
    )))
}

/// The reasons why Kubernetes refuses a resource that is a Secret, or the Secrets in a list. Each
/// problem has the field, never the value.
pub(crate) fn refused(resource: &Node) -> Vec<Problem> {
    let text = |key| resource.get(key).and_then(Node::as_str).unwrap_or_default();
    match (text("kind"), resource.get("items")) {
        ("Secret", _) if ["", "v1"].contains(&text("apiVersion")) => of_secret(resource),
        (kind, Some(Node::Sequence(items))) if kind.ends_with("List") => {
            items.iter().flat_map(refused).collect()
        }
        _ => Vec::new(),
    }
}

fn of_secret(secret: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for part in ["data", "stringData"] {
        match secret.get(part) {
            None | Some(Node::Scalar(None)) => {}
            Some(Node::Mapping(entries)) => {
                for entry in entries {
                    if let Some(problem) = of_entry(part, entry) {
                        problems.push(problem.at_field(&format!("{part}.{}", entry.key)));
                    }
                }
            }
            Some(_) => problems.push(Problem::new(NO_MAPPING).at_field(part)),
        }
    }
    let named = problems.into_iter();
    named.map(|problem| problem.of_resource(secret)).collect()
}

fn of_entry(part: &str, Entry { key, value }: &Entry) -> Option<Problem> {
    // A null is an empty value.
    if *value == Node::Scalar(None) {
        return None;
    }
    let text = match value {
        // kustomize and Kubernetes read a time as a string.
        Node::Scalar(Some(value)) if matches!(value.kind, Type::Str | Type::Time) => {
            str::from_utf8(&value.bytes).ok()
        }
        _ => None,
    };
    let is_accepted = match part {
        "data" => text.is_some_and(|text| decode_secret_data(text).is_some()),
        _ => text.is_some(),
    };
    match is_accepted {
        true => check_key(key).err(),
        false if part == "data" => Some(Problem::new(NOT_BASE64)),
        false => Some(Problem::new(NOT_STRING)),
    }
}

const NOT_BASE64: &str = "the value is not a base64 string, so Kubernetes refuses the Secret; move it to `stringData`, or encode it, for example with `base64 -w0`";

const NOT_STRING: &str =
    "the value is not a string, so Kubernetes refuses the Secret; put it in quotes";

const NO_MAPPING: &str =
    "expected a mapping, so Kubernetes refuses the Secret; write each value under its key";
