//! The configurations of kustomize's built-in plugins, in texts and in files of their own.

use sops_document::NodeRef;

use super::line_breaks::any_reading;
use super::patches::patch;
use super::replacement;
use super::walk::{Walk, look_with};
use crate::context::Context;
use crate::kustomization;
use crate::object::objects;
use crate::rules::{PLAINTEXT_SECRET, secret_generator};

/// The keys of a kustomization that have lists of plugins, as texts or as the names of files.
pub(super) const LISTS: [&str; 3] = ["generators", "transformers", "validators"];

/// Looks at the configuration of a plugin.
pub(super) fn look_at(node: NodeRef<'_, '_>, walk: &mut Walk, context: &mut Context<'_>) {
    match node.get("kind").and_then(NodeRef::as_str) {
        Some("PatchTransformer" | "PatchJson6902Transformer") => patch(node, walk, context),
        Some("PatchStrategicMergeTransformer") => {
            kustomization::items(node, "paths").for_each(|item| patch(item, walk, context));
        }
        Some("ValueAddTransformer") => {
            walk.frame_nodes(true, context);
            replacement::added(node, context);
            walk.frame_nodes(false, context);
        }
        _ => {}
    }
}

/// Looks at the text of a plugin. Plugins inside a plugin's text do not count.
pub(super) fn text(item: NodeRef<'_, '_>, walk: &mut Walk, context: &mut Context<'_>) {
    let text = item.as_str().filter(|text| text.contains("builtin"));
    let Some(text) = text.filter(|_| !walk.is_plugin && walk.is_new(item, "plugin")) else {
        return;
    };
    any_reading(text, |document| {
        let before = context.findings.len();
        let frame = walk.frame(text, item, context);
        context.within(Some(frame));
        for object in objects(document) {
            context.of(&PLAINTEXT_SECRET, Some(&object));
            secret_generator(&object, context);
        }
        context.within(None);
        let place = || (item.span(), item.path());
        let mut inner = Walk {
            outer: Some(walk.outer.clone().unwrap_or_else(place)),
            is_plugin: true,
            ..Walk::default()
        };
        look_with(document, &mut inner, context);
        context.findings.len() > before
    });
}
