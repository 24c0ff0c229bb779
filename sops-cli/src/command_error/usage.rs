//! Errors of clap, with the arguments that they quote made safe to show.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use sops_printable::{escaped, one_line};

use super::code::Code;

/// The exit code of `sops` for words that it reads as a help topic.
const NO_HELP_TOPIC: u8 = 3;

/// The exit code for an invalid command line. `is_sops` says that the program was called as `sops`.
pub(crate) fn code(error: &clap::Error, is_sops: bool) -> u8 {
    let command = std::env::args_os().nth(1).unwrap_or_default();
    let is = |name: &str| command == OsStr::new(name);
    let is_topic = error.kind() == ErrorKind::InvalidSubcommand
        || error.kind() == ErrorKind::InvalidValue && is("completion");
    if is_sops && is_topic {
        return NO_HELP_TOPIC;
    }
    let is_generic = is("filestatus") || is("updatekeys");
    // For these commands, the general exit code means that they found something.
    let reports_findings = ["lint", "verify", "diff", "git"]
        .iter()
        .any(|name| is(name));
    match reports_findings || is_empty_file(error) && !is_generic {
        true => Code::CannotReadInput as u8,
        false => Code::Generic as u8,
    }
}

/// Whether the error is about an empty file name.
fn is_empty_file(error: &clap::Error) -> bool {
    let is = |kind, matches: fn(&str) -> bool| match error.get(kind) {
        Some(ContextValue::String(text)) => matches(text),
        _ => false,
    };
    is(ContextKind::InvalidArg, |name| name.contains("FILE"))
        && is(ContextKind::InvalidValue, str::is_empty)
}

/// Escapes the parts of the command line and the environment that the error quotes, before clap
/// formats it.
pub(crate) fn escape(error: &mut clap::Error) {
    let context: Vec<(ContextKind, ContextValue)> = error
        .context()
        .map(|(kind, value)| (kind, value.clone()))
        .collect();
    for (kind, value) in context {
        let safe = match value {
            ContextValue::String(text) => ContextValue::String(safe(&text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| safe(text)).collect())
            }
            // Escape sequences in an argument cannot be distinguished from clap's own colors.
            ContextValue::StyledStrs(texts) if is_unsafe_command_line() => {
                let texts = texts.iter().map(|text| safe(&text.to_string()).into());
                ContextValue::StyledStrs(texts.collect())
            }
            _ => continue,
        };
        error.insert(kind, safe);
    }
}

/// Adds a hint about what the user may have meant by a word that is not a command of this group.
pub(crate) fn suggest(error: &mut clap::Error) {
    if error.kind() != ErrorKind::InvalidSubcommand
        || error.get(ContextKind::SuggestedSubcommand).is_some()
    {
        return;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let group = std::env::args_os().nth(1).unwrap_or_default();
    let is_file = word.contains(['.', '/']);
    let is_kind = [
        "generic",
        "tls",
        "docker-registry",
        "basic-auth",
        "ssh-auth",
    ];
    let tip = match group.to_str() {
        Some("config") if is_file => {
            format!("`sops-rs config explain {word}` shows which rule applies to the file")
        }
        Some("recipients") if is_file => {
            format!(
                "`sops-rs recipients list --for {word}` lists the recipients of the file's rule"
            )
        }
        Some("secret" | "create") if is_kind.contains(&word.as_str()) => {
            format!("the command is `sops-rs secret create {word}`")
        }
        _ => return,
    };
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
}

fn safe(text: &str) -> String {
    one_line(text).into_owned()
}

fn is_unsafe_command_line() -> bool {
    std::env::args_os().any(|argument| {
        let argument = argument.to_string_lossy();
        escaped(&argument) != argument
    })
}
