//! What people have decided to allow: by a comment `sops-rs: allow RULE -- reason` on the line or above it, or by an annotation of the
//! object. A reason is required, and what allows nothing is told.

use std::ops::Range;

use sops_core::{Document, Format};

use crate::finding::Finding;
use crate::object::objects;
use crate::report::Report;
use crate::rule::Rule;
use crate::rules;

/// What a comment begins with.
const MARK: &str = "sops-rs: allow";
/// The annotation, of the form `RULE -- reason`; several are divided by `;`.
const ANNOTATION: &str = "lint.sops-rs/allow";

/// One rule that is allowed somewhere.
struct Allowance {
    rule: &'static Rule,
    /// Where it holds: the bytes of the text.
    holds: Range<usize>,
    /// Where it stands.
    place: Range<usize>,
    used: bool,
}

/// The findings that are not allowed, and what is wrong with what allows them.
pub(crate) fn apply(mut report: Report<'_>, asked: &[&'static Rule]) -> Vec<Finding> {
    let text = report.text();
    if !text.contains(MARK) && !text.contains(ANNOTATION) {
        return report.findings;
    }
    report.of(&rules::SUPPRESSION, None);
    let mut allowances = comments(text, &mut report);
    annotations(text, &mut report, &mut allowances);
    let mut is_open = |finding: &Finding| {
        let mut allowed = false;
        for allowance in &mut allowances {
            let at = finding.location.offset;
            if allowance.rule.code == finding.rule.code && allowance.holds.contains(&at) {
                allowance.used = true;
                allowed = true;
            }
        }
        !allowed
    };
    report.findings.retain(|finding| is_open(finding));
    for allowance in allowances {
        let is_asked = asked.iter().any(|rule| rule.code == allowance.rule.code);
        if is_asked && !allowance.used {
            let message = format!(
                "nothing here is found by `{}`; take this out",
                allowance.rule.name
            );
            report.span(allowance.place, message);
        }
    }
    report.findings
}

fn comments(text: &str, report: &mut Report<'_>) -> Vec<Allowance> {
    let mut allowances = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = start..start + line.trim_end().len();
        start += line.len();
        let Some((before, said)) = line.split_once(MARK) else {
            continue;
        };
        let before = before.trim_end();
        if !["#", "//", "<!--"]
            .iter()
            .any(|sign| before.ends_with(sign))
        {
            continue;
        }
        // A line of its own speaks of the next one that is no comment.
        let is_alone = before.trim_start().len() <= 4;
        let next = if is_alone {
            behind_comments(text, start)
        } else {
            start
        };
        let holds = place.start..next;
        let said = said.trim().trim_end_matches("-->");
        read(said, &place, &holds, report, &mut allowances);
    }
    allowances
}

/// The end of the first line from `at` on that is no comment.
fn behind_comments(text: &str, mut at: usize) -> usize {
    for line in text[at..].split_inclusive('\n') {
        at += line.len();
        if !line.trim_start().starts_with('#') {
            break;
        }
    }
    at
}

fn annotations(text: &str, report: &mut Report<'_>, allowances: &mut Vec<Allowance>) {
    let format = Format::from_path(report.input.path);
    if !text.contains(ANNOTATION) || !matches!(format, Format::Yaml | Format::Json) {
        return;
    }
    let Ok(document) = Document::parse(text, format) else {
        return;
    };
    for object in objects(&document) {
        let annotation = object.node.at(&["metadata", "annotations", ANNOTATION]);
        let Some((node, said)) = annotation.and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        for said in said.split(';') {
            read(
                said.trim(),
                &node.span(),
                &object.node.span(),
                report,
                allowances,
            );
        }
    }
}

/// Reads `RULE[, RULE] -- reason`.
fn read(
    said: &str,
    place: &Range<usize>,
    holds: &Range<usize>,
    report: &mut Report<'_>,
    allowances: &mut Vec<Allowance>,
) {
    let (names, reason) = said.split_once("--").unwrap_or((said, ""));
    if reason.trim().is_empty() {
        let message = "a reason is missing; write `sops-rs: allow RULE -- reason`";
        report.span(place.clone(), message);
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
                report.span(
                    place.clone(),
                    "there is no such rule; `sops-rs lint rule` lists them",
                );
            }
        }
    }
}
