//! Reads names and values in one line of a file: `key = value`, `key: value`, `export NAME=value`,
//! `set -x NAME value`, and similar forms.

use super::judge::{is_constant, unquoted};

/// Words that begin an assignment in shells and other languages.
const WORDS: &[&str] = &[
    "export", "declare", "typeset", "readonly", "local", "env", "const", "let", "var", "ENV", "ARG",
];

/// Commands that assign the word after a name.
const COMMANDS: &[&str] = &["set", "setenv", "setx", "SET"];

/// The name and value of a line.
pub(super) fn of_line(line: &str, is_script: bool) -> Option<(&str, &str)> {
    let line = line.trim();
    // npm names a setting of a registry by its address: `//registry.example.org/:_authToken`.
    let line = match line.split_once("/:") {
        Some((address, setting)) if address.starts_with("//") => setting,
        _ => line,
    };
    if line.starts_with(['#', ';', '/', '<', '*']) {
        return None;
    }
    let line = line.trim_start_matches("- ");
    // A flag is an argument, not an assignment.
    if line.starts_with('-') {
        return None;
    }
    let (line, is_command) = without_words(line);
    let (key, value) = match line.find(['=', ':']) {
        Some(at) if !is_command || !line[..at].contains(char::is_whitespace) => {
            (&line[..at], &line[at + 1..])
        }
        _ if is_command => line.split_once(char::is_whitespace)?,
        _ => netrc(line).or_else(|| two_words(line))?,
    };
    let is_shell = line.as_bytes().get(key.len()) == Some(&b'=')
        && !key.ends_with(' ')
        && !value.starts_with(' ');
    // `:=`, `=>` and `==` are longer than one character.
    let value = value.trim_start_matches(['=', '>']);
    let key = unquoted(key.trim()).trim_start_matches('$');
    let key = key.strip_prefix("env:").unwrap_or(key);
    // A program assigns a variable to a field.
    let is_field = ["self.", "this.", "cls."]
        .iter()
        .any(|object| key.starts_with(object));
    let is_key = is_name(key) && key.len() <= 100;
    if is_field && !value.trim_start().starts_with(['"', '\'', '`']) {
        return None;
    }
    let is_shell = is_shell && (is_script || is_constant(key) && runs_command(value));
    is_key.then(|| (key, value_of(value, is_shell)))
}

/// The line without words such as `export`, and whether a command separates name and value by a
/// space.
fn without_words(mut line: &str) -> (&str, bool) {
    let mut is_command = false;
    if let Some((word, rest)) = line.split_once(' ') {
        is_command = COMMANDS.contains(&word);
        if is_command || WORDS.contains(&word) {
            line = rest.trim_start();
            while let Some((flag, rest)) = line.split_once(' ').filter(|_| line.starts_with('-')) {
                line = rest.trim_start();
                // `declare -r NAME=value` has no value of its own.
                is_command |= COMMANDS.contains(&flag);
            }
        }
    }
    // PowerShell.
    (line.strip_prefix("$env:").unwrap_or(line), is_command)
}

/// Splits `name v4lue`. Words without digits would be a sentence.
fn two_words(line: &str) -> Option<(&str, &str)> {
    line.split_once(' ').filter(|(_, value)| {
        !value.contains(' ') && value.contains(|c: char| !c.is_ascii_alphabetic())
    })
}

/// The password of `machine NAME login NAME password VALUE`.
fn netrc(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with("machine ") && !line.starts_with("login ") && !line.starts_with("default ")
    {
        return None;
    }
    let at = line.find(" password ")? + 1;
    let (name, rest) = line[at..].split_once(' ')?;
    Some((name, rest.split_whitespace().next()?))
}

/// Whether a command follows the value, as in `NAME=value ./run --flag`.
fn runs_command(value: &str) -> bool {
    let mut words = value.split_whitespace().skip(1);
    words
        .next()
        .is_some_and(|word| word.starts_with(['.', '/', '$', '-']))
        || words.any(|word| word.starts_with('-'))
}

/// The value without its quotes, and without a comment or another command after it.
fn value_of(value: &str, is_shell: bool) -> &str {
    let value = value.trim();
    if let Some(quote @ ('"' | '\'')) = value.chars().next()
        && let Some(end) = closing(&value[1..], quote)
    {
        let rest = value[end + 2..].trim_start();
        let ends =
            rest.is_empty() || is_shell || rest.starts_with([',', ';', ')', '}', ']', '#', '/']);
        if ends {
            return &value[1..=end];
        }
    }
    let marks = [" #", "\t#", " //", " ; "];
    let comment = marks.iter().filter_map(|mark| value.find(mark)).min();
    let value = if value.starts_with('#') && value.get(1..2).is_none_or(|next| next == " ") {
        ""
    } else {
        &value[..comment.unwrap_or(value.len())]
    };
    let is_one_word = is_shell && !value.starts_with(['"', '\'', '$', '(', '`']);
    let end = value.find([' ', ';', '&', '|']).filter(|_| is_one_word);
    let value = &value[..end.unwrap_or(value.len())];
    value.trim().trim_end_matches([',', ';']).trim_end()
}

/// The position of the closing quote in `text`.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let ends = character == quote && !is_escaped;
        is_escaped = quote == '"' && character == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// Whether the text can be the name of a setting.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.is_empty() && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_not_part_of_the_value() {
        for (line, value) in [
            ("password: hunter2 # move me", "hunter2"),
            ("password: \"hunter2\" # move me", "hunter2"),
            ("password: 'hunter2' # move me", "hunter2"),
            ("password: \"hun # ter2\"", "hun # ter2"),
            ("password: 'hun # ter2' # move me", "hun # ter2"),
            ("password: hunter#2", "hunter#2"),
            ("password: hunter2\t# move me", "hunter2"),
            ("password = hunter2 ; move me", "hunter2"),
            ("\"password\": \"hunter2\", // move me", "hunter2"),
            ("password: # move me", ""),
            ("password:", ""),
            ("password := \"hunter2\"", "hunter2"),
            ("'password' => 'hunter2',", "hunter2"),
            ("//registry.example.org/:password=hunter2", "hunter2"),
        ] {
            assert_eq!(of_line(line, false), Some(("password", value)), "{line}");
        }
    }

    #[test]
    fn shells_assign_in_many_ways() {
        for line in [
            "PASSWORD=hunter2",
            "export PASSWORD=hunter2",
            "export PASSWORD='hunter2'",
            "declare -x PASSWORD=hunter2",
            "typeset -rx PASSWORD=\"hunter2\"",
            "readonly PASSWORD=hunter2",
            "local PASSWORD=hunter2",
            "set -x PASSWORD hunter2",
            "set -gx PASSWORD 'hunter2'",
            "set --global --export PASSWORD hunter2",
            "setenv PASSWORD hunter2",
            "SET PASSWORD=hunter2",
            "setx PASSWORD \"hunter2\"",
            "$env:PASSWORD = 'hunter2'",
            "PASSWORD=hunter2 psql -h db",
            "env PASSWORD=hunter2 psql -h db",
            "PASSWORD=hunter2; export PASSWORD",
            "PASSWORD=hunter2 && export PASSWORD",
        ] {
            assert_eq!(of_line(line, true), Some(("PASSWORD", "hunter2")), "{line}");
        }
        for line in ["set -euo pipefail", "export PASSWORD", "echo password"] {
            let of_line = of_line(line, true);
            assert!(of_line.is_none_or(|(name, _)| name != "PASSWORD"), "{line}");
        }
    }
}
