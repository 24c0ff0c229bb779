//! A token or a password in a URL, in any value, and evident secrets in custom resources.

mod custom_resource;

use std::ops::Range;

use sops_core::is_ciphertext;
use sops_document::Document;

use crate::check::Check;
use crate::context::Context;
use crate::handled_values::HandledValues;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::token::{self, KnownToken};
use crate::secret_detection::{FoundSecret, Likeness, is_private_key};
use crate::shown_name::shown_name;
use custom_resource::HELP;

pub(crate) static RULE: Rule = Rule {
    code: "SL020",
    name: "credential-in-value",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("credential_in_value.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::Document(check),
    Check::Document(custom_resource::check),
];

fn check(document: &Document<'_>, context: &mut Context<'_>) {
    if !token::may_be_in(context.text()) {
        return;
    }
    let known = HandledValues::new(document, context);
    let mut values: Vec<_> = document.scalars().collect();
    values.sort_by_key(|node| node.span().start);
    for node in values {
        let value = node.as_str().unwrap_or_default();
        let is_key_id = || value.starts_with("AKIA") && token::is_key_id(&node.step(), value);
        let is_public = is_ciphertext(value) || is_key_id();
        if is_public || known.has_value(node, context) {
            continue;
        }
        let secrets: Vec<FoundSecret> = token::tokens(value).filter_map(credential).collect();
        if secrets.is_empty() {
            continue;
        }
        let before = context.findings.len();
        let path = node.path().join(".");
        context.report_secrets(node, secrets, format_args!("`{}`", shown_name(&path)), HELP);
        let new = context.findings.split_off(before);
        let is_new = |span: &Range<usize>| !known.is_reported(span);
        context.findings.extend(
            new.into_iter()
                .filter(|finding| is_new(&(finding.location.offset..finding.end))),
        );
    }
}

/// The secret, if its form gives it away. Private keys are excluded: another rule finds them in the
/// bytes of every file.
fn credential(token: KnownToken) -> Option<FoundSecret> {
    (!is_private_key(token.description)).then(|| FoundSecret {
        name: String::new(),
        range: token.range,
        likeness: Likeness::Format(token.description),
    })
}
