//! The audit policy of an API server: whether its log would have the values of Secrets.

use serde_json::Value;

use super::report::Check;

pub(super) const CHECK: &str = "audit-policy";

/// Verbs whose requests have no Secret in their body.
const WITHOUT_BODY: [&str; 5] = ["get", "list", "watch", "delete", "deletecollection"];

/// Whether the object is an audit policy.
pub(super) fn is_policy(object: &Value) -> bool {
    let group = object["apiVersion"].as_str().unwrap_or_default();
    object["kind"] == "Policy" && group.starts_with("audit.k8s.io/")
}

/// For each request, the first matching rule determines the level.
pub(super) fn check(policy: &Value, subject: &str) -> Check {
    for (index, rule) in array(&policy["rules"]).iter().enumerate() {
        let Some(is_for_all) = covers_secrets(rule) else {
            continue;
        };
        let level = rule["level"].as_str().unwrap_or_default();
        let verbs = array(&rule["verbs"]);
        let has_body = verbs.is_empty()
            || verbs.iter().any(|verb| {
                verb.as_str()
                    .is_none_or(|verb| !WITHOUT_BODY.contains(&verb))
            });
        if level == "RequestResponse" || level == "Request" && has_body {
            let message = format!("rules[{index}] logs the bodies of Secrets (level {level})");
            return Check::finding(CHECK, subject, message)
                .why("everyone who can read the audit log, or the system that it is sent to, can read the values")
                .fix("begin `rules` with `{level: Metadata, resources: [{group: \"\", resources: [secrets, serviceaccounts/token]}]}`, and restart every API server; change the values that were logged");
        }
        if is_for_all {
            break;
        }
    }
    Check::ok(CHECK, subject, "logs no values of Secrets")
}

/// Whether the rule applies to all requests for Secrets (`true`) or to some of them; `None` if it
/// applies to none.
fn covers_secrets(rule: &Value) -> Option<bool> {
    let resources = array(&rule["resources"]);
    let is_listed = |list: &Value, name: &str| array(list).iter().any(|entry| entry == name);
    let mut is_for_all_names = resources.is_empty();
    if resources.is_empty() {
        if !array(&rule["nonResourceURLs"]).is_empty() {
            return None;
        }
    } else {
        let mut covers = false;
        for entry in resources {
            let is_core = entry["group"].as_str().unwrap_or_default().is_empty();
            let names = &entry["resources"];
            // `secrets/*` is for Secrets and their subresources.
            let has_secrets = array(names).is_empty()
                || ["secrets", "secrets/*", "*"]
                    .iter()
                    .any(|name| is_listed(names, name));
            if is_core && has_secrets {
                covers = true;
                is_for_all_names |= array(&entry["resourceNames"]).is_empty();
            }
        }
        if !covers {
            return None;
        }
    }
    let limits = ["users", "userGroups", "verbs", "namespaces"];
    let is_limited = limits.iter().any(|key| !array(&rule[*key]).is_empty());
    Some(is_for_all_names && !is_limited)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_covers_all_secrets_decides() {
        let secrets = json!([{"group": "", "resources": ["secrets"]}]);
        for (rules, logs) in [
            (json!([]), false),
            (json!([{"level": "Metadata"}]), false),
            (json!([{"level": "RequestResponse"}]), true),
            (
                json!([{"level": "Metadata", "resources": secrets}, {"level": "RequestResponse"}]),
                false,
            ),
            (
                json!([{"level": "RequestResponse"}, {"level": "Metadata", "resources": secrets}]),
                true,
            ),
            // Requests of other users reach the second rule.
            (
                json!([{"level": "None", "users": ["system:apiserver"]}, {"level": "Request"}]),
                true,
            ),
            (
                json!([{"level": "None", "resources": [{"resources": ["secrets"], "resourceNames": ["a"]}]}, {"level": "Request"}]),
                true,
            ),
            (
                json!([{"level": "Request", "verbs": ["get", "list"]}]),
                false,
            ),
            (
                json!([{"level": "RequestResponse", "verbs": ["get", "list"]}]),
                true,
            ),
            (
                json!([{"level": "Request", "verbs": ["create"], "resources": secrets}]),
                true,
            ),
            (
                json!([{"level": "Request", "resources": [{"resources": ["secrets/*"]}]}]),
                true,
            ),
            (
                json!([{"level": "RequestResponse", "resources": [{"group": "apps"}]}]),
                false,
            ),
            (
                json!([{"level": "RequestResponse", "resources": [{"group": "", "resources": ["pods"]}]}]),
                false,
            ),
            (
                json!([{"level": "RequestResponse", "resources": [{"group": ""}]}]),
                true,
            ),
            (
                json!([{"level": "RequestResponse", "nonResourceURLs": ["/healthz*"]}]),
                false,
            ),
        ] {
            assert_eq!(
                check(&json!({"rules": rules}), "policy").is_finding(),
                logs,
                "{rules}"
            );
        }
    }
}
