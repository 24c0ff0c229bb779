//! The files of a call that stay in plaintext, and the reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command_error::{Code, CommandError, name_of};
use crate::encryption_options;
use crate::ui::Ui;

/// Why a file stays in plaintext.
pub(crate) enum Left {
    /// The file's rule selects none of its values.
    Unselected,
    /// The file should be encrypted, but no rule of this configuration matches it, or there is no
    /// configuration.
    Uncovered(Option<PathBuf>),
}

/// The files that stay in plaintext.
#[derive(Default)]
pub(crate) struct LeftInPlaintext {
    unselected: Vec<String>,
    uncovered: BTreeMap<Option<PathBuf>, Vec<String>>,
}

impl LeftInPlaintext {
    pub(crate) fn add(&mut self, file: &Path, why: Left) {
        let names = match why {
            Left::Unselected => &mut self.unselected,
            Left::Uncovered(config) => self.uncovered.entry(config).or_default(),
        };
        names.push(name_of(file));
    }

    /// Lists the files in which the rule selects nothing, which is not an error.
    pub(crate) fn note(&self, ui: &Ui) {
        if !self.unselected.is_empty() {
            ui.note("These files stay in plaintext because their rule selects no values:");
            for name in &self.unselected {
                // Without the dash, a name could be a command for GitHub's workflows.
                ui.note(format_args!("  - {name}"));
            }
        }
    }

    /// How many files should be encrypted but have no rule.
    pub(crate) fn uncovered_count(&self) -> usize {
        self.uncovered.values().map(Vec::len).sum()
    }

    /// The files that should be encrypted but have no rule: one error for each configuration, and
    /// one for those that have none.
    pub(crate) fn errors(&self) -> Result<Vec<CommandError>, CommandError> {
        let errors = self.uncovered.iter().map(|(config, names)| {
            let list = |heading: &str| {
                let names = names.iter().map(|name| format!("\n  - {name}"));
                format!("{heading}:{}", names.collect::<String>())
            };
            Ok(match config {
                Some(config) => CommandError::with_lines(
                    Code::Generic,
                    &list("no creation rule matches these files, which stay in plaintext"),
                )
                .in_file(&name_of(config))
                .hint("add a rule that matches them, or a final rule without `path_regex`"),
                None => encryption_options::no_rules_or_keys(None)?
                    .hint_with_lines(&list("these files stay in plaintext")),
            })
        });
        errors.collect()
    }
}
