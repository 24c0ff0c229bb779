//! What the metrics of an API server say about encryption at rest.

use std::collections::BTreeSet;

use super::encryption::{CHECK, REWRITE, WHY_OFF};
use super::report::Check;

/// How many values were changed on the way to the database and back, by resource and provider.
const OPERATIONS: &str = "apiserver_storage_transformation_operations_total{";

/// The beginning of the name of a provider that encrypts.
const ENCRYPTED: &str = "k8s:enc:";

pub(super) fn check(metrics: &str, subject: &str) -> Check {
    let (mut stored, mut read) = (BTreeSet::new(), BTreeSet::new());
    for line in metrics
        .lines()
        .filter_map(|line| line.strip_prefix(OPERATIONS))
    {
        let label = |name: &str| {
            let start = line.find(&format!("{name}=\""))? + name.len() + 2;
            line[start..].split('"').next()
        };
        if label("resource") != Some("secrets") || label("status") != Some("OK") {
            continue;
        }
        let provider = label("transformer_prefix").unwrap_or_default();
        match label("transformation_type") {
            Some("to_storage") => stored.insert(provider),
            Some("from_storage") => read.insert(provider),
            _ => false,
        };
    }
    // The names of keys are prefixes too.
    let is_plaintext = |provider: &&str| matches!(*provider, "" | "identity");
    let provider = |all: &BTreeSet<&str>| {
        let mut names = all.iter().filter_map(|name| name.strip_prefix(ENCRYPTED));
        let name = names.next()?.split(':').next()?;
        Some(name.to_owned())
    };
    let finding = |message: &str, fix: String| {
        Check::finding(CHECK, subject, message)
            .why(WHY_OFF)
            .fix(fix)
    };
    if stored.iter().any(is_plaintext) {
        return finding(
            "since its start, the API server that answered has stored Secrets in plaintext",
            format!(
                "on the servers, put `secretbox` before `identity` in the encryption configuration (for k3s, `k3s secrets-encrypt status`), and run {REWRITE}"
            ),
        );
    }
    if read.iter().any(is_plaintext) {
        return finding(
            "since its start, the API server that answered has read Secrets that are stored in plaintext",
            format!("run {REWRITE}"),
        );
    }
    match (provider(&stored), provider(&read)) {
        (Some(provider), _) => Check::ok(
            CHECK,
            subject,
            format!(
                "the API server that answered encrypts Secrets with `{provider}`; others were not checked"
            ),
        ),
        (None, Some(provider)) => Check::unknown(
            CHECK,
            subject,
            format!(
                "the API server that answered has read Secrets encrypted with `{provider}`, and has stored none since its start: run `sops-rs doctor` on a server"
            ),
        ),
        (None, None) => Check::unknown(
            CHECK,
            subject,
            "the API server that answered has no figures about encrypted Secrets, so it probably stores them in plaintext: run `sops-rs doctor` on a server",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The lines are those of Kubernetes 1.36.
    #[test]
    fn only_the_transformations_of_secrets_count() {
        let line = |resource: &str, kind: &str, prefix: &str| {
            format!(
                "{OPERATIONS}resource=\"{resource}\",status=\"OK\",transformation_type=\"{kind}\",transformer_prefix=\"{prefix}\"}} 2\n"
            )
        };
        let secretbox = line("secrets", "to_storage", "k8s:enc:secretbox:v1:")
            + &line("secrets", "to_storage", "key1:");
        for (metrics, is_finding, text) in [
            (String::new(), false, "no figures"),
            (secretbox.clone(), false, "`secretbox`"),
            (
                line("secrets", "to_storage", ""),
                true,
                "stored Secrets in plaintext",
            ),
            (
                secretbox.clone() + &line("secrets", "from_storage", "identity"),
                true,
                "has read",
            ),
            (
                secretbox + &line("configmaps", "to_storage", ""),
                false,
                "`secretbox`",
            ),
            (
                line("secrets", "from_storage", "k8s:enc:aescbc:v1:"),
                false,
                "`aescbc`, and has stored none",
            ),
        ] {
            let check = check(&metrics, "cluster");
            assert_eq!(check.is_finding(), is_finding, "{metrics}");
            let is_ok = !is_finding && metrics.contains("to_storage");
            assert_eq!(check.is_ok(), is_ok, "{metrics}");
            assert!(check.message().contains(text), "{check:?}");
        }
    }
}
