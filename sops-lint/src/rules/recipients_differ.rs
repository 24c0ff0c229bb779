//! Keys that differ from those of the creation rule.

use std::collections::BTreeSet;

use sops_core::EncryptedDocument;
use sops_core::config::CreationRule;
use sops_core::keys::MasterKey;
use sops_core::metadata::Metadata;

use crate::finding::{Fix, Severity};
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL012",
    name: "recipients-differ",
    severity: Severity::Error,
    page: include_str!("recipients_differ.md"),
    checks: &[Check::Encrypted(check)],
};

fn check(document: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    let Some((_, _, rule)) = report.creation_rule() else {
        return;
    };
    if rule.key_groups.iter().all(Vec::is_empty) {
        return;
    }
    let has = ids(&document.metadata().master_keys());
    let wants = ids(&rule.key_groups);
    let missing: Vec<_> = wants
        .iter()
        .flatten()
        .filter(|id| !has.iter().flatten().any(|other| other == *id))
        .collect();
    let extra: Vec<_> = has
        .iter()
        .flatten()
        .filter(|id| !wants.iter().flatten().any(|other| other == *id))
        .collect();
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!(
            "the creation rule names {}, but the file is not encrypted for {}",
            list(&missing),
            if missing.len() == 1 { "it" } else { "them" }
        ));
    }
    if !extra.is_empty() {
        parts.push(format!(
            "the file is encrypted for {}, which the creation rule does not name",
            list(&extra)
        ));
    }
    if parts.is_empty() && has != wants {
        parts.push(
            "the file's keys are divided into other groups than the creation rule says".to_owned(),
        );
    }
    let has_other_keys = !parts.is_empty();
    let threshold = Threshold::of(document.metadata(), rule);
    parts.extend(threshold.message());
    if parts.is_empty() {
        return;
    }
    let update = report.command("updatekeys");
    let at = report.block();
    let found = report.span(at..at, parts.join("; "));
    // Where the rule says nothing of the threshold, `updatekeys` leaves it.
    if !has_other_keys && threshold.is_implied {
        let Threshold { file, rule, .. } = threshold;
        found.help(format!(
            "if {file} groups are enough, write `shamir_threshold: {file}` into the creation rule; otherwise write `shamir_threshold: {rule}`, and run `{update}`"
        ));
    } else {
        found.help(update).fix(Some(Fix::UpdateKeys));
    }
}

/// How many key groups it takes to decrypt a file.
struct Threshold {
    /// As the file says.
    file: usize,
    groups: usize,
    /// As the creation rule says.
    rule: usize,
    /// Whether the rule says nothing, which means all groups.
    is_implied: bool,
}

impl Threshold {
    fn of(metadata: &Metadata, rule: &CreationRule) -> Self {
        let (has, wants) = (metadata.key_groups.len(), rule.key_groups.len());
        // Shamir's scheme has no threshold of 1.
        let stated = rule.shamir_threshold.map(usize::from);
        let stated = stated.filter(|threshold| *threshold > 1);
        Self {
            file: metadata.shamir_threshold.unwrap_or(has).min(has),
            groups: has,
            rule: stated.unwrap_or(wants).min(wants),
            is_implied: stated.is_none(),
        }
    }

    /// What is wrong, where both have several groups.
    fn message(&self) -> Option<String> {
        let Self {
            file, groups, rule, ..
        } = self;
        let is_wrong = match self.is_implied {
            true => file < groups && file < rule,
            false => file != rule,
        };
        (is_wrong && *groups > 1 && *rule > 1).then(|| {
            format!("{file} of {groups} key groups can decrypt the file, but the creation rule requires {rule}")
        })
    }
}

/// The keys of each group, in an order of their own.
fn ids(groups: &[Vec<MasterKey>]) -> Vec<BTreeSet<String>> {
    groups
        .iter()
        .map(|group| group.iter().map(MasterKey::id).collect())
        .collect()
}

fn list(ids: &[&String]) -> String {
    let shown: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
    shown.join(", ")
}
