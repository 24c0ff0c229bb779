//! A pod of an untrusted namespace that shares the kernel of its node.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{all_containers, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL105",
    name: "untrusted-without-sandbox",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("untrusted_without_sandbox.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

/// The runtime class of gVisor.
pub(crate) const SANDBOX: &str = "gvisor";

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let namespace = object.node.at(&["metadata", "namespace"]);
    let namespace = namespace.and_then(NodeRef::as_str).unwrap_or_default();
    let untrusted = &context.settings.pods.untrusted_namespaces;
    if !untrusted.iter().any(|name| name == namespace) {
        return;
    }
    let Some(spec) = pod_spec(object).filter(|spec| !all_containers(*spec).is_empty()) else {
        return;
    };
    let class = spec.get("runtimeClassName");
    if class.and_then(NodeRef::as_str) == Some(SANDBOX) {
        return;
    }
    let message = format!(
        "the pods of the untrusted namespace `{}` share the kernel of their node",
        shown_name(namespace)
    );
    let node = class.unwrap_or(spec);
    context
        .report_node(node, message)
        .help("set `runtimeClassName: gvisor`");
}
