//! Finds secrets in the actions of a template, as in `{{ "hunter2" | b64enc }}` and `{{
//! .Values.password | default "hunter2" }}`.

use std::collections::HashMap;
use std::ops::Range;

use crate::secret_detection::{judge, literals};
use crate::template::has_action;

/// The delimiters of actions.
const MARKS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>")];

/// Functions that only convert their single argument to another form.
const CONVERSIONS: [&str; 7] = [
    "b64enc", "quote", "squote", "print", "toString", "trim", "nospace",
];

/// Actions that open a block, which an action `end` closes.
const BLOCKS: [&str; 9] = [
    "if", "with", "range", "for", "call", "filter", "define", "block", "macro",
];

/// The words before the default for a missing value.
const DEFAULTS: [&str; 5] = ["default", "coalesce", "||", " or", " d"];

/// An action of a template.
struct TemplateAction<'t> {
    /// The text before the action on its line.
    before: &'t str,
    /// The variable that the action sets; empty if it sets none.
    variable: &'t str,
    /// The expression.
    value: &'t str,
    /// Whether the action sets the variable to the text after it, up to `endset`.
    begins_text: bool,
    /// The range of the action in the text.
    range: Range<usize>,
}

/// Whether an action in the value of a Secret contains a literal that is a secret, judging by the
/// value's key or the key on the literal's line.
pub(crate) fn holds_secret(key: &str, text: &str) -> bool {
    if !has_action(text) || !text.contains(['"', '\'', '`']) {
        return false;
    }
    let unescaped = text.replace("\\\"", "\"");
    // In a file, the line has the name, and the key is that of the file.
    let is_file = text.trim().contains('\n');
    each(&unescaped).any(|action| {
        let own = action.key();
        let key = if is_file && !own.is_empty() { own } else { key };
        let is_secret = |literal: &str| [key, own].iter().any(|key| judge(key, literal).is_some());
        action.literals().into_iter().any(is_secret)
    })
}

/// The first variable of a template that is set to a secret.
pub(crate) fn variable_with_secret(text: &str) -> Option<&str> {
    let is_secret = |action: &TemplateAction<'_>| {
        let variable = action.variable;
        let mut literals = action.literals().into_iter();
        !variable.is_empty() && literals.any(|literal| judge(variable, literal).is_some())
    };
    each(text).find(is_secret).map(|action| action.variable)
}

/// The names that a template defines, with their literals.
#[derive(Default)]
pub(crate) struct Definitions<'t>(HashMap<&'t str, Vec<String>>);

impl<'t> Definitions<'t> {
    /// How many literals a name may have. Values that use it are compared with all of them.
    const MOST: usize = 8;

    pub(crate) fn of(text: &'t str) -> Self {
        let mut all = Self::default();
        // How many blocks are open, and the outermost that has a name: the name, where it begins,
        // and its depth.
        let mut depth = 0_usize;
        let mut named: Option<(&str, usize, usize)> = None;
        for action in each(text) {
            let mut words = action.value.split(|c| !is_part_of_name(c));
            let keyword = words.next().unwrap_or_default();
            let name = words.find(|word| !word.is_empty());
            if !action.variable.is_empty() {
                let literals = literals(&format!("{{{{ {} }}}}", action.value));
                let used: Vec<String> = all.used_in(action.value).cloned().collect();
                all.add(action.variable, literals.into_iter().chain(used));
            } else if action.begins_text || BLOCKS.contains(&keyword) {
                depth += 1;
                let name = match keyword {
                    _ if action.begins_text => Some(keyword),
                    "define" | "block" | "macro" => name,
                    _ => None,
                };
                named = named.or(name.map(|name| (name, action.range.start, depth)));
            } else if keyword.starts_with("end") {
                if let Some((name, begin, _)) = named.take_if(|(.., of)| *of >= depth) {
                    all.add(name, literals(&text[begin..action.range.start]).into_iter());
                }
                depth = depth.saturating_sub(1);
            }
        }
        all
    }

    fn add(&mut self, name: &'t str, literals: impl Iterator<Item = String>) {
        let known = self.0.entry(name).or_default();
        known.extend(literals.take(Self::MOST - known.len()));
    }

    /// The literals of the names in a value.
    pub(crate) fn used_in(&self, value: &str) -> impl Iterator<Item = &String> {
        let names = value.split(|c| !is_part_of_name(c));
        let names = names.filter(|_| !self.0.is_empty());
        names.filter_map(|name| self.0.get(name)).flatten()
    }
}

/// Whether the character can be in the name of a variable or a template, without the `$`.
fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

/// The actions in `text`.
fn each(text: &str) -> impl Iterator<Item = TemplateAction<'_>> {
    let mut at = 0;
    let mut line = 0;
    std::iter::from_fn(move || {
        loop {
            let begin = at + text[at..].find(['{', '<'])?;
            line = text[at..begin]
                .rfind('\n')
                .map_or(line, |length| at + length + 1);
            let rest = &text[begin..];
            let Some((mark, end)) = MARKS.into_iter().find(|(mark, _)| rest.starts_with(mark))
            else {
                at = begin + 1;
                continue;
            };
            let inner = begin + mark.len();
            let length = text[inner..].find(end)?;
            at = inner + length + end.len();
            let before = text.get(line..begin).unwrap_or_default();
            let inner = &text[inner..inner + length];
            return Some(TemplateAction::of(inner, before, begin..at));
        }
    })
}

impl<'t> TemplateAction<'t> {
    fn of(inner: &'t str, before: &'t str, range: Range<usize>) -> Self {
        let inner = inner.trim_matches(|c: char| c.is_whitespace() || "-+=".contains(c));
        let set = inner.strip_prefix("set ").map(str::trim_start);
        let inner = set.unwrap_or(inner);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_$.".contains(c);
        let end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let value = rest.strip_prefix('=').filter(|rest| !rest.starts_with('='));
        let (variable, value) = match value {
            Some(value) => (name.trim_start_matches('$'), value),
            None => ("", inner),
        };
        Self {
            before,
            variable,
            value: value.trim(),
            begins_text: set.is_some() && inner.chars().all(is_name),
            range,
        }
    }

    /// The key before the action on its line.
    fn key(&self) -> &'t str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let before = self.before.trim_end_matches([' ', ':', '=', '"', '\'']);
        let start = before.rfind(|c| !is_part(c)).map_or(0, |last| {
            last + before[last..].chars().next().map_or(1, char::len_utf8)
        });
        &before[start..]
    }

    /// The quoted strings that the action may output, except names of keys, files and functions.
    fn literals(&self) -> Vec<&'t str> {
        let mut literals = Vec::new();
        let mut from = 0;
        while let Some((range, literal)) = quoted(self.value, from) {
            from = range.end;
            let before = self.value[..range.start]
                .trim_end()
                .trim_end_matches(['(', ' ']);
            let after = self.value[range.end..].trim_start_matches([')', ' ']);
            let is_whole = (before.is_empty() || CONVERSIONS.contains(&before))
                && (after.is_empty() || after.starts_with('|'));
            if is_whole || DEFAULTS.iter().any(|word| before.ends_with(word)) {
                literals.push(literal);
            }
        }
        literals
    }
}

/// The next quoted text: its range including the quotes, and its content.
fn quoted(text: &str, from: usize) -> Option<(Range<usize>, &str)> {
    let start = from + text[from..].find(['"', '\'', '`'])?;
    let quote = text[start..].chars().next()?;
    let inner = start + 1;
    let end = inner + text[inner..].find(quote)?;
    Some((start..end + 1, &text[inner..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_an_action_gives_are_judged() {
        for text in [
            r#"{{ "S3cr3tP4ss-prod9" | b64enc }}"#,
            r#"{{- "S3cr3tP4ss-prod9" -}}"#,
            r#"{{ b64enc "S3cr3tP4ss-prod9" }}"#,
            r#"{{ ("S3cr3tP4ss-prod9") | quote }}"#,
            r#"{{ .Values.pw | default "S3cr3tP4ss" }}"#,
            r#"{{ default "S3cr3tP4ss" .Values.pw | b64enc }}"#,
            r#"{{ (default `S3cr3tP4ss` .Values.pw) | b64enc }}"#,
            r#""{{ default \"S3cr3tP4ss\" .Values.pw }}""#,
            "{{ 'S3cr3tP4ss' | b64encode }}",
            "{{ pw | default('S3cr3tP4ss') }}",
            "{{ pw or 'S3cr3tP4ss' }}",
            "<%= ENV['PW'] || 'S3cr3tP4ss' %>",
        ] {
            assert!(holds_secret("password", text), "{text}");
        }
        assert!(holds_secret(
            "config.yaml",
            "a: {{ .b }}\npassword: {{ .c | default \"S3cr3tP4ss\" }}\n"
        ));
    }

    #[test]
    fn names_and_placeholders_in_an_action_are_not_reported() {
        for text in [
            r#"{{ default "changeme" .Values.x }}"#,
            r#"{{ default "" .Values.x }}"#,
            r#"{{ index .data "db-password9" }}"#,
            r#"{{ lookup "v1" "Secret" "ns-prod9x" "S3cr3tName9" }}"#,
            r#"{{ include "chart.fullname9" . }}"#,
            r#"{{ .Files.Get "S3cr3tFile-9" }}"#,
            r#"{{ printf "%s-%s" .a .b }}"#,
            r#"{{ required "S3cr3tP4ss-9" .Values.x }}"#,
            r#"{{ .Values.password | quote }}"#,
            r#"{{ env "S3cr3tP4ss9" }}"#,
            r#"{{ if eq .a "S3cr3tP4ss9" }}"#,
            "<%= ENV['S3cr3tP4ss9'] %>",
            "{{ lookup('env', 'S3cr3tP4ss9') }}",
            "{{ never ends \"S3cr3tP4ss9",
            "S3cr3tP4ss9",
        ] {
            assert!(!holds_secret("password", text), "{text}");
        }
        assert!(!holds_secret("user", r#"{{ "web-app" | b64enc }}"#));
        assert!(!holds_secret(
            "credentials.properties",
            "a/username={{ .a | default \"web-app\" }}\na/password={{ .b }}\n"
        ));
    }

    #[test]
    fn many_actions_cost_no_more_than_their_length() {
        for text in [
            "{{ \"a\" }}".repeat(100_000),
            "{ <".repeat(100_000),
            format!("{{{{ {} }}}}", "\"a\" ".repeat(100_000)),
        ] {
            assert!(!holds_secret("password", &text));
        }
    }

    #[test]
    fn variables_are_judged_by_their_names() {
        for text in [
            "{{- $password := \"S3cr3tP4ss\" -}}",
            "a\n{{ $dbPassword = \"S3cr3tP4ss\" | b64enc }}",
            "{% set db_password = 'S3cr3tP4ss' %}",
            "{{ $password := .Values.x | default \"S3cr3tP4ss\" }}",
        ] {
            assert!(variable_with_secret(text).is_some(), "{text}");
        }
        for text in [
            "{{ $name := \"S3cr3tP4ss\" }}",
            "{{ $password := index .data \"S3cr3tP4ss\" }}",
            "{{ $password := \"changeme\" }}",
            "{{ if password == \"S3cr3tP4ss\" }}",
            "{{ \"S3cr3tP4ss\" }}",
        ] {
            assert_eq!(variable_with_secret(text), None, "{text}");
        }
    }

    #[test]
    fn names_resolve_to_their_definitions() {
        for (text, value) in [
            ("{{ $pw := \"hunter2\" }}", "{{ $pw }}"),
            (
                "{{- $a := .x | default \"hunter2\" }}{{ $b := $a }}",
                "{{ $b | b64enc }}",
            ),
            ("{% set pw = 'hunter2' %}", "{{ pw }}"),
            ("{% set pw %}hunter2{% endset %}", "{{ pw }}"),
            ("{% macro pw() %}hunter2{% endmacro %}", "{{ pw() }}"),
            (
                "{{ define \"a.pw\" }}hunter2{{ end }}",
                "{{ include \"a.pw\" . }}",
            ),
            (
                "{{ define \"a\" }}{{ if .b }}{{ .b }}{{ else }}hunter2{{ end }}{{ end }}",
                "{{ template \"a\" . }}",
            ),
        ] {
            let definitions = Definitions::of(text);
            let used: Vec<_> = definitions.used_in(value).collect();
            assert_eq!(used, ["hunter2"], "{text}");
            assert_eq!(definitions.used_in("{{ .other }}").count(), 0, "{text}");
        }
        for (text, value) in [
            ("{{ $name := include \"chart.fullname\" . }}", "{{ $name }}"),
            (
                "{{ $s := lookup \"v1\" \"Secret\" \"ns\" \"web-9\" }}",
                "{{ $s.data.a }}",
            ),
            (
                "{{ define \"a\" }}{{ .Values.a }}{{ end }}hunter2",
                "{{ include \"a\" . }}",
            ),
            ("{{ define \"a\" }}{{ .a }}", "{{ include \"a\" . }}"),
        ] {
            assert_eq!(Definitions::of(text).used_in(value).count(), 0, "{text}");
        }
    }

    #[test]
    fn many_definitions_cost_no_more_than_their_length() {
        for text in [
            "{{ $a := \"hunter2\" }}{{ $b := $a }}".repeat(30_000),
            "{{ define \"a\" }}".repeat(50_000),
            format!(
                "{}{}",
                "{{ if a }}".repeat(50_000),
                "{{ define \"a\" }}b{{ end }}".repeat(30_000)
            ),
        ] {
            Definitions::of(&text);
        }
    }
}
