//! Files with credentials for Google Cloud, in the forms that `gcloud` and the console write.

use std::collections::BTreeMap;

use serde::Deserialize;
use sops_printable::escaped;

use crate::provider::Outcome;
use crate::secret_text::SecretText;

/// What tokens may be used for, as `sops` asks for it.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A file with credentials.
#[derive(Deserialize)]
pub(super) struct CredentialsFile {
    #[serde(flatten)]
    pub(super) credentials: Credentials,
    /// The project that pays for requests.
    pub(super) quota_project_id: Option<String>,
}

/// The credentials, by their type.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Credentials {
    /// The private key of a service account.
    ServiceAccount(ServiceAccount),
    /// A user's login.
    AuthorizedUser(AuthorizedUser),
    /// Workload identity federation: a token of another provider.
    ExternalAccount(ExternalAccount),
    /// A service account that other credentials may impersonate.
    ImpersonatedServiceAccount(Impersonated),
}

#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) private_key: SecretText,
    pub(super) private_key_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct AuthorizedUser {
    pub(super) client_id: String,
    pub(super) client_secret: SecretText,
    pub(super) refresh_token: SecretText,
    /// The server that issues tokens, if it is not Google's usual one.
    pub(super) token_uri: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ExternalAccount {
    pub(super) audience: String,
    pub(super) subject_token_type: String,
    pub(super) token_url: String,
    pub(super) service_account_impersonation_url: Option<String>,
    pub(super) credential_source: CredentialSource,
}

/// Where the token of the other provider is.
#[derive(Deserialize)]
pub(super) struct CredentialSource {
    pub(super) file: Option<String>,
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, SecretText>,
    #[serde(default)]
    pub(super) format: TokenFormat,
}

/// The form of that token: plain text, or a field of a JSON object.
#[derive(Deserialize, Default)]
pub(super) struct TokenFormat {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) subject_token_field_name: String,
}

#[derive(Deserialize)]
pub(super) struct Impersonated {
    pub(super) service_account_impersonation_url: String,
    #[serde(default)]
    pub(super) delegates: Vec<String>,
    pub(super) source_credentials: Box<Credentials>,
}

impl CredentialsFile {
    /// Reads the JSON.
    ///
    /// # Errors
    ///
    /// The message says what is wrong, and contains no part of the text except the type.
    pub(super) fn new(json: &[u8]) -> Outcome<Self> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }
        // The messages of serde can quote values.
        serde_json::from_slice(json).map_err(|_| match serde_json::from_slice::<Kind>(json) {
            Ok(Kind { kind }) if KINDS.contains(&&*kind) => {
                format!("the `{kind}` credentials are incomplete; create the file again, with `gcloud auth application-default login` or as a new key of the service account")
            }
            Ok(Kind { kind }) => format!(
                "sops-rs does not support credentials of the type `{}`; use those of a service account, or remove them and run `gcloud auth application-default login`",
                escaped(&kind)
            ),
            Err(_) => "no credentials in JSON; check the JSON, or the path of its file".to_owned(),
        })
    }
}

const KINDS: [&str; 4] = [
    "service_account",
    "authorized_user",
    "external_account",
    "impersonated_service_account",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_credentials_are_refused_without_showing_them() {
        for (json, words) in [
            ("hunter2", "no credentials in JSON"),
            (r#"{"private_key": "hunter2"}"#, "no credentials in JSON"),
            (
                r#"{"type": "service_account", "private_key": "hunter2"}"#,
                "`service_account` credentials are incomplete",
            ),
            (
                r#"{"type": "authorized_user", "client_secret": 2, "x": "hunter2"}"#,
                "are incomplete",
            ),
            (
                r#"{"type": "gdch_service_account", "x": "hunter2"}"#,
                "type `gdch_service_account`",
            ),
        ] {
            let message = CredentialsFile::new(json.as_bytes()).err().unwrap();
            assert!(
                message.contains(words) && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}
