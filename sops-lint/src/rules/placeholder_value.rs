//! A placeholder for an encrypted value, which only checks may see.

use sops_document::{Document, NodeRef};
use sops_placeholder::{ANNOTATION, is_placeholder};

use crate::check::Check;
use crate::context::Context;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::word_search::contains;

pub(crate) static RULE: Rule = Rule {
    code: "SL023",
    name: "placeholder-value",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("placeholder_value.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Document(check)];

/// Reports the first placeholder of each document.
fn check(document: &Document<'_>, context: &mut Context<'_>) {
    if !may_be_in(document) {
        return;
    }
    for top in document.tops().flatten() {
        let mut open = vec![top];
        while let Some(node) = open.pop() {
            if node.as_str().is_some_and(is_placeholder) {
                report(node, "the value", context);
                break;
            }
            let begin = open.len();
            let (mut annotation, mut is_merged) = (None, false);
            for (key, value) in node.entries() {
                match key {
                    ANNOTATION => annotation = annotation.or(Some(value)),
                    "<<" => is_merged = true,
                    _ => {}
                }
                open.push(value);
            }
            if is_merged {
                annotation = node.get(ANNOTATION);
            }
            if let Some(annotation) = annotation {
                report(annotation, "the object", context);
                break;
            }
            open.extend(node.items());
            // In the order of the text.
            open[begin..].reverse();
        }
    }
}

/// Whether a document has a placeholder, or its annotation, which escapes may hide.
fn may_be_in(document: &Document<'_>) -> bool {
    let text = document.text();
    let is_marked =
        || contains(text, ANNOTATION) || memchr::memchr(b'\\', text.as_bytes()).is_some();
    let mut values = document.scalars().filter_map(NodeRef::as_str);
    values.any(is_placeholder) || is_marked()
}

fn report(node: NodeRef<'_, '_>, subject: &str, context: &mut Context<'_>) {
    let message =
        format!("{subject} is a placeholder from `sops-rs render`, not the encrypted original");
    context.report_node(node, message).help(
        "commit and deploy the encrypted file; the output of `sops-rs render` is only for checks, in a directory that Git ignores",
    );
}
