//! A key of a Secret as an environment variable.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;

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
            if names_no_secret(variable, reference) {
                continue;
            }
            let name = variable.get("name").and_then(NodeRef::as_str);
            let variable = match name {
                Some(name) => format!("the environment variable `{}`", shown_name(name)),
                // The pattern of a policy matches variables with any name.
                None if object.kind.ends_with("Policy") => continue,
                None => "an environment variable".to_owned(),
            };
            let message = format!(
                "{variable} is a key of a Secret, so child processes and crash reports contain it"
            );
            context
                .report_node(reference, message)
                .help("mount the Secret as a file, with `readOnly: true`");
        }
    }
}

/// Whether the names of the variable and of the key in the Secret both show that the value is not
/// secret, such as the host of a database and the identifier of an OAuth client.
fn names_no_secret(variable: NodeRef<'_, '_>, reference: NodeRef<'_, '_>) -> bool {
    const PUBLIC: [&str; 23] = [
        "buckets",
        "enabled",
        "insecure",
        "mode",
        "project",
        "style",
        "type",
        "verify",
        "host",
        "hostname",
        "port",
        "db",
        "dbname",
        "database",
        "user",
        "username",
        "region",
        "bucket",
        "endpoint",
        "namespace",
        "email",
        "domain",
        "issuer",
    ];
    let is_public = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let last = lower.rsplit(['-', '_', '.']).next().unwrap_or_default();
        // The variables of PostgreSQL: `PGUSER`.
        let of_postgres = last.strip_prefix("pg").unwrap_or(last);
        let is_client = || lower.replace(['-', '_', '.'], "").ends_with("clientid");
        PUBLIC.contains(&last) || PUBLIC.contains(&of_postgres) || is_client()
    };
    let text = |node: NodeRef<'_, '_>, key| {
        node.get(key)
            .and_then(NodeRef::as_str)
            .is_some_and(is_public)
    };
    text(variable, "name") && text(reference, "key")
}
