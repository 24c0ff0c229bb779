//! An image from a registry that the settings do not name.

use crate::check::Check;
use crate::context::Context;
use crate::image_name::{is_in, is_literal};
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;
use crate::workload::{all_containers, image, name, pod_spec};

pub(crate) static RULE: Rule = Rule {
    code: "SL104",
    name: "foreign-registry",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("foreign_registry.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let registries = &context.settings.pods.registries;
    if registries.is_empty() {
        return;
    }
    for container in pod_spec(object).into_iter().flat_map(all_containers) {
        let node = container.get("image");
        let own = image(container).zip(node);
        let own = own.filter(|(image, _)| is_literal(image) && !is_in(registries, image));
        if let Some((_, node)) = own {
            let message = format!(
                "the image of the container `{}` is from a registry that `pods.registries` does not name",
                shown_name(name(container))
            );
            context.report_node(node, message).help(
                "copy the image to a registry of yours, or add its registry to `pods.registries` in `.sops-lint.yaml`",
            );
        }
    }
}
