//! Updates the keys of several files after showing what changes in all of them.

use std::path::PathBuf;

use sops_core::EncryptedDocument;
use sops_core::config::Config;
use zeroize::Zeroizing;

use super::{KeyUpdate, RuledFile};
use crate::arguments::GlobalArgs;
use crate::batch::{Batch, BatchFile, Work};
use crate::command_error::{Code, CommandError};
use crate::config::resolve::ConfigResolver;
use crate::files::Readers;
use crate::key_plan::{KeyDifference, KeyPlan, Planned, PlannedChange};
use crate::keys::groups::KeyGroups;
use crate::parallel::{self, ItemsPerThread};

impl KeyUpdate<'_> {
    /// Updates the files after showing what changes in all of them.
    pub(super) fn planned(
        &self,
        globals: &GlobalArgs,
        own: Option<Config>,
        files: &[PathBuf],
    ) -> Result<(), CommandError> {
        let Self { ui, args, .. } = self;
        let (mut items, resolver) = self.items(globals, own, files)?;
        // As for one file, the exit code only says that something failed.
        let generic = |error: CommandError| error.with_code(Code::Generic);
        let planned = parallel::map(&items, ItemsPerThread::One, |item| {
            self.plan(&resolver, item).map_err(generic)
        });
        let mut plan = KeyPlan::of(&items, planned);
        self.drifts.warn(ui);
        plan.note_uncovered(ui);
        if plan.changed() == 0 && plan.errors.is_empty() {
            ui.note(match plan.unchanged {
                0 => "There are no encrypted files to update".to_owned(),
                1 => "1 file is already up to date".to_owned(),
                number => format!("{number} files are already up to date"),
            });
            return Ok(());
        }
        if plan.changed() == 0 {
            return plan.end(ui, "updated");
        }
        plan.print(ui, "Keys change in")?;
        if args.dry_run || !plan.confirm(ui, args.yes)? {
            return plan.end(ui, "updated");
        }
        items.retain(|item| plan.has_change(&item.path));
        let batch = Batch {
            ui,
            items: &items,
            participle: "updated",
            readers: Readers::Usual,
            lists_found: true,
        };
        let errors = std::mem::take(&mut plan.errors);
        let replaced = batch.replace_rest(errors, plan.unchanged, |item| {
            self.replace(&resolver, item, &plan).map_err(generic)
        });
        self.advise_rotation(plan.removing());
        replaced
    }

    fn plan(&self, resolver: &ConfigResolver, item: &BatchFile) -> Result<Planned, CommandError> {
        let resolved = resolver.of(item)?;
        if item.is_found && !resolved.is_covered() {
            return Ok(Planned::Uncovered);
        }
        let input = self.read(&item.path)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let file = self.compare(&resolved, &input, &document)?;
        match file.changes.is_change() {
            true => Ok(Planned::Change(self.change(&file)?)),
            false => Ok(Planned::Unchanged),
        }
    }

    fn change(&self, file: &RuledFile<'_>) -> Result<PlannedChange, CommandError> {
        let (before, groups) = (file.document.metadata().master_keys(), file.groups()?);
        let names = file.config.map(|config| self.names.of(config));
        let names = names.unwrap_or_default();
        let after = KeyGroups {
            groups: &groups,
            threshold: file.changes.threshold,
        };
        let before = KeyGroups {
            groups: &before,
            threshold: file.document.metadata().shamir_threshold,
        };
        let difference = KeyDifference::between(before, after, &names);
        Ok(PlannedChange::new(difference, self.services, after))
    }

    /// Replaces the keys of the file with those in the plan.
    fn replace(
        &self,
        resolver: &ConfigResolver,
        item: &BatchFile,
        plan: &KeyPlan,
    ) -> Result<Work, CommandError> {
        let resolved = resolver.of(item)?;
        let input = self.read(&item.path)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let file = self.compare(&resolved, &input, &document)?;
        if !file.changes.is_change() {
            return Ok(Work::Ignore);
        }
        plan.check(&item.path, &self.change(&file)?)?;
        let groups = file.groups()?;
        let key_groups = KeyGroups {
            groups: &groups,
            threshold: file.changes.threshold,
        };
        let updated = self
            .services
            .with_key_groups(self.ui, &input, &document, key_groups)?;
        let updated = Zeroizing::new(updated.into_bytes());
        Ok(Work::Replace(input, updated, "keys updated".into()))
    }
}
