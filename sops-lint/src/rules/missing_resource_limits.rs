//! A container without limits for CPU and memory.

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{LASTING, containers_in, name, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL102",
    name: "missing-resource-limits",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("missing_resource_limits.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let containers = |spec| containers_in(spec, &LASTING);
    for container in pod_spec(object).into_iter().flat_map(containers) {
        let is_missing =
            |resource: &&str| container.at(&["resources", "limits", resource]).is_none();
        let missing: Vec<&str> = ["cpu", "memory"].into_iter().filter(is_missing).collect();
        if missing.is_empty() {
            continue;
        }
        let message = format!(
            "the container `{}` has no limit for {}",
            shown_name(name(container)),
            missing.join(" and ")
        );
        context
            .report_node(container, message)
            .help("set `resources.limits.cpu` and `resources.limits.memory`");
    }
}
