//! Checks values that kustomize puts into objects: those of replacements, and those that its plugin
//! for values adds.

use sops_document::NodeRef;

use super::operation;
use crate::context::Context;
use crate::kustomization;

/// Checks a replacement with a literal value.
pub(super) fn look_at(replacement: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let Some(value) = kustomization::fields(replacement, "sourceValue")
        .into_iter()
        .next()
    else {
        return;
    };
    for target in kustomization::items(replacement, "targets") {
        let kind = kind_of(target, "select");
        for path in kustomization::items(target, "fieldPaths") {
            let path = path.as_str().unwrap_or_default();
            if put(value, path.split_once('.'), kind, context) {
                return;
            }
        }
    }
}

/// Checks the configuration of the plugin that adds a value.
pub(super) fn added(plugin: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let Some(value) = kustomization::fields(plugin, "value").into_iter().next() else {
        return;
    };
    for target in kustomization::items(plugin, "targets") {
        let kind = kind_of(target, "selector");
        let path = kustomization::text(target, "fieldPath").unwrap_or_default();
        if put(
            value,
            path.trim_start_matches('/').split_once('/'),
            kind,
            context,
        ) {
            return;
        }
    }
}

fn kind_of<'d>(target: NodeRef<'d, '_>, selector: &str) -> &'d str {
    let selector = kustomization::fields(target, selector).into_iter().next();
    let kind = selector.and_then(|selector| kustomization::text(selector, "kind"));
    kind.unwrap_or_default()
}

/// Reports a value that goes to a path, whose first component is a field. Returns whether it was
/// reported.
fn put(
    value: NodeRef<'_, '_>,
    path: Option<(&str, &str)>,
    kind: &str,
    context: &mut Context<'_>,
) -> bool {
    let Some((part @ ("data" | "stringData"), key)) = path else {
        return false;
    };
    let before = context.findings.len();
    operation::entry(part, key, value, kind, context);
    context.findings.len() > before
}
