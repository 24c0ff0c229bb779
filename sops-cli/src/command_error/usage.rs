//! Errors of clap, with the arguments that they quote made safe to show.

use clap::error::{ContextKind, ContextValue};
use sops_printable::{escaped, one_line};

/// Escapes the parts of the command line and the environment that the error quotes, before clap formats it.
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
            // Escape sequences of an argument cannot be told from clap's own colors.
            ContextValue::StyledStrs(texts) if is_unsafe_command_line() => {
                let texts = texts.iter().map(|text| safe(&text.to_string()).into());
                ContextValue::StyledStrs(texts.collect())
            }
            _ => continue,
        };
        error.insert(kind, safe);
    }
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
