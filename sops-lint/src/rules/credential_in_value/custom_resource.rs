//! Passwords and keys in custom resources, whose fields no other rule knows.

use sops_document::{Document, NodeRef};

use super::HELP;
use crate::context::Context;
use crate::handled_values::HandledValues;
use crate::object::{Object, is_of_other_project, objects};
use crate::rule::{Confidence, Severity};
use crate::secret_detection::{is_evident, may_name_secret};
use crate::shown_name::shown_name;
use crate::value_tree::scalars;

/// Parts of an object that hold no settings: other rules check the first, and a controller writes
/// the second.
const OTHER_PARTS: [&str; 2] = ["metadata", "status"];

/// Reports values of which both the name and the text say that they are secrets. Of most kinds, it
/// is unknown which fields hold names of Secrets, so anything less is not reported.
pub(super) fn check(document: &Document<'_>, context: &mut Context<'_>) {
    if !may_name_secret(context.text()) {
        return;
    }
    let objects: Vec<_> = objects(document).into_iter().filter(is_custom).collect();
    if objects.is_empty() {
        return;
    }
    let known = HandledValues::new(document, context);
    for object in objects {
        let parts = object.node.entries();
        for (key, part) in parts.filter(|(key, _)| !OTHER_PARTS.contains(key)) {
            for (key, node) in scalars(key, part) {
                let is_known =
                    known.is_reported(&node.origin().span()) || known.has_value(node, context);
                if !is_known && node.as_str().is_some_and(|text| is_evident(key, text)) {
                    report(node, context);
                }
            }
        }
    }
}

/// Whether the API of the object is that of another project.
fn is_custom(object: &Object<'_, '_>) -> bool {
    !object.kind.is_empty() && is_of_other_project(object.api_version) && !object.is_secret()
}

fn report(node: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let path = node.path().join(".");
    let message = format!("`{}` contains what looks like a secret", shown_name(&path));
    context
        .report_node(node, message)
        .severity(Severity::Warning)
        .confidence(Confidence::Medium)
        .help(HELP);
}
