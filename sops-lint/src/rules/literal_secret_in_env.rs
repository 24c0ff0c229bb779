//! A secret that is the literal value of an environment variable.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::in_variable;
use crate::shown_name::ShownName;

pub(crate) static RULE: Rule = Rule {
    code: "SL001",
    name: "literal-secret-in-env",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("literal_secret_in_env.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for (_, container) in object.containers() {
        container
            .get("env")
            .into_iter()
            .for_each(|list| variables(list, context));
    }
}

/// Reports the secrets in a list of variables.
pub(crate) fn variables(list: NodeRef<'_, '_>, context: &mut Context<'_>) {
    list.items().for_each(|item| variable(item, context));
}

/// Reports the secrets in a variable, which has a name and a value.
pub(crate) fn variable(variable: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let name = variable.get("name").and_then(NodeRef::as_str);
    if let Some((name, value)) = name.zip(variable.get("value")) {
        value_of(name, value, context);
    }
}

/// Reports the secrets in the value of a variable.
pub(crate) fn value_of(name: &str, value: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let secrets = in_variable(name, value.scalar_text().unwrap_or_default());
    let help = "put it into an encrypted Secret, and mount that as a file with `readOnly: true`";
    match name {
        "" => context.report_secrets(
            value,
            secrets,
            format_args!("an environment variable"),
            help,
        ),
        name => context.report_secrets(
            value,
            secrets,
            format_args!("the environment variable `{}`", ShownName(name)),
            help,
        ),
    }
}
