//! The reasons to refuse a commit or a push, and how they are reported.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;

use sops_core::{EncryptedDocument, encrypted_format};
use sops_lint::{Finding, Fix, Severity, shell_path};

use crate::command_error::CommandError;
use crate::input::read_repository_file;
use crate::lint::output::{LINT, OutputFormat};
use crate::ui::Ui;

/// With this many files or more, one command for all of them is shown.
const MANY: usize = 4;

#[derive(Default)]
pub(super) struct HookRefusal {
    pub(super) findings: Vec<Finding>,
    /// Configurations that cannot be used, and files that cannot be decrypted.
    pub(super) errors: Vec<CommandError>,
    /// The directory in which Git was called, relative to the root of the repository.
    pub(super) called_in: PathBuf,
}

impl HookRefusal {
    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.errors.is_empty()
    }

    /// Changes the help of findings in files that are encrypted in the working tree but not staged.
    fn name_unstaged(&mut self) {
        let called_in = self.called_in.clone();
        let plain = self.findings.iter_mut();
        for shown in plain.filter(|shown| shown.fix == Some(Fix::Encrypt)) {
            // A version in a commit does not have the name of a file.
            let content = read_repository_file(&called_in.join(&shown.file));
            let is_encrypted = content.is_ok_and(|content| {
                encrypted_format(&content)
                    .is_some_and(|format| EncryptedDocument::parse(&*content, format).is_ok())
            });
            if is_encrypted {
                let file = shell_path(&shown.file);
                shown.fix = None;
                shown.help = Some(format!(
                    "the file in the working tree is encrypted: run `git add {file}`"
                ));
            }
        }
    }

    /// Says that the configuration may be wrong instead of the file, as after a merge that brings a
    /// removed recipient back: `updatekeys` would then give it access again.
    fn name_both_ways(&mut self) {
        let findings = self.findings.iter_mut();
        for shown in findings.filter(|shown| shown.fix == Some(Fix::UpdateKeys)) {
            if let Some(command) = shown.help.take() {
                shown.help = Some(format!(
                    "if `.sops.yaml` is right, run `{command}`; if a merge brought a removed line back, or dropped a new one, correct `.sops.yaml` instead"
                ));
            }
        }
    }

    /// If many files must be encrypted, removes the command of each, and returns one for all.
    fn shorten(&mut self) -> Option<String> {
        let is_plain = |shown: &&mut Finding| {
            let Finding { fix, help, .. } = &shown;
            *fix == Some(Fix::Encrypt) && help.as_ref().is_some_and(|help| !help.contains('\n'))
        };
        let mut plain: Vec<_> = self.findings.iter_mut().filter(is_plain).collect();
        if plain.len() < MANY {
            return None;
        }
        let directory = match &*self.called_in {
            inside if inside.as_os_str().is_empty() => String::new(),
            inside => format!(" {}", vec![".."; inside.components().count()].join("/")),
        };
        for shown in &mut plain {
            shown.help = None;
        }
        Some(format!("sops-rs lint --fix --select SL010{directory}"))
    }

    /// Removes the help that many findings share, and returns each with the number of findings.
    fn take_repeated(&mut self) -> BTreeMap<String, usize> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for help in self.findings.iter().filter_map(|shown| shown.help.as_ref()) {
            *counts.entry(help.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count >= MANY);
        for shown in &mut self.findings {
            shown.help.take_if(|help| counts.contains_key(help));
        }
        counts
    }

    /// Adds findings in files in which nothing was found yet.
    pub(super) fn add_new(&mut self, shown: Vec<Finding>) {
        let is_new = |shown: &Finding| {
            let mut known = self.findings.iter();
            !known.any(|known| known.place == shown.place)
        };
        let new: Vec<Finding> = shown.into_iter().filter(is_new).collect();
        self.findings.extend(new);
    }

    /// Adds findings by an untracked rule, in files without findings or with only the finding that
    /// they have no rule.
    pub(super) fn add_with_rule(&mut self, shown: Vec<Finding>) {
        let places: HashSet<&str> = shown.iter().map(|shown| shown.place.as_str()).collect();
        self.findings
            .retain(|known| !places.contains(known.place.as_str()) || !known.lacks_creation_rule);
        self.add_new(shown);
    }

    /// Reports the reasons, and what to do next.
    pub(super) fn report(mut self, ui: &Ui, next: &str) -> Result<ExitCode, CommandError> {
        if self.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        // Every finding that causes a refusal is an error.
        for shown in &mut self.findings {
            shown.severity = Severity::Error;
        }
        self.name_unstaged();
        self.name_both_ways();
        let encrypt_all = self.shorten();
        let repeated = self.take_repeated();
        let (renderer, width) = (ui.renderer_of_output(), ui.width_of_output());
        let text = OutputFormat::Text.write(LINT, &self.findings, &[], &renderer, width);
        ui.output(text.as_bytes())?;
        for error in &self.errors {
            ui.error(error);
        }
        if let Some(command) = encrypt_all {
            ui.note(format_args!(
                "To encrypt all files that a creation rule covers, run `{command}`"
            ));
        }
        for (help, count) in repeated {
            let help = help.replace('\n', "; ");
            ui.note(format_args!("For each of {count} findings: {help}"));
        }
        let is_outdated = |shown: &&Finding| shown.fix == Some(Fix::UpdateKeys);
        if self.findings.iter().filter(is_outdated).count() > 1 {
            ui.note("If `.sops.yaml` is right, `sops-rs updatekeys -y .` updates the keys of all files in this directory and its subdirectories");
        }
        ui.note(next);
        Ok(ExitCode::FAILURE)
    }
}
