//! Patches wherever kustomize, Flux and Argo CD have them: strategic merges and lists of JSON 6902.

use sops_document::{NodeRef, Shape};

use super::line_breaks::any_reading;
use super::walk::Walk;
use super::{Frame, merge, operation, referenced};
use crate::context::Context;
use crate::kustomization;
use crate::rules::PLAINTEXT_SECRET;
use crate::template;
use crate::unparsed::names_secret;

/// The keys that have lists of patches, the old ones too.
pub(crate) const LISTS: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// A key to put before a list, because a document must be a mapping.
const KEY: &str = "patch:\n  ";

/// The kinds of objects that patches are judged by; any other kind is one of no interest, and none is an unknown one.
const KINDS: [&str; 3] = ["Secret", "HelmRelease", ""];

/// Looks at an item of a list of patches. Texts of the old list are patches, or names of files.
pub(super) fn patch(item: NodeRef<'_, '_>, walk: &mut Walk, context: &mut Context<'_>) {
    let kind = kind_of_target(item);
    let own = kustomization::fields(item, "patch").into_iter();
    let own: Vec<_> = own.chain(kustomization::fields(item, "jsonOp")).collect();
    if own.is_empty()
        && let Some(file) = kustomization::fields(item, "path").first()
    {
        return referenced::look_at(*file, kind, walk, context);
    }
    for patch in if own.is_empty() { vec![item] } else { own } {
        if !walk.is_new(patch, kind) {
            continue;
        }
        if patch.shape() == Shape::Sequence {
            walk.frame_nodes(true, context);
            operation::look_at_list(patch, kind, context);
            walk.frame_nodes(false, context);
        } else if let Some(text) = patch.as_str() {
            if text.contains(['\n', '{', '[']) {
                let frame = walk.frame(text, patch, context);
                in_text(text, kind, frame, context);
            } else {
                referenced::look_at(patch, kind, walk, context);
            }
        }
    }
}

/// The kind of the objects that a patch is for. That of a target may be a regular expression, which says little.
fn kind_of_target(item: NodeRef<'_, '_>) -> &'static str {
    let target = kustomization::fields(item, "target").into_iter().next();
    let text = |key| target.and_then(|target| kustomization::text(target, key));
    let kind = text("kind").unwrap_or_default();
    let is_name = kind.chars().all(|c| c.is_ascii_alphanumeric());
    let is_core = text("group").is_none_or(str::is_empty);
    if !is_name || kind == "Secret" && !is_core {
        return "";
    }
    let known = KINDS.into_iter().find(|known| *known == kind);
    known.unwrap_or("other")
}

/// Looks at the text of a patch of objects of a kind.
pub(super) fn in_text(text: &str, kind: &'static str, frame: Frame, context: &mut Context<'_>) {
    let is_read = any_reading(text, |document| {
        let before = context.findings.len();
        let is_list = |node: &NodeRef<'_, '_>| node.shape() == Shape::Sequence;
        context.within(Some(frame.clone()));
        if document.tops().flatten().any(|top| is_list(&top)) {
            for list in document.tops().flatten() {
                operation::look_at_list(list, kind, context);
            }
        } else {
            merge::look_at(document.tops().flatten(), kind, context);
        }
        context.within(None);
        context.findings.len() > before
    });
    let may_have_values = || {
        text.contains("stringData")
            || text.contains("data") && (kind == "Secret" || names_secret(text))
    };
    if !is_read && !template::has_action(text) && may_have_values() {
        context.of(&PLAINTEXT_SECRET, None);
        context.within(Some(frame));
        context
            .span(
                0..text.trim_end().len(),
                "a patch that may have values of a Secret in plaintext cannot be read",
            )
            .help(operation::HELP);
        context.within(None);
    }
}

/// A list as the value of a key; `None` for a text that is no list.
pub(crate) fn with_key(text: &str) -> Option<String> {
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = text.lines().map(str::trim).filter(is_said);
    let first = lines.find(|line| !line.starts_with("---"))?;
    let is_list = first == "-" || first.starts_with("- ") || first.starts_with('[');
    // The mark of a document is not allowed below a key; a comment of its length keeps all places.
    let lines = text.split('\n').map(|line| match line.strip_prefix("---") {
        Some(rest) => format!("#--{rest}"),
        None => line.to_owned(),
    });
    is_list.then(|| format!("{KEY}{}", lines.collect::<Vec<_>>().join("\n  ")))
}
