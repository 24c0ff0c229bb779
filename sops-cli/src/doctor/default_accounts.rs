//! Whether pods that need no permission can read Secrets: those with the default service account of
//! their namespace.

use std::collections::BTreeSet;

use super::readers::{MANIFESTS, UNSEEN};
use super::report::Check;
use crate::rbac::{RbacLists, RbacSubject};

const CHECK: &str = "default-accounts";

pub(super) fn checks(lists: &RbacLists, subject: &str) -> Vec<Check> {
    let mut messages = BTreeSet::new();
    for grant in lists.all_grants() {
        let reads = grant.rules.iter().any(|rule| {
            rule.covers(&["get", "list", "watch"], "", "secrets") && rule.is_for_all_names()
        });
        if !reads {
            continue;
        }
        let reach = match &grant.namespace {
            Some(namespace) => format!("the Secrets in {namespace}"),
            None => "all Secrets".to_owned(),
        };
        for account in grant.subjects.iter().filter(|subject| is_default(subject)) {
            messages.insert(format!("{account} can read {reach} ({})", grant.binding));
        }
    }
    let checks: Vec<_> = messages
        .into_iter()
        .map(|message| {
            Check::finding(CHECK, subject, message)
                .why("every pod without a service account of its own has this permission")
                .fix("create a service account for the program that needs the Secrets, bind the role to it, and delete the old binding")
        })
        .collect();
    match checks.is_empty() {
        true if subject == MANIFESTS => vec![Check::unknown(CHECK, subject, UNSEEN)],
        true => {
            let message = "no default service account can read all Secrets";
            vec![Check::ok(CHECK, subject, message)]
        }
        false => checks,
    }
}

/// Whether pods are this subject unless they name another account.
fn is_default(subject: &RbacSubject) -> bool {
    let name = &*subject.name;
    match &*subject.kind {
        "ServiceAccount" => name == "default",
        "Group" => {
            let groups = [
                "system:authenticated",
                "system:unauthenticated",
                "system:serviceaccounts",
            ];
            groups.contains(&name) || name.starts_with("system:serviceaccounts:")
        }
        "User" => {
            name == "system:anonymous"
                || name.starts_with("system:serviceaccount:") && name.ends_with(":default")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn default_accounts_and_groups_of_all_accounts_count() {
        let rules = |names: Value| json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": names}]);
        for (subject, names, is_finding) in [
            (
                json!({"kind": "ServiceAccount", "name": "default"}),
                json!(null),
                true,
            ),
            (
                json!({"kind": "ServiceAccount", "name": "default"}),
                json!(["tls"]),
                false,
            ),
            (
                json!({"kind": "ServiceAccount", "name": "web"}),
                json!(null),
                false,
            ),
            (
                json!({"kind": "Group", "name": "system:serviceaccounts:web"}),
                json!(null),
                true,
            ),
            (
                json!({"kind": "Group", "name": "system:masters"}),
                json!(null),
                false,
            ),
            (
                json!({"kind": "User", "name": "system:serviceaccount:web:default"}),
                json!(null),
                true,
            ),
        ] {
            let lists = RbacLists {
                roles: vec![
                    json!({"metadata": {"name": "r", "namespace": "web"}, "rules": rules(names)}),
                ],
                role_bindings: vec![json!({"metadata": {"name": "b", "namespace": "web"},
                    "roleRef": {"kind": "Role", "name": "r"}, "subjects": [subject]})],
                ..RbacLists::default()
            };
            let checks = checks(&lists, "cluster");
            assert_eq!(checks[0].is_finding(), is_finding, "{subject}");
        }
    }
}
