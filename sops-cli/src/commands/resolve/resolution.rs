//! Encrypts the result of a resolved merge, once its recipients and settings are decided.

use std::cell::RefCell;
use std::path::Path;
use std::time::SystemTime;

use sops_core::Error;
use sops_core::merge::{
    Approval, Choices, ChooseSide, Conflict, Markers, MergeProblem, OpenMerge, ResolvedFile,
    SideName,
};
use zeroize::Zeroizing;

use super::sides::TakenSides;
use crate::command_error::{Code, CommandError};
use crate::git::Operation;
use crate::keys::names::shown;
use crate::keys::services::Services;
use crate::merging::{self, StoredConfiguration};
use crate::ui::Ui;

pub(super) struct Resolution<'r, 'a> {
    pub(super) ui: &'r Ui,
    pub(super) sides: &'r TakenSides,
    /// Whether the user approved all recipients in advance.
    pub(super) yes: bool,
    pub(super) allow_plaintext: bool,
    pub(super) name: &'r str,
    /// The path of the file, from the root of the repository.
    pub(super) path: &'r Path,
    /// The merge that already committed the file, if it is not the current one.
    pub(super) merge: Option<&'r str>,
    pub(super) open: &'r OpenMerge<'a>,
    pub(super) services: &'r Services,
}

/// Whether the user approved all recipients.
pub(super) struct Approved(bool);

impl Resolution<'_, '_> {
    pub(super) fn choices<'c>(&self, values: &'c ChooseSide<'c>) -> Choices<'c> {
        let mut choices = Choices::default();
        choices.values = Some(values);
        choices.key_groups = self.sides.recipients;
        choices.settings = self.sides.settings;
        choices.allow_plaintext = self.allow_plaintext;
        choices
    }

    /// The merged plaintext with our side of every conflict, and all conflicts.
    pub(super) fn text_of_ours(&self) -> Result<(Zeroizing<Vec<u8>>, Vec<Conflict>), CommandError> {
        let conflicts = RefCell::new(Vec::new());
        let ours = |conflict: &Conflict| {
            conflicts.borrow_mut().push(conflict.clone());
            Some(SideName::Ours)
        };
        let mut choices = Choices::default();
        choices.values = Some(&ours);
        let text = self.open.marked_plaintext(&choices, &Markers::default());
        let (text, _) = text.map_err(|error| CommandError::general(error).in_file(self.name))?;
        Ok((text, conflicts.take()))
    }

    /// Checks, before anyone edits the result, that it can be encrypted, and asks about recipients
    /// that the configuration does not name.
    pub(super) fn decide(
        &self,
        text: &[u8],
        choices: &Choices<'_>,
    ) -> Result<Approved, CommandError> {
        let approved = Approved(self.yes);
        let Err(problems) = self.try_encrypt(text, choices, &approved) else {
            return Ok(approved);
        };
        if let [MergeProblem::Unapproved(keys)] = &problems[..]
            && self.ui.can_ask()
        {
            self.ui.note(format_args!(
                "The creation rule before the merge does not name these recipients of {}:",
                self.name
            ));
            for key in keys {
                self.ui.note(format_args!("    {}", shown(key)));
            }
            if matches!(self.ui.confirm("Encrypt for them anyway?"), Ok(true)) {
                return Ok(Approved(true));
            }
        }
        let mut errors = merging::errors_without_hint(self.name, self.path, &problems);
        let last = errors.pop();
        self.ui.errors(errors);
        let last = last.unwrap_or_else(|| CommandError::new(Code::Generic, "undecided"));
        let steps = merging::steps(self.name, self.path, &problems).into_iter();
        let last = steps.fold(last, CommandError::hint);
        Err(match self.unstaged(&problems) {
            true => last.hint("if these recipients should have access, add them to the creation rule in `.sops.yaml`, and commit that file before the merge"),
            false => last,
        })
    }

    /// Whether recipients are missing from the configuration in the index too, so that the user did
    /// not just add them.
    fn unstaged(&self, problems: &[MergeProblem]) -> bool {
        let unapproved = problems.iter().filter_map(|problem| match problem {
            MergeProblem::Unapproved(keys) => Some(keys),
            _ => None,
        });
        let mut unapproved = unapproved.flatten().peekable();
        if unapproved.peek().is_none() {
            return false;
        }
        let staged = StoredConfiguration::in_index(self.path)
            .keys()
            .groups
            .concat();
        unapproved.any(|key| !staged.iter().any(|staged| staged.means(key)))
    }

    /// Encrypts the text, and prints the warnings of the merge.
    pub(super) fn encrypt(
        &self,
        text: &[u8],
        choices: &Choices<'_>,
        approved: &Approved,
    ) -> sops_core::Result<String> {
        let result = self.try_encrypt(text, choices, approved);
        let file = result.map_err(|problems| {
            let unencryptable = problems.iter().find_map(|problem| match problem {
                MergeProblem::Unencryptable(error) => Some(error.clone()),
                _ => None,
            });
            // The user can fix the text.
            unencryptable.unwrap_or_else(|| Error::NothingSelected {
                message: merging::errors_without_hint(self.name, self.path, &problems)
                    .iter()
                    .flat_map(|error| error.lines(0))
                    .collect::<Vec<_>>()
                    .join("; "),
            })
        })?;
        let theirs = self.merge.map(|merge| format!("{merge}^2"));
        let operation = Operation::current();
        let other_side = theirs.as_deref().or(operation.other_side());
        merging::print_notes(self.ui, self.name, self.path, &file.notes, other_side);
        Ok(file.text)
    }

    fn try_encrypt(
        &self,
        text: &[u8],
        choices: &Choices<'_>,
        approved: &Approved,
    ) -> Result<ResolvedFile, Vec<MergeProblem>> {
        let named = || match self.merge {
            Some(merge) => StoredConfiguration::keys_since(self.path, &format!("{merge}^1")),
            None => StoredConfiguration::at_head(self.path).keys(),
        };
        let approval = match approved.0 {
            true => Approval::Given,
            false => Approval::Configured(&named),
        };
        let service = self.services.all();
        self.open
            .encrypt(text, choices, &approval, &*service, SystemTime::now())
    }
}
