//! The configuration of a k3s server: whether it encrypts Secrets.

use serde_json::Value;

use super::encryption::{CHECK, WHY_OFF};
use super::report::Check;

/// The settings that say that a file is for k3s.
const OWN_SETTINGS: [&str; 2] = ["secrets-encryption", "secrets-encryption-provider"];

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
