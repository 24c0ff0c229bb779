//! Policies of Kubernetes itself.

use serde_json::{Value, json};

use super::action::PolicyAction;
use super::definition::Policy;

/// The policy, and the binding that turns it on everywhere except in the namespace of the system.
pub(super) fn objects(policy: &Policy, action: PolicyAction) -> Vec<Value> {
    let name = policy.object_name();
    let rules: Vec<Value> = policy
        .resources
        .rules()
        .iter()
        .map(|rule| {
            let resources: Vec<_> = rule.resources.iter().map(|(name, _)| name).collect();
            json!({
                "apiGroups": [rule.group],
                "apiVersions": ["v1"],
                "operations": rule.operations,
                "resources": resources,
            })
        })
        .collect();
    let mut spec = json!({
        "failurePolicy": if policy.resources.passes_if_too_large() { "Ignore" } else { "Fail" },
        "matchConstraints": {"resourceRules": rules},
        "validations": validations(policy),
    });
    if !policy.variables.is_empty() {
        spec["variables"] = variables(policy);
    }
    let validation_action = match action {
        PolicyAction::Deny => "Deny",
        PolicyAction::Warn => "Warn",
        PolicyAction::Audit => "Audit",
    };
    let object = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        })
    };
    let binding = json!({
        "policyName": name,
        "validationActions": [validation_action],
        "matchResources": {"namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
        ]}},
    });
    vec![
        object("ValidatingAdmissionPolicy", spec),
        object("ValidatingAdmissionPolicyBinding", binding),
    ]
}

/// The variables, in the form that both kinds of policies share.
pub(super) fn variables(policy: &Policy) -> Value {
    let each = policy.variables.iter();
    each.map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect()
}

/// The conditions, in the form that both kinds of policies share.
pub(super) fn validations(policy: &Policy) -> Value {
    let each = policy.validations.iter();
    each.map(|validation| {
        let message = format!("{} ({})", validation.message, policy.rule.code);
        json!({"expression": validation.expression, "message": message})
    })
    .collect()
}
