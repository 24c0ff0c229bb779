//! Why the API server did not do what it was asked, told without a value of the object.

use std::error::Error;
use std::io;

use kube::client::AuthError;
use kube::core::Status;
use serde_json::Value;

use super::connection::{Cluster, Origin};
use super::object::Object;
use crate::command_error::{Code, CommandError};

/// What stands in for a value.
const MASK: &str = "…";

impl Cluster {
    /// The error of a request about `what`, such as `secret/web`, that carried `object`.
    pub(super) fn error(
        &self,
        error: &kube::Error,
        what: &str,
        object: Option<&Object>,
    ) -> CommandError {
        match error {
            kube::Error::Api(status) => self.refused(status, what, object),
            kube::Error::Auth(_) => self.unauthorized("no credentials could be had"),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                let message = format!("{} does not answer as an API server does", self.server);
                self.point_to_context(CommandError::new(Code::Generic, message))
            }
            error => self.away(error),
        }
    }

    /// The server cannot be talked to.
    fn away(&self, error: &kube::Error) -> CommandError {
        let server = &self.server;
        let causes = || std::iter::successors(error.source(), |error| (*error).source());
        if causes().any(|error| error.is::<AuthError>()) {
            // Where credentials expire, they are looked at when they are used.
            return self.unauthorized("no credentials could be had");
        }
        let texts: Vec<String> = causes().map(ToString::to_string).collect();
        let certificate = texts.iter().rev().find(|text| text.contains("certificate"));
        if let Some(text) = certificate {
            // The innermost one: what is wrong and no more.
            let why = text.rsplit(": ").next().unwrap_or(text);
            let message =
                format!("the certificate of the API server {server} cannot be trusted: {why}");
            return CommandError::new(Code::Generic, message).hint(match &self.origin {
                Origin::Context(context) => format!(
                    "`certificate-authority-data` of the context `{context}` must be that of this server"
                ),
                Origin::Pod => {
                    "`ca.crt` of the pod's service account must be that of this server".to_owned()
                }
            });
        }
        let kind = causes().find_map(|error| error.downcast_ref::<io::Error>());
        let why = match kind.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "nobody listens there",
            Some(io::ErrorKind::TimedOut) => "no answer in time",
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                "the connection was closed"
            }
            _ if texts.iter().any(|text| text.contains("dns error")) => "no such host",
            _ => "the connection fails",
        };
        let message = format!("cannot reach the API server {server}: {why}");
        self.point_to_context(CommandError::new(Code::Generic, message))
    }

    fn point_to_context(&self, error: CommandError) -> CommandError {
        error.hint(match &self.origin {
            Origin::Context(context) => format!(
                "it is the server of the context `{context}`; another one is named with `--context`"
            ),
            Origin::Pod => {
                "it is the server that this pod is told; another one is named with `--kubeconfig`"
                    .to_owned()
            }
        })
    }

    fn unauthorized(&self, why: &str) -> CommandError {
        let message = format!("the API server {} does not let you in: {why}", self.server);
        CommandError::new(Code::Generic, message).hint(match &self.origin {
            Origin::Context(context) => {
                format!("renew the token or certificate of the user of the context `{context}`")
            }
            Origin::Pod => "the token is that of this pod's service account".to_owned(),
        })
    }

    fn refused(&self, status: &Status, what: &str, object: Option<&Object>) -> CommandError {
        let message = without_values(&status.message, object);
        let new = |message: String| CommandError::new(Code::Generic, message);
        let causes = status
            .details
            .as_ref()
            .map_or(&[][..], |details| &details.causes);
        let conflicts: Vec<String> = causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| {
                // `conflict with "kubectl" using v1`
                let manager = cause.message.split('"').nth(1).unwrap_or("another manager");
                format!("{} is managed by `{manager}`", cause.field)
            })
            .collect();
        match status.code {
            401 => self.unauthorized("the credentials are refused"),
            403 => {
                // `secrets "web" is forbidden: User "ann" cannot patch resource "secrets" in API group "" in the namespace "prod"`
                // All that is quoted then are names.
                let is_of_rbac = status.message.contains(" cannot ")
                    && !object.is_some_and(|object| has_value(&status.message, object));
                let message = if is_of_rbac { &status.message } else { &message };
                let why = message.split_once(" is forbidden: ").map_or(&**message, |(_, why)| why);
                let error = new(format!("{what}: forbidden: {why}"));
                match is_of_rbac {
                    true => error.hint("a Role or ClusterRole with that verb on that resource has to be bound to the user"),
                    false => error,
                }
            }
            404 if status.details.as_ref().is_some_and(|details| details.kind == "namespaces") => {
                let name = status.details.as_ref().map_or("", |details| &details.name);
                new(format!("{what}: there is no namespace `{name}`"))
                    .hint("make it first: `flux install-key` does with `--create-namespace`, `apply` with the manifest of the namespace")
            }
            409 if !conflicts.is_empty() => new(format!("{what}: {}", conflicts.join("; ")))
                .hint("`--force-conflicts` takes the fields over from the other manager, and overwrites them"),
            _ if message.contains("field is immutable when `immutable` is set") => new(format!(
                "{what}: it is there with other values, and immutable"
            ))
            .hint("delete it first, or give the new one another name"),
            _ => {
                let reason = match &*status.reason {
                    "" => format!("status {}", status.code),
                    reason => reason.to_owned(),
                };
                new(format!("{what}: the API server refuses it ({reason}): {message}"))
            }
        }
    }
}

/// The server's message without what it may quote of the object: what stands in quotes and is no name, what follows `value:`, and what
/// is in braces. Where a value is left in it all the same, nothing of it is shown.
fn without_values(message: &str, object: Option<&Object>) -> String {
    let Some(object) = object.filter(|object| !object.secrets.is_empty()) else {
        return message.to_owned();
    };
    let masked = masked(message, &object.json);
    match has_value(&masked, object) {
        true => "its message is left out, for a value of the object is in it".to_owned(),
        false => masked,
    }
}

fn has_value(message: &str, object: &Object) -> bool {
    let is_there = |secret: &str| {
        // A short one is in many a word.
        let between = |character: char| !character.is_alphanumeric();
        match secret.len() {
            0 => false,
            1..4 => message.split(between).any(|word| word == secret),
            _ => message.contains(secret),
        }
    };
    object.secrets.iter().any(|secret| is_there(secret))
}

fn masked(message: &str, object: &Value) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['"', '{']) {
        let (before, quoted) = rest.split_at(at);
        push_text(&mut out, before);
        let (end, is_name) = match quoted.starts_with('"') {
            true => {
                let end = end_of_quotes(quoted);
                let name = quoted[..end].trim_matches('"');
                (end, !ends_with_value(&out) && is_name(name, object))
            }
            false => (end_of_braces(quoted), false),
        };
        match is_name {
            true => out.push_str(&quoted[..end]),
            false => out.push_str(MASK),
        }
        rest = &quoted[end..];
    }
    push_text(&mut out, rest);
    out
}

/// Adds text without quotes, in which a number or truth may stand behind `value: `.
fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("value: ") {
        let (before, value) = rest.split_at(at + "value: ".len());
        out.push_str(before);
        let end = value.find(": ").unwrap_or(value.len());
        if end > 0 {
            out.push_str(MASK);
        }
        rest = &value[end..];
    }
    out.push_str(rest);
}

fn ends_with_value(text: &str) -> bool {
    text.to_ascii_lowercase().ends_with("value: ")
}

/// Where the quoted text ends that `text` begins with.
fn end_of_quotes(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn end_of_braces(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether the text names the object, its kind, a part of its metadata or a key, or is of the server's own.
fn is_name(text: &str, object: &Value) -> bool {
    const OWN: [&str; 5] = ["", "secrets", "namespaces", "Secret", "v1"];
    let metadata = &object["metadata"];
    let named = [
        &object["kind"],
        &object["apiVersion"],
        &metadata["name"],
        &metadata["namespace"],
    ];
    OWN.contains(&text)
        || named.iter().any(|name| name.as_str() == Some(text))
        || has_key(object, text)
}

fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(key) || members.values().any(|value| has_key(value, key))
        }
        Value::Array(items) => items.iter().any(|value| has_key(value, key)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    /// The messages are those of an API server 1.34, or follow its `field.Error`.
    #[test]
    fn what_a_server_quotes_of_a_secret_is_masked() {
        let object = |secret: &str| Object {
            json: json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "data": {"pass word": secret},
            }),
            secrets: vec![Zeroizing::new(secret.to_owned())],
        };
        for (message, secret, shown) in [
            (
                r#"Secret "web" is invalid: data[pass word]: Invalid value: "pass word": a valid config key must …"#,
                "hunter2",
                r#"Secret "web" is invalid: data[pass word]: Invalid value: …: a valid config key must …"#,
            ),
            (
                r#"x: Invalid value: "hun\"ter2": no"#,
                "hun\"ter2",
                "x: Invalid value: …: no",
            ),
            (
                "x: Invalid value: 8080: no",
                "8080",
                "x: Invalid value: …: no",
            ),
            (
                "x: Unsupported value: true",
                "true",
                "x: Unsupported value: …",
            ),
            (
                ".data.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"b\":1}}",
                "1",
                ".data.a: expected string, got &value.valueUnstructured…",
            ),
            (
                r#"webhook "x.y" denied: "hunter2""#,
                "hunter2",
                "webhook … denied: …",
            ),
            (
                "denied: hunter2 is weak",
                "hunter2",
                "its message is left out, for a value of the object is in it",
            ),
            (
                "denied: 42 is weak",
                "42",
                "its message is left out, for a value of the object is in it",
            ),
            ("port 420 is taken", "42", "port 420 is taken"),
        ] {
            assert_eq!(without_values(message, Some(&object(secret))), shown);
        }
        assert_eq!(without_values("x: \"y\"", None), "x: \"y\"");
    }
}
