//! The way through a document to what kustomize reads in it.

use std::collections::HashSet;
use std::ops::Range;

use sops_document::{Document, NodeRef, Shape};

use super::line_breaks::any_reading;
use super::patches::{LISTS, patch};
use super::{Frame, operation, plugin, replacement};
use crate::context::Context;
use crate::kustomization;
use crate::object::objects;
use crate::rules::{PLAINTEXT_SECRET, secret_generator};

/// What is known on the way through one document.
#[derive(Default)]
pub(super) struct Walk {
    /// The patches that were looked at, each with the kind of its target: an alias may bring in one of them without end.
    pub(super) patches: HashSet<(Range<usize>, &'static str)>,
    /// The files that patches are in.
    pub(super) files: HashSet<(String, &'static str)>,
    /// The text in the file that the document is in, and its path, if it is not the whole file.
    pub(super) outer: Option<(Range<usize>, Vec<String>)>,
    /// How many bytes of these files were read.
    pub(super) read: usize,
    /// Whether the document is the text of a plugin.
    pub(super) is_plugin: bool,
}

impl Walk {
    /// Whether a patch was not yet looked at as one of that kind.
    pub(super) fn is_new(&mut self, node: NodeRef<'_, '_>, kind: &'static str) -> bool {
        self.patches.insert((node.origin().span(), kind))
    }

    /// From now on nodes are those of the document, or again of the file itself.
    pub(super) fn frame_nodes(&self, is_within: bool, context: &mut Context<'_>) {
        let outer = self.outer.as_ref().filter(|_| is_within);
        context.within(outer.map(|(place, path)| Frame::at("", place.clone(), path.clone())));
    }

    /// The frame for the text of a scalar.
    pub(super) fn frame(&self, text: &str, node: NodeRef<'_, '_>, context: &Context<'_>) -> Frame {
        if let Some((place, path)) = &self.outer {
            return Frame::at(text, place.clone(), path.clone());
        }
        let span = node.span();
        let source = context.text().get(span.clone()).unwrap_or_default();
        Frame::of_scalar(text, source, span.start, node.path())
    }
}

/// Looks at what a document has for kustomize, in whatever kind of object.
pub(crate) fn look_into(document: &Document<'_>, context: &mut Context<'_>) {
    if kustomization::may_bring_values(document.text()) {
        look_with(document, &mut Walk::default(), context);
    }
}

pub(super) fn look_with(document: &Document<'_>, walk: &mut Walk, context: &mut Context<'_>) {
    let mut seen = HashSet::new();
    let mut open: Vec<_> = document.tops().flatten().collect();
    while let Some(node) = open.pop() {
        if node.shape() == Shape::Scalar || !seen.insert(node.origin().span()) {
            continue;
        }
        open.extend(node.items());
        let mut is_replacement = false;
        for (key, child) in node.entries() {
            if LISTS.iter().any(|list| key.eq_ignore_ascii_case(list)) {
                match child.shape() {
                    Shape::Sequence => child.items().for_each(|item| patch(item, walk, context)),
                    _ => patch(child, walk, context),
                }
            } else if plugin::LISTS
                .iter()
                .any(|list| key.eq_ignore_ascii_case(list))
            {
                for item in child.items() {
                    plugin::text(item, walk, context);
                }
            }
            is_replacement |= key.eq_ignore_ascii_case("sourceValue");
            open.push(child);
        }
        if is_replacement {
            walk.frame_nodes(true, context);
            replacement::look_at(node, context);
            walk.frame_nodes(false, context);
        }
        if kustomization::is_plugin(node) {
            plugin::look_at(node, walk, context);
        }
    }
}

/// Looks at a file that is a list of JSON 6902; whether it is one.
pub(crate) fn look_into_file(context: &mut Context<'_>) -> bool {
    let text = context.text();
    if !operation::may_be_list(text) {
        return false;
    }
    let mut is_patch = false;
    any_reading(text, |document| {
        let before = context.findings.len();
        context.within(Some(Frame::of_file(text)));
        for top in document.tops().flatten() {
            is_patch |= operation::look_at_list(top, "", context);
        }
        context.within(None);
        context.findings.len() > before
    });
    is_patch
}

/// Looks at a text that has no format by its name, or that does not parse in it. `text` may be the file in another encoding.
pub(crate) fn look_into_text(text: &str, context: &mut Context<'_>) {
    let is_file = text == context.text();
    any_reading(text, |document| {
        let before = context.findings.len();
        context.within((!is_file).then(|| Frame::at(text, 0..0, Vec::new())));
        for object in objects(document) {
            context.of(&PLAINTEXT_SECRET, Some(&object));
            secret_generator(&object, context);
        }
        context.within(None);
        let mut walk = Walk {
            outer: (!is_file).then(|| (0..0, Vec::new())),
            ..Walk::default()
        };
        look_with(document, &mut walk, context);
        context.findings.len() > before
    });
}
