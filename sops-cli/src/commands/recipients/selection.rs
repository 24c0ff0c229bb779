//! The configuration, and the rules that a command changes.

use std::path::PathBuf;

use sops_core::config::Config;
use sops_lint::shell_path;

use crate::arguments::GlobalArgs;
use crate::command_error::{CommandError, name_of};
use crate::config::load;
use crate::encryption_options;
use crate::recipient_edit::{RuleSelection, rules_for};
use crate::ui::Ui;

/// The rules that a command changes.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(super) struct SelectionArgs {
    /// Change only the rule for this file; you can repeat this flag [default: every rule]
    #[arg(long = "for", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change only this key group of a rule, counting from 1
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    group: Option<u16>,
    /// Print the change without making it
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl SelectionArgs {
    /// Whether the command changes every rule.
    pub(super) fn is_everything(&self) -> bool {
        self.files.is_empty() && self.group.is_none()
    }

    pub(super) fn selection(&self, config: &Config) -> Result<RuleSelection, CommandError> {
        let rules = match &self.files[..] {
            [] => None,
            files => Some(
                rules_for(config, files).map_err(|error| CommandError::in_config(error, config))?,
            ),
        };
        let group = self.group.map(|number| usize::from(number) - 1);
        Ok(RuleSelection { rules, group })
    }

    /// The flags for a command in a message, each with a space after it.
    pub(super) fn flags(&self) -> String {
        let files = self.files.iter();
        let mut flags: Vec<String> = files
            .map(|file| format!("--for {} ", shell_path(&name_of(file))))
            .collect();
        flags.extend(self.group.map(|group| format!("--group {group} ")));
        flags.concat()
    }
}

/// The configuration, which must exist.
pub(super) fn config(ui: &Ui, globals: &GlobalArgs) -> Result<Config, CommandError> {
    let config = load::config(ui, globals)?;
    let has_rules = |config: &Config| config.creation_rules().is_some();
    match config {
        Some(config) if has_rules(&config) => Ok(config),
        config => Err(encryption_options::no_rules(config.as_ref())?),
    }
}
