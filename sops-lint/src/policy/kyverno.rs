//! Policies of Kyverno, with the same CEL.

use serde_json::{Value, json};

use super::action::PolicyAction;
use super::admission::{validations, variables};
use super::definition::Policy;

/// The ClusterPolicy.
pub(super) fn object(policy: &Policy, action: PolicyAction) -> Value {
    let name = policy.object_name();
    let any: Vec<Value> = policy
        .resources
        .rules()
        .iter()
        .map(|rule| {
            let kinds: Vec<_> = rule.resources.iter().map(|(_, kind)| kind).collect();
            json!({"resources": {"kinds": kinds, "operations": rule.operations}})
        })
        .collect();
    let mut cel = json!({"expressions": validations(policy)});
    if !policy.variables.is_empty() {
        cel["variables"] = variables(policy);
    }
    let failure_action = match action {
        PolicyAction::Deny => "Enforce",
        PolicyAction::Warn | PolicyAction::Audit => "Audit",
    };
    let failure_policy = match policy.resources.passes_if_too_large() {
        true => "Ignore",
        false => "Fail",
    };
    json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {
            "name": name,
            // The rule names the workloads itself.
            "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"},
        },
        "spec": {
            "background": true,
            "emitWarning": action == PolicyAction::Warn,
            "webhookConfiguration": {"failurePolicy": failure_policy},
            "rules": [{
                "name": policy.name,
                "match": {"any": any},
                "exclude": {"any": [{"resources": {"namespaces": ["kube-system"]}}]},
                "validate": {"failureAction": failure_action, "cel": cel},
            }],
        },
    })
}
