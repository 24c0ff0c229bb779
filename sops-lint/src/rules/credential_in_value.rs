//! A token or a password in a URL, in any value.

use std::ops::Range;

use sops_core::is_ciphertext;
use sops_document::{Document, NodeRef};

use crate::check::Check;
use crate::context::Context;
use crate::finding::Fix;
use crate::object::objects;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret::is_secret_part;
use crate::secret_detection::token::{self, KnownToken};
use crate::secret_detection::{FoundSecret, Likeness};
use crate::span_set::SpanSet;

pub(crate) static RULE: Rule = Rule {
    code: "SL020",
    name: "credential-in-value",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("credential_in_value.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Document(check)];

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
        let found: Vec<FoundSecret> = token::tokens(value).filter_map(credential).collect();
        if found.is_empty() {
            continue;
        }
        let before = context.findings.len();
        let path = node.path().join(".");
        let help = "anyone with a copy of the repository has it: replace it, and store the new one encrypted";
        context.report_secrets(node, found, format_args!("`{path}`"), help);
        let new = context.findings.split_off(before);
        let is_new = |span: &Range<usize>| !known.reported.overlap(span);
        context.findings.extend(
            new.into_iter()
                .filter(|finding| is_new(&(finding.location.offset..finding.end))),
        );
    }
}

/// The secret, if its form gives it away. Private keys are excluded: another rule finds them in the bytes of every file.
fn credential(token: KnownToken) -> Option<FoundSecret> {
    let is_private_key = token.description.starts_with("a private key");
    (!is_private_key).then(|| FoundSecret {
        name: String::new(),
        range: token.range,
        likeness: Likeness::Format(token.description),
    })
}

/// Values that other rules have reported, or want encrypted.
struct HandledValues {
    reported: SpanSet,
    /// The values of Secrets.
    secrets: Vec<Range<usize>>,
    /// Whether the file is to be encrypted as a whole.
    is_covered: bool,
    /// Whether the file has a CustomResourceDefinition.
    is_definition: bool,
}

impl HandledValues {
    fn new(document: &Document<'_>, context: &Context<'_>) -> Self {
        let reported = context.findings.iter();
        let objects = objects(document);
        let is_definition = |kind: &str| kind == "CustomResourceDefinition";
        let secrets = objects.iter().filter(|object| object.is_secret());
        let parts = secrets.flat_map(|object| object.node.entries());
        let parts = parts.filter(|(key, _)| is_secret_part(key));
        let mut secrets: Vec<_> = parts.map(|(_, part)| part.span()).collect();
        secrets.sort_by_key(|part| part.start);
        let is_to_be_encrypted = |fix: &Option<Fix>| *fix == Some(Fix::Encrypt);
        Self {
            reported: SpanSet::new(reported.map(|finding| finding.location.offset..finding.end)),
            secrets,
            is_covered: context
                .findings
                .iter()
                .any(|finding| is_to_be_encrypted(&finding.fix)),
            is_definition: objects.iter().any(|object| is_definition(object.kind)),
        }
    }

    /// Whether a value needs no report.
    fn has_value(&self, node: NodeRef<'_, '_>, context: &Context<'_>) -> bool {
        let span = node.span();
        let begun = self
            .secrets
            .partition_point(|part| part.start <= span.start);
        begun > 0 && span.end <= self.secrets[begun - 1].end
            || self.is_covered && context.is_selected(&span)
            || self.is_definition && node.step() == "description"
    }
}
