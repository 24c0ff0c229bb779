//! Explains the errors of AWS's SDK.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};

use super::connector::Unanswered;
use crate::words::said;

pub(super) const NOT_AN_ANSWER: &str = "the server did not send a valid AWS KMS response";

/// Why AWS refused, and what to do. `source` is where the access key comes from, `context` the
/// encryption context that was sent, and `secret` a value that must not be shown.
pub(super) fn explain<E: ProvideErrorMetadata + Error + 'static>(
    error: &SdkError<E, HttpResponse>,
    operation: &str,
    source: &str,
    context: &BTreeMap<String, String>,
    secret: &str,
) -> String {
    let SdkError::ServiceError(refusal) = error else {
        return match error {
            SdkError::ResponseError(_) => NOT_AN_ANSWER.to_owned(),
            _ if find::<Unanswered>(error).is_some() => reason(error),
            _ => format!("the request to AWS KMS failed: {}", reason(error)),
        };
    };
    let status = refusal.raw().status().as_u16();
    let error = refusal.err().meta();
    let message = match said(error.message().unwrap_or_default(), &[secret]) {
        message if message.is_empty() => String::new(),
        message => format!(": {message}"),
    };
    match error.code().unwrap_or_default() {
        "InvalidCiphertextException" => {
            format!(
                "this key cannot decrypt `enc` with {}; `enc`, the context or the key was changed; restore the file from version control",
                shown(context)
            )
        }
        "AccessDeniedException" => format!(
            "AWS does not allow `kms:{operation}` with the access key from {source}{message}"
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
        "KMSInvalidStateException" => {
            format!("the key cannot be used in its current state{message}")
        }
        "IncorrectKeyException" => format!(
            "`enc` was encrypted with another key{message}; restore the file from version control"
        ),
        "ThrottlingException" => {
            format!("AWS KMS received too many requests{message}; try again in a minute")
        }
        "" if refusal.raw().status().is_success() => NOT_AN_ANSWER.to_owned(),
        "" => format!("AWS returned {status}{message}"),
        code => format!("AWS returned {status} {}{message}", said(code, &[])),
    }
}

/// The context in words. It is not secret: files contain it in plaintext.
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

/// The error at the root, which is the most specific.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let root = causes(error).last().unwrap_or(error);
    let text = match root.downcast_ref::<ErrorMetadata>() {
        Some(metadata) => {
            let message = metadata.message().unwrap_or("no reason given");
            match metadata.code() {
                Some(code) => format!("{code}: {message}"),
                None => message.to_owned(),
            }
        }
        None => root.to_string(),
    };
    // The SDK has no public type for it.
    if text.starts_with("operation timeout") {
        return "no answer in time".to_owned();
    }
    let end = text.find(" (os error").unwrap_or(text.len());
    said(&text[..end], &[])
}

/// The error of this type among the causes.
pub(super) fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error and its causes, down to the root.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| Error::source(*error))
}
