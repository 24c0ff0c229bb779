//! A secret that stands in an environment variable.

use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::likeness::judge;
use crate::object::Object;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL001",
    name: "literal-secret-in-env",
    severity: Severity::Error,
    page: include_str!("literal_secret_in_env.md"),
    checks: &[Check::Object(check)],
};

fn check(object: &Object<'_, '_>, report: &mut Report<'_>) {
    for (_, container) in object.containers() {
        for variable in container.get("env").into_iter().flat_map(NodeRef::items) {
            let name = variable.get("name").and_then(NodeRef::as_str);
            let value = variable
                .get("value")
                .filter(|value| value.scalar_text().is_some());
            let (Some(name), Some(value)) = (name, value) else {
                continue;
            };
            if let Some(likeness) = judge(name, value.scalar_text().unwrap_or_default()) {
                let message = format!(
                    "the environment variable `{name}` holds {}",
                    likeness.what()
                );
                report
                    .node(value, message)
                    .help("put it into an encrypted Secret, and mount that as a file with `readOnly: true`");
            }
        }
    }
}
