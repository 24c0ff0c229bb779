//! Master keys of a creation rule: keys that SOPS cannot encrypt for, keys that can change, and
//! rules without keys.

use std::sync::LazyLock;

use regex::Regex;
use sops_core::config::CreationRule;
use sops_core::keys::{Family, MasterKey};
use sops_document::{NodeRef, Shape};

use crate::context::Context;
use crate::rule::Severity;

/// The families that are checked, with their keys in a rule and the field of an item in a group.
const LISTS: [(Family, &str, &str); 4] = [
    (Family::Age, "age", ""),
    (Family::Pgp, "pgp", ""),
    (Family::Kms, "kms", "arn"),
    (Family::GcpKms, "gcp_kms", "resource_id"),
];

/// Reports the problems of the keys of the creation rule with this number.
pub(super) fn check(
    number: usize,
    rule: NodeRef<'_, '_>,
    of_config: &CreationRule,
    context: &mut Context<'_>,
) {
    in_list(rule, &format!("creation_rules[{number}]"), context);
    let groups = &of_config.key_groups;
    for key in groups.iter().flatten() {
        if matches!(key, MasterKey::AzureKv { version, .. } if version.is_empty()) {
            let message = format!(
                "`{key}` has no version, so SOPS asks the vault for the version whenever it reads this file"
            );
            context
                .report_node(rule, message)
                .help("add the version: `https://<vault>.vault.azure.net/keys/<name>/<version>`");
        }
    }
    if groups.iter().all(Vec::is_empty) {
        context
            .report_node(
                rule,
                "this creation rule has no keys, so SOPS encrypts only if a flag or a variable names one",
            )
            .help("add a key, as in `age: age1…`");
    } else if let Some(group) = groups.iter().position(Vec::is_empty) {
        let message = format!(
            "`creation_rules[{number}].key_groups[{group}]` has no keys, so SOPS refuses to encrypt"
        );
        context
            .report_node(rule, message)
            .help("add a key to the group, or remove it")
            .severity(Severity::Error);
    }
}

/// Reports the problems of the keys in a rule or a key group.
fn in_list(holder: NodeRef<'_, '_>, path: &str, context: &mut Context<'_>) {
    for (family, name, field) in LISTS {
        let Some(list) = holder.get(name) else {
            continue;
        };
        let items = list.items();
        let nodes = items.chain(Some(list).filter(|list| list.shape() == Shape::Scalar));
        let mut number = 0;
        for node in nodes {
            let node = node.get(field).unwrap_or(node);
            for part in node.as_str().unwrap_or_default().split(',') {
                let Ok(keys) = MasterKey::from_list(family, part) else {
                    continue;
                };
                for key in keys {
                    if let Some(problem) = KeyProblem::of(&key) {
                        let message = format!("`{path}.{name}[{number}]`: {}", problem.message);
                        context
                            .report_node(node, message)
                            .help(problem.help)
                            .severity(problem.severity);
                    }
                    number += 1;
                }
            }
        }
    }
    for list in ["key_groups", "merge"] {
        let groups = holder.get(list).into_iter().flat_map(NodeRef::items);
        for (number, group) in groups.enumerate() {
            in_list(group, &format!("{path}.{list}[{number}]"), context);
        }
    }
}

/// A problem of a master key.
struct KeyProblem {
    message: String,
    help: &'static str,
    severity: Severity,
}

impl KeyProblem {
    fn of(key: &MasterKey) -> Option<Self> {
        if let Err(error) = key.check() {
            return Some(Self::error(
                error.to_string(),
                "copy the recipient or fingerprint again from its owner; `sops-rs keygen -y FILE` prints the recipients of a file with age keys",
            ));
        }
        match key {
            MasterKey::Kms { arn, .. } => of_arn(arn),
            MasterKey::GcpKms { resource_id } => of_resource_id(resource_id),
            _ => None,
        }
    }

    fn error(message: impl Into<String>, help: &'static str) -> Self {
        Self {
            message: message.into(),
            help,
            severity: Severity::Error,
        }
    }
}

fn of_arn(arn: &str) -> Option<KeyProblem> {
    // The expression of `sops` (kms/keysource.go).
    static ARN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^arn:aws[\w-]*:kms:(.+):[0-9]+:(key|alias)/.+$").expect("it is valid")
    });
    if !ARN.is_match(arn) {
        return Some(KeyProblem::error(
            "this is not the ARN of a key in AWS KMS",
            "write `arn:aws:kms:<region>:<account>:key/<id>`",
        ));
    }
    arn.contains(":alias/").then(|| KeyProblem {
        message: "this is an alias, which someone can point to another key; AWS then refuses to decrypt the files"
            .to_owned(),
        help: "write the ARN of the key: `arn:aws:kms:<region>:<account>:key/<id>`",
        severity: Severity::Warning,
    })
}

fn of_resource_id(id: &str) -> Option<KeyProblem> {
    let parts: Vec<_> = id.split('/').collect();
    match parts.as_slice() {
        [
            "projects",
            _,
            "locations",
            _,
            "keyRings",
            _,
            "cryptoKeys",
            _,
        ] if parts.iter().all(|part| !part.is_empty()) => None,
        [.., "cryptoKeyVersions", _] => Some(KeyProblem::error(
            "this is the version of a key, which SOPS does not accept",
            "remove `/cryptoKeyVersions/` and the number after it",
        )),
        _ => Some(KeyProblem::error(
            "this is not the resource ID of a key in Google Cloud KMS",
            "write `projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>`",
        )),
    }
}
