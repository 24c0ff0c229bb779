//! A key of a Secret as an environment variable.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::words;
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL002",
    name: "secret-in-env",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_env.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

/// Last words of the names of values that are not secret.
pub(crate) const PUBLIC_NAMES: [&str; 45] = [
    "address",
    "allowed",
    "authority",
    "bucket",
    "buckets",
    "clientid",
    "database",
    "db",
    "dbname",
    "domain",
    "email",
    "enable",
    "enabled",
    "endpoint",
    "host",
    "hostname",
    "image",
    "insecure",
    "issuer",
    "latitude",
    "locale",
    "longitude",
    "mode",
    "name",
    "namespace",
    "origin",
    "port",
    "project",
    "provider",
    "region",
    "regions",
    "repository",
    "site",
    "style",
    "tenant",
    "timezone",
    "type",
    "uid",
    "user",
    "username",
    "verify",
    "version",
    "zone",
    "dbuser",
    "elevation",
];

/// Words before `url`, which make it an address without a credential.
pub(crate) const PUBLIC_ADDRESSES: [&str; 9] = [
    "auth",
    "authorize",
    "base",
    "homeserver",
    "issuer",
    "provider",
    "public",
    "root",
    "server",
];

/// Words before `id`, which make it a secret.
pub(crate) const SECRET_IDS: [&str; 3] = ["secret", "session", "password"];

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
                "{variable} gets its value from a Secret, so child processes and crash reports contain the value"
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
    let text = |node: NodeRef<'_, '_>, key| {
        node.get(key)
            .and_then(NodeRef::as_str)
            .is_some_and(is_public)
    };
    text(variable, "name") && text(reference, "key")
}

/// Whether a name is that of a value that is not secret.
fn is_public(name: &str) -> bool {
    let mut words = words(name);
    // The same value in another form: `MONGODB_USER_ESCAPED`.
    words.pop_if(|last| last == "escaped");
    let (last, before) = match words.as_slice() {
        [.., before, last] => (last.as_str(), before.as_str()),
        [last] => (last.as_str(), ""),
        [] => return false,
    };
    // The variables of PostgreSQL: `PGUSER`.
    let last = last.strip_prefix("pg").unwrap_or(last);
    if words.iter().any(|word| word == "public") {
        return true;
    }
    match last {
        "id" => !SECRET_IDS.contains(&before),
        "url" => PUBLIC_ADDRESSES.contains(&before),
        last => PUBLIC_NAMES.contains(&last),
    }
}
