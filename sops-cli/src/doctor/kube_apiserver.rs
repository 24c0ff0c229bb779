//! The manifest of an API server, as kubeadm writes it: whether its flags turn on encryption at
//! rest, and which files they name.

use serde_json::Value;

use super::encryption::{CHECK, REWRITE, WHY_OFF};
use super::report::Check;

/// The message about a manifest whose command is something else, such as a shell script.
pub(super) const NO_API_SERVER: &str =
    "has no container that runs `kube-apiserver` directly, so its flags are not known";

/// The flags of the API server in a pod; `None` for other objects.
pub(super) struct ApiServerFlags(Vec<String>);

impl ApiServerFlags {
    pub(super) fn of(object: &Value) -> Option<Self> {
        if object["kind"] != "Pod" {
            return None;
        }
        let containers = object["spec"]["containers"].as_array()?;
        containers.iter().find_map(|container| {
            let words: Vec<String> = ["command", "args"]
                .into_iter()
                .filter_map(|key| container[key].as_array())
                .flatten()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect();
            let program = words.first()?.rsplit('/').next()?;
            (program == "kube-apiserver").then_some(Self(words))
        })
    }

    /// The value of a flag. The last one counts, and `_` is the same as `-`.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut words = self.0.iter();
        let mut last = None;
        while let Some(word) = words.next() {
            let flag = word.strip_prefix("--").unwrap_or_default();
            let (own, value) = match flag.split_once('=') {
                Some((own, value)) => (own, Some(value)),
                None => (flag, None),
            };
            if own.replace('_', "-") == name {
                last = value.or_else(|| words.next().map(String::as_str));
            }
        }
        last
    }

    /// The file with the encryption configuration.
    pub(super) fn encryption_file(&self) -> Option<&str> {
        self.value("encryption-provider-config")
            .filter(|file| !file.is_empty())
    }

    /// The result without the file that the flag names, which alone says what is encrypted.
    pub(super) fn check(&self, subject: &str) -> Check {
        match self.encryption_file() {
            Some(file) => Check::unknown(
                CHECK,
                subject,
                format!("the API server encrypts as {file} says: pass that file too"),
            ),
            None => Check::finding(CHECK, subject, "the API server runs without `--encryption-provider-config`, so Secrets are stored in plaintext")
                .why(WHY_OFF)
                .fix(format!("write an EncryptionConfiguration with `secretbox` as the first provider, mount it, add the flag on every server, and run {REWRITE}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_flags_of_the_api_server_count() {
        let pod =
            |words: Value| json!({"kind": "Pod", "spec": {"containers": [{"command": words}]}});
        for (words, file) in [
            (
                json!([
                    "kube-apiserver",
                    "--encryption-provider-config=/etc/enc.yaml"
                ]),
                Some("/etc/enc.yaml"),
            ),
            (
                json!([
                    "/usr/bin/kube-apiserver",
                    "--encryption-provider-config",
                    "/e"
                ]),
                Some("/e"),
            ),
            (
                json!([
                    "kube-apiserver",
                    "--encryption-provider-config-automatic-reload=true"
                ]),
                None,
            ),
            (json!(["kube-apiserver"]), None),
            (
                json!([
                    "kube-apiserver",
                    "--encryption-provider-config=/a",
                    "--encryption_provider_config=/b"
                ]),
                Some("/b"),
            ),
            (
                json!([
                    "kube-apiserver",
                    "--encryption-provider-config=/a",
                    "--encryption-provider-config="
                ]),
                None,
            ),
        ] {
            let flags = ApiServerFlags::of(&pod(words.clone())).expect("this is an API server");
            assert_eq!(flags.encryption_file(), file, "{words}");
            assert_eq!(flags.check("pod").is_finding(), file.is_none(), "{words}");
            assert!(!flags.check("pod").is_ok(), "{words}");
        }
        assert!(ApiServerFlags::of(&pod(json!(["etcd"]))).is_none());
        assert!(ApiServerFlags::of(&json!({"kind": "Pod"})).is_none());
    }
}
