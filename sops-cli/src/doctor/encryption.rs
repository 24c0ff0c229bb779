//! Encryption at rest: the `EncryptionConfiguration` of an API server.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::report::Check;

pub(super) const CHECK: &str = "encryption-at-rest";

/// Why Secrets must be encrypted in the database.
pub(super) const WHY_OFF: &str =
    "everyone who gets a disk, a snapshot or a backup of the control plane can read every Secret";

/// How to write all Secrets once more.
pub(super) const REWRITE: &str =
    "`kubectl get secrets --all-namespaces --output json | kubectl replace --filename -`";

/// The distribution of Kubernetes that wrote a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    K3s,
    Rke2,
    /// One whose configuration is written by hand, such as kubeadm.
    Other,
}

impl Distribution {
    /// The distribution that has this file, or that gives its keys this name.
    fn of(path: &Path, key: Option<&str>) -> Self {
        let has = |name: &str| path.iter().any(|part| part == name);
        let generated = |key: &str| {
            ["aescbckey", "secretboxkey"]
                .iter()
                .any(|own| key.starts_with(own))
        };
        match () {
            () if has("rke2") => Self::Rke2,
            () if has("k3s") || key.is_some_and(generated) => Self::K3s,
            () => Self::Other,
        }
    }

    /// The name of its program.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Rke2 => "rke2",
            _ => "k3s",
        }
    }

    /// How to replace the key.
    fn rotation(self) -> String {
        match self {
            Self::Other => format!(
                "add a new key before the others, restart every API server, run {REWRITE}, and remove the old keys"
            ),
            _ => format!(
                "run `{} secrets-encrypt rotate-keys` on one server, wait until `{0} secrets-encrypt status` reports `reencrypt_finished`, and restart the other servers",
                self.program()
            ),
        }
    }

    /// How to change to another provider.
    fn migration(self) -> String {
        match self {
            Self::Other => format!(
                "put `secretbox` or `kms` with `apiVersion: v2` before the other providers, restart every API server, and run {REWRITE}"
            ),
            _ => format!(
                "set `secrets-encryption-provider: secretbox` in /etc/rancher/{}/config.yaml, restart the servers, and run `{0} secrets-encrypt rotate-keys` (`prepare` refuses secretbox)",
                self.program()
            ),
        }
    }
}

/// A configuration with what is known about its file.
pub(super) struct EncryptionFile<'a> {
    pub(super) configuration: &'a Value,
    pub(super) path: &'a Path,
    pub(super) subject: &'a str,
    pub(super) modified: Option<SystemTime>,
    /// The age from which on a key is too old.
    pub(super) max_key_age: Duration,
}

impl EncryptionFile<'_> {
    pub(super) fn checks(&self) -> Vec<Check> {
        let entries = array(&self.configuration["resources"]);
        // The first entry that covers a resource determines its providers.
        let Some(entry) = entries.iter().find(|entry| covers_secrets(entry)) else {
            let check = self
                .finding("does not cover `secrets`, so they are stored in plaintext")
                .why(WHY_OFF)
                .fix(format!(
                    "add `secrets` to `resources` of the first entry, restart every API server, and run {REWRITE}"
                ));
            return vec![check];
        };
        let providers: Vec<(&str, &Value)> = array(&entry["providers"])
            .iter()
            .filter_map(|provider| {
                let (name, settings) = provider.as_object()?.iter().next()?;
                Some((name.as_str(), settings))
            })
            .collect();
        let keys = |settings: &Value| -> Vec<String> {
            let names = array(&settings["keys"]).iter();
            let names = names.map(|key| key["name"].as_str().unwrap_or_default().to_owned());
            names.collect()
        };
        let all_keys: Vec<String> = providers
            .iter()
            .flat_map(|(_, settings)| keys(settings))
            .collect();
        let distribution = Distribution::of(self.path, all_keys.first().map(String::as_str));
        let Some((provider, settings)) = providers.first() else {
            let check = self
                .finding("has no `providers` for `secrets`")
                .why(WHY_OFF);
            return vec![check.fix(distribution.migration())];
        };
        let mut checks = vec![self.of_first(provider, settings, distribution)];
        if *provider == "identity" {
            return checks;
        }
        if matches!(*provider, "secretbox" | "aescbc" | "aesgcm") && keys(settings).is_empty() {
            let check = self
                .finding(format!("`{provider}`, the first provider, has no keys"))
                .why("an API server does not start with this configuration, so it is not the one in use, or the next start fails");
            checks = vec![check.fix("add a key with a name and 32 random bytes in Base64")];
        }
        let kms = providers.iter().filter(|(name, _)| *name == "kms").count();
        let old = (all_keys.len() + kms).saturating_sub(1);
        if old > 0 && matches!(*provider, "secretbox" | "aescbc" | "aesgcm" | "kms") {
            let message = match old {
                1 => "1 old key is kept".to_owned(),
                count => format!("{count} old keys are kept"),
            };
            checks.push(
                self.finding(message)
                    .why("as long as an old key is kept, some Secrets may still be encrypted with it, and whoever stole it can read them")
                    .fix(match distribution {
                        Distribution::Other => format!("run {REWRITE}, remove all keys except the first, and restart every API server"),
                        _ => distribution.rotation(),
                    }),
            );
        }
        if *provider != "kms"
            && let Some(name) = all_keys.first()
        {
            checks.extend(self.of_age(name, distribution));
        }
        checks
    }

    fn of_first(&self, provider: &str, settings: &Value, distribution: Distribution) -> Check {
        let weak =
            |message: &str, why| self.finding(message).why(why).fix(distribution.migration());
        match provider {
            "identity" => {
                let fix = match distribution {
                    Distribution::Other => distribution.migration(),
                    _ => format!(
                        "run `{0} secrets-encrypt enable`, restart the servers, and run `{0} secrets-encrypt rotate-keys`",
                        distribution.program()
                    ),
                };
                self.finding(
                    "stores Secrets in plaintext, because `identity` is the first provider",
                )
                .why(WHY_OFF)
                .fix(fix)
            }
            "aescbc" => weak(
                "encrypts Secrets with `aescbc`",
                "AES-CBC does not detect changes, so whoever can write to the database can attack it with padding oracles",
            ),
            "aesgcm" => weak(
                "encrypts Secrets with `aesgcm`",
                "AES-GCM with random nonces is safe only if the key is replaced after at most 200,000 writes, and nothing does that",
            ),
            "kms" if settings["apiVersion"] != "v2" => weak(
                "encrypts Secrets with `kms` in version 1",
                "version 1 is deprecated and slow, and newer API servers do not start with it",
            ),
            "secretbox" => Check::ok(CHECK, self.subject, "encrypts Secrets with `secretbox`"),
            "kms" => Check::ok(
                CHECK,
                self.subject,
                "encrypts Secrets with `kms` in version 2",
            ),
            _ => Check::unknown(
                CHECK,
                self.subject,
                format!("the provider `{provider}` is not known"),
            ),
        }
    }

    /// Whether the key is too old. k3s appends the time to the name of a new key.
    fn of_age(&self, name: &str, distribution: Distribution) -> Option<Check> {
        let named = name
            .char_indices()
            .filter(|(_, character)| *character == '-')
            .find_map(|(at, _)| humantime::parse_rfc3339(&name[at + 1..]).ok());
        let since = named.or(self.modified)?;
        let age = SystemTime::now().duration_since(since).ok()?;
        let days = age.as_secs() / (24 * 60 * 60);
        let message = match named {
            Some(_) => format!("the key `{name}` is {days} days old"),
            None => {
                format!("the file, and with it the key `{name}`, has not changed for {days} days")
            }
        };
        (age > self.max_key_age).then(|| {
            self.finding(message)
                .why("the older a key is, the more backups and former administrators have it")
                .fix(distribution.rotation())
        })
    }

    fn finding(&self, message: impl Into<String>) -> Check {
        Check::finding(CHECK, self.subject, message)
    }
}

/// Whether an entry is for Secrets. `*.` is for all resources of the core group.
fn covers_secrets(entry: &Value) -> bool {
    let mut resources = array(&entry["resources"]).iter();
    resources.any(|name| {
        ["secrets", "secrets.", "*.", "*.*"]
            .iter()
            .any(|own| name == own)
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn findings(path: &str, resources: &Value) -> Vec<String> {
        let file = EncryptionFile {
            configuration: &json!({"resources": resources}),
            path: Path::new(path),
            subject: "file",
            modified: Some(SystemTime::now()),
            max_key_age: Duration::from_secs(365 * 24 * 60 * 60),
        };
        let findings = file.checks().into_iter().filter(Check::is_finding);
        findings.map(|check| check.message().to_owned()).collect()
    }

    fn providers(providers: &Value) -> Value {
        json!([{"resources": ["secrets"], "providers": providers}])
    }

    #[test]
    fn the_first_provider_of_the_first_matching_entry_counts() {
        let key = |name: &str| json!({"keys": [{"name": name, "secret": "c2VjcmV0"}]});
        for (resources, expected) in [
            (
                providers(&json!([{"secretbox": key("a")}, {"identity": {}}])),
                None,
            ),
            (
                providers(&json!([{"kms": {"apiVersion": "v2", "name": "a"}}, {"identity": {}}])),
                None,
            ),
            (
                providers(&json!([{"identity": {}}, {"secretbox": key("a")}])),
                Some("`identity` is the first"),
            ),
            (
                providers(&json!([{"aescbc": key("a")}, {"identity": {}}])),
                Some("`aescbc`"),
            ),
            (providers(&json!([{"aesgcm": key("a")}])), Some("`aesgcm`")),
            (
                providers(&json!([{"kms": {"name": "a"}}])),
                Some("version 1"),
            ),
            (providers(&json!([])), Some("no `providers`")),
            (providers(&json!([{"secretbox": {}}])), Some("has no keys")),
            (
                providers(&json!([{"aescbc": {"keys": []}}, {"identity": {}}])),
                Some("has no keys"),
            ),
            (providers(&json!([{"other": {}}])), None),
            (
                providers(&json!([{"secretbox": key("a")}, {"aescbc": key("b")}])),
                Some("1 old key"),
            ),
            (
                json!([{"resources": ["configmaps"], "providers": [{"secretbox": key("a")}]}]),
                Some("does not cover"),
            ),
            (
                json!([{"resources": ["*.*"], "providers": [{"secretbox": key("a")}]}]),
                None,
            ),
            (
                json!([{"resources": ["*."], "providers": [{"identity": {}}]},
                       {"resources": ["secrets"], "providers": [{"secretbox": key("a")}]}]),
                Some("`identity` is the first"),
            ),
            (Value::Null, Some("does not cover")),
        ] {
            let findings = findings("enc.yaml", &resources);
            match expected {
                None => assert!(findings.is_empty(), "{resources}: {findings:?}"),
                Some(text) => {
                    assert!(
                        findings.len() == 1 && findings[0].contains(text),
                        "{resources}: {findings:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_name_of_a_key_of_k3s_has_its_time() {
        let key = |name: &str| providers(&json!([{"secretbox": {"keys": [{"name": name}]}}]));
        let old = findings("enc.json", &key("secretboxkey-2020-01-02T03:04:05Z"));
        assert!(old[0].contains("days old"), "{old:?}");
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        assert!(findings("enc.json", &key(&format!("secretboxkey-{now}"))).is_empty());
    }

    #[test]
    fn the_distribution_determines_the_commands() {
        for (path, key, expected) in [
            (
                "/var/lib/rancher/k3s/server/cred/encryption-config.json",
                None,
                Distribution::K3s,
            ),
            (
                "/var/lib/rancher/rke2/server/cred/encryption-config.json",
                Some("aescbckey"),
                Distribution::Rke2,
            ),
            ("copy.json", Some("aescbckey"), Distribution::K3s),
            ("enc.yaml", Some("key1"), Distribution::Other),
        ] {
            assert_eq!(Distribution::of(Path::new(path), key), expected, "{path}");
        }
    }
}
