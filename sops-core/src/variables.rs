//! A plaintext as environment variables.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sops_document::tree::{Entry, Node};
use sops_document::{Document, Format, flat};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// An environment variable.
#[non_exhaustive]
pub struct Variable {
    /// Not empty, and without `=` or a zero byte.
    pub name: String,
    /// Any bytes except zero.
    pub value: Zeroizing<Vec<u8>>,
}

/// Shows the name.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The values at the top level of the first document, as `sops exec-env` passes them to a command:
/// strings unchanged, other values as SOPS writes them in dotenv files, and `<nil>` for null.
///
/// For a Kubernetes Secret, these are the values of `stringData` and the decoded values of `data`.
/// With a `separator`, values in mappings and sequences become variables too: their keys and
/// indexes are joined with it, as in `db__host`. In INI, a key before the first section keeps its
/// name.
///
/// # Errors
/// [`Error::Variable`] for mappings and sequences without a separator, for names that are empty or
/// contain `=`, for two values with the same name if one is nested, for zero bytes and, in a
/// Secret, for values that are not text and `data` that is not base64.
///
/// ```
/// use sops_core::{Format, parse_document, variables};
///
/// let document = parse_document("PORT: 8_0\nTLS: yes\nDB:\n  HOST: |\n    one\n    two\n", Format::Yaml)?;
/// let variables = variables(&document, Some("__"))?;
/// let texts: Vec<_> = variables.iter().map(|variable| (variable.name.as_str(), &variable.value[..])).collect();
/// assert_eq!(texts, [("PORT", &b"80"[..]), ("TLS", b"yes"), ("DB__HOST", b"one\ntwo\n")]);
/// # Ok::<(), sops_core::Error>(())
/// ```
pub fn variables(document: &Document<'_>, separator: Option<&str>) -> Result<Vec<Variable>> {
    let Some(Node::Mapping(entries)) = document.to_tree(0) else {
        return Err(unusable(
            String::new(),
            "the document has no keys to name the variables after",
        ));
    };
    if is_secret(&entries) {
        return of_secret(entries);
    }
    let mut all = Variables {
        separator,
        is_ini: document.format() == Format::Ini,
        ..Variables::default()
    };
    for Entry { key, value } in entries {
        match value {
            Node::Mapping(entries)
                if all.is_ini
                    && key == DEFAULT_SECTION
                    && (separator.is_some() || entries.is_empty()) =>
            {
                for Entry { key, value } in entries {
                    all.add(key, value, false)?;
                }
            }
            value => all.add(key, value, false)?,
        }
    }
    Ok(all.found)
}

/// The INI section of the keys that come before all headers.
const DEFAULT_SECTION: &str = "DEFAULT";

/// The variables so far.
#[derive(Default)]
struct Variables<'s> {
    separator: Option<&'s str>,
    is_ini: bool,
    found: Vec<Variable>,
    /// The names so far, and whether the value with each name is nested.
    names: HashMap<String, bool>,
}

impl Variables<'_> {
    fn add(&mut self, name: String, value: Node, is_nested: bool) -> Result<()> {
        let children: Vec<(String, Node)> = match value {
            Node::Scalar(value) => {
                let has_name = self.names.insert(name.clone(), is_nested);
                if has_name.is_some_and(|was_nested| is_nested || was_nested) {
                    return Err(unusable(
                        name,
                        "two values would have the same name; rename one of the keys, or use another separator",
                    ));
                }
                let value = Zeroizing::new(flat::bytes(value.as_ref()).into_owned());
                self.found.push(variable(name, value)?);
                return Ok(());
            }
            Node::Mapping(_) if self.is_ini && self.separator.is_none() => {
                let message = match &*name {
                    DEFAULT_SECTION => {
                        "this section holds the keys before the first section header, and an environment variable holds only one value"
                    }
                    _ => "this is a section, and an environment variable holds only one value",
                };
                return Err(unusable(name, message));
            }
            _ if self.separator.is_none() => {
                return Err(unusable(
                    name,
                    "an environment variable holds only one value, but this key has several",
                ));
            }
            Node::Mapping(entries) => {
                let entries = entries.into_iter();
                entries.map(|entry| (entry.key, entry.value)).collect()
            }
            Node::Sequence(items) => {
                let items = items.into_iter().enumerate();
                items
                    .map(|(index, item)| (index.to_string(), item))
                    .collect()
            }
        };
        let separator = self.separator.unwrap_or_default();
        for (key, value) in children {
            self.add(format!("{name}{separator}{key}"), value, true)?;
        }
        Ok(())
    }
}

fn variable(name: String, value: Zeroizing<Vec<u8>>) -> Result<Variable> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(unusable(
            name,
            "an environment variable cannot have this name; rename the key",
        ));
    }
    if value.contains(&0) {
        return Err(unusable(
            name,
            "an environment variable cannot hold a zero byte; pass the value in a file",
        ));
    }
    Ok(Variable { name, value })
}

/// Whether these are the entries of a Kubernetes Secret.
fn is_secret(entries: &[Entry]) -> bool {
    let text = |key| {
        let entry = entries.iter().find(|entry| entry.key == key);
        entry.and_then(|entry| entry.value.as_str())
    };
    text("apiVersion") == Some("v1") && text("kind") == Some("Secret")
}

/// The values of a Secret. As in the API server, `stringData` takes precedence over `data`.
fn of_secret(entries: Vec<Entry>) -> Result<Vec<Variable>> {
    let mut found: Vec<Variable> = Vec::new();
    for field in ["data", "stringData"] {
        let values = entries.iter().find(|entry| entry.key == field);
        let Some(Node::Mapping(values)) = values.map(|entry| &entry.value) else {
            continue;
        };
        for Entry { key, value } in values {
            let path = || format!("{field}.{key}");
            let Node::Scalar(value) = value else {
                return Err(unusable(path(), "a value of a Secret must be text"));
            };
            // Kubernetes reads null as an empty value.
            let bytes = match value {
                Some(value) => Zeroizing::new(flat::bytes(Some(value)).into_owned()),
                None => Zeroizing::default(),
            };
            let bytes = match field {
                "data" => decoded(&bytes).ok_or_else(|| {
                    unusable(path(), "a value under `data` of a Secret must be base64")
                })?,
                _ => bytes,
            };
            found.retain(|variable| variable.name != *key);
            found.push(variable(key.clone(), bytes)?);
        }
    }
    Ok(found)
}

/// Decodes base64. Like Go, it ignores line breaks.
fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !is_break(byte))
        .collect();
    let text = Zeroizing::new(text);
    BASE64_STANDARD.decode(&*text).ok().map(Zeroizing::new)
}

fn unusable(name: String, message: &str) -> Error {
    Error::Variable {
        name,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_document;

    fn found(text: &str, format: Format, separator: Option<&str>) -> String {
        let document = parse_document(text, format).expect("the text is valid");
        match variables(&document, separator) {
            Ok(variables) => {
                let shown = variables.iter().map(|variable| {
                    format!(
                        "{}={}",
                        variable.name,
                        String::from_utf8_lossy(&variable.value)
                    )
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn nested_values_are_variables_with_a_separator() {
        let text = "a: {b: 1, c: [x, {d: y}]}\ne: {}\nf: []\ng: null\n";
        let yaml = |separator| found(text, Format::Yaml, separator);
        assert_eq!(yaml(Some("__")), "a__b=1 a__c__0=x a__c__1__d=y g=<nil>");
        assert_eq!(yaml(Some("")), "ab=1 ac0=x ac1d=y g=<nil>");
        assert_eq!(
            yaml(None),
            "`a`: an environment variable holds only one value, but this key has several"
        );
        for text in ["a: {b: 1}\na__b: 2\n", "a__b: 2\na: {b: 1}\n"] {
            assert_eq!(
                found(text, Format::Yaml, Some("__")),
                "`a__b`: two values would have the same name; rename one of the keys, or use another separator"
            );
        }
        let ini = "a = 1\n[s]\nb = 2\n";
        assert_eq!(found(ini, Format::Ini, Some("_")), "a=1 s_b=2");
        assert!(
            found(ini, Format::Ini, None).starts_with("`DEFAULT`: this section holds the keys")
        );
        assert!(found("[s]\nb = 2\n", Format::Ini, None).starts_with("`s`: this is a section"));
        // Like `sops`, which uses the later value.
        assert_eq!(found("A=1\nA=2\n", Format::Dotenv, None), "A=1 A=2");
    }

    #[test]
    fn a_kubernetes_secret_provides_its_values() {
        let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
        let secret = |fields: &str| found(&format!("{head}{fields}"), Format::Yaml, None);
        assert_eq!(
            secret("data:\n  A: aHVudGVyMg==\n  B: |\n    aHVu\n    dGVyMg==\n  C: ''\n"),
            "A=hunter2 B=hunter2 C="
        );
        assert_eq!(
            secret("data: {A: eA==, B: eQ==}\nstringData: {A: over, C: 5, D: null}\n"),
            "B=y A=over C=5 D="
        );
        assert_eq!(secret(""), "");
        assert_eq!(
            secret("data: {A: hunter2!}\n"),
            "`data.A`: a value under `data` of a Secret must be base64"
        );
        assert_eq!(
            secret("stringData: {A: {b: c}}\n"),
            "`stringData.A`: a value of a Secret must be text"
        );
        assert!(secret("data: {A: AAA=}\n").contains("cannot hold a zero byte"));
        let other = found("kind: Secret\nstringData: {A: b}\n", Format::Yaml, None);
        assert!(other.starts_with("`stringData`: "), "{other}");
    }
}
