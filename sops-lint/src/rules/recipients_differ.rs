//! Keys that differ from those of the creation rule.

use std::collections::BTreeSet;

use sops_core::EncryptedDocument;
use sops_core::config::Thresholds;
use sops_core::keys::MasterKey;

use crate::check::Check;
use crate::context::Context;
use crate::finding::Fix;
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL012",
    name: "recipients-differ",
    severity: Severity::Error,
    fix: FixAvailability::Sometimes,
    page: include_str!("recipients_differ.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Encrypted(check)];

fn check(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    let Some((_, _, rule)) = context.creation_rule() else {
        return;
    };
    if rule.key_groups.iter().all(Vec::is_empty) {
        return;
    }
    let has = document.metadata().master_keys();
    let wants = &rule.key_groups;
    let missing = ids(wants, |key| !has.iter().flatten().any(|has| key.means(has)));
    let extra = ids(&has, |key| {
        !wants.iter().flatten().any(|wants| wants.means(key))
    });
    let mut parts = Vec::new();
    if !missing.is_empty() {
        let cannot = match missing.len() {
            1 => "is in the creation rule but cannot decrypt this file",
            _ => "are in the creation rule but cannot decrypt this file",
        };
        parts.push(format!("{} {cannot}", list(&missing)));
    }
    if !extra.is_empty() {
        let can = match extra.len() {
            1 => "can decrypt this file but is not in the creation rule",
            _ => "can decrypt this file but are not in the creation rule",
        };
        parts.push(format!("{} {can}", list(&extra)));
    }
    if parts.is_empty() && !are_divided_alike(&has, wants) {
        parts.push(
            "the file's keys are in different key groups than in the creation rule".to_owned(),
        );
    }
    let has_other_keys = !parts.is_empty();
    let thresholds = Thresholds::between(document.metadata(), rule);
    if thresholds.differ() {
        let Thresholds {
            file, groups, rule, ..
        } = thresholds;
        parts.push(format!(
            "{file} of {groups} key groups can decrypt the file, but the creation rule requires {rule}"
        ));
    }
    if parts.is_empty() {
        return;
    }
    let update = context.command("updatekeys");
    let at = context.metadata_start();
    let finding = context.report_span(at..at, parts.join("; "));
    // If the rule has no threshold, `updatekeys` keeps that of the file.
    if !has_other_keys && !thresholds.is_stated {
        let Thresholds { file, rule, .. } = thresholds;
        finding.help(format!(
            "if {file} groups are enough, write `shamir_threshold: {file}` into the creation rule; otherwise write `shamir_threshold: {rule}`, and run `{update}`"
        ));
    } else {
        finding.help(update).fix(Some(Fix::UpdateKeys));
    }
}

/// Whether each group of the file has the keys of the rule's group.
fn are_divided_alike(has: &[Vec<MasterKey>], wants: &[Vec<MasterKey>]) -> bool {
    has.len() == wants.len()
        && has.iter().zip(wants).all(|(has, wants)| {
            wants.iter().all(|key| has.iter().any(|has| key.means(has)))
                && has
                    .iter()
                    .all(|key| wants.iter().any(|wants| wants.means(key)))
        })
}

/// The IDs of the matching keys, group by group, and sorted in each group.
fn ids(groups: &[Vec<MasterKey>], is_meant: impl Fn(&MasterKey) -> bool) -> Vec<String> {
    let groups = groups.iter().map(|group| {
        let keys = group.iter().filter(|key| is_meant(key));
        keys.map(MasterKey::id).collect::<BTreeSet<_>>()
    });
    groups.flatten().collect()
}

fn list(ids: &[String]) -> String {
    let shown: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
    match shown.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => shown.join(", "),
    }
}
