//! Explains errors of the API server without revealing values of the object.

use std::collections::HashSet;
use std::error::Error;
use std::io;

use kube::client::AuthError;
use kube::core::Status;
use serde_json::Value;
use zeroize::Zeroizing;

use super::args::ClusterOrigin;
use super::certificate::{self, CertificateFault};
use super::connection::Cluster;
use super::object::ClusterObject;
use crate::command_error::{Code, CommandError};

/// Why a request failed.
#[derive(Debug)]
pub(crate) struct ApiFailure {
    pub(crate) error: CommandError,
    /// Whether further requests would fail too, because the server does not answer or rejects the
    /// credentials.
    pub(crate) is_final: bool,
}

impl ApiFailure {
    /// A failure after which no other request should be tried.
    pub(crate) fn last(error: CommandError) -> Self {
        Self {
            error,
            is_final: true,
        }
    }
}

impl From<CommandError> for ApiFailure {
    fn from(error: CommandError) -> Self {
        Self {
            error,
            is_final: false,
        }
    }
}

impl From<ApiFailure> for CommandError {
    fn from(failure: ApiFailure) -> Self {
        failure.error
    }
}

/// The replacement for a value.
const MASK: &str = "…";

impl Cluster {
    /// The error of a request about `subject`, such as `secret/web`, that sent `object`.
    pub(super) fn error(
        &self,
        error: &kube::Error,
        subject: &str,
        object: Option<&ClusterObject>,
    ) -> ApiFailure {
        match error {
            kube::Error::Api(status) if status.code == 401 => {
                ApiFailure::last(self.unauthorized("the credentials were rejected"))
            }
            kube::Error::Api(status) => self.refused(status, subject, object).into(),
            kube::Error::Auth(_) => {
                ApiFailure::last(self.unauthorized("the credentials could not be loaded"))
            }
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                let message = format!("{} does not answer like an API server", self.server);
                ApiFailure::last(self.point_to_context(CommandError::new(Code::Generic, message)))
            }
            error => ApiFailure::last(self.away(error)),
        }
    }

    /// The error for a server that can't be reached.
    fn away(&self, error: &kube::Error) -> CommandError {
        let server = &self.server;
        let causes = || std::iter::successors(error.source(), |error| (*error).source());
        if causes().any(|error| error.is::<AuthError>()) {
            // Credentials that expire are loaded when they are used, so loading can fail here.
            return self.unauthorized("the credentials could not be loaded");
        }
        let texts: Vec<String> = causes().map(ToString::to_string).collect();
        let certificate = texts.iter().rev().find(|text| text.contains("certificate"));
        if let Some(text) = certificate {
            let CertificateFault { message, hint } = certificate::fault(text);
            let message =
                format!("the certificate of the API server {server} cannot be trusted: {message}");
            let hint = hint.map(str::to_owned);
            let hint = hint.unwrap_or_else(|| match &self.origin {
                ClusterOrigin::Context(context) => format!(
                    "`certificate-authority-data` of the context `{context}` must be that of this server"
                ),
                ClusterOrigin::Pod => {
                    "`ca.crt` of the pod's service account must be that of this server".to_owned()
                }
            });
            return CommandError::new(Code::Generic, message).hint(hint);
        }
        let kind = causes().find_map(|error| error.downcast_ref::<io::Error>());
        let why = match kind.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "connection refused",
            Some(io::ErrorKind::TimedOut) => "timed out",
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                "the connection was closed"
            }
            _ if texts.iter().any(|text| text.contains("dns error")) => "no such host",
            _ => "the connection failed",
        };
        let error = CommandError::new(
            Code::Generic,
            format!("cannot reach the API server {server}: {why}"),
        );
        self.point_to_context(match self.is_behind_proxy {
            true => error.hint("the connection uses the proxy in `proxy-url` of the kubeconfig, HTTPS_PROXY or https_proxy; list hosts that need no proxy in NO_PROXY"),
            false => error,
        })
    }

    fn point_to_context(&self, error: CommandError) -> CommandError {
        error.hint(match &self.origin {
            ClusterOrigin::Context(context) => format!(
                "this is the server of the context `{context}`; choose another with `--context`"
            ),
            ClusterOrigin::Pod => {
                "this is the server of the pod's cluster; name another with `--kubeconfig`"
                    .to_owned()
            }
        })
    }

    fn unauthorized(&self, why: &str) -> CommandError {
        let message = format!("the API server {} rejects the request: {why}", self.server);
        CommandError::new(Code::Generic, message).hint(match &self.origin {
            ClusterOrigin::Context(context) => {
                format!("renew the token or certificate of the user of the context `{context}`")
            }
            ClusterOrigin::Pod => "the token is that of this pod's service account".to_owned(),
        })
    }

    fn refused(
        &self,
        status: &Status,
        subject: &str,
        object: Option<&ClusterObject>,
    ) -> CommandError {
        let message = without_values(&status.message, object);
        // The messages of policies may have several lines.
        let new = |message: String| CommandError::with_lines(Code::Generic, &message);
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
                let field = match object.is_some_and(|object| has_value(&cause.field, object)) {
                    // An item of a set is identified by its value.
                    true => "a field",
                    false => &cause.field,
                };
                format!("{field} is managed by `{manager}`")
            })
            .collect();
        match status.code {
            403 => {
                // `secrets "web" is forbidden: User "ann" cannot patch resource "secrets" in API
                // group "" in the namespace "prod"` Everything that this message quotes is a name.
                let is_of_rbac = status.message.contains(" cannot ")
                    && !object.is_some_and(|object| has_value(&status.message, object));
                let message = if is_of_rbac { &status.message } else { &message };
                let why = message.split_once(" is forbidden: ").map_or(&**message, |(_, why)| why);
                let error = new(format!("{subject}: forbidden: {why}"));
                match is_of_rbac {
                    true => error.hint("bind a Role or ClusterRole with that verb on that resource to the user"),
                    false => error,
                }
            }
            404 if status.details.as_ref().is_some_and(|details| details.kind == "namespaces") => {
                let name = status.details.as_ref().map_or("", |details| &details.name);
                new(format!("{subject}: the namespace `{name}` does not exist"))
                    .hint("create it first: with `flux install-key --create-namespace`, or apply the manifest of the namespace")
            }
            409 if !conflicts.is_empty() => new(format!("{subject}: {}", conflicts.join("; ")))
                .hint("`--force-conflicts` takes over the fields from the other manager and overwrites them"),
            _ if message.contains("field is immutable when `immutable` is set") => new(format!(
                "{subject}: it exists with other values and is immutable"
            ))
            .hint("delete it first, or give the new one another name"),
            _ => {
                let reason = match &*status.reason {
                    "" => format!("status {}", status.code),
                    reason => reason.to_owned(),
                };
                new(format!("{subject}: the API server refuses it ({reason}): {message}"))
            }
        }
    }
}

/// The server's message without anything that may quote a value of the object: quoted text that is
/// not a name, text after `value:`, and text in braces. If a value, or a part of one, is still
/// left, only the name of the webhook or policy is shown.
fn without_values(message: &str, object: Option<&ClusterObject>) -> String {
    let Some(object) = object.filter(|object| !object.secrets.is_empty()) else {
        return message.to_owned();
    };
    let masked = masked(message, &object.json);
    let (who, words) = split_words_of_policy(&masked);
    if has_value(&masked, object) || shares(words, object, PART_IN_WORDS_OF_POLICY) {
        let left_out = "its message is not shown, because it contains a value of the object";
        return match who {
            who if who.is_empty() || has_value(who, object) => left_out.to_owned(),
            who => format!("{who} {left_out}"),
        };
    }
    masked
}

/// Splits the message of a webhook or a policy into the server's prefix, which names it, and the
/// author's text. Both are empty for other messages.
fn split_words_of_policy(message: &str) -> (&str, &str) {
    let ends = [" denied the request: ", " denied request: "];
    let end = ends
        .iter()
        .find_map(|end| message.find(end).map(|at| at + end.len()));
    match end {
        Some(end) => (message[..end].trim_end(), &message[end..]),
        None => ("", ""),
    }
}

/// How many consecutive letters and digits of a value reveal it. Policy authors can build messages
/// from any part of the object, so the limit for policies is lower.
const PART: usize = 8;
const PART_IN_WORDS_OF_POLICY: usize = 5;

fn has_value(message: &str, object: &ClusterObject) -> bool {
    let message_in_lower_case = Zeroizing::new(message.to_lowercase());
    let is_there = |secret: &str| {
        // White space around the value, such as the line break of a file, may be missing in the
        // message.
        let secret = Zeroizing::new(secret.trim().to_lowercase());
        let mut places = message_in_lower_case.match_indices(&**secret);
        match secret.len() {
            0 => false,
            // A short value may be part of an ordinary word.
            1..4 => places.any(|(at, _)| {
                let (before, after) = message_in_lower_case.split_at(at);
                !before.ends_with(char::is_alphanumeric)
                    && !after[secret.len()..].starts_with(char::is_alphanumeric)
            }),
            _ => places.next().is_some(),
        }
    };
    object.secrets.iter().any(|secret| is_there(secret)) || shares(message, object, PART)
}

/// Whether the text and a value share this many consecutive letters and digits. Case and other
/// characters are ignored.
fn shares(text: &str, object: &ClusterObject, count: usize) -> bool {
    let folded = |text: &str| -> Zeroizing<Vec<char>> {
        let letters = text.chars().filter(|character| character.is_alphanumeric());
        Zeroizing::new(letters.flat_map(char::to_lowercase).collect())
    };
    let mut text = Zeroizing::new(text.to_owned());
    for name in names(&object.json) {
        // Values often contain names, which are not secret.
        if name.chars().count() >= count {
            *text = text.replace(name, " ");
        }
    }
    let text = folded(&text);
    let parts: HashSet<&[char]> = text.windows(count).collect();
    let is_there = |secret: &str| {
        folded(secret)
            .windows(count)
            .any(|part| parts.contains(part))
    };
    !parts.is_empty() && object.secrets.iter().any(|secret| is_there(secret))
}

/// The keys of the object, its name and its namespace.
fn names(object: &Value) -> Vec<&str> {
    fn add_keys<'o>(value: &'o Value, names: &mut Vec<&'o str>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    names.push(key);
                    add_keys(value, names);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| add_keys(item, names)),
            _ => {}
        }
    }
    let metadata = &object["metadata"];
    let mut names: Vec<&str> = [&metadata["name"], &metadata["namespace"]]
        .into_iter()
        .filter_map(Value::as_str)
        .collect();
    add_keys(object, &mut names);
    names
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

/// Appends text without quotes. A number or a boolean may follow `value: `.
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

/// The end of the quoted string at the start of `text`.
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

/// Whether the text is a name or the kind of the object, one of its keys, or the server's own.
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

    use super::*;

    /// The messages are from an API server 1.34, or follow its `field.Error`.
    #[test]
    fn quoted_values_of_a_secret_are_masked() {
        let object = |secret: &str| ClusterObject {
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
                "its message is not shown, because it contains a value of the object",
            ),
            (
                "denied: 42 is weak",
                "42",
                "its message is not shown, because it contains a value of the object",
            ),
            ("port 420 is taken", "42", "port 420 is taken"),
            (
                "denied: 1234 is weak",
                "1234\n",
                "its message is not shown, because it contains a value of the object",
            ),
            (
                "denied: HUN7 is weak",
                "hun7",
                "its message is not shown, because it contains a value of the object",
            ),
            (
                "denied: (a-1) is weak",
                "a-1",
                "its message is not shown, because it contains a value of the object",
            ),
            ("a-12 is taken", "a-1", "a-12 is taken"),
            (
                "[correct horse] is weak",
                "correct-horse",
                "its message is not shown, because it contains a value of the object",
            ),
            (
                "CORRECT-HO... is weak",
                "correct-horse",
                "its message is not shown, because it contains a value of the object",
            ),
            (
                "Policy 'x' denied request: weak: hors...",
                "my horse",
                "Policy 'x' denied request: weak: hors...",
            ),
            (
                "Policy 'x' denied request: weak: horses",
                "my horses",
                "Policy 'x' denied request: its message is not shown, because it contains a value of the object",
            ),
            (
                "Secret web: data[pass word] is wrong",
                "the pass words",
                "Secret web: data[pass word] is wrong",
            ),
            (
                "Policy 'my horses' denied request: weak",
                "my horses",
                "its message is not shown, because it contains a value of the object",
            ),
        ] {
            assert_eq!(without_values(message, Some(&object(secret))), shown);
        }
        assert_eq!(without_values("x: \"y\"", None), "x: \"y\"");
    }
}
