//! The literal parts of a value with placeholders, which may be secrets whatever they look like.

use super::mark::MARK;
use super::stored_elsewhere::is_elsewhere;
use super::{expression, placeholder, remainder};

/// The character that replaces an action which only controls the template, so that the text before
/// it and the text after it are not joined.
const BREAK: char = '\u{2}';

/// Sources of values that some programs name before a colon: `${aws:accountId}`.
const PROVIDERS: [&str; 8] = [
    "aws:", "cf:", "opt:", "param:", "secret:", "secrets:", "self:", "sys:",
];

/// The literal text around the placeholders of a value, and in them.
pub(crate) fn literals(value: &str) -> Vec<String> {
    let mut values = Vec::new();
    let text = placeholder::marked(value, true, &mut |begin, inner| {
        add_of_placeholder(begin, inner, &mut values)
    });
    if placeholder::is_template(value) {
        // The lines of a configuration are not values.
        let is_configuration = value.trim().contains('\n');
        for part in text.split(BREAK) {
            let is_value =
                !is_configuration && !part.contains(MARK) && !remainder::is_assignment(part);
            match is_value {
                true => values.push(part.to_owned()),
                false => remainder::add_literals(part, &mut values),
            }
        }
    } else if text.contains(MARK) && remainder::has_value(&text) {
        values.push(text);
    }
    values.retain(|text| text.contains(char::is_alphanumeric));
    let texts = values.into_iter().map(|text| trimmed(&text).to_owned());
    texts.filter(|text| !remainder::is_setting(text)).collect()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | MARK))
}

/// Adds the literals in a placeholder, and returns its replacement.
fn add_of_placeholder(begin: &str, inner: &str, values: &mut Vec<String>) -> char {
    let action = inner
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'));
    match (begin, action) {
        ("{{" | "{%" | "<%", _) => return add_of_action(begin, inner, values),
        // A GitHub workflow.
        ("${", Some(action)) => expression::add_literals(action, values),
        // An action that does not end.
        ("", _) => values.push(inner.to_owned()),
        _ => add_of_expansion(begin, inner, values),
    }
    MARK
}

fn add_of_action(begin: &str, inner: &str, values: &mut Vec<String>) -> char {
    let is_output = begin == "{{" || inner.starts_with('=');
    let inner = inner.trim_matches(|c: char| c.is_whitespace() || "-+=~".contains(c));
    let keyword = inner.split(|c: char| !c.is_ascii_alphabetic()).next();
    let keyword = keyword.unwrap_or_default();
    let is_comment = inner.starts_with("/*") || begin == "<%" && inner.starts_with('#');
    let is_condition = [
        "if", "unless", "else", "elif", "elsif", "define", "block", "macro",
    ];
    let is_end = keyword.starts_with("end") && (begin != "{{" || keyword == inner);
    if is_comment || is_end || is_condition.contains(&keyword) {
        return BREAK;
    }
    let has_value = ["with", "range", "for", "set"].contains(&keyword);
    let is_assignment = inner.starts_with('$') && inner.contains('=');
    let text = if has_value {
        &inner[keyword.len()..]
    } else {
        inner
    };
    expression::add_literals(text, values);
    match is_output && !has_value && !is_assignment {
        true => MARK,
        false => BREAK,
    }
}

/// Adds the literals in a shell expansion, or in one with the same syntax.
fn add_of_expansion(begin: &str, inner: &str, values: &mut Vec<String>) {
    let inner = inner.trim();
    let is_named = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let after_name = inner.trim_start_matches(is_named);
    let is_call = after_name.len() < inner.len() && after_name.starts_with(['(', '[']);
    if is_call && begin.ends_with('{') {
        return expression::add_literals(inner, values);
    }
    let mut is_begin = true;
    for part in inner.split_inclusive(['{', '(', '}', ')']) {
        let is_opened = part.ends_with(['{', '(']);
        let text = part.trim_end_matches(['{', '(', '}', ')']);
        let text = if is_opened {
            text.trim_end_matches(['$', '#'])
        } else {
            text
        };
        let literal = if is_begin {
            after_operator(text.trim())
        } else {
            text
        };
        values.push(literal.to_owned());
        is_begin = is_opened;
    }
}

/// The text after the name of a variable and an operator: the default, the pattern or the arguments
/// of a command. Empty for a reference or a message.
fn after_operator(text: &str) -> &str {
    let is_elsewhere =
        |text: &str| is_elsewhere(text) || PROVIDERS.iter().any(|begin| text.starts_with(begin));
    if is_elsewhere(text) {
        return "";
    }
    let text = text.trim_start_matches(['!', '#']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let mut rest = text.trim_start_matches(is_part);
    let name = &text[..text.len() - rest.len()];
    // In lower case, a hyphen is part of the name.
    if !name.contains(|c: char| c.is_ascii_uppercase() || c == '.') {
        rest = rest.trim_start_matches(|c: char| is_part(c) || c == '-');
    }
    let message = rest.trim_start_matches(':').strip_prefix('?');
    let is_message = |text: &str| text.contains(' ') || text.chars().all(char::is_alphabetic);
    let word = rest.trim_start_matches(|c: char| ":-=+|".contains(c));
    let is_variable = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c))
    };
    let is_reference = message.is_some_and(is_message)
        || is_elsewhere(word)
        || word.strip_prefix('$').is_some_and(is_variable);
    if is_reference { "" } else { word }
}
