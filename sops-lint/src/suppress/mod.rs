//! Suppresses findings that users have allowed: by a comment `sops-rs: allow RULE -- reason` on the
//! line or above the node, or by an annotation of the object. A reason is required, and an
//! allowance without effect is reported.

mod allowances;
mod extent;

use std::ops::Range;

use sops_document::Format;

use crate::allowing_comment::{ANNOTATION, CommentStyle, MARK, is_comment};
use crate::context::Context;
use crate::finding::Finding;
use crate::object::objects;
use crate::rule::Rule;
use crate::word_search::contains;
use crate::{file_name, json_stream, rules};
use allowances::{Allowance, Allowances};
use extent::{BREAKS, Extents};

/// The findings that are not allowed, and findings about invalid or unused allowances.
pub(crate) fn apply(context: &mut Context<'_>, asked: &[&'static Rule]) -> Vec<Finding> {
    let text = context.text();
    if !contains(text, MARK) && !contains(text, ANNOTATION) {
        return std::mem::take(&mut context.findings);
    }
    context.set_rule(&rules::SUPPRESSION, None);
    let mut allowances = comments(text, context);
    annotations(text, context, &mut allowances);
    let mut allowances = Allowances::new(allowances);
    let mut findings = std::mem::take(&mut context.findings);
    findings.retain(|finding| !allowances.allow(finding));
    context.findings.append(&mut findings);
    // Whether there is a finding is known only later, so its allowance counts as used.
    if let Some(configuration) = &mut context.facts.configuration {
        let unused = &mut configuration.unused;
        unused.retain(|(_, finding)| !allowances.allow(finding));
    }
    for deferred in &mut context.facts.flux.findings {
        *deferred = deferred.take().filter(|finding| !allowances.allow(finding));
    }
    // A kustomization may name the file as a source of a ConfigMap.
    let may_be_source = !text.contains("ConfigMap") && !text.contains("configMapGenerator");
    for allowance in allowances.unused() {
        let code = allowance.rule.code;
        let is_asked = asked.iter().any(|rule| rule.code == code);
        let is_of_source = code == rules::SECRET_IN_CONFIG_MAP.code && may_be_source;
        if is_asked && !is_of_source {
            let message = format!(
                "`{}` finds nothing here; remove it, or the whole comment or annotation if it allows no other rule",
                allowance.rule.name
            );
            context.report_span(allowance.span, message);
        }
    }
    let mut findings = std::mem::take(&mut context.findings);
    if file_name::is_prose(context.input.path) {
        // Documentation may show comments that allow findings although there is nothing to allow.
        findings.retain(|finding| finding.rule.code != rules::SUPPRESSION.code);
    }
    findings
}

fn comments(text: &str, context: &mut Context<'_>) -> Vec<Allowance> {
    let mut allowances: Vec<Allowance> = Vec::new();
    let extents = match text.contains(MARK) {
        true => Extents::of(text),
        false => Extents::default(),
    };
    // The comments from here on are on their own lines, and apply to the node that begins on the
    // next line without a comment.
    let mut waiting = 0;
    let mut start = 0;
    let mut has_content = false;
    let style = CommentStyle::of(context.input.path, context.format);
    for line in text.split_inclusive(BREAKS) {
        let span = start..start + line.trim_end().len();
        start += line.len();
        if line.starts_with("---") && has_content {
            // A comment below the content of a document does not apply to the next document.
            waiting = allowances.len();
            has_content = false;
        }
        // The item or the document begins on one of the next lines.
        let content = line.trim_start_matches([' ', '\t', '-']);
        let is_comment = is_comment(content) || matches!(line.trim(), "" | "-" | "---");
        has_content |= !is_comment;
        if !is_comment {
            let end = extents.end(span.start).map_or(start, |end| end.max(start));
            let waiting = &mut allowances[waiting..];
            waiting
                .iter_mut()
                .for_each(|allowance| allowance.holds.end = end);
        }
        if let Some(statement) = style.allowing(line) {
            read(
                statement,
                &span,
                &(span.start..start),
                context,
                &mut allowances,
            );
        }
        if !is_comment {
            waiting = allowances.len();
        }
    }
    keep_within_values(text, context.format, &mut allowances);
    allowances
}

/// Limits an allowance inside the text of a value, such as a comment in a script, to that value.
fn keep_within_values(text: &str, format: Format, allowances: &mut [Allowance]) {
    if allowances.is_empty() || !matches!(format, Format::Yaml | Format::Json) {
        return;
    }
    let Ok(document) = json_stream::parse(text, format) else {
        return;
    };
    let mut values: Vec<_> = document.scalars().map(|scalar| scalar.span()).collect();
    values.sort_by_key(|value| value.start);
    for allowance in allowances {
        let mark = text[allowance.span.clone()].find(MARK);
        let at = allowance.span.start + mark.unwrap_or_default();
        let next = values.partition_point(|value| value.start <= at);
        if let Some(value) = next.checked_sub(1).map(|last| &values[last])
            && value.contains(&at)
        {
            let holds = &mut allowance.holds;
            holds.start = holds.start.max(value.start);
            holds.end = holds.end.min(value.end).max(holds.start);
        }
    }
}

fn annotations(text: &str, context: &mut Context<'_>, allowances: &mut Vec<Allowance>) {
    let format = context.format;
    if !text.contains(ANNOTATION) || !matches!(format, Format::Yaml | Format::Json) {
        return;
    }
    let Ok(document) = json_stream::parse(text, format) else {
        return;
    };
    for object in objects(&document) {
        let annotation = object.node.at(&["metadata", "annotations", ANNOTATION]);
        let Some((node, statement)) = annotation.and_then(|node| Some((node, node.as_str()?)))
        else {
            continue;
        };
        for statement in statement.split(';') {
            read(
                statement.trim(),
                &node.span(),
                &object.node.span(),
                context,
                allowances,
            );
        }
    }
}

/// Reads `RULE[, RULE] -- reason`.
fn read(
    statement: &str,
    span: &Range<usize>,
    holds: &Range<usize>,
    context: &mut Context<'_>,
    allowances: &mut Vec<Allowance>,
) {
    let (names, reason) = statement.split_once("--").unwrap_or((statement, ""));
    if reason.trim().is_empty() {
        let message = "a reason is missing; add ` -- ` and the reason after the rule";
        context.report_span(span.clone(), message);
        return;
    }
    for name in names.split(',').map(str::trim) {
        match rules::find(name) {
            Some(rule) => allowances.push(Allowance {
                rule,
                holds: holds.clone(),
                span: span.clone(),
            }),
            None => {
                context.report_span(span.clone(), rules::unknown_in_comment(name));
            }
        }
    }
}
