//! Asks the user about recipients that the creation rule does not name. Nothing authenticates the
//! list of recipients in a file: anyone who can change the file can add one. Commands that encrypt
//! a data key for them therefore compare the recipients and the key groups with the creation rule
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::Format;
use sops_core::config::Config;
use sops_core::keys::{CanonicalKey, MasterKey};
use sops_core::metadata::Metadata;

use crate::arguments::{GlobalArgs, invocation};
use crate::batch::BatchFile;
use crate::command_error::{Code, CommandError, files_named};
use crate::config::load;
use crate::config::resolve::ConfigResolver;
use crate::config::rule_drift::{RuleDrift, RuleDrifts};
use crate::keys::groups::KeyGroups;
use crate::keys::names::shown;
use crate::keys::services::Services;
use crate::keys::weakness::{CanonicalGroups, weakness};
use crate::proposal;
use crate::recipient_edit::{NamesByConfig, RecipientNames};
use crate::ui::Ui;

/// The recipients that the user agreed to in this run.
pub(crate) struct Agreement<'a> {
    ui: &'a Ui,
    services: &'a Services,
    /// Whether the user agreed to everything in advance, with `--yes`.
    yes: bool,
    /// `None` if the configuration cannot be read and the command does not need it.
    resolver: Option<ConfigResolver>,
    accepted: Mutex<BTreeSet<Unagreed>>,
    drifts: RuleDrifts,
    names: NamesByConfig,
}

/// The recipients that would get a file's data key although neither the creation rule nor the
/// command line names them, and key groups that need fewer keys to decrypt the file than the rule
/// requires.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unagreed {
    recipients: Vec<String>,
    groups: Option<String>,
    /// Whether a creation rule exists that could name the recipients.
    has_rule: bool,
}

impl<'a> Agreement<'a> {
    /// Looks up the creation rules for those files.
    ///
    /// # Errors
    /// A configuration cannot be read or is invalid; `--yes` and the name `sops` make that a
    /// warning.
    pub(crate) fn new<'i>(
        ui: &'a Ui,
        globals: &GlobalArgs,
        services: &'a Services,
        yes: bool,
        items: impl Iterator<Item = &'i BatchFile>,
    ) -> Result<Self, CommandError> {
        let mut agreement = Self {
            ui,
            services,
            yes,
            resolver: None,
            accepted: Mutex::default(),
            drifts: RuleDrifts::default(),
            names: NamesByConfig::default(),
        };
        let resolver =
            load::config(ui, globals).and_then(|own| ConfigResolver::new(ui, globals, own, items));
        agreement.resolver = agreement.unless_lenient(resolver)?;
        Ok(agreement)
    }

    /// For recipients that the configuration no longer names, uses the names in `former`.
    pub(crate) fn with_former(mut self, former: RecipientNames) -> Self {
        self.names = NamesByConfig::with_former(former);
        self
    }

    /// Whether a creation rule with keys covers the file.
    pub(crate) fn is_covered(&self, file: &Path) -> Result<bool, CommandError> {
        Ok(self.named(file)?.is_some())
    }

    /// Lists the configurations that govern the files, if there is more than one.
    pub(crate) fn name_several<'i>(
        &self,
        items: impl Iterator<Item = &'i BatchFile>,
    ) -> Result<(), CommandError> {
        let resolver = self.resolver.as_ref();
        resolver.map_or(Ok(()), |resolver| resolver.name_several(self.ui, items))
    }

    /// What needs the user's agreement in a file's new key groups. `given` are the keys on the
    /// command line.
    pub(crate) fn unagreed(
        &self,
        file: &Path,
        key_groups: KeyGroups<'_>,
        given: &[MasterKey],
    ) -> Result<Unagreed, CommandError> {
        let rule = self.named(file)?;
        let has_rule = rule.is_some();
        let weaker = rule.as_ref().and_then(|(named, stated)| {
            let threshold = key_groups.threshold;
            // As in `updatekeys`, a rule that states no threshold keeps the file's threshold.
            let mut thresholds = [*stated, threshold].into_iter().flatten();
            let wanted = thresholds.find(|threshold| *threshold > 1);
            let rule = KeyGroups {
                groups: named,
                threshold: wanted,
            };
            weakness(
                &CanonicalGroups::new(key_groups),
                &CanonicalGroups::new(rule),
            )
        });
        let (named, _) = rule.unwrap_or_default();
        let mut allowed = group_counts(&named);
        for key in given {
            *allowed.entry(key.canonical()).or_default() += 1;
        }
        let config = self.config(file);
        let names = config.map(|config| self.names.of(&config));
        let names = names.unwrap_or_default();
        let mut recipients = Vec::new();
        for (canonical, count) in group_counts(key_groups.groups) {
            let allowed = allowed.get(&canonical).copied().unwrap_or_default();
            if count <= allowed {
                continue;
            }
            let mut keys = key_groups.groups.iter().flatten();
            let Some(key) = keys.find(|key| key.canonical() == canonical) else {
                continue;
            };
            if !has_rule && self.services.is_ours(key) {
                continue;
            }
            let name = match names.name(key).filter(|_| !invocation::is_sops()) {
                Some(name) => format!("{name} ({})", shown(key)),
                None => shown(key),
            };
            recipients.push(match allowed {
                0 => name,
                _ => format!("{name} (in {count} key groups instead of {allowed})"),
            });
        }
        Ok(Unagreed {
            recipients,
            groups: weaker,
            has_rule,
        })
    }

    /// Reports the recipients of one file, and refuses it unless the user agrees.
    pub(crate) fn require(&self, name: &str, unagreed: Unagreed) -> Result<(), CommandError> {
        let mut errors = self.settle([(name.to_owned(), unagreed)]);
        errors.pop().map_or(Ok(()), Err)
    }

    /// Lists each set of recipients once, with the files that have it, and warns about them or asks
    /// once for all. Returns an error for each refused set.
    pub(crate) fn settle(
        &self,
        files: impl IntoIterator<Item = (String, Unagreed)>,
    ) -> Vec<CommandError> {
        let mut sets: BTreeMap<Unagreed, Vec<String>> = BTreeMap::new();
        for (name, unagreed) in files {
            if !self.is_settled(&unagreed) {
                sets.entry(unagreed).or_default().push(name);
            }
        }
        let mut open = Vec::new();
        for (unagreed, files) in sets {
            if unagreed.has_rule && !self.is_lenient() {
                open.push((unagreed, files));
            } else {
                unagreed.warn(self.ui, &files);
                self.accepted().insert(unagreed);
            }
        }
        if open.is_empty() {
            return Vec::new();
        }
        if !self.ui.can_ask() {
            let refused = open.iter();
            return refused.map(|(set, files)| set.refusal(files)).collect();
        }
        for (unagreed, files) in &open {
            unagreed.list(self.ui, files);
        }
        let question = match open.iter().all(|(set, _)| set.recipients.is_empty()) {
            true => "Encrypt it anyway?",
            false => "Encrypt for them anyway?",
        };
        if matches!(self.ui.confirm(question), Ok(true)) {
            self.accepted().extend(open.into_iter().map(|(set, _)| set));
            return Vec::new();
        }
        let left = |(_, files): (_, Vec<String>)| {
            let message = format!("left unchanged: {}", files_named(&files));
            CommandError::new(Code::Generic, message).calmly()
        };
        open.into_iter().map(left).collect()
    }

    /// Warns about the recipients that the user would be asked about.
    pub(crate) fn preview(&self, files: impl IntoIterator<Item = (String, Unagreed)>) {
        let mut sets: BTreeMap<Unagreed, Vec<String>> = BTreeMap::new();
        for (name, unagreed) in files {
            if !self.is_settled(&unagreed) {
                sets.entry(unagreed).or_default().push(name);
            }
        }
        for (unagreed, files) in sets {
            unagreed.warn(self.ui, &files);
        }
    }

    /// Whether the user agreed to the recipients.
    pub(crate) fn is_settled(&self, unagreed: &Unagreed) -> bool {
        unagreed.is_nothing() || self.accepted().contains(unagreed)
    }

    /// Refuses a file if the user did not agree to its recipients.
    pub(crate) fn check(&self, name: &str, unagreed: &Unagreed) -> Result<(), CommandError> {
        match self.is_settled(unagreed) {
            true => Ok(()),
            false => Err(unagreed.refusal(&[name.to_owned()])),
        }
    }

    /// The key groups that the creation rule for a file names, and its threshold.
    fn named(&self, file: &Path) -> Result<Option<NamedGroups>, CommandError> {
        let Some(resolver) = &self.resolver else {
            return Ok(None);
        };
        let Some(resolved) = self.unless_lenient(resolver.of_encrypted(file))? else {
            return Ok(None);
        };
        // A rule without keys leaves them to the command line.
        let rule = resolved.rule();
        let rule = rule.filter(|rule| !rule.key_groups.iter().all(Vec::is_empty));
        Ok(rule.map(|rule| {
            let threshold = rule.shamir_threshold.map(usize::from);
            (rule.key_groups.clone(), threshold)
        }))
    }

    /// The configuration for an encrypted file, if there is a valid one.
    pub(crate) fn config(&self, file: &Path) -> Option<Arc<Config>> {
        self.resolver.as_ref()?.of_encrypted(file).ok()?.config
    }

    /// Remembers whether the file's rule differs from its creation rule's.
    pub(crate) fn compare_rule(
        &self,
        file: &Path,
        name: &str,
        metadata: &Metadata,
        format: Format,
    ) {
        // An invalid configuration is reported elsewhere, and a proposal has a rule of its own.
        let resolver = self.resolver.as_ref();
        let resolver = resolver.filter(|_| proposal::target(file).is_none());
        let resolved = resolver.and_then(|resolver| resolver.of_encrypted(file).ok());
        if let Some(rule) = resolved.as_ref().and_then(|resolved| resolved.rule()) {
            self.drifts
                .add(name, RuleDrift::between(metadata, rule, format));
        }
    }

    /// Warns about the files whose rule differs.
    pub(crate) fn warn_of_rules(&self) {
        self.drifts.warn(self.ui);
    }

    fn accepted(&self) -> MutexGuard<'_, BTreeSet<Unagreed>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_lenient(&self) -> bool {
        self.yes || invocation::is_sops()
    }

    fn unless_lenient<T>(
        &self,
        result: Result<T, CommandError>,
    ) -> Result<Option<T>, CommandError> {
        match result {
            Err(error) if self.is_lenient() => {
                let reason = error.lines(0).join(" ");
                self.ui.warn(format_args!(
                    "cannot compare the recipients with a creation rule: {reason}"
                ));
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}

/// The key groups of a creation rule and its threshold.
type NamedGroups = (Vec<Vec<MasterKey>>, Option<usize>);

impl Unagreed {
    fn is_nothing(&self) -> bool {
        self.recipients.is_empty() && self.groups.is_none()
    }

    fn warn(&self, ui: &Ui, files: &[String]) {
        let recipients = self.recipients.join(", ");
        let files = files_named(files);
        if let Some(groups) = &self.groups {
            ui.warn(format_args!("{files}: {groups}"));
        }
        if recipients.is_empty() {
            return;
        }
        match self.has_rule {
            true => ui.warn(format_args!(
                "{files}: encrypting for recipients that the creation rule does not name: {recipients}"
            )),
            false => ui.warn(format_args!(
                "{files}: encrypting for recipients that no creation rule names: {recipients}"
            )),
        }
    }

    fn list(&self, ui: &Ui, files: &[String]) {
        let files = files_named(files);
        if let Some(groups) = &self.groups {
            ui.note(format_args!("{files}: {groups}"));
        }
        if self.recipients.is_empty() {
            return;
        }
        ui.note(format_args!(
            "The creation rule does not name these recipients of {files}:"
        ));
        for recipient in &self.recipients {
            ui.note(format_args!("    {recipient}"));
        }
    }

    fn refusal(&self, files: &[String]) -> CommandError {
        if self.recipients.is_empty() {
            let groups = self.groups.clone();
            let groups = groups.expect("only files that need your approval are refused");
            return CommandError::new(Code::Generic, groups)
                .in_file(&files_named(files))
                .hint("`sops-rs updatekeys` gives the file the key groups of the creation rule")
                .hint("if the key groups of the file are right, change `key_groups` and `shamir_threshold` of the creation rule in `.sops.yaml`, or run this command again with `--yes`");
        }
        let message = format!(
            "the creation rule does not name these recipients, who would get the data key: {}",
            self.recipients.join(", ")
        );
        let message = match &self.groups {
            Some(groups) => format!("{message}; {groups}"),
            None => message,
        };
        CommandError::new(Code::Generic, message)
            .in_file(&files_named(files))
            .hint("`sops-rs updatekeys` removes them from the file")
            .hint("if these recipients should have access, add them to the creation rule in `.sops.yaml`, or run this command again with `--yes`")
    }
}

/// How many groups contain each key.
fn group_counts(groups: &[Vec<MasterKey>]) -> BTreeMap<CanonicalKey, usize> {
    let mut counts = BTreeMap::new();
    for group in groups {
        let keys: BTreeSet<_> = group.iter().map(MasterKey::canonical).collect();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use sops_core::keys::Family;

    use super::*;

    fn groups(groups: &[&[(Family, &str)]]) -> Vec<Vec<MasterKey>> {
        let key = |(family, text): &(Family, &str)| {
            let mut keys = MasterKey::from_list(*family, text).expect("the text is a key");
            keys.remove(0)
        };
        let group = |group: &&[_]| group.iter().map(key).collect();
        groups.iter().map(group).collect()
    }

    #[test]
    fn a_key_counts_once_a_group() {
        let counts = group_counts(&groups(&[
            &[
                (Family::Age, "age1a"),
                (Family::Age, "age1a"),
                (Family::Age, "age1b"),
            ],
            &[(Family::Age, "age1a")],
        ]));
        let counts: Vec<usize> = counts.into_values().collect();
        assert_eq!(counts, [2, 1]);
    }
}
