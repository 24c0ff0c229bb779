//! The configuration of a k3s server: whether it encrypts Secrets.

use serde_json::Value;

use super::encryption::{CHECK, WHY_OFF};
use super::report::Check;

/// The settings that say that a file is for k3s.
const OWN_SETTINGS: [&str; 2] = ["secrets-encryption", "secrets-encryption-provider"];

/// The configuration files of a server, in the order in which it reads them.
pub(super) struct ServerSettings(pub(super) Vec<Value>);

impl ServerSettings {
    /// The value of an argument for the API server. The last one counts.
    pub(super) fn api_server_argument(&self, name: &str) -> Option<&str> {
        let keys = ["kube-apiserver-arg", "kube-apiserver-arg+"];
        let values = self
            .0
            .iter()
            .flat_map(|config| keys.iter().filter_map(|key| config.get(*key)));
        let arguments = values.flat_map(|value| match value {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        });
        let mut matching = arguments.filter_map(|argument| {
            let (own, value) = argument.as_str()?.split_once('=')?;
            (own.trim_start_matches('-') == name).then_some(value)
        });
        matching.next_back()
    }

    /// Whether the server uses the encryption configuration that it has; `None` if it does. RKE2
    /// encrypts unless a setting turns it off, and k3s only if a setting turns it on.
    pub(super) fn check(&self, subject: &str, distribution: &str) -> Option<Check> {
        let mut settings = self.0.iter().filter_map(|config| {
            let value = config.get("secrets-encryption")?;
            Some(value.as_bool().map_or_else(
                || value.as_str().unwrap_or_default().to_owned(),
                |is_on| is_on.to_string(),
            ))
        });
        match settings.next_back().as_deref() {
            Some("true") => None,
            Some("false") => Some(
                Check::finding(
                    CHECK,
                    subject,
                    "is not used, because `secrets-encryption` is off",
                )
                .why(WHY_OFF)
                .fix(format!(
                    "set `secrets-encryption: true` in /etc/rancher/{distribution}/config.yaml, restart {distribution}, and check with `{distribution} secrets-encrypt status`"
                )),
            ),
            None if distribution == "rke2" => None,
            _ => Some(Check::unknown(
                CHECK,
                subject,
                format!(
                    "may not be used, because /etc/rancher/{distribution}/config.yaml does not have `secrets-encryption: true`: check with `{distribution} secrets-encrypt status`"
                ),
            )),
        }
    }
}

/// Whether this is a configuration with settings for encryption.
pub(super) fn is_config(value: &Value) -> bool {
    value["kind"].is_null() && OWN_SETTINGS.iter().any(|name| !value[*name].is_null())
}

pub(super) fn check(config: &Value, subject: &str) -> Check {
    let is_on = match &config["secrets-encryption"] {
        Value::Bool(is_on) => *is_on,
        Value::String(text) => text == "true",
        _ => false,
    };
    let fix = "set `secrets-encryption: true` and `secrets-encryption-provider: secretbox`, restart k3s, and check with `k3s secrets-encrypt status`";
    match config["secrets-encryption-provider"].as_str() {
        _ if !is_on => Check::finding(CHECK, subject, "`secrets-encryption` is off")
            .why(WHY_OFF)
            .fix(fix),
        Some("secretbox") => Check::ok(CHECK, subject, "encrypts Secrets with `secretbox`"),
        Some("aescbc") | None => Check::finding(
            CHECK,
            subject,
            "`secrets-encryption` alone encrypts Secrets with `aescbc`",
        )
        .why("AES-CBC does not detect changes, so whoever can write to the database can attack it with padding oracles")
        .fix("set `secrets-encryption-provider: secretbox`, restart k3s, and run `k3s secrets-encrypt rotate-keys` (`prepare` refuses secretbox)"),
        Some(provider) => {
            Check::unknown(CHECK, subject, format!("the provider `{provider}` is not known"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secretbox_is_a_setting_of_its_own() {
        for (config, expected) in [
            (
                json!({"secrets-encryption": true, "secrets-encryption-provider": "secretbox"}),
                None,
            ),
            (
                json!({"secrets-encryption": "true", "secrets-encryption-provider": "secretbox"}),
                None,
            ),
            (json!({"secrets-encryption": true}), Some("`aescbc`")),
            (
                json!({"secrets-encryption": true, "secrets-encryption-provider": "aescbc"}),
                Some("`aescbc`"),
            ),
            (
                json!({"secrets-encryption-provider": "secretbox"}),
                Some("is off"),
            ),
            (json!({"secrets-encryption": false}), Some("is off")),
        ] {
            let check = check(&config, "config.yaml");
            assert_eq!(check.is_finding(), expected.is_some(), "{config}");
            assert!(
                check.message().contains(expected.unwrap_or("secretbox")),
                "{config}"
            );
            assert!(is_config(&config));
        }
        assert!(!is_config(
            &json!({"kind": "ConfigMap", "secrets-encryption": true})
        ));
        assert!(!is_config(&json!({"server": "https://a.example"})));
        assert!(!is_config(&json!([1])));
    }
}
