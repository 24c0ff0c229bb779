//! Finds values that would stay in plaintext by mistake, mainly in Kubernetes Secrets, and fields
//! that Kubernetes refuses.

use std::collections::HashMap;
use std::ops::Range;

use sops_core::document::{Error as DocumentError, Item, NodeRef, open_quotes};
use sops_core::rules::EncryptionRule;
use sops_core::{Error, Format, Location, parse_document};
use sops_lint::{
    SecretField, SecretValue, SelectedValues, applied_secret, is_plaintext, secret_fields, secrets,
};

use crate::secret_data;

/// The problems with the secrets in a document.
#[derive(Debug, Default)]
pub(crate) struct SecretParts {
    /// The first value that would stay in plaintext though its Secret is encrypted.
    pub(crate) leak: Option<Error>,
    /// Warnings for the user, without the file's name.
    pub(crate) warnings: Vec<String>,
}

impl SecretParts {
    /// Checks the Secrets of a plaintext before it is encrypted with the rule.
    pub(crate) fn of(text: &[u8], format: Format, rule: &EncryptionRule) -> Self {
        Self::judge(text, format, rule, None)
    }

    /// Checks one field of the Secrets.
    pub(crate) fn of_field(
        text: &[u8],
        format: Format,
        rule: &EncryptionRule,
        field: &str,
    ) -> Self {
        Self::judge(text, format, rule, Some(field))
    }

    fn judge(text: &[u8], format: Format, rule: &EncryptionRule, only: Option<&str>) -> Self {
        let mut parts = Self::default();
        if format == Format::Dotenv && only.is_none() {
            parts.judge_quotes(text);
            return parts;
        }
        let is_manifest = matches!(format, Format::Yaml | Format::Json);
        // Searching for the word is faster than parsing the document.
        let has_secret = || {
            str::from_utf8(text).is_ok_and(|text| {
                ["Secret", "stringData"]
                    .iter()
                    .any(|word| text.contains(word))
            })
        };
        if !is_manifest || !has_secret() {
            return parts;
        }
        let Ok(document) = parse_document(text, format) else {
            return parts;
        };
        let Ok(selected) = SelectedValues::of(&document, rule) else {
            return parts;
        };
        let mut judge = Judge {
            text: document.text(),
            rule,
            selected,
            encrypted: HashMap::new(),
        };
        for secret in secrets(&document) {
            // A file with only a kind may belong to another program.
            let is_whole = ["apiVersion", "metadata"]
                .iter()
                .any(|key| secret.get(key).is_some());
            let fields = secret_fields(secret).into_iter();
            let fields = fields.filter(|field| is_whole || field.is_part());
            if only.is_none() {
                judge.annotation(secret, &mut parts);
            }
            for field in fields.filter(|field| only.is_none_or(|only| only == field.name)) {
                judge.field(&field, &mut parts);
            }
        }
        judge.aliases(document.tape(), &mut parts);
        parts
    }
}

/// A document, and the values that the rule selects in it.
struct Judge<'j> {
    text: &'j str,
    rule: &'j EncryptionRule,
    selected: SelectedValues,
    /// The key of each value of a Secret that will be encrypted, by the start of its source text.
    encrypted: HashMap<usize, String>,
}

impl Judge<'_> {
    /// Judges the copy of the Secret that `kubectl apply` keeps in an annotation.
    fn annotation(&self, secret: NodeRef<'_, '_>, parts: &mut SecretParts) {
        let copy = applied_secret(secret);
        if let Some(copy) = copy.filter(|copy| !self.selected.contains(&copy.span())) {
            parts.leak(self.error(
                copy,
                "the annotation of `kubectl apply` contains the whole Secret and would stay in plaintext: remove the annotation"
                    .to_owned(),
            ));
        }
    }

    /// Judges the aliases, because encryption replaces an alias with the value of its anchor.
    fn aliases(&self, tape: &[Item<'_>], parts: &mut SecretParts) {
        let mut alias: Option<(usize, Range<usize>)> = None;
        for (index, item) in tape.iter().enumerate() {
            alias = alias.filter(|(close, _)| index < *close);
            match (item, &alias) {
                (Item::Alias { span, close, .. }, None) => {
                    alias = Some((*close as usize, span.range()));
                }
                (Item::Leaf(leaf), Some((_, span))) if !self.selected.contains(span) => {
                    if let Some(key) = self.encrypted.get(&leaf.span.range().start) {
                        return parts.leak(self.error_at(
                            span.start,
                            format!("this alias would repeat the value of `{key}` of a Secret in plaintext: replace the alias with another value"),
                        ));
                    }
                }
                _ => {}
            }
        }
    }

    fn field(&mut self, field: &SecretField<'_, '_>, parts: &mut SecretParts) {
        if !field.holds_values() {
            return;
        }
        let name = field.name;
        let all = field.values();
        let has_text = |value: &SecretValue<'_, '_>| value.node.scalar_text() != Some("");
        let is_left = |value: &SecretValue<'_, '_>| self.selected.leaves_open(value);
        let is_all_left = all.iter().any(has_text) && all.iter().all(is_left);
        let rule = self.rule;
        if !field.is_known() {
            // A rule that names the plaintext values leaves them on purpose.
            let left = all.iter().find(|value| is_plaintext(value));
            match left.filter(|_| is_all_left && rule.names_what_is_encrypted()) {
                Some(value) => parts.leak(self.error(
                    value.node,
                    format!("a Secret has no field `{name}`, and `{rule}` would leave it in plaintext: use `stringData` or `data`"),
                )),
                None => parts.warn(format!("a Secret has no field `{name}`: Kubernetes refuses or ignores it; use `stringData` or `data`")),
            }
        } else if is_all_left && rule.names_what_is_encrypted() {
            parts.warn(format!(
                "the rule `{rule}` leaves `{name}` of the Secret in plaintext"
            ));
        }
        let aliased = all.iter().find(|value| {
            let is_elsewhere = value.origin.start != value.place.start;
            is_elsewhere
                && is_plaintext(value)
                && !is_left(value)
                && !self.selected.contains(&value.origin)
        });
        if let Some(value) = aliased {
            let line = Location::of(self.text, value.origin.start).line;
            parts.leak(self.error(
                value.node,
                format!(
                    "the value of `{}` is an alias, and its anchor on line {line} would stay in plaintext: replace the alias with the value",
                    value.key
                ),
            ));
        }
        let encrypted = all
            .iter()
            .filter(|value| has_text(value) && is_plaintext(value) && !is_left(value))
            .map(|value| (value.origin.start, value.key.to_owned()));
        let encrypted: Vec<_> = encrypted.collect();
        if name == "data" {
            let is_invalid = |value: &&SecretValue<'_, '_>| {
                let text = value.node.as_str();
                text.is_some_and(|text| secret_data::decode(text).is_none()) && is_plaintext(value)
            };
            if let Some(value) = all.iter().find(is_invalid) {
                parts.warn(format!(
                    "the value of `{name}.{}` is not base64, so Kubernetes refuses the Secret: encode it, or move it to `stringData`",
                    value.key
                ));
            }
        }
        if field.misfit().is_some() {
            parts.warn(format!(
                "every value under `{name}` of a Secret must be a string: put the others in quotes"
            ));
        }
        self.encrypted.extend(encrypted);
    }

    fn error(&self, at: NodeRef<'_, '_>, message: String) -> Error {
        self.error_at(at.span().start, message)
    }

    fn error_at(&self, offset: usize, message: String) -> Error {
        Error::Document(DocumentError::Unrepresentable {
            location: Location::of(self.text, offset),
            message,
        })
    }
}

impl SecretParts {
    /// Checks the quotes of a dotenv file: later lines of a quoted value would become keys, which
    /// stay in plaintext.
    fn judge_quotes(&mut self, text: &[u8]) {
        const MAX_WARNINGS: usize = 5;
        let Ok(document) = parse_document(text, Format::Dotenv) else {
            return;
        };
        let text = document.text();
        for quote in open_quotes(text) {
            let at = Location::of(text, quote.offset);
            if let Some(end) = quote.closed_in {
                let end = Location::of(text, end).line;
                return self.leak(Error::Document(DocumentError::Unrepresentable {
                    location: at,
                    message: format!(
                        "this quote ends on line {end}, but a value is a single line in this format, and the other lines would become keys in plaintext: write `\\n` for a line break, or encrypt the file as a whole with `--input-type binary --output-type binary`"
                    ),
                }));
            }
            if self.warnings.len() < MAX_WARNINGS {
                self.warn(format!(
                    "{at}: this quote is never closed, so it becomes part of the value"
                ));
            }
        }
    }

    fn leak(&mut self, error: Error) {
        self.leak.get_or_insert(error);
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(fields: &str, rule: &EncryptionRule) -> (bool, usize) {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: a, annotations: {{x: &x hunter2}}}}\n{fields}"
        );
        let parts = SecretParts::of(text.as_bytes(), Format::Yaml, rule);
        (parts.leak.is_some(), parts.warnings.len())
    }

    #[test]
    fn a_value_in_plaintext_on_purpose_is_not_a_mistake() {
        let names = EncryptionRule::EncryptedRegex("^(data|stringData)$".to_owned());
        let all = EncryptionRule::default();
        for (fields, by_names, by_all) in [
            ("stringData: {a: hunter2}\n", (false, 0), (false, 0)),
            ("stringDatas: {a: hunter2}\n", (true, 0), (false, 1)),
            ("stringdata: {a: hunter2}\n", (true, 0), (false, 1)),
            ("password: hunter2\n", (true, 0), (false, 1)),
            ("stringDatas: {a: '${A}'}\n", (false, 1), (false, 1)),
            ("stringData: {a: {b: hunter2}}\n", (false, 1), (false, 1)),
            ("stringData: hunter2\n", (false, 1), (false, 1)),
            ("stringData: {a: *x}\n", (true, 0), (false, 0)),
            (
                "y: &y {a: hunter2}\nstringData: *y\n",
                (true, 0),
                (false, 1),
            ),
            ("<<: {stringData: {a: hunter2}}\n", (false, 0), (false, 0)),
            ("data: {a: hunter2}\n", (false, 1), (false, 1)),
            (
                "data: {a: aHVudGVyMg==, b: '${A}'}\n",
                (false, 0),
                (false, 0),
            ),
            ("namespace: a\nsops_notes: ''\n", (false, 1), (false, 1)),
        ] {
            assert_eq!(judged(fields, &names), by_names, "{fields}");
            assert_eq!(judged(fields, &all), by_all, "{fields}");
        }
        let only_data = EncryptionRule::EncryptedRegex("^data$".to_owned());
        assert_eq!(
            judged("data: {a: YQ==}\nstringData: {a: hunter2}\n", &only_data),
            (false, 1)
        );
    }

    #[test]
    fn an_alias_must_not_repeat_an_encrypted_value_in_plaintext() {
        let names = EncryptionRule::EncryptedRegex("^(data|stringData)$".to_owned());
        let all = EncryptionRule::default();
        for (fields, expected) in [
            ("stringData: {a: &y hunter2}\nimmutable: *y\n", true),
            (
                "stringData: {a: &y hunter2}\nmetadata: {annotations: {b: *y}}\n",
                true,
            ),
            (
                "stringData: &y {a: hunter2}\nmetadata: {labels: *y}\n",
                true,
            ),
            (
                "stringData: {a: &y hunter2}\n---\nkind: ConfigMap\na: &y b\nb: *y\n",
                false,
            ),
            (
                "kind: List\nitems:\n- {apiVersion: v1, kind: Secret, stringData: {a: &y hunter2}}\n- {kind: ConfigMap, data: {a: *y}}\n",
                false,
            ),
            (
                "kind: List\nitems:\n- {apiVersion: v1, kind: Secret, stringData: {a: &y hunter2}}\n- {kind: ConfigMap, other: {a: *y}}\n",
                true,
            ),
            ("stringData: {a: &y hunter2, b: *y}\n", false),
            ("stringData: {a: &y ''}\nimmutable: *y\n", false),
        ] {
            let kind = if fields.contains("List") {
                ""
            } else {
                "kind: Secret\n"
            };
            let text = format!("apiVersion: v1\n{kind}{fields}");
            let leaks = |rule| {
                let parts = SecretParts::of(text.as_bytes(), Format::Yaml, rule);
                parts.leak.is_some()
            };
            assert_eq!(leaks(&names), expected, "{fields}");
            assert!(!leaks(&all), "{fields}");
        }
    }

    #[test]
    fn the_annotation_of_kubectl_must_not_stay_in_plaintext() {
        let names = EncryptionRule::EncryptedRegex("^(data|stringData)$".to_owned());
        for (copy, rule, expected) in [
            (
                r#"{"kind":"Secret","data":{"a":"aHVudGVyMg=="}}"#,
                &names,
                true,
            ),
            (r#"{"stringData":{"a":"hunter2-Marker"}}"#, &names, true),
            (r#"{"kind":"Secret","data":{}}"#, &names, false),
            (
                r#"{"kind":"Secret","data":{"a":"aHVudGVyMg=="}}"#,
                &EncryptionRule::default(),
                false,
            ),
        ] {
            let text = format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {copy}\nstringData: {{a: b}}\n"
            );
            let parts = SecretParts::of(text.as_bytes(), Format::Yaml, rule);
            assert_eq!(parts.leak.is_some(), expected, "{copy}");
        }
    }

    #[test]
    fn one_field_is_judged_by_itself() {
        let text = b"apiVersion: v1\nkind: Secret\nstringData: {a: b}\nstringDatas: {a: hunter2}\n";
        let rule = EncryptionRule::EncryptedRegex("^(data|stringData)$".to_owned());
        let leaks = |field| {
            SecretParts::of_field(text, Format::Yaml, &rule, field)
                .leak
                .is_some()
        };
        assert!(leaks("stringDatas") && !leaks("stringData"));
    }
}
