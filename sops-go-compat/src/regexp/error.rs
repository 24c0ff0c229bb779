//! The error of an expression.

use sops_printable::{beginning, escaped};

/// How many characters of an expression a message shows.
const MAX_SHOWN: usize = 200;

/// A regular expression is not valid in Go, or larger than this library takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("regular expression `{pattern}`: {message}")]
#[non_exhaustive]
pub struct RegexpError {
    /// The beginning of the expression, safe to show.
    pub pattern: String,
    /// What is wrong with it, and at which character.
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

/// The beginning of `text`, safe to show.
pub(super) fn shown(text: &str) -> String {
    escaped(&beginning(text, MAX_SHOWN)).into_owned()
}
