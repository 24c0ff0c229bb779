//! The reasons to refuse a commit or a push, and how they are reported.

use std::process::ExitCode;

use sops_lint::{Fix, Severity};

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

    /// Adds findings in files in which nothing was found yet.
    pub(super) fn add_new(&mut self, shown: Vec<Shown>) {
        let is_new = |shown: &Shown| {
            let mut known = self.found.iter();
            !known.any(|known| known.finding.place == shown.finding.place)
        };
        let new: Vec<Shown> = shown.into_iter().filter(is_new).collect();
        self.found.extend(new);
    }

    /// Reports the reasons, and what to do next.
    pub(super) fn report(mut self, ui: &Ui, next: &str) -> Result<ExitCode, CommandError> {
        if self.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        // Whatever refuses is an error.
        for shown in &mut self.found {
            shown.finding.severity = Severity::Error;
        }
        let text = OutputFormat::Text.write(&self.found, &ui.renderer_of_output());
        ui.output(text.as_bytes())?;
        for error in &self.errors {
            ui.error(error);
        }
        let is_outdated = |shown: &&Shown| shown.finding.fix == Some(Fix::UpdateKeys);
        if self.found.iter().filter(is_outdated).count() > 1 {
            ui.note("`sops-rs updatekeys -y .` updates the keys of all files in this directory and those below it");
        }
        ui.note(next);
        Ok(ExitCode::FAILURE)
    }
}
