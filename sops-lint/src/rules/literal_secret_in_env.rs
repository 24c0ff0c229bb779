//! A secret that stands in an environment variable.

use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::likeness::in_variable;
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
        container
            .get("env")
            .into_iter()
            .for_each(|list| variables(list, report));
    }
}

/// Reports the secrets in a list of variables.
pub(crate) fn variables(list: NodeRef<'_, '_>, report: &mut Report<'_>) {
    list.items().for_each(|one| variable(one, report));
}

/// Reports the secrets in a variable, which has a name and a value.
pub(crate) fn variable(variable: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let name = variable.get("name").and_then(NodeRef::as_str);
    if let Some((name, value)) = name.zip(variable.get("value")) {
        value_of(name, value, report);
    }
}

/// Reports the secrets in the value of a variable.
pub(crate) fn value_of(name: &str, value: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let found = in_variable(name, value.scalar_text().unwrap_or_default());
    let help = "put it into an encrypted Secret, and mount that as a file with `readOnly: true`";
    match name {
        "" => report.secrets(value, found, format_args!("an environment variable"), help),
        name => report.secrets(
            value,
            found,
            format_args!("the environment variable `{name}`"),
            help,
        ),
    }
}
