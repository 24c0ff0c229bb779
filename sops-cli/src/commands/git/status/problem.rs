//! A problem of a clone.

use serde::Serialize;

use crate::command_error::{Code, CommandError};

/// Something that is missing, or that should not exist.
#[derive(Serialize)]
pub(super) struct Problem {
    /// The name of the kind, for programs that read the JSON.
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) help: String,
    /// The files that the problem affects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<String>,
}

impl Problem {
    pub(super) fn new(
        kind: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            help: help.into(),
            files: Vec::new(),
        }
    }

    pub(super) fn error(&self) -> CommandError {
        CommandError::new(Code::Generic, self.message.clone()).hint(self.help.clone())
    }
}
