//! Removes values of an object from the messages of the API server.

use std::collections::HashSet;

use serde_json::Value;
use zeroize::Zeroizing;

use super::object::ClusterObject;

/// The replacement for a value.
const MASK: &str = "…";

/// The server's message without anything that may quote a value of the object: quoted text that is
/// not a name, text after `value:`, and text in braces. If a value, or a part of one, is still
/// left, only the name of the webhook or policy is shown.
pub(super) fn without_values(message: &str, object: Option<&ClusterObject>) -> String {
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
/// from any part of the object, so [`PART_IN_WORDS_OF_POLICY`] is lower.
const PART: usize = 8;

const PART_IN_WORDS_OF_POLICY: usize = 5;

pub(super) fn has_value(message: &str, object: &ClusterObject) -> bool {
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

    /// The messages come from an API server of version 1.34, or have the form of its `field.Error`.
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
