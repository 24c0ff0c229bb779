//! Rotates several files. If recipients change, the user sees how before anything is written.

use std::collections::HashSet;
use std::path::Path;

use sops_core::EncryptedDocument;

use super::{ChangedGroups, DONE, Rotation};
use crate::batch::{Batch, BatchFile, Work};
use crate::command_error::{Code, CommandError, name_of};
use crate::files::Readers;
use crate::key_plan::{KeyDifference, KeyPlan, Planned, PlannedChange};
use crate::keys::agreement::Unagreed;
use crate::keys::groups::KeyGroups;
use crate::parallel::{self, ItemsPerThread};

/// The files that stay as they are, because the user does not agree to their recipients, and the
/// errors about them.
struct Agreed<'i> {
    left: HashSet<&'i Path>,
    refused: Vec<CommandError>,
}

impl Rotation<'_> {
    /// Rotates the files, except those with recipients that the user does not agree to.
    pub(super) fn rotate_all(&self, items: &[BatchFile]) -> Result<(), CommandError> {
        let Self { ui, args, .. } = self;
        let looked = parallel::map(items, ItemsPerThread::One, |item| self.look(&item.path));
        let kept = items.iter().zip(&looked);
        let kept = kept.filter(|(_, looked)| matches!(looked, Ok(None)));
        let kept: HashSet<&Path> = kept.map(|(item, _)| &*item.path).collect();
        let (planned, unagreed): (Vec<_>, Vec<_>) = looked
            .into_iter()
            .map(|looked| match looked {
                Ok(Some((change, unagreed))) => (Ok(Planned::Change(change)), Some(unagreed)),
                // The file keeps a recipient that should leave, so a new data key would be useless.
                Ok(None) => (Ok(Planned::Ignore), None),
                // Problems with a file are reported when it is rotated.
                Err(_) if !args.dry_run => (Ok(Planned::Ignore), None),
                Err(error) => (Err(error), None),
            })
            .unzip();
        let plan = KeyPlan::of(items, planned);
        if args.dry_run || plan.changes_keys() {
            plan.print(ui, "New data keys for")?;
        }
        let unagreed: Vec<(&BatchFile, Unagreed)> = items
            .iter()
            .zip(unagreed)
            .filter_map(|(item, unagreed)| Some((item, unagreed?)))
            .collect();
        let agreed = self.agree(&plan, &unagreed)?;
        if args.dry_run {
            return plan.end(ui, "rotated");
        }
        let Some(Agreed { left, refused }) = agreed else {
            return Ok(());
        };
        let batch = Batch {
            ui,
            items,
            participle: "rotated",
            readers: Readers::Usual,
            lists_found: false,
        };
        let work = |item: &BatchFile| {
            if left.contains(&*item.path) || kept.contains(&*item.path) {
                return Ok(Work::Ignore);
            }
            let (input, encrypted) = self.rotate(&item.path, |name, unagreed| {
                self.agreement.check(name, &unagreed)
            })?;
            Ok(Work::Replace(input, encrypted, DONE.into()))
        };
        let rotated = batch.replace(work);
        ui.errors(refused);
        match left.len() {
            0 => rotated,
            count => rotated.and(Err(CommandError::new(
                Code::Generic,
                format!("files left unchanged: {count}"),
            ))),
        }
    }

    /// Asks the user once, if necessary: about recipients that the rules do not name or, on a
    /// terminal, about the changes of recipients. `None` if the user declines all changes.
    fn agree<'i>(
        &self,
        plan: &KeyPlan,
        unagreed: &[(&'i BatchFile, Unagreed)],
    ) -> Result<Option<Agreed<'i>>, CommandError> {
        let Self {
            ui,
            args,
            agreement,
            ..
        } = self;
        agreement.name_several(unagreed.iter().map(|(item, _)| *item))?;
        let named = unagreed.iter();
        let named = named.map(|(item, unagreed)| (name_of(&item.path), unagreed.clone()));
        if args.dry_run {
            agreement.preview(named);
            return Ok(None);
        }
        let is_open = |(_, unagreed): &(_, Unagreed)| !agreement.is_settled(unagreed);
        let asks_anyway = unagreed.iter().any(is_open);
        let refused = agreement.settle(named);
        if !asks_anyway
            && plan.changes_keys()
            && !args.yes
            && args.leaving.is_none()
            && ui.can_ask()
            && !plan.confirm(ui, false)?
        {
            return Ok(None);
        }
        let left = unagreed.iter().filter(|unagreed| is_open(unagreed));
        let left = left.map(|(item, _)| &*item.path).collect();
        Ok(Some(Agreed { left, refused }))
    }

    /// How the keys of the file would change, and the recipients that the user must approve. `None`
    /// if the file keeps the recipient that is leaving.
    fn look(&self, file: &Path) -> Result<Option<(PlannedChange, Unagreed)>, CommandError> {
        let input = self.args.read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let (ChangedGroups { groups, .. }, unagreed) = self.judged(file, &input, &document)?;
        if let Some(leaving) = &self.args.leaving
            && groups.iter().flatten().any(|key| leaving.means(key))
        {
            return Ok(None);
        }
        let before = document.metadata().master_keys();
        let threshold = document.metadata().shamir_threshold;
        let key_groups = |groups| KeyGroups { groups, threshold };
        let config = self.agreement.config(file);
        let names = config.map(|config| self.names.of(&config));
        let names = names.unwrap_or_default();
        let (before, after) = (key_groups(&before[..]), key_groups(&groups[..]));
        let difference = KeyDifference::between(before, after, &names);
        // If the keys do not change, the user cannot lose access.
        let change = match self.args.changes.any() || self.args.leaving.is_some() {
            true => PlannedChange::new(difference, self.services, after),
            false => PlannedChange {
                difference,
                closing: None,
            },
        };
        Ok(Some((change, unagreed)))
    }
}
