//! Flux applies an encrypted file without decrypting it, or fails on it.

use sops_document::Document;

use crate::check::Check;
use crate::context::Context;
use crate::facts::FluxFileFacts;
use crate::finding::Finding;
use crate::flux::{FluxFacts, Site};
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL015",
    name: "flux-without-decryption",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("flux_without_decryption.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::File(size), Check::Document(document)];

/// Keeps the facts and the possible findings until all files have been read: only then it is known
/// how Flux treats the file.
fn document(document: &Document<'_>, context: &mut Context<'_>) {
    let input = context.input;
    let own_rule = context.is_encrypted.then(|| context.own_rule()).flatten();
    let rule = own_rule.map(|own| own.rule.clone());
    let facts = FluxFacts::of(input.path, context.text(), document, rule, input.tree);
    let sites = facts.sites().to_vec();
    let findings = sites
        .into_iter()
        .map(|site| finding(site, context))
        .collect();
    context.facts.flux = FluxFileFacts { facts, findings };
}

fn size(context: &mut Context<'_>) {
    context.facts.flux.facts = FluxFacts::of_size(context.input.bytes);
}

/// A finding without a message, for a problem that may be found later.
fn finding(site: Site, context: &mut Context<'_>) -> Option<Finding> {
    let finding = context.report_span(site.span, "");
    let shown = |name: String| shown_name(&name).into_owned();
    finding.path = site.path.into_iter().map(shown).collect();
    finding.object = site.object.map(shown);
    context.put_aside()
}
