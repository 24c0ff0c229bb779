//! A container that may do more than a typical service needs.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::{Object, is_true};
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{all_containers, name, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL103",
    name: "unrestricted-container",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("unrestricted_container.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let Some(spec) = pod_spec(object) else {
        return;
    };
    for container in all_containers(spec) {
        let own = |key| container.at(&["securityContext", key]);
        // Kubernetes ignores a null.
        let own_user = own("runAsNonRoot").filter(|node| node.value().is_some());
        let of_pod = || spec.at(&["securityContext", "runAsNonRoot"]);
        let drop = container.at(&["securityContext", "capabilities", "drop"]);
        let mut dropped = drop.into_iter().flat_map(NodeRef::items);
        let problems = [
            (
                !is_true(own("readOnlyRootFilesystem")),
                "can write to its root file system",
            ),
            (!is_true(own_user.or_else(of_pod)), "may run as root"),
            (
                !dropped.any(|name| name.as_str() == Some("ALL")),
                "keeps capabilities",
            ),
        ];
        let problems = problems.into_iter().filter(|(is_problem, _)| *is_problem);
        let problems: Vec<&str> = problems.map(|(_, problem)| problem).collect();
        if problems.is_empty() {
            continue;
        }
        let message = format!(
            "the container `{}` {}",
            shown_name(name(container)),
            problems.join(", ")
        );
        context.report_node(container, message).help(
            "set `readOnlyRootFilesystem: true`, `runAsNonRoot: true` and `capabilities: {drop: [ALL]}` in its `securityContext`",
        );
    }
}
