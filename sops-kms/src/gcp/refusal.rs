//! Explains the answers that refuse a request.

use http::StatusCode;
use serde::Deserialize;
use sops_printable::escaped;

use crate::transport::Answer;
use crate::words::said;

#[derive(Deserialize, Default)]
struct ErrorAnswer {
    #[serde(default)]
    error: ErrorDetails,
}

#[derive(Deserialize, Default)]
struct ErrorDetails {
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

/// Why Google refused, and what to do. `source` is where the access token comes from, and `secrets`
/// are values that must not be shown.
pub(super) fn explain(answer: &Answer, resource: &str, source: &str, secrets: &[&str]) -> String {
    let error = details(answer);
    let message = message(&error, secrets);
    let has = |reason: &str| error.details.iter().any(|detail| detail.reason == reason);
    let project = escaped(resource.split('/').nth(1).unwrap_or_default()).into_owned();
    match answer.status {
        StatusCode::UNAUTHORIZED => unauthorized(source, &message),
        StatusCode::FORBIDDEN if has("SERVICE_DISABLED") => format!(
            "{message}; run `gcloud services enable cloudkms.googleapis.com --project PROJECT` with the project named above"
        ),
        StatusCode::FORBIDDEN if has("USER_PROJECT_DENIED") => format!(
            "you are not allowed to use the quota project: {message}; set GOOGLE_CLOUD_QUOTA_PROJECT to a project where you have the role `roles/serviceusage.serviceUsageConsumer`"
        ),
        StatusCode::FORBIDDEN => format!(
            "Google does not allow this with the credentials from {source}: {message}; you need the role `roles/cloudkms.cryptoKeyEncrypterDecrypter` in the project {project}"
        ),
        StatusCode::NOT_FOUND => format!("the key does not exist: {message}"),
        StatusCode::TOO_MANY_REQUESTS => {
            format!("Google Cloud KMS received too many requests: {message}; try again in a minute")
        }
        status => format!("Google returned {}: {message}", status.as_u16()),
    }
}

/// Why Google refused to write an object, and what to do. `source` is where the access token comes
/// from, and `secrets` are values that must not be shown.
pub(super) fn explain_upload(
    answer: &Answer,
    bucket: &str,
    source: &str,
    secrets: &[&str],
) -> String {
    let message = message(&details(answer), secrets);
    let bucket = escaped(bucket);
    match answer.status {
        StatusCode::UNAUTHORIZED => unauthorized(source, &message),
        StatusCode::FORBIDDEN => format!(
            "Google does not allow this with the credentials from {source}: {message}; you need the role `roles/storage.objectUser` for the bucket `{bucket}`"
        ),
        StatusCode::NOT_FOUND => {
            format!("there is no bucket `{bucket}`: {message}; check `gcs_bucket`")
        }
        StatusCode::TOO_MANY_REQUESTS => format!(
            "Google Cloud Storage received too many requests: {message}; try again in a minute"
        ),
        status => format!("Google returned {}: {message}", status.as_u16()),
    }
}

fn unauthorized(source: &str, message: &str) -> String {
    format!(
        "Google rejects the access token from {source}: {message}; if it is from your own login, run `gcloud auth application-default login`; otherwise, get a new token or key"
    )
}

fn details(answer: &Answer) -> ErrorDetails {
    let answer: ErrorAnswer = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.error
}

/// The server's own message.
fn message(error: &ErrorDetails, secrets: &[&str]) -> String {
    match &*error.message {
        "" => "no reason given".to_owned(),
        message => said(message, secrets),
    }
}
