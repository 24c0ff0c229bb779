//! Changes every selected rule, and checks that nothing else changed.

use std::path::Path;

use sops_core::Document;
use sops_core::config::{Config, CreationRule};
use sops_core::document::{Error, Result};
use sops_core::keys::MasterKey;

use super::adding::{not_editable, parse, with_recipient};
use super::naming::with_other_name;
use super::occurrence::{holders, places};
use super::removal::without_recipient;

/// More edits than any file needs.
const MAX_EDITS: usize = 10_000;

/// The creation rules and key groups to change.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSelection {
    /// The indexes of rules; `None` means every rule.
    pub(crate) rules: Option<Vec<usize>>,
    /// The index of a key group; `None` means the only one or, to remove a recipient, all of them.
    pub(crate) group: Option<usize>,
}

impl RuleSelection {
    fn has(&self, rule: usize, group: usize) -> bool {
        let has_rule = self
            .rules
            .as_ref()
            .is_none_or(|rules| rules.contains(&rule));
        has_rule && self.group.is_none_or(|wanted| wanted == group)
    }
}

/// What to do with a recipient.
pub(crate) enum RecipientChange<'c> {
    /// Adds an age recipient, with a name for its line. A recipient that the rule already has gets
    /// the name.
    Add {
        recipient: &'c str,
        name: Option<&'c str>,
    },
    Remove {
        recipient: &'c str,
    },
}

impl RecipientChange<'_> {
    /// The text of the configuration after the change.
    ///
    /// # Errors
    /// [`Error::Path`] if the change is not possible in the text, or would change another rule.
    pub(crate) fn apply(&self, config: &Config, selection: &RuleSelection) -> Result<String> {
        let before = config.creation_rules().unwrap_or_default();
        let mut text = config.text().to_owned();
        for _ in 0..MAX_EDITS {
            let document = parse(&text)?;
            let Some(next) = self.step(&document, selection, before)? else {
                break;
            };
            text = next;
        }
        let directory = config.directory();
        let changed = Config::parse(text.as_bytes(), config.file(), &directory);
        let changed = changed.map_err(|_| not_editable())?;
        self.check(before, &changed, selection)?;
        Ok(text)
    }

    /// The text after the next edit; `None` if there is nothing left to do.
    fn step(
        &self,
        document: &Document<'_>,
        selection: &RuleSelection,
        before: &[CreationRule],
    ) -> Result<Option<String>> {
        match self {
            Self::Remove { recipient } => {
                // Aliases come after their anchors, and are removed first.
                let last = places(document).into_iter().rev().find(|place| {
                    selection.has(place.found.rule, place.found.group)
                        && place.found.recipient == *recipient
                });
                last.map(|place| without_recipient(document, &place))
                    .transpose()
            }
            Self::Add { recipient, name } => {
                let places = places(document);
                let has = |rule: usize, group: usize| {
                    places.iter().any(|place| {
                        let found = &place.found;
                        (found.rule, found.group) == (rule, group) && found.recipient == *recipient
                    })
                };
                let lacking = holders(document).into_iter().find(|holder| {
                    selection.has(holder.rule, holder.group)
                        && !has(holder.rule, holder.group)
                        && (selection.rules.is_some() || has_age(before.get(holder.rule)))
                });
                let Some(holder) = lacking else {
                    let own = places.iter().filter(|place| {
                        let found = &place.found;
                        selection.has(found.rule, found.group) && found.recipient == *recipient
                    });
                    let mut renamed = own.filter(|place| place.found.name.as_deref() != *name);
                    return Ok(name.and_then(|name| {
                        renamed.find_map(|place| with_other_name(document, place, name))
                    }));
                };
                with_recipient(document, holder, recipient, *name).map(Some)
            }
        }
    }

    /// Checks that each rule has the keys that it should have, and its other settings.
    fn check(
        &self,
        before: &[CreationRule],
        changed: &Config,
        selection: &RuleSelection,
    ) -> Result<()> {
        let after = changed.creation_rules().unwrap_or_default();
        if before.len() != after.len() {
            return Err(not_editable());
        }
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            let mut expected = old.clone();
            for (group, keys) in expected.key_groups.iter_mut().enumerate() {
                if !selection.has(index, group) {
                    continue;
                }
                match self {
                    Self::Remove { recipient } => keys.retain(|key| !is_key(key, recipient)),
                    Self::Add { recipient, .. } => {
                        let is_meant = selection.rules.is_some() || has_age(Some(old));
                        if is_meant && !keys.iter().any(|key| is_key(key, recipient)) {
                            keys.push(MasterKey::Age {
                                recipient: (*recipient).to_owned(),
                            });
                        }
                    }
                }
            }
            if is_same(&expected, new) {
                if new.key_groups.iter().any(Vec::is_empty)
                    && !old.key_groups.iter().any(Vec::is_empty)
                {
                    return Err(Error::Path {
                        message: format!(
                            "creation_rules[{index}] would have no recipients left; add another recipient first, or delete the rule"
                        ),
                    });
                }
                continue;
            }
            let is_other = !selection.has(index, 0) && selection.rules.is_some();
            return Err(match is_other {
                true => Error::Path {
                    message: format!(
                        "creation_rules[{index}] uses the same list of recipients as the selected rule, so it would change too; leave out `--for`, or change the file in an editor"
                    ),
                },
                false => not_editable(),
            });
        }
        Ok(())
    }
}

/// Whether the rule has an age recipient.
pub(crate) fn has_age(rule: Option<&CreationRule>) -> bool {
    let keys = rule
        .iter()
        .flat_map(|rule| rule.key_groups.iter().flatten());
    keys.into_iter()
        .any(|key| matches!(key, MasterKey::Age { .. }))
}

/// Whether a recipient in the text is this key. PGP fingerprints may have spaces in the text.
fn is_key(key: &MasterKey, recipient: &str) -> bool {
    match key {
        MasterKey::Age { recipient: own } => own == recipient,
        MasterKey::Pgp { fingerprint } => *fingerprint == recipient.replace(' ', ""),
        _ => false,
    }
}

/// Whether two rules are the same, except for the order of their keys.
fn is_same(expected: &CreationRule, rule: &CreationRule) -> bool {
    let sorted = |rule: &CreationRule| -> Vec<Vec<String>> {
        let groups = rule.key_groups.iter().map(|keys| {
            let mut keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
            keys.sort();
            keys
        });
        groups.collect()
    };
    sorted(expected) == sorted(rule)
        && expected.path_regex == rule.path_regex
        && expected.shamir_threshold == rule.shamir_threshold
        && expected.rule == rule.rule
        && expected.mac_only_encrypted == rule.mac_only_encrypted
}

/// The rules for these files, by index.
pub(crate) fn rules_for(
    config: &Config,
    files: &[impl AsRef<Path>],
) -> sops_core::Result<Vec<usize>> {
    let rules = config.creation_rules().unwrap_or_default();
    let mut indexes = Vec::new();
    for file in files {
        let rule = config.creation_rule_for(file.as_ref())?;
        let index = rules
            .iter()
            .position(|own| rule.is_some_and(|rule| std::ptr::eq(own, rule)));
        indexes.extend(index);
    }
    Ok(indexes)
}
