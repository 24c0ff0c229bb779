//! Finds patches in the fields of kustomize, Flux and Argo CD: strategic merges and lists of JSON
//! 6902 operations.

use sops_document::{NodeRef, Shape};

use super::patch_text::in_text;
use super::traversal::Traversal;
use super::{operation, referenced};
use crate::context::Context;
use crate::kustomization;
use crate::rules::secret_in_helm_values;

/// Checks an item of a list of patches. An item of the old list is a patch or a file name.
pub(super) fn patch(item: NodeRef<'_, '_>, traversal: &mut Traversal, context: &mut Context<'_>) {
    let kind = kind_of_target(item);
    let own = kustomization::fields(item, "patch").into_iter();
    let own: Vec<_> = own.chain(kustomization::fields(item, "jsonOp")).collect();
    if own.is_empty()
        && let Some(file) = kustomization::fields(item, "path").first()
    {
        return referenced::look_at(*file, kind, traversal, context);
    }
    for patch in if own.is_empty() { vec![item] } else { own } {
        if !traversal.is_new(patch, kind) {
            continue;
        }
        if patch.shape() == Shape::Sequence {
            traversal.frame_nodes(true, context);
            operation::look_at_list(patch, kind, context);
            traversal.frame_nodes(false, context);
        } else if let Some(text) = patch.as_str() {
            if text.contains(['\n', '{', '[']) {
                let frame = traversal.frame(text, patch, context);
                in_text(text, kind, frame, context);
            } else {
                referenced::look_at(patch, kind, traversal, context);
            }
        }
    }
}

/// The kind of the objects that a patch is for. The kind in a target may be a regular expression,
/// which says little.
fn kind_of_target(item: NodeRef<'_, '_>) -> &'static str {
    let target = kustomization::fields(item, "target").into_iter().next();
    let text = |key| target.and_then(|target| kustomization::text(target, key));
    let kind = text("kind").unwrap_or_default();
    let is_name = kind.chars().all(|c| c.is_ascii_alphanumeric());
    let is_core = text("group").is_none_or(str::is_empty);
    if !is_name || kind == "Secret" && !is_core {
        return "";
    }
    // Other kinds don't matter, and a missing kind is unknown.
    let known = ["Secret", ""]
        .into_iter()
        .chain(secret_in_helm_values::KINDS);
    let mut known = known.filter(|known| *known == kind);
    known.next().unwrap_or("other")
}
