//! Findings that people have decided to allow: by a comment `sops-rs: allow RULE -- reason` on the
//! line or above what has the finding, or by an annotation of the object. A reason is required, and
//! an allowance that allows nothing is reported.

mod extent;

use std::ops::Range;

use sops_core::parse_document;
use sops_document::Format;

use crate::allowing_comment::{MARK, allowing, is_comment};
use crate::context::Context;
use crate::file_name;
use crate::finding::Finding;
use crate::object::objects;
use crate::rule::Rule;
use crate::rules;
use extent::Extents;

/// The annotation, of the form `RULE -- reason`; several are divided by `;`.
const ANNOTATION: &str = "lint.sops-rs/allow";

/// One rule that is allowed somewhere.
struct Allowance {
    rule: &'static Rule,
    /// Where it holds: the bytes of the text.
    holds: Range<usize>,
    /// Where the comment or annotation is.
    place: Range<usize>,
    used: bool,
}

/// The findings that are not allowed, and what is wrong with what allows them.
pub(crate) fn apply(context: &mut Context<'_>, asked: &[&'static Rule]) -> Vec<Finding> {
    let text = context.text();
    if !text.contains(MARK) && !text.contains(ANNOTATION) {
        return std::mem::take(&mut context.findings);
    }
    context.set_rule(&rules::SUPPRESSION, None);
    let mut allowances = comments(text, context);
    annotations(text, context, &mut allowances);
    let mut allowances = Allowances::new(allowances);
    let mut findings = std::mem::take(&mut context.findings);
    findings.retain(|finding| !allowances.allow(finding));
    context.findings.append(&mut findings);
    // Whether there is something to report shows later, so an allowance of it counts as used.
    if let Some(configuration) = &mut context.facts.configuration {
        let unused = &mut configuration.unused;
        unused.retain(|(_, finding)| !allowances.allow(finding));
    }
    for deferred in &mut context.facts.flux.findings {
        *deferred = deferred.take().filter(|finding| !allowances.allow(finding));
    }
    for allowance in allowances.all {
        let is_asked = asked.iter().any(|rule| rule.code == allowance.rule.code);
        if is_asked && !allowance.used {
            let message = format!("`{}` finds nothing here; remove this", allowance.rule.name);
            context.report_span(allowance.place, message);
        }
    }
    let mut findings = std::mem::take(&mut context.findings);
    if file_name::is_prose(context.input.path) {
        // A text that explains such comments needs none of them.
        findings.retain(|finding| finding.rule.code != rules::SUPPRESSION.code);
    }
    findings
}

/// What is allowed, in the order of where it begins to hold.
struct Allowances {
    all: Vec<Allowance>,
    /// For each, where it and those before it have ended.
    ends: Vec<usize>,
}

impl Allowances {
    fn new(mut all: Vec<Allowance>) -> Self {
        let key = |allowance: &Allowance| {
            let holds = &allowance.holds;
            (holds.start, holds.end, allowance.rule.code)
        };
        all.sort_by_key(key);
        all.dedup_by(|later, earlier| key(later) == key(earlier));
        let mut end = 0;
        let ends = all.iter().map(|allowance| {
            end = allowance.holds.end.max(end);
            end
        });
        Self {
            ends: ends.collect(),
            all,
        }
    }

    /// Whether the finding is allowed; each that allows it has been used.
    fn allow(&mut self, finding: &Finding) -> bool {
        let at = finding.location.offset;
        let begun = self
            .all
            .partition_point(|allowance| allowance.holds.start <= at);
        let mut allowed = false;
        for index in (0..begun).rev().take_while(|index| self.ends[*index] > at) {
            let allowance = &mut self.all[index];
            if allowance.rule.code == finding.rule.code && allowance.holds.contains(&at) {
                allowance.used = true;
                allowed = true;
            }
        }
        allowed
    }
}

fn comments(text: &str, context: &mut Context<'_>) -> Vec<Allowance> {
    let mut allowances: Vec<Allowance> = Vec::new();
    let extents = match text.contains(MARK) {
        true => Extents::of(text),
        false => Extents::default(),
    };
    // Those from here on are on lines of their own, and are about what begins on the next line that
    // is no comment.
    let mut waiting = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = start..start + line.trim_end().len();
        start += line.len();
        // The item or the document begins on one of the next lines.
        let content = line.trim_start_matches([' ', '\t', '-']);
        let is_comment = is_comment(content) || matches!(line.trim(), "" | "-" | "---");
        if !is_comment {
            let end = extents.end(place.start).map_or(start, |end| end.max(start));
            let waiting = &mut allowances[waiting..];
            waiting
                .iter_mut()
                .for_each(|allowance| allowance.holds.end = end);
        }
        if let Some(statement) = allowing(line) {
            read(
                statement,
                &place,
                &(place.start..start),
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

/// Limits what the text of a value allows, such as a comment of a script, to that value.
fn keep_within_values(text: &str, format: Format, allowances: &mut [Allowance]) {
    if allowances.is_empty() || !matches!(format, Format::Yaml | Format::Json) {
        return;
    }
    let Ok(document) = parse_document(text, format) else {
        return;
    };
    let mut values: Vec<_> = document.scalars().map(|scalar| scalar.span()).collect();
    values.sort_by_key(|value| value.start);
    for allowance in allowances {
        let mark = text[allowance.place.clone()].find(MARK);
        let at = allowance.place.start + mark.unwrap_or_default();
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
    let Ok(document) = parse_document(text, format) else {
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
    place: &Range<usize>,
    holds: &Range<usize>,
    context: &mut Context<'_>,
    allowances: &mut Vec<Allowance>,
) {
    let (names, reason) = statement.split_once("--").unwrap_or((statement, ""));
    if reason.trim().is_empty() {
        let message = "a reason is missing; write `sops-rs: allow RULE -- reason`";
        context.report_span(place.clone(), message);
        return;
    }
    for name in names.split(',').map(str::trim) {
        match rules::find(name) {
            Some(rule) => allowances.push(Allowance {
                rule,
                holds: holds.clone(),
                place: place.clone(),
                used: false,
            }),
            None => {
                context.report_span(place.clone(), rules::unknown_in_comment(name));
            }
        }
    }
}
