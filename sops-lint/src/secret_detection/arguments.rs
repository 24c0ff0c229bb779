//! Finds secrets in the arguments of commands: `NAME=value`, `--name=value`, `--name value` and
//! `Header: value`.

use std::ops::Range;

use super::credential::is_scheme;
use super::found::{FoundSecrets, range_of};
use super::judge::{judge, judge_flag, judge_variable};
use super::likeness::Likeness;
use super::name::NameClass;
use super::quoted_text::is_cut;

/// Adds the secrets in the words of a command or a script.
pub(crate) fn find(text: &str, secrets: &mut FoundSecrets) {
    let mut flag: Option<&str> = None;
    for line in text.lines() {
        // The value of a flag is in the same command, which a backslash continues.
        let is_continued = line.ends_with('\\');
        for command in without_comment(line).split([';', '&', '|']) {
            flag = in_command(command, flag.take(), text, secrets);
            flag = flag.filter(|_| is_continued);
        }
    }
}

/// The line without a comment, which begins outside quotes.
pub(crate) fn without_comment(line: &str) -> &str {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (character, quote) {
            ('#', None) if before.is_whitespace() => return &line[..at],
            ('"' | '\'', None) if before != '\\' => quote = Some(character),
            (_, Some(open)) if open == character && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    line
}

/// Adds the secrets in the words of one command. Returns the last flag, if it has no value yet.
fn in_command<'t>(
    command: &'t str,
    mut flag: Option<&'t str>,
    text: &'t str,
    secrets: &mut FoundSecrets,
) -> Option<&'t str> {
    // A quoted text may be a value with spaces, or another script.
    let divides = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    let parts = command.split(divides);
    let mut before = [""; 2];
    for part in parts.filter(|part| !part.is_empty() && *part != "\\") {
        let waiting = flag.take().filter(|_| !part.starts_with("--"));
        if waiting.is_some() && is_scheme(part) {
            flag = waiting;
            continue;
        }
        let mut pairs = assigned(part);
        if let Some(name) = waiting.filter(|_| pairs.is_empty()) {
            pairs.push((name, part));
        }
        if pairs.is_empty()
            && let Some(likeness) = judge("", part)
        {
            secrets.add("", range_of(part, text), likeness);
        }
        for (name, value) in pairs {
            let quoted = quoted_after(text, value);
            add(name, quoted.unwrap_or(value), text, secrets);
        }
        // Other words with a colon belong to a sentence.
        let is_header = |name: &&str| {
            is_name(name) && name.contains('-') || name.eq_ignore_ascii_case("authorization")
        };
        let header = part.strip_suffix(':').filter(is_header);
        let setting = Some(last_name(part)).filter(|_| is_set(before));
        flag = Some(part)
            .filter(|part| takes_value(part))
            .or(header)
            .or(setting);
        before = [before[1], part];
    }
    flag
}

/// The value in quotes that begins at the end of `NAME=`.
fn quoted_after<'t>(text: &'t str, value: &str) -> Option<&'t str> {
    let Range { start, .. } = range_of(value, text);
    let rest = text.get(start..).filter(|_| value.is_empty())?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = &rest[1..];
    inner.find(quote).map(|end| &inner[..end])
}

fn add(name: &str, value: &str, text: &str, secrets: &mut FoundSecrets) {
    // Spaces divide a variable with a message, such as `${NAME:?not set}`, which is judged with its
    // line.
    if is_cut(value) {
        return;
    }
    let is_flag = name.starts_with('-');
    let name = name.trim_start_matches('-');
    // `-Dname=value` sets a property of Java.
    let property = name.strip_prefix('D').filter(|rest| rest.contains('.'));
    let name = property.unwrap_or(name);
    let is_variable = name.bytes().all(|c| c.is_ascii_uppercase() || c == b'_');
    let likeness = match is_variable {
        true => judge_variable(name, value),
        false if is_flag => judge_flag(name, value),
        false => judge(name, value),
    };
    if let Some(likeness) = likeness {
        secrets.add(name, range_of(value, text), likeness);
    }
}

/// Whether a word is a flag whose value may be the next word: a long one, or `-password`, as some
/// programs write it.
pub(super) fn takes_value(word: &str) -> bool {
    let is_long = word.starts_with("--") && word.len() > 2;
    let is_of_secret = || word.len() > 5 && NameClass::of(word) == NameClass::Secret;
    !word.contains(['=', ' ']) && (is_long || word.starts_with('-') && is_of_secret())
}

/// Adds the secret in a word of a command; the word before it may be its flag.
pub(crate) fn in_value_of(flag: &str, word: &str, secrets: &mut FoundSecrets) {
    if let Some(likeness) = judge_flag(flag, word) {
        secrets.add(flag.trim_start_matches('-'), 0..word.len(), likeness);
    }
}

/// The secret in a header after the name of its scheme.
pub(crate) fn in_header(name: &str, value: &str) -> Option<Likeness> {
    let scheme = value
        .split_once(' ')
        .filter(|(scheme, _)| is_scheme(scheme));
    judge(name, scheme.map_or(value, |(_, rest)| rest))
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

/// Names and their values: in `--set=auth.password=x` the inner pair, and in `a=b,password=x` each
/// pair. After other names, a `=` belongs to the value.
fn assigned(part: &str) -> Vec<(&str, &str)> {
    // At the end of base64, a `=` is not an assignment.
    let (name, value) = part.split_once('=').unwrap_or_default();
    let name = last_name(name);
    if !is_name(name) || value == "=" || value.is_empty() && name.len() >= 16 {
        return Vec::new();
    }
    let is_assigning = ASSIGNING.contains(&name.trim_start_matches('-'));
    let inner = pair(value).filter(|(_, value)| is_assigning && !value.is_empty());
    let (name, value) = inner.unwrap_or((name, value));
    let more: Vec<_> = value.split(',').skip(1).filter_map(pair).collect();
    let first = match more.is_empty() {
        true => value,
        false => value.split(',').next().unwrap_or(value),
    };
    [(name, first)].into_iter().chain(more).collect()
}

fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| is_name(name))
}

/// The name of a setting. npm names one of a registry by its address:
/// `//registry.example.org/:_authToken`.
fn last_name(name: &str) -> &str {
    match name.starts_with("//") {
        true => name.rsplit([':', '/']).next().unwrap_or(name),
        false => name,
    }
}

/// Whether the words before a name set it, as in `npm config set NAME VALUE`.
fn is_set(before: [&str; 2]) -> bool {
    before[1] == "set" && ["config", "configure"].contains(&before[0])
}

fn is_name(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.is_empty() && name.chars().all(is_part)
}
