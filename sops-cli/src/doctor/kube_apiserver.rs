//! The manifest of an API server, as kubeadm writes it: whether its flags turn on encryption at
//! rest, and which files they name.

use serde_json::Value;

use super::encryption::{CHECK, REWRITE, WHY_OFF};
use super::report::Check;

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

    /// The value of a flag.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut words = self.0.iter();
        while let Some(word) = words.next() {
            let flag = word.strip_prefix("--").unwrap_or_default();
            match flag.strip_prefix(name) {
                Some("") => return words.next().map(String::as_str),
                Some(rest) if rest.starts_with('=') => return Some(&rest[1..]),
                _ => {}
            }
        }
        None
    }

    pub(super) fn check(&self, subject: &str) -> Check {
        match self.value("encryption-provider-config") {
            Some(file) if !file.is_empty() => {
                Check::ok(CHECK, subject, format!("the API server encrypts as {file} says"))
            }
            _ => Check::finding(CHECK, subject, "the API server runs without `--encryption-provider-config`, so Secrets are stored in plaintext")
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
        ] {
            let flags = ApiServerFlags::of(&pod(words.clone())).expect("this is an API server");
            assert_eq!(flags.value("encryption-provider-config"), file, "{words}");
            assert_eq!(flags.check("pod").is_finding(), file.is_none(), "{words}");
        }
        assert!(ApiServerFlags::of(&pod(json!(["etcd"]))).is_none());
        assert!(ApiServerFlags::of(&json!({"kind": "Pod"})).is_none());
    }
}
