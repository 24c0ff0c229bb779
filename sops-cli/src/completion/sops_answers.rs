//! Answers the completion scripts that come with packages of `sops`: they call it with
//! `--generate-bash-completion` as the last argument.

use std::ffi::OsString;

use sops_go_compat::parse_integer;

use super::sops_commands::{COMMANDS, FLAGS, SopsCommand};
use crate::arguments::flag_syntax::truth;

/// The flag that a completion script adds to the words so far.
pub(crate) const QUESTION: &str = "--generate-bash-completion";

/// The answer of `sops` to a command line that ends with [`QUESTION`]. Scripts of zsh want a
/// description, which `about` gives by name.
pub(crate) fn answer(
    arguments: &[OsString],
    describes: bool,
    about: impl Fn(&str) -> Option<String>,
) -> String {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let mut commands = COMMANDS;
    let mut shown = vec![FLAGS];
    let mut rest = after_flags(&arguments[1..], FLAGS);
    while let Some(command) = rest.first().and_then(|name| find(commands, name)) {
        if command.subcommands.is_empty() {
            shown.push(command.flags);
            commands = &[];
            break;
        }
        shown = vec![&["help h"]];
        commands = command.subcommands;
        rest = after_flags(&rest[1..], shown[0]);
    }
    let last = arguments.last().filter(|_| arguments.len() > 1);
    match last.filter(|last| last.starts_with('-')) {
        Some(last) => {
            let flags = shown.into_iter().flatten();
            flags
                .flat_map(|flag| suggestions(flag, last, &arguments))
                .map(|name| name + "\n")
                .collect()
        }
        None => commands
            .iter()
            .map(|command| match about(command.name).filter(|_| describes) {
                Some(about) => format!("{}:{about}\n", command.name),
                None => format!("{}\n", command.name),
            })
            .collect(),
    }
}

fn find<'c>(commands: &'c [SopsCommand], name: &str) -> Option<&'c SopsCommand> {
    commands.iter().find(|command| command.name == name)
}

/// The names of a flag.
pub(crate) fn names(flag: &str) -> impl Iterator<Item = &str> {
    flag.trim_end_matches(['=', '#']).split(' ')
}

/// The words after the flags, as Go's library parses them: up to the first word, or to a flag that
/// is wrong.
fn after_flags<'w, 'a>(words: &'w [&'a str], flags: &[&str]) -> &'w [&'a str] {
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let text = word.strip_prefix("--").or(word.strip_prefix('-'));
        let Some(text) = text.filter(|_| *word != "-") else {
            return rest;
        };
        rest = after;
        if text.is_empty() {
            return rest;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(flag) = flags
            .iter()
            .find(|flag| names(flag).any(|candidate| candidate == name))
        else {
            return rest;
        };
        if flag.ends_with(['=', '#']) {
            let value = match (value, rest) {
                (Some(value), _) => value,
                (None, [value, after @ ..]) => {
                    rest = after;
                    value
                }
                (None, []) => return rest,
            };
            if flag.ends_with('#') && parse_integer(value).is_none() {
                return rest;
            }
        } else if value.is_some_and(|value| truth(value).is_none()) {
            return rest;
        }
    }
    rest
}

/// The names of a flag that begin with the last word, unless the flag is already on the line.
fn suggestions(flag: &str, last: &str, arguments: &[&str]) -> Vec<String> {
    let dashed = |name: &str| match name.len() {
        1 => format!("-{name}"),
        _ => format!("--{name}"),
    };
    if names(flag).any(|name| arguments.contains(&&*dashed(name))) {
        return Vec::new();
    }
    let begun = last.strip_prefix('-').unwrap_or(last);
    let begun = begun.strip_prefix('-').unwrap_or(begun);
    names(flag)
        .filter(|name| !(last.starts_with("--") && name.len() == 1))
        .filter(|name| name.starts_with(begun) && *name != begun)
        .map(dashed)
        .collect()
}
