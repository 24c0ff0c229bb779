//! The plan of a command that changes the keys of several files. It is shown before anything is
//! written: how many files change and how, with the names of the recipients. It needs no data key,
//! so an interrupted command that runs again quickly skips the files that need no change.

mod difference;

pub(crate) use difference::KeyDifference;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::batch::BatchFile;
use crate::command_error::{Code, CommandError, files_named, name_of};
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::ui::Ui;

/// What a command would do with a file.
pub(crate) enum Planned {
    /// Nothing: the command does not apply to the file.
    Ignore,
    /// Nothing: no creation rule covers the file.
    Uncovered,
    /// The file has the right keys.
    Unchanged,
    Change(PlannedChange),
}

/// A change of a file's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlannedChange {
    pub(crate) difference: KeyDifference,
    /// Whether none of the user's private keys could decrypt the file after the change, and why.
    pub(crate) closing: Option<String>,
}

impl PlannedChange {
    pub(crate) fn new(
        difference: KeyDifference,
        services: &Services,
        after: KeyGroups<'_>,
    ) -> Self {
        Self {
            difference,
            closing: services.closing(after),
        }
    }
}

/// The changes of several files.
pub(crate) struct KeyPlan {
    changes: HashMap<PathBuf, PlannedChange>,
    /// The names of the files with each change.
    names: BTreeMap<PlannedChange, Vec<String>>,
    /// How many files have the right keys.
    pub(crate) unchanged: usize,
    /// The names of the files that no creation rule covers.
    uncovered: Vec<String>,
    /// The files that cannot be changed.
    pub(crate) errors: Vec<CommandError>,
}

impl KeyPlan {
    /// The plan for these files, in order.
    pub(crate) fn of(items: &[BatchFile], planned: Vec<Result<Planned, CommandError>>) -> Self {
        let mut plan = Self {
            changes: HashMap::new(),
            names: BTreeMap::new(),
            unchanged: 0,
            uncovered: Vec::new(),
            errors: Vec::new(),
        };
        for (item, planned) in items.iter().zip(planned) {
            match planned {
                Ok(Planned::Ignore) => {}
                Ok(Planned::Uncovered) => plan.uncovered.push(name_of(&item.path)),
                Ok(Planned::Unchanged) => plan.unchanged += 1,
                Ok(Planned::Change(change)) => {
                    let names = plan.names.entry(change.clone()).or_default();
                    names.push(name_of(&item.path));
                    plan.changes.insert(item.path.clone(), change);
                }
                Err(error) => plan.errors.push(error),
            }
        }
        plan
    }

    /// How many files change.
    pub(crate) fn changed(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn has_change(&self, file: &Path) -> bool {
        self.changes.contains_key(file)
    }

    /// Whether the keys of a file change, and not only its data key.
    pub(crate) fn changes_keys(&self) -> bool {
        let mut changes = self.names.keys();
        changes.any(|change| !change.difference.lines().is_empty())
    }

    /// How many files lose a recipient.
    pub(crate) fn removing(&self) -> usize {
        let changes = self.changes.values();
        changes.filter(|change| change.difference.removes()).count()
    }

    /// Prints the plan. `heading` goes before the number of files, as in `Keys change in`.
    pub(crate) fn print(&self, ui: &Ui, heading: &str) -> Result<(), CommandError> {
        let unchanged = match self.unchanged {
            0 => String::new(),
            1 => "; 1 is up to date".to_owned(),
            number => format!("; {number} are up to date"),
        };
        let failing = match self.errors.len() {
            0 => String::new(),
            number => format!("; {number} cannot be changed"),
        };
        let counted = counted(self.changed());
        ui.print(format_args!("{heading} {counted}{unchanged}{failing}"))?;
        for (change, names) in &self.names {
            let lines = change.difference.lines();
            if lines.is_empty() && self.names.len() == 1 {
                continue;
            }
            // With a word before it, a name cannot be a command for GitHub's workflows.
            ui.print(format_args!("  in {}:", files_named(names)))?;
            for line in lines {
                ui.print(format_args!("    {line}"))?;
            }
            if lines.is_empty() {
                ui.print("    the same recipients")?;
            }
        }
        for (change, names) in &self.names {
            if let Some(closing) = &change.closing {
                ui.warn(Services::closes(&files_named(names), closing));
            }
        }
        Ok(())
    }

    /// Says which files were skipped because no creation rule covers them.
    pub(crate) fn note_uncovered(&self, ui: &Ui) {
        if !self.uncovered.is_empty() {
            let (counted, names) = (counted(self.uncovered.len()), files_named(&self.uncovered));
            ui.note(format_args!(
                "{counted} skipped, because no creation rule matches: {names}"
            ));
        }
    }

    /// Asks whether to make the changes.
    ///
    /// # Errors
    /// The user cannot be asked.
    pub(crate) fn confirm(&self, ui: &Ui, yes: bool) -> Result<bool, CommandError> {
        let question = match self.changed() {
            1 => "Change this file?".to_owned(),
            number => format!("Change these {number} files?"),
        };
        let confirmed = if yes { Ok(true) } else { ui.confirm(&question) };
        let confirmed = confirmed.map_err(|error| unanswered(&error))?;
        if !confirmed {
            ui.note(format_args!("{} left unchanged", counted(self.changed())));
        }
        Ok(confirmed)
    }

    /// Refuses a change that is not the one that was shown.
    pub(crate) fn check(&self, file: &Path, change: &PlannedChange) -> Result<(), CommandError> {
        match self.changes.get(file) {
            // Whether a key can decrypt the file may only be known once the user has been asked for
            // its passphrase.
            Some(shown) if shown.difference == change.difference => Ok(()),
            _ => Err(CommandError::new(
                Code::Generic,
                "the file has changed since the plan was shown, so it was not updated",
            )
            .in_file(&name_of(file))
            .hint("run the command again")),
        }
    }

    /// Ends a run that changes no file: reports the errors, and returns one that counts them.
    pub(crate) fn end(self, ui: &Ui, participle: &str) -> Result<(), CommandError> {
        let total = self.errors.len() + self.unchanged + self.changed();
        let failed = self.errors.len();
        let Some(code) = self.errors.first().map(CommandError::code) else {
            return Ok(());
        };
        ui.errors(self.errors);
        let message = format!("{failed} of {total} files could not be {participle}");
        Err(CommandError::new(code, message))
    }
}

/// The error about a question without an answer.
pub(crate) fn unanswered(error: &std::io::Error) -> CommandError {
    CommandError::input("the answer", error)
        .with_code(Code::Generic)
        .hint("to skip the question, add `--yes`")
}

fn counted(files: usize) -> String {
    match files {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    }
}
