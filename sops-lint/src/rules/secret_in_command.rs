//! A secret in a command line or in a probe's header.

use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::likeness::program::{password_in_script, password_in_words};
use crate::likeness::{Likeness, judge};
use crate::object::Object;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL006",
    name: "secret-in-command",
    severity: Severity::Error,
    page: include_str!("secret_in_command.md"),
    checks: &[Check::Object(check)],
};

const HELP: &str = "everybody who may list processes or pods reads it; let the program read it from a mounted file";

fn check(object: &Object<'_, '_>, report: &mut Report<'_>) {
    for (_, container) in object.containers() {
        command(container, report);
        let lifecycle = container.get("lifecycle");
        let handlers = ["postStart", "preStop"].map(|key| lifecycle.and_then(|all| all.get(key)));
        let probes =
            ["livenessProbe", "readinessProbe", "startupProbe"].map(|key| container.get(key));
        for handler in probes.into_iter().chain(handlers).flatten() {
            handler
                .get("exec")
                .into_iter()
                .for_each(|exec| command(exec, report));
            let headers = handler.at(&["httpGet", "httpHeaders"]);
            for header in headers.into_iter().flat_map(NodeRef::items) {
                let text = |key| header.get(key).and_then(NodeRef::as_str);
                let (Some(name), Some(value)) = (text("name"), text("value")) else {
                    continue;
                };
                if let (Some(likeness), Some(node)) =
                    (credentials(name, value), header.get("value"))
                {
                    let message =
                        format!("the header `{name}` of a probe holds {}", likeness.what());
                    report.node(node, message).help(HELP);
                }
            }
        }
    }
}

/// What a header holds behind the name of its scheme.
fn credentials(name: &str, value: &str) -> Option<Likeness> {
    let scheme = value
        .split_once(' ')
        .filter(|(scheme, _)| is_scheme(scheme));
    judge(name, scheme.map_or(value, |(_, rest)| rest))
}

fn command(node: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let words = ["command", "args"].map(|key| node.get(key));
    let words: Vec<_> = words
        .into_iter()
        .flatten()
        .flat_map(NodeRef::items)
        .collect();
    let texts: Vec<_> = words
        .iter()
        .map(|word| word.scalar_text().unwrap_or_default())
        .collect();
    let of_program = password_in_words(&texts);
    let mut flag: Option<&str> = None;
    for (index, (word, text)) in words.into_iter().zip(&texts).enumerate() {
        let found = match flag.take().filter(|_| !text.starts_with('-')) {
            Some(name) => judge(name, text).map(|likeness| (name, likeness)),
            None => in_word(text),
        };
        let of_program = of_program.filter(|(at, _)| *at == index);
        let of_program = of_program.map(|(_, flag)| (flag, Likeness::Name));
        let found = found.or(of_program).or_else(|| password_in_script(text));
        if let Some((name, likeness)) = found {
            let name = name.trim_start_matches('-');
            report
                .node(
                    word,
                    format!("the command line holds {}, as `{name}`", likeness.what()),
                )
                .help(HELP);
        }
        flag = Some(*text).filter(|text| text.starts_with("--") && !text.contains(['=', ' ']));
    }
}

/// The first `NAME=value`, `--name=value`, `--name value` or `Header: value`, or token, in a word or a script.
fn in_word(text: &str) -> Option<(&str, Likeness)> {
    // Quotes hold spaces together, which may then be a value with spaces or another script.
    let parts = text.split([' ', '\n', '\t', ';', '"', '\'', '&', '|']);
    let mut flag = None;
    for part in parts.filter(|part| !part.is_empty()) {
        let waiting = flag.take().filter(|_| !part.starts_with("--"));
        if waiting.is_some() && is_scheme(part) {
            flag = waiting;
            continue;
        }
        let assigned = assigned(part).or(waiting.map(|name| (name, part)));
        let found = match assigned {
            Some((name, value)) => judge(name, value).map(|likeness| (name, likeness)),
            None => judge("", part).map(|likeness| ("", likeness)),
        };
        if let Some((name, likeness)) = found {
            return Some((if name.is_empty() { "an argument" } else { name }, likeness));
        }
        let is_flag = part.starts_with("--") && part.len() > 2 && !part.contains('=');
        // Other words with a colon are those of a sentence.
        let is_header = |name: &&str| {
            is_name(name) && name.contains('-') || name.eq_ignore_ascii_case("authorization")
        };
        let header = part.strip_suffix(':').filter(is_header);
        flag = Some(part).filter(|_| is_flag).or(header);
    }
    None
}

/// Flags whose values are names with values.
const ASSIGNING: [&str; 12] = [
    "set",
    "set-string",
    "set-json",
    "env",
    "e",
    "build-arg",
    "from-literal",
    "var",
    "define",
    "D",
    "param",
    "option",
];

/// A name and its value: of `--set=auth.password=x` the inner one. Behind other names a `=` belongs to the value, of which nothing is shown.
fn assigned(part: &str) -> Option<(&str, &str)> {
    let (name, value) = part.split_once('=').filter(|(name, _)| is_name(name))?;
    let is_assigning = ASSIGNING.contains(&name.trim_start_matches('-'));
    let inner = value
        .split_once('=')
        .filter(|(name, value)| is_assigning && is_name(name) && !value.is_empty());
    Some(inner.unwrap_or((name, value)))
}

fn is_name(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.is_empty() && name.chars().all(is_part)
}

/// Whether it is what stands in a header before the credentials.
fn is_scheme(word: &str) -> bool {
    ["basic", "bearer", "token"].contains(&word.to_ascii_lowercase().as_str())
}
