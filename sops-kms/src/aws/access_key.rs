//! Access keys for AWS.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::secret_text::SecretText;

/// A key is replaced when it is valid for less than this.
const RESERVE: Duration = Duration::from_secs(60);

/// An access key.
#[derive(Clone, Debug)]
pub(super) struct AccessKey {
    pub(super) id: String,
    pub(super) secret: SecretText,
    /// The token that a temporary key has.
    pub(super) token: Option<SecretText>,
    pub(super) expires: Option<SystemTime>,
    /// Where it comes from, in the words of messages.
    pub(super) source: String,
}

/// The form in which programs and servers give an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Json {
    access_key_id: String,
    secret_access_key: SecretText,
    #[serde(alias = "SessionToken")]
    token: Option<SecretText>,
    expiration: Option<String>,
}

impl AccessKey {
    /// Reads the JSON of `credential_process`, of containers and of the metadata server.
    pub(super) fn from_json(json: &[u8], source: &str) -> Option<Self> {
        let json: Json = serde_json::from_slice(json).ok()?;
        let expires = json
            .expiration
            .and_then(|time| humantime::parse_rfc3339_weak(&time).ok());
        Some(Self {
            id: json.access_key_id,
            secret: json.secret_access_key,
            token: json.token,
            expires,
            source: source.to_owned(),
        })
    }

    /// Whether the key can still be used.
    pub(super) fn is_fresh(&self) -> bool {
        self.expires
            .is_none_or(|expires| expires > SystemTime::now() + RESERVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_json_and_not_shown_for_debugging() {
        let json = br#"{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "hunter2", "SessionToken": "hunter3", "Expiration": "2001-01-01T00:00:00Z"}"#;
        let key = AccessKey::from_json(json, "x").unwrap();
        assert!(!key.is_fresh());
        assert_eq!(key.token.as_deref(), Some("hunter3"));
        let shown = format!("{key:?}");
        assert!(
            shown.contains("AKID") && !shown.contains("hunter"),
            "{shown}"
        );
        assert!(AccessKey::from_json(b"{}", "x").is_none());
    }
}
