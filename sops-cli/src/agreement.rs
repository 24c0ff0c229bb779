//! Recipients that nobody agreed to. Nothing authenticates the list of recipients in a file: whoever can change the file can add one.
//! Commands that encrypt a data key for them compare the list with the creation rule first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sops_core::keys::MasterKey;

use crate::arguments::GlobalArgs;
use crate::batch::Item;
use crate::command_error::{Code, CommandError};
use crate::creation;
use crate::governing::Governing;
use crate::invocation;
use crate::key_names::{self, identifier, shown};
use crate::key_services::Services;
use crate::ui::Ui;

/// How many files a message names.
const MOST_NAMED: usize = 10;

/// The recipients that the user agreed to in this run.
pub(crate) struct Agreement<'a> {
    ui: &'a Ui,
    services: &'a Services,
    /// Whether the user agreed to everything in advance, with `--yes`.
    yes: bool,
    /// `None` where the configuration cannot be read and that is no obstacle.
    governing: Option<Governing>,
    accepted: Mutex<BTreeSet<Unagreed>>,
}

/// The recipients that would get a file's data key although neither the creation rule nor the command line names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unagreed {
    recipients: Vec<String>,
    /// Whether there is a creation rule that could name them.
    has_rule: bool,
}

impl<'a> Agreement<'a> {
    /// With the creation rules for those files.
    ///
    /// # Errors
    /// A configuration cannot be read or is invalid; `--yes` and the name `sops` make that a warning.
    pub(crate) fn new<'i>(
        ui: &'a Ui,
        globals: &GlobalArgs,
        services: &'a Services,
        yes: bool,
        items: impl Iterator<Item = &'i Item>,
    ) -> Result<Self, CommandError> {
        let mut agreement = Self {
            ui,
            services,
            yes,
            governing: None,
            accepted: Mutex::default(),
        };
        let governing =
            creation::config(ui, globals).and_then(|own| Governing::new(ui, globals, own, items));
        agreement.governing = agreement.unless_lenient(governing)?;
        Ok(agreement)
    }

    /// The recipients in a file's new key groups that nobody agreed to. `given` are the keys that the command line names.
    pub(crate) fn unagreed(
        &self,
        file: &Path,
        groups: &[Vec<MasterKey>],
        given: &[MasterKey],
    ) -> Result<Unagreed, CommandError> {
        let named = self.named(file)?;
        let has_rule = named.is_some();
        let mut allowed = group_counts(&named.unwrap_or_default());
        for key in given {
            *allowed.entry(identifier(key)).or_default() += 1;
        }
        let mut recipients = Vec::new();
        for (identifier, count) in group_counts(groups) {
            let allowed = allowed.get(&identifier).copied().unwrap_or_default();
            if count <= allowed {
                continue;
            }
            let mut keys = groups.iter().flatten();
            let Some(key) = keys.find(|key| key_names::identifier(key) == identifier) else {
                continue;
            };
            if !has_rule && self.services.is_ours(key) {
                continue;
            }
            let name = shown(key);
            recipients.push(match allowed {
                0 => name,
                _ => format!("{name} (in {count} key groups instead of {allowed})"),
            });
        }
        Ok(Unagreed {
            recipients,
            has_rule,
        })
    }

    /// Reports the recipients of one file, and refuses it unless the user agrees.
    pub(crate) fn require(&self, name: &str, unagreed: Unagreed) -> Result<(), CommandError> {
        let mut errors = self.settle([(name.to_owned(), unagreed)]);
        errors.pop().map_or(Ok(()), Err)
    }

    /// Names each set of recipients once, with the files that have it. Warns of them, or asks one question for all. Gives an error for each
    /// set that is refused.
    pub(crate) fn settle(
        &self,
        files: impl IntoIterator<Item = (String, Unagreed)>,
    ) -> Vec<CommandError> {
        let mut sets: BTreeMap<Unagreed, Vec<String>> = BTreeMap::new();
        for (name, unagreed) in files {
            if !unagreed.recipients.is_empty() {
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
        if matches!(self.ui.confirm("Encrypt for them anyway?"), Ok(true)) {
            self.accepted().extend(open.into_iter().map(|(set, _)| set));
            return Vec::new();
        }
        let left = |(_, files): (_, Vec<String>)| {
            let message = format!("left unchanged: {}", files_named(&files));
            CommandError::new(Code::Generic, message).calmly()
        };
        open.into_iter().map(left).collect()
    }

    /// Whether the recipients were agreed to.
    pub(crate) fn is_settled(&self, unagreed: &Unagreed) -> bool {
        unagreed.recipients.is_empty() || self.accepted().contains(unagreed)
    }

    /// Refuses a file whose recipients were not agreed to.
    pub(crate) fn check(&self, name: &str, unagreed: &Unagreed) -> Result<(), CommandError> {
        match self.is_settled(unagreed) {
            true => Ok(()),
            false => Err(unagreed.refusal(&[name.to_owned()])),
        }
    }

    /// The key groups that the creation rule for a file names.
    fn named(&self, file: &Path) -> Result<Option<Vec<Vec<MasterKey>>>, CommandError> {
        let Some(governing) = &self.governing else {
            return Ok(None);
        };
        let Some(governed) = self.unless_lenient(governing.of_encrypted(file))? else {
            return Ok(None);
        };
        let groups = governed.rule().map(|rule| rule.key_groups.clone());
        // Where the rule leaves the keys to the command line, it names none.
        Ok(groups.filter(|groups| !groups.iter().all(Vec::is_empty)))
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
                    "no creation rule to compare the recipients with: {reason}"
                ));
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}

impl Unagreed {
    fn warn(&self, ui: &Ui, files: &[String]) {
        let recipients = self.recipients.join(", ");
        let files = files_named(files);
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
        ui.note(format_args!(
            "The creation rule does not name these recipients of {files}:"
        ));
        for recipient in &self.recipients {
            ui.note(format_args!("    {recipient}"));
        }
    }

    fn refusal(&self, files: &[String]) -> CommandError {
        let message = format!(
            "the creation rule does not name these recipients, who would get the data key: {}",
            self.recipients.join(", ")
        );
        CommandError::new(Code::Generic, message)
            .in_file(&files_named(files))
            .hint("`sops-rs updatekeys` removes them from the file")
            .hint("if they belong there, add them to the creation rule in `.sops.yaml`, or run this command again with `--yes`")
    }
}

/// In how many groups each key is.
fn group_counts(groups: &[Vec<MasterKey>]) -> BTreeMap<(&'static str, String), usize> {
    let mut counts = BTreeMap::new();
    for group in groups {
        let identifiers: BTreeSet<_> = group.iter().map(identifier).collect();
        for identifier in identifiers {
            *counts.entry(identifier).or_default() += 1;
        }
    }
    counts
}

/// The names of some files, for a message.
pub(crate) fn files_named(files: &[String]) -> String {
    let named = files[..files.len().min(MOST_NAMED)].join(", ");
    match files.len().saturating_sub(MOST_NAMED) {
        0 => named,
        1 => format!("{named} and 1 more file"),
        more => format!("{named} and {more} more files"),
    }
}

#[cfg(test)]
mod tests {
    use sops_core::keys::Family;

    use super::*;

    fn groups(groups: &[&[(Family, &str)]]) -> Vec<Vec<MasterKey>> {
        let key = |(family, text): &(Family, &str)| {
            let mut keys = MasterKey::from_list(*family, text).expect("it is a key");
            keys.remove(0)
        };
        let group = |group: &&[_]| group.iter().map(key).collect();
        groups.iter().map(group).collect()
    }

    #[test]
    fn a_key_is_the_same_however_it_is_spelled() {
        let fingerprint = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";
        for (family, one, other, is_same) in [
            (Family::Pgp, fingerprint, &*fingerprint.to_lowercase(), true),
            (Family::Pgp, fingerprint, &format!("0x{fingerprint}"), true),
            (Family::Pgp, fingerprint, "BC17301B491B3F21", false),
            (
                Family::Age,
                "ssh-ed25519 AAAA ann",
                "ssh-ed25519 AAAA bob",
                true,
            ),
            (Family::Age, "ssh-ed25519 AAAA", "ssh-ed25519 AAAB", false),
            (Family::Age, "age1a", "age1A", false),
            (
                Family::AzureKv,
                "https://v.vault.azure.net/keys/k/1",
                "https://v.vault.azure.net/keys/k",
                true,
            ),
            (
                Family::AzureKv,
                "https://v.vault.azure.net/keys/k/1",
                "https://v.vault.azure.net/keys/l/1",
                false,
            ),
            (
                Family::Kms,
                "arn:aws:kms:a",
                "arn:aws:kms:a+arn:aws:iam:b",
                false,
            ),
        ] {
            let [one, other] = [one, other].map(|text| group_counts(&groups(&[&[(family, text)]])));
            assert_eq!(one == other, is_same, "{one:?} {other:?}");
        }
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
        let counts: Vec<_> = counts
            .into_iter()
            .map(|((_, id), count)| (id, count))
            .collect();
        assert_eq!(counts, [("age1a".to_owned(), 2), ("age1b".to_owned(), 1)]);
    }

    #[test]
    fn a_message_names_some_of_many_files() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(files_named(&names[..2]), "0, 1");
        assert!(files_named(&names[..11]).ends_with("9 and 1 more file"));
        assert!(files_named(&names).ends_with("9 and 2 more files"));
    }
}
