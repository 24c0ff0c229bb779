//! Checks configurations of kustomize's built-in plugins, in strings and in separate files.

use sops_document::NodeRef;

use super::patches::patch;
use super::replacement;
use super::traversal::Traversal;
use crate::context::Context;
use crate::kustomization;

/// The keys of a kustomization that list plugins, as strings with their configuration or as file
/// names.
pub(super) const LISTS: [&str; 3] = ["generators", "transformers", "validators"];

/// Checks the configuration of a plugin.
pub(super) fn look_at(node: NodeRef<'_, '_>, traversal: &mut Traversal, context: &mut Context<'_>) {
    match node.get("kind").and_then(NodeRef::as_str) {
        Some("PatchTransformer" | "PatchJson6902Transformer") => patch(node, traversal, context),
        Some("PatchStrategicMergeTransformer") => {
            kustomization::items(node, "paths").for_each(|item| patch(item, traversal, context));
        }
        Some("ValueAddTransformer") => {
            traversal.frame_nodes(true, context);
            replacement::added(node, context);
            traversal.frame_nodes(false, context);
        }
        _ => {}
    }
}
