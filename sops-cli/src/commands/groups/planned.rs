//! Changes the key groups of several files after showing what changes in all of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use sops_core::EncryptedDocument;
use sops_core::keys::{CanonicalKey, MasterKey};
use zeroize::Zeroizing;

use super::{DONE, FileChange, GroupChange, encrypt, read};
use crate::batch::{self, Batch, BatchFile, Leftovers, Work};
use crate::command_error::{Code, CommandError, files_named, name_of};
use crate::files::Readers;
use crate::key_plan::{KeyDifference, KeyPlan, Planned, PlannedChange};
use crate::keys::agreement::{Agreement, Unagreed};
use crate::keys::groups::KeyGroups;
use crate::keys::names;
use crate::keys::services::Services;
use crate::parallel::{self, ItemsPerThread};
use crate::recipient_edit::NamesByConfig;

/// The context for judging the changes of the files.
struct Judge<'j> {
    services: &'j Services,
    agreement: &'j Agreement<'j>,
    names: NamesByConfig,
}

/// A file that changes, with the group that is deleted.
struct Looked {
    planned: Planned,
    unagreed: Unagreed,
    deleted: Option<Vec<MasterKey>>,
}

impl FileChange<'_> {
    pub(super) fn planned(&self) -> Result<(), CommandError> {
        let Self { ui, target, .. } = self;
        if !target.in_place {
            let message = "several files can only be changed in place";
            return Err(CommandError::new(Code::ConflictingParameters, message)
                .hint("add `--in-place`, and `--dry-run` to see what would change"));
        }
        let leftovers = match target.dry_run {
            true => Leftovers::Keep,
            false => Leftovers::Remove,
        };
        let paths = target.files.iter().map(PathBuf::as_path);
        let mut items = batch::meant(batch::items(paths, leftovers)?, true);
        let services = Services::new(ui, self.globals)?;
        if batch::are_named(&items) {
            services.contact_servers_of_named_files();
        }
        let agreement = Agreement::new(ui, self.globals, &services, target.yes, items.iter())?;
        agreement.name_several(items.iter())?;
        let judge = Judge {
            services: &services,
            agreement: &agreement,
            names: NamesByConfig::default(),
        };
        let looked = parallel::map(&items, ItemsPerThread::One, |item| {
            self.look(&judge, &item.path)
        });
        let (mut planned, mut named, mut deleted) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (item, looked) in items.iter().zip(looked) {
            planned.push(looked.map(|looked| {
                named.push((item, looked.unagreed));
                if let Some(group) = looked.deleted {
                    let files: &mut (String, Vec<String>) = deleted
                        .entry(canonical(&group))
                        .or_insert_with(|| (names::recipients(&[group]), Vec::new()));
                    files.1.push(name_of(&item.path));
                }
                looked.planned
            }));
        }
        refuse_different(deleted.into_values().collect())?;
        let mut plan = KeyPlan::of(&items, planned);
        if plan.changed() == 0 {
            if plan.errors.is_empty() {
                ui.note(format_args!(
                    "Files that already have the key group: {}",
                    plan.unchanged
                ));
            }
            return plan.end(ui, "changed");
        }
        plan.print(ui, "Key groups change in")?;
        let in_names =
            |(item, unagreed): &(&BatchFile, Unagreed)| (name_of(&item.path), unagreed.clone());
        if target.dry_run {
            agreement.preview(named.iter().map(in_names));
            return plan.end(ui, "changed");
        }
        let is_open = |unagreed: &Unagreed| !agreement.is_settled(unagreed);
        let asks_anyway = named.iter().any(|(_, unagreed)| is_open(unagreed));
        let refused = agreement.settle(named.iter().map(in_names));
        if !asks_anyway && !plan.confirm(ui, target.yes)? {
            return plan.end(ui, "changed");
        }
        let left = named.iter().filter(|(_, unagreed)| is_open(unagreed));
        let left: HashSet<PathBuf> = left.map(|(item, _)| item.path.clone()).collect();
        items.retain(|item| plan.has_change(&item.path) && !left.contains(&item.path));
        let batch = Batch {
            ui,
            items: &items,
            participle: "changed",
            readers: Readers::Usual,
            lists_found: false,
        };
        let mut errors = std::mem::take(&mut plan.errors);
        errors.extend(refused);
        batch.replace_rest(errors, plan.unchanged, |item| {
            self.replace(&judge, &item.path, &plan)
        })
    }

    fn look(&self, judge: &Judge<'_>, file: &Path) -> Result<Looked, CommandError> {
        let input = read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let groups = document.metadata().master_keys();
        if let GroupChange::Add(added) = &self.change
            && groups
                .iter()
                .any(|group| canonical(group) == canonical(added))
        {
            // An earlier run added it.
            return Ok(Looked {
                planned: Planned::Unchanged,
                unagreed: Unagreed::default(),
                deleted: None,
            });
        }
        let changed = self.changed(&input, &document)?;
        let unagreed = judge
            .agreement
            .unagreed(file, changed.key_groups(), self.change.given())?;
        let deleted = match self.change {
            GroupChange::Delete(index) => groups.get(index).cloned(),
            GroupChange::Add(_) => None,
        };
        let before = KeyGroups {
            groups: &groups,
            threshold: document.metadata().shamir_threshold,
        };
        let change = judge.change(file, before, changed.key_groups());
        Ok(Looked {
            planned: Planned::Change(change),
            unagreed,
            deleted,
        })
    }

    /// The file with the key groups that the plan says.
    fn replace(
        &self,
        judge: &Judge<'_>,
        file: &Path,
        plan: &KeyPlan,
    ) -> Result<Work, CommandError> {
        let input = read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let changed = self.changed(&input, &document)?;
        let groups = document.metadata().master_keys();
        let before = KeyGroups {
            groups: &groups,
            threshold: document.metadata().shamir_threshold,
        };
        plan.check(file, &judge.change(file, before, changed.key_groups()))?;
        let key = judge.services.data_key(self.ui, &input, &document)?;
        let result = encrypt(judge.services, &input, &document, &key, &changed)?;
        let result = Zeroizing::new(result.into_bytes());
        Ok(Work::Replace(input, result, DONE.into()))
    }
}

impl Judge<'_> {
    fn change(&self, file: &Path, before: KeyGroups<'_>, after: KeyGroups<'_>) -> PlannedChange {
        let config = self.agreement.config(file);
        let names = config.map(|config| self.names.of(&config));
        let names = names.unwrap_or_default();
        let difference = KeyDifference::between(before, after, &names);
        PlannedChange::new(difference, self.services, after)
    }
}

/// Refuses to delete different groups with one index: in files that an interrupted run already
/// changed, the index is that of the next group. Each of the `groups` has its keys and its files.
fn refuse_different(groups: Vec<(String, Vec<String>)>) -> Result<(), CommandError> {
    let [_, _, ..] = &groups[..] else {
        return Ok(());
    };
    let lines = groups
        .iter()
        .map(|(keys, files)| format!("\n  - {keys} in {}", files_named(files)));
    let message = format!(
        "the files have different key groups at this index:{}",
        lines.collect::<String>()
    );
    Err(CommandError::with_lines(Code::Generic, &message)
        .hint("name only the files with the group that you want to delete; an interrupted run may have deleted it in the others"))
}

fn canonical(group: &[MasterKey]) -> BTreeSet<CanonicalKey> {
    group.iter().map(MasterKey::canonical).collect()
}
