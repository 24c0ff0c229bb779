//! A file that other programs read unencrypted, but whose content does not match its name.

use std::ops::Range;

use sops_core::config::CreationRule;
use sops_core::unencrypted_values;
use sops_document::{Document, NodeRef, Shape};

use super::rule::RULE;
use crate::context::Context;
use crate::encoding::is_utf8;
use crate::exempt::{ExemptContent, content, has_word, is_line, lines};
use crate::manifest::{first_secret, is_cluster_object, is_manifest};
use crate::rule_coverage::{has_rule_for_its_extension, matching_rule};
use crate::rule_scope::{has_secret_comment, text_of};
use crate::secret_detection::{in_script, in_text};
use crate::template;

/// Reports an exempt file that a creation rule matches, if its content does not match its name or
/// may contain a secret. Findings of other checks are enough.
pub(crate) fn check(context: &mut Context<'_>) {
    let Some(content) = content(context.input.path, context.input.bytes) else {
        return;
    };
    let is_known = |code| code == RULE.code;
    let mut findings = context.findings.iter();
    if context.is_encrypted || findings.any(|finding| is_known(finding.rule.code)) {
        return;
    }
    let Some(rule) = matching_rule(context) else {
        return;
    };
    let text = text_of(context.input.bytes);
    let Some((span, problem)) = problem(content, &text, rule, context) else {
        return;
    };
    let span = if is_utf8(context.input.bytes) {
        span
    } else {
        0..0
    };
    context.set_rule(&RULE, None);
    context
        .report_span(span, format!("a creation rule covers this file, {problem}"))
        .help("put secrets into a file of their own and encrypt that; if this file is meant to be public, exclude it from the rule's `path_regex`");
}

/// The problem of the content under the creation rule, and its position.
fn problem(
    content: ExemptContent,
    text: &str,
    creation: &CreationRule,
    context: &Context<'_>,
) -> Option<(Range<usize>, String)> {
    let unexpected = || (0..0, "whose content does not match its name".to_owned());
    let secret = |span| {
        (
            span,
            "which contains what looks like a secret in plaintext".to_owned(),
        )
    };
    let secret = |span: Option<Range<usize>>| span.map(secret);
    let in_comment = || has_secret_comment(text).then_some(0..0);
    let (ExemptContent::Only(_) | ExemptContent::Some(_)) = content else {
        let secrets = match content {
            ExemptContent::Script | ExemptContent::Targets => in_script(text),
            _ => in_text("", text),
        };
        let first = secrets.into_iter().next();
        let span = first.map(|secret| secret.range).or_else(in_comment);
        let is_line = |line: &str| is_line(content, line);
        let is_other = || match content {
            ExemptContent::Script | ExemptContent::Targets => !lines(text).any(is_line),
            _ => !lines(text).all(is_line),
        };
        return secret(span).or_else(|| is_other().then(unexpected));
    };
    if lines(text).all(|line| ["---", "~", "null"].contains(&line)) {
        return secret(in_comment());
    }
    let is_meant = !has_rule_for_its_extension(context);
    let filled = template::filled(text);
    let Ok(document) = Document::parse_leniently(filled.as_deref().unwrap_or(text)) else {
        return is_meant.then(unexpected);
    };
    let mut tops = document.tops().flatten();
    let is_known = |top| is_mapping(content, top);
    let is_other =
        tops.next().is_none_or(|top| !is_known(top)) || !tops.all(is_known) || has_word(text);
    let rule = creation.rule.clone().unwrap_or_default();
    // A rule that names keys says nothing about other keys.
    let is_selected = || {
        let selected = unencrypted_values(&document, Some(&rule)).unwrap_or_default();
        !rule.names_what_is_encrypted() || !selected.is_empty()
    };
    if is_other && is_selected() {
        return Some(unexpected());
    }
    if !is_meant {
        return None;
    }
    let is_secret = |key: &str, text: &str| !in_text(key, text).is_empty();
    let mut tops = document.tops().flatten();
    let node = tops.find_map(|top| first_secret(top, is_secret));
    secret(node.map(NodeRef::span).or_else(in_comment))
}

/// Whether the top of a document may be in a file of that content.
fn is_mapping(content: ExemptContent, top: NodeRef<'_, '_>) -> bool {
    let mut keys = top.entries().map(|(key, _)| key);
    let is_in = |known: &[&str], key: &str| known.iter().any(|own| own.eq_ignore_ascii_case(key));
    match content {
        _ if top.shape() != Shape::Mapping => false,
        ExemptContent::Only(known) => {
            keys.all(|key| is_in(known, key)) || is_manifest(top) && is_cluster_object(top)
        }
        ExemptContent::Some(known) => {
            top.entries().next().is_none() || keys.any(|key| is_in(known, key))
        }
        _ => false,
    }
}
