//! The reasons to refuse a commit or a push, and how they are reported.

use std::process::ExitCode;

use crate::command_error::CommandError;
use crate::lint::Shown;
use crate::lint::output::OutputFormat;
use crate::ui::Ui;

#[derive(Default)]
pub(super) struct Refusal {
    pub(super) found: Vec<Shown>,
    /// Configurations that cannot be used, and files that cannot be decrypted.
    pub(super) errors: Vec<CommandError>,
}

impl Refusal {
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.errors.is_empty()
    }

    /// Reports the reasons, and what to do next.
    pub(super) fn report(&self, ui: &Ui, next: &str) -> Result<ExitCode, CommandError> {
        if self.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let text = OutputFormat::Text.write(&self.found, &ui.renderer_of_output());
        ui.output(text.as_bytes())?;
        for error in &self.errors {
            ui.error(error);
        }
        ui.note(next);
        Ok(ExitCode::FAILURE)
    }
}
