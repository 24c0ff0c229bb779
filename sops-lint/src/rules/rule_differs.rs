//! A rule that differs from that of the creation rule.

use sops_core::EncryptedDocument;
use sops_document::Format;

use crate::check::Check;
use crate::context::Context;
use crate::finding::Fix;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shell::shell_path;

pub(crate) static RULE: Rule = Rule {
    code: "SL013",
    name: "rule-differs",
    severity: Severity::Warning,
    fix: FixAvailability::Sometimes,
    page: include_str!("rule_differs.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Encrypted(check)];

fn check(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    let Some((_, _, creation)) = context.creation_rule() else {
        return;
    };
    // A binary file is one value, and has no rule.
    if Format::from_path(context.input.path) == Format::Binary {
        return;
    }
    let metadata = document.metadata();
    let wants = creation.rule.clone().unwrap_or_default();
    let at = context.metadata_start();
    let has = metadata.rule.as_ref().filter(|has| **has != wants);
    if has.is_some() && document.encrypts_more_than(&wants).unwrap_or(false) {
        context
            .report_span(at..at, format!("the file encrypts more than the creation rule (`{wants}`) selects"))
            .help("if everyone may read the other values, decrypt and encrypt the file again; otherwise change the rule in `.sops.yaml`")
            // The file leaks nothing, and applying the rule would leak values.
            .accepted();
        return;
    }
    let would_open = || matches!(document.would_be_opened_by(&wants), Ok(Some(true)));
    if let Some(has) = has.filter(|_| would_open()) {
        let message = format!(
            "the file was encrypted with `{has}`, and the creation rule, `{wants}`, would leave its encrypted values in plaintext"
        );
        context
            .report_span(at..at, message)
            .help("change the rule in `.sops.yaml`; if the values are meant to be public, decrypt and encrypt the file again");
        return;
    }
    let name = context.input.name.to_owned();
    let message = if let Some(has) = has {
        format!("the file was encrypted with `{has}`, and the creation rule says `{wants}`")
    } else if metadata.mac_only_encrypted != creation.mac_only_encrypted {
        format!(
            "the file has `mac_only_encrypted: {}`, and the creation rule says {}",
            metadata.mac_only_encrypted, creation.mac_only_encrypted
        )
    } else {
        return;
    };
    context
        .report_span(at..at, message)
        .help(format!(
            "sops-rs lint --fix --select SL013 {}",
            shell_path(&name)
        ))
        .fix(Some(Fix::UpdateRule));
}
