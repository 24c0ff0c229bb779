//! The error for an invalid regular expression.

use sops_printable::{beginning, escaped};

/// The maximum number of characters of an expression that a message shows.
const MAX_SHOWN: usize = 200;

/// The regular expression is invalid in Go, or exceeds a limit of this library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("regular expression `{pattern}`: {message}")]
#[non_exhaustive]
pub struct RegexpError {
    /// The start of the expression, safe to print.
    pub pattern: String,
    /// What is wrong, and at which character.
    pub message: String,
}

impl RegexpError {
    pub(super) fn new(pattern: &str, message: impl Into<String>) -> Self {
        Self {
            pattern: shown(pattern),
            message: message.into(),
        }
    }
}

/// The start of `text`, safe to print.
pub(super) fn shown(text: &str) -> String {
    escaped(&beginning(text, MAX_SHOWN)).into_owned()
}
