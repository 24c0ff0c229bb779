//! A token or a password in a URL, in any value.

use std::ops::Range;

use sops_core::document::NodeRef;
use sops_core::{Document, is_ciphertext};

use crate::finding::{Fix, Severity};
use crate::likeness::token::{self, Token};
use crate::likeness::{Found, Likeness};
use crate::object::objects;
use crate::report::Report;
use crate::rule::{Check, Rule};
use crate::secret::is_secret_part;
use crate::spans::Spans;

pub(crate) static RULE: Rule = Rule {
    code: "SL020",
    name: "credential-in-value",
    severity: Severity::Error,
    page: include_str!("credential_in_value.md"),
    checks: &[Check::Document(check)],
};

fn check(document: &Document<'_>, report: &mut Report<'_>) {
    if !token::may_be_in(report.text()) {
        return;
    }
    let known = Known::new(document, report);
    let mut values: Vec<_> = document.scalars().collect();
    values.sort_by_key(|node| node.span().start);
    for node in values {
        let value = node.as_str().unwrap_or_default();
        if is_ciphertext(value) || known.has_value(node, report) {
            continue;
        }
        let found: Vec<Found> = token::tokens(value).filter_map(credential).collect();
        if found.is_empty() {
            continue;
        }
        let before = report.findings.len();
        let path = node.path().join(".");
        let help = "anyone with a copy of the repository has it: replace it, and store the new one encrypted";
        report.secrets(node, found, format_args!("`{path}`"), help);
        let new = report.findings.split_off(before);
        let is_new = |span: &Range<usize>| !known.reported.overlap(span);
        report.findings.extend(
            new.into_iter()
                .filter(|one| is_new(&(one.location.offset..one.end))),
        );
    }
}

/// The secret, if its form gives it away. Private keys are excluded: another rule finds them in the bytes of every file.
fn credential(token: Token) -> Option<Found> {
    let is_private_key = token.what.starts_with("a private key");
    (!is_private_key).then(|| Found {
        name: String::new(),
        range: token.range,
        likeness: Likeness::Format(token.what),
    })
}

/// Values that other rules have reported, or want encrypted.
struct Known {
    reported: Spans,
    /// The values of Secrets.
    secrets: Vec<Range<usize>>,
    /// Whether the file is to be encrypted as a whole.
    is_covered: bool,
    /// Whether the file has a CustomResourceDefinition.
    is_definition: bool,
}

impl Known {
    fn new(document: &Document<'_>, report: &Report<'_>) -> Self {
        let reported = report.findings.iter();
        let objects = objects(document);
        let is_definition = |kind: &str| kind == "CustomResourceDefinition";
        let secrets = objects.iter().filter(|object| object.is_secret());
        let parts = secrets.flat_map(|object| object.node.entries());
        let parts = parts.filter(|(key, _)| is_secret_part(key));
        let mut secrets: Vec<_> = parts.map(|(_, part)| part.span()).collect();
        secrets.sort_by_key(|part| part.start);
        let is_to_be_encrypted = |fix: &Option<Fix>| *fix == Some(Fix::Encrypt);
        Self {
            reported: Spans::new(reported.map(|one| one.location.offset..one.end)),
            secrets,
            is_covered: report
                .findings
                .iter()
                .any(|one| is_to_be_encrypted(&one.fix)),
            is_definition: objects.iter().any(|object| is_definition(object.kind)),
        }
    }

    /// Whether a value needs no report.
    fn has_value(&self, node: NodeRef<'_, '_>, report: &Report<'_>) -> bool {
        let span = node.span();
        let begun = self
            .secrets
            .partition_point(|part| part.start <= span.start);
        begun > 0 && span.end <= self.secrets[begun - 1].end
            || self.is_covered && report.is_selected(&span)
            || self.is_definition && node.step() == "description"
    }
}
