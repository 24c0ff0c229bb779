//! Explains the answers that refuse a request.

use std::collections::BTreeMap;

use serde::Deserialize;
use sops_printable::escaped;

use crate::transport::Answer;
use crate::words::said;

#[derive(Deserialize, Default)]
struct ErrorAnswer {
    #[serde(default, rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
}

/// The kind of an error, such as `AccessDeniedException`; empty if the answer has no kind.
pub(super) fn kind(answer: &Answer) -> String {
    let error = serde_json::from_slice::<ErrorAnswer>(&answer.body).unwrap_or_default();
    // A namespace may come first.
    let kind = error.kind.rsplit('#').next().unwrap_or_default();
    kind.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Why AWS refused, and what to do. `source` is where the access key comes from, `context` the
/// encryption context that was sent, and `secret` a text that must not be shown.
pub(super) fn explain(
    answer: &Answer,
    operation: &str,
    source: &str,
    context: &BTreeMap<String, String>,
    secret: &str,
) -> String {
    let error = serde_json::from_slice::<ErrorAnswer>(&answer.body).unwrap_or_default();
    let kind = kind(answer);
    let message = match said(&error.message, &[secret]) {
        message if message.is_empty() => String::new(),
        message => format!(": {message}"),
    };
    let permission = escaped(operation).into_owned();
    match &*kind {
        "InvalidCiphertextException" => {
            format!(
                "this key cannot decrypt `enc` with {}; `enc`, the context or the key was changed",
                shown(context)
            )
        }
        "AccessDeniedException" => format!(
            "AWS does not allow `kms:{permission}` with the access key from {source}{message}"
        ),
        "ExpiredTokenException" | "ExpiredToken" => format!(
            "the access key from {source} has expired; run `aws sso login`, or get a new one"
        ),
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationTokenException" => format!(
            "AWS rejects the access key from {source}{message}; check it, and the time of this computer"
        ),
        "NotFoundException" => format!("the key does not exist{message}"),
        "DisabledException" => "the key is disabled".to_owned(),
        "KMSInvalidStateException" => format!("the key cannot be used in its state{message}"),
        "IncorrectKeyException" => format!("`enc` was encrypted with another key{message}"),
        "ThrottlingException" => format!("AWS KMS received too many requests{message}"),
        kind => format!("AWS returned {} {kind}{message}", answer.status.as_u16()),
    }
}

/// The context in words. It is not secret: files have it in plaintext.
fn shown(context: &BTreeMap<String, String>) -> String {
    if context.is_empty() {
        return "an empty encryption context".to_owned();
    }
    let pairs: Vec<String> = context
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("the encryption context `{}`", said(&pairs.join(","), &[]))
}
