//! A key of a Secret as an environment variable.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL002",
    name: "secret-in-env",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_env.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for (_, container) in object.containers() {
        for variable in container.get("env").into_iter().flat_map(NodeRef::items) {
            let Some(reference) = variable.at(&["valueFrom", "secretKeyRef"]) else {
                continue;
            };
            let name = variable
                .get("name")
                .and_then(NodeRef::as_str)
                .unwrap_or_default();
            let message = format!(
                "the environment variable `{name}` is a key of a Secret: every child process and every crash report has it"
            );
            context
                .report_node(reference, message)
                .help("mount the Secret as a file, with `readOnly: true`");
        }
    }
}
