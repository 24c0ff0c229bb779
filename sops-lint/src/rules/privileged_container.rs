//! A container that has all privileges of its node.

use crate::check::Check;
use crate::context::Context;
use crate::object::{Object, is_true};
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{all_containers, name, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL101",
    name: "privileged-container",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("privileged_container.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for container in pod_spec(object).into_iter().flat_map(all_containers) {
        let privileged = container.at(&["securityContext", "privileged"]);
        if let Some(node) = privileged.filter(|node| is_true(Some(*node))) {
            let message = format!(
                "the container `{}` is privileged, so it controls its node and can read every Secret there",
                shown_name(name(container))
            );
            context.report_node(node, message).help(
                "remove `privileged: true`, and add only the capabilities that the container needs",
            );
        }
    }
}
