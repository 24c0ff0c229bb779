//! Where kustomize-controller, which has the decrypted secrets, may connect to.

use serde_json::{Value, json};

use super::report::Check;
use crate::label_selector::selects;

const CHECK: &str = "network-policy";

/// The Deployment with the key.
pub(super) const CONTROLLER: &str = "kustomize-controller";

/// The labels of the pods of a Deployment.
pub(super) fn labels_of(deployment: &Value) -> Value {
    match &deployment["spec"]["template"]["metadata"]["labels"] {
        Value::Null => json!({"app": CONTROLLER}),
        labels => labels.clone(),
    }
}

/// `policies` are the NetworkPolicies of the controller's namespace. Each of them only adds what is
/// allowed.
pub(super) fn check(policies: &[&Value], labels: &Value, subject: &str) -> Check {
    let selecting = policies.iter().filter(|policy| {
        selects(&policy["spec"]["podSelector"], labels) && is_for_egress(&policy["spec"])
    });
    let selecting: Vec<_> = selecting.collect();
    let fix = "limit the egress of kustomize-controller to DNS, the API server and source-controller; the guide `Check a cluster` of sops-rs has the policy";
    let finding = |message: String| {
        Check::finding(CHECK, subject, message)
            .why("a manifest or a vulnerability that takes over the controller could send the decrypted secrets anywhere")
            .fix(fix)
    };
    if selecting.is_empty() {
        return finding(
            "no NetworkPolicy limits where kustomize-controller connects to".to_owned(),
        );
    }
    let open = selecting.iter().find(|policy| {
        let rules = policy["spec"]["egress"].as_array();
        rules.into_iter().flatten().any(is_open)
    });
    match open {
        Some(policy) => finding(format!(
            "the NetworkPolicy {} lets kustomize-controller connect to any address, or to a block of 8 bits or fewer",
            policy["metadata"]["name"].as_str().unwrap_or_default()
        )),
        None => Check::ok(
            CHECK,
            subject,
            "the egress of kustomize-controller is limited",
        ),
    }
}

/// Without `policyTypes`, a policy is for egress if it has rules for it.
fn is_for_egress(spec: &Value) -> bool {
    let entries = |key: &str| spec[key].as_array().map_or(&[][..], Vec::as_slice);
    match entries("policyTypes") {
        [] => !entries("egress").is_empty(),
        types => types.iter().any(|kind| kind == "Egress"),
    }
}

/// Whether a block has so many addresses that it limits nothing: `0.0.0.0/1` and `128.0.0.0/1`
/// together are all. A prefix that is not a number counts, because it was not understood.
fn is_wide(cidr: &str) -> bool {
    let prefix = cidr
        .rsplit_once('/')
        .map(|(_, prefix)| prefix.parse::<u8>());
    !matches!(prefix, Some(Ok(9..)))
}

/// Whether a rule allows all addresses, on other ports than that of DNS.
fn is_open(rule: &Value) -> bool {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let peers = list(&rule["to"]);
    let is_anywhere = peers.is_empty()
        || peers.iter().any(|peer| {
            let block = &peer["ipBlock"];
            !block.is_null() && is_wide(block["cidr"].as_str().unwrap_or_default())
        });
    let ports = list(&rule["ports"]);
    let is_dns = |port: &Value| port["port"] == 53 && port["endPort"].is_null();
    is_anywhere && (ports.is_empty() || !ports.iter().all(is_dns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_open_rule_is_enough() {
        let labels = json!({"app": CONTROLLER});
        let own = json!({"matchLabels": {"app": CONTROLLER}});
        let policy = |selector: &Value, egress: Value| {
            json!({"metadata": {"name": "p"}, "spec":
            {"podSelector": selector, "policyTypes": ["Egress"], "egress": egress}})
        };
        let limited = json!([{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}, {"ports": [{"port": 53, "protocol": "UDP"}]}]);
        let block = |cidr: &str| json!([{"to": [{"ipBlock": {"cidr": cidr}}]}]);
        // The policy `allow-egress` of Flux.
        let of_flux = json!({"metadata": {"name": "allow-egress"}, "spec": {"podSelector": {}, "egress": [{}],
            "ingress": [{"from": [{"podSelector": {}}]}], "policyTypes": ["Ingress", "Egress"]}});
        for (policies, is_finding) in [
            (vec![], true),
            (vec![of_flux.clone()], true),
            (vec![policy(&own, limited.clone())], false),
            (vec![policy(&own, limited.clone()), of_flux], true),
            (vec![policy(&json!({}), json!([]))], false),
            (
                vec![policy(
                    &own,
                    json!([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
                )],
                true,
            ),
            (
                vec![policy(&own, json!([{"ports": [{"port": 443}]}]))],
                true,
            ),
            (
                vec![policy(
                    &json!({"matchLabels": {"app": "other"}}),
                    limited.clone(),
                )],
                true,
            ),
            (
                vec![json!({"spec": {"podSelector": {}, "ingress": []}})],
                true,
            ),
            (
                vec![json!({"spec": {"podSelector": {}, "egress": []}})],
                true,
            ),
            (
                vec![
                    json!({"spec": {"podSelector": {}, "policyTypes": [], "egress": limited.clone()}}),
                ],
                false,
            ),
            (vec![policy(&own, block("128.0.0.0/1"))], true),
            (vec![policy(&own, block("11.0.0.0/8"))], true),
            (vec![policy(&own, block("10.96.0.0/12"))], false),
        ] {
            let all: Vec<&Value> = policies.iter().collect();
            assert_eq!(
                check(&all, &labels, "x").is_finding(),
                is_finding,
                "{policies:?}"
            );
        }
    }
}
