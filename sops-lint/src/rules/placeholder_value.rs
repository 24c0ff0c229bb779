//! A placeholder for an encrypted value, which only checks may see.

use sops_document::{Document, NodeRef};
use sops_placeholder::{ANNOTATION, is_placeholder};

use crate::check::Check;
use crate::context::Context;
use crate::rule::{FixAvailability, Rule, Severity};

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
    for top in document.tops().flatten() {
        let mut open = vec![top];
        while let Some(node) = open.pop() {
            if node.as_str().is_some_and(is_placeholder) {
                report(node, "the value", context);
                break;
            }
            if let Some(annotation) = node.get(ANNOTATION) {
                report(annotation, "the object", context);
                break;
            }
            let mut inner: Vec<_> = node.entries().map(|(_, value)| value).collect();
            inner.extend(node.items());
            inner.reverse();
            open.append(&mut inner);
        }
    }
}

fn report(node: NodeRef<'_, '_>, subject: &str, context: &mut Context<'_>) {
    let message =
        format!("{subject} is a placeholder from `sops-rs render`, not the encrypted original");
    context.report_node(node, message).help(
        "commit and deploy the encrypted file; a rendered one is only for checks, in a directory that Git ignores",
    );
}
