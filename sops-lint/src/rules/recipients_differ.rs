//! Keys that differ from those of the creation rule.

use std::collections::BTreeSet;

use sops_core::EncryptedDocument;
use sops_core::keys::MasterKey;

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
    let message = match (&missing[..], &extra[..]) {
        ([], []) if has == wants => return,
        ([], []) => {
            "the file's keys are divided into other groups than the creation rule says".to_owned()
        }
        (missing, extra) => {
            let mut parts = Vec::new();
            if !missing.is_empty() {
                parts.push(format!(
                    "the creation rule's {} cannot open the file",
                    list(missing)
                ));
            }
            if !extra.is_empty() {
                parts.push(format!(
                    "{} can, and {} not in the creation rule",
                    list(extra),
                    if extra.len() == 1 { "is" } else { "are" }
                ));
            }
            parts.join("; ")
        }
    };
    let command = report.command("updatekeys");
    let at = report.block();
    report
        .span(at..at, message)
        .help(command)
        .fix(Some(Fix::UpdateKeys));
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
