//! Passwords and keys in custom resources, whose fields no other rule knows.

use sops_document::{Document, NodeRef};

use crate::context::Context;
use crate::handled_values::HandledValues;
use crate::object::{Object, is_of_other_project, objects_of};
use crate::rule::{Confidence, Severity};
use crate::secret_detection::{is_evident, may_name_secret};
use crate::shown_name::shown_name;
use crate::value_tree::scalars;

/// What to do about a secret in any value.
pub(super) const HELP: &str = "anyone with a copy of the repository has this secret: replace it, and store the new one in an encrypted file";

/// Parts of an object that hold no settings: other rules check the first, and a controller writes
/// the second.
const OTHER_PARTS: [&str; 2] = ["metadata", "status"];

/// Reports values if both the name and the text suggest a secret. For most kinds, it is unknown
/// which fields hold names of Secrets, so weaker evidence is not enough.
pub(super) fn check(document: &Document<'_>, context: &mut Context<'_>) {
    // Objects of other projects are at the top, or in a list there.
    let tops = document.tops().flatten();
    let tops: Vec<_> = tops
        .filter(|top| has_custom_api(*top) || top.get("items").is_some())
        .collect();
    if tops.is_empty() || !may_name_secret(context.text()) {
        return;
    }
    let objects: Vec<_> = objects_of(tops.into_iter())
        .into_iter()
        .filter(is_custom)
        .collect();
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

fn has_custom_api(top: NodeRef<'_, '_>) -> bool {
    let version = top.get("apiVersion").and_then(NodeRef::as_str);
    version.is_some_and(is_of_other_project)
}

/// Whether the API of the object is that of another project. SL010 judges Secrets, and the values
/// of a SealedSecret, which are encrypted.
fn is_custom(object: &Object<'_, '_>) -> bool {
    !["", "SealedSecret"].contains(&object.kind)
        && is_of_other_project(object.api_version)
        && !object.is_secret()
}

fn report(node: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let path = node.path().join(".");
    let message = format!("`{}` contains what looks like a secret", shown_name(&path));
    let finding = context.report_node(node, message);
    finding
        .severity(Severity::Warning)
        .confidence(Confidence::Medium)
        .help(HELP);
    // Aliases of it need no report.
    finding.written = Some(node.origin().span());
}
