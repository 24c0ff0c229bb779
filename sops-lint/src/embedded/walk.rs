//! Walks a document to the parts that kustomize reads.

use std::collections::HashSet;

use sops_document::{Document, NodeRef, Shape};

use super::line_breaks::any_reading;
use super::patches::patch;
use super::traversal::Traversal;
use super::{operation, plugin, replacement};
use crate::context::Context;
use crate::frame::TextFrame;
use crate::kustomization::{self, PATCH_LISTS};
use crate::object::objects;
use crate::rules::{PLAINTEXT_SECRET, secret_generator};

/// Checks the parts of a document that are for kustomize, in objects of any kind.
pub(crate) fn look_into(document: &Document<'_>, context: &mut Context<'_>) {
    if kustomization::may_bring_values(document.text()) {
        look_with(document, &mut Traversal::default(), context);
    }
}

pub(super) fn look_with(
    document: &Document<'_>,
    traversal: &mut Traversal,
    context: &mut Context<'_>,
) {
    let mut seen = HashSet::new();
    let mut open: Vec<_> = document.tops().flatten().collect();
    while let Some(node) = open.pop() {
        if node.shape() == Shape::Scalar || !seen.insert(node.origin().span()) {
            continue;
        }
        open.extend(node.items());
        let mut is_replacement = false;
        for (key, child) in node.entries() {
            if PATCH_LISTS
                .iter()
                .any(|list| key.eq_ignore_ascii_case(list))
            {
                match child.shape() {
                    Shape::Sequence => child
                        .items()
                        .for_each(|item| patch(item, traversal, context)),
                    _ => patch(child, traversal, context),
                }
            } else if plugin::LISTS
                .iter()
                .any(|list| key.eq_ignore_ascii_case(list))
            {
                for item in child.items() {
                    plugin_text(item, traversal, context);
                }
            }
            is_replacement |= key.eq_ignore_ascii_case("sourceValue");
            open.push(child);
        }
        if is_replacement {
            traversal.frame_nodes(true, context);
            replacement::look_at(node, context);
            traversal.frame_nodes(false, context);
        }
        if kustomization::is_plugin(node) {
            plugin::look_at(node, traversal, context);
        }
    }
}

/// Checks the text of a plugin. Plugins inside a plugin's text do not count.
fn plugin_text(item: NodeRef<'_, '_>, traversal: &mut Traversal, context: &mut Context<'_>) {
    let text = item.as_str().filter(|text| text.contains("builtin"));
    let Some(text) = text.filter(|_| !traversal.is_plugin && traversal.is_new(item, "plugin"))
    else {
        return;
    };
    any_reading(text, |document| {
        let before = context.findings.len();
        let frame = traversal.frame(text, item, context);
        context.set_frame(Some(frame));
        for object in objects(document) {
            context.set_rule(&PLAINTEXT_SECRET, Some(&object));
            secret_generator(&object, context);
        }
        context.set_frame(None);
        let site = || (item.span(), item.path());
        let mut inner = Traversal {
            outer: Some(traversal.outer.clone().unwrap_or_else(site)),
            is_plugin: true,
            ..Traversal::default()
        };
        look_with(document, &mut inner, context);
        context.findings.len() > before
    });
}

/// Checks a file that is a list of JSON 6902 operations. Returns whether it is one.
pub(crate) fn look_into_file(context: &mut Context<'_>) -> bool {
    let text = context.text();
    if !operation::may_be_list(text) {
        return false;
    }
    let mut is_patch = false;
    any_reading(text, |document| {
        let before = context.findings.len();
        context.set_frame(Some(TextFrame::of_file(text)));
        for top in document.tops().flatten() {
            is_patch |= operation::look_at_list(top, "", context);
        }
        context.set_frame(None);
        context.findings.len() > before
    });
    is_patch
}

/// Checks text whose file name implies no format, or that does not parse in that format. `text` may
/// be the file in another encoding.
pub(crate) fn look_into_text(text: &str, context: &mut Context<'_>) {
    let is_file = text == context.text();
    any_reading(text, |document| {
        let before = context.findings.len();
        context.set_frame((!is_file).then(|| TextFrame::at(text, 0..0, Vec::new())));
        for object in objects(document) {
            context.set_rule(&PLAINTEXT_SECRET, Some(&object));
            secret_generator(&object, context);
        }
        context.set_frame(None);
        let mut traversal = Traversal {
            outer: (!is_file).then(|| (0..0, Vec::new())),
            ..Traversal::default()
        };
        look_with(document, &mut traversal, context);
        context.findings.len() > before
    });
}
