//! A Kustomization of Flux that applies encrypted files as they are.

use std::path::Path;

use sops_core::{EncryptedDocument, parse_document};
use sops_document::{Format, NodeRef, Shape};

use crate::check::Check;
use crate::context::Context;
use crate::facts::Patched;
use crate::kustomization::{PATCH_LISTS, list_under_key};
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL015",
    name: "flux-without-decryption",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("flux_without_decryption.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::Encrypted(encrypted),
    Check::Object(kustomization),
    Check::Object(check),
];

fn encrypted(_: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    // Flux applies manifests; other files are for other programs.
    let text = context.text();
    context.facts.encrypted_manifest = text.contains("apiVersion") && text.contains("kind");
}

/// What kustomize would build: Flux decrypts, or does not, whatever it takes in.
fn kustomization(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let is_named = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        .iter()
        .any(|name| context.input.path.ends_with(name));
    if !is_named {
        return;
    }
    let lists = ["resources", "components", "bases"].map(|key| object.node.get(key));
    let items = lists.into_iter().flatten().flat_map(NodeRef::items);
    let paths = items.filter_map(NodeRef::as_str);
    let paths = paths.filter(|path| !path.contains("://"));
    context.facts.resources.extend(paths.map(str::to_owned));
    if patches_decryption(object.node, context) {
        context.facts.patched.push(Patched::Here);
    }
}

/// Whether patches of Kustomizations say that they decrypt, inline or in files beside the kustomization.
fn patches_decryption(node: NodeRef<'_, '_>, context: &Context<'_>) -> bool {
    let folder = context.input.path.parent().unwrap_or(Path::new("/"));
    let in_file = |name: &str| {
        let bytes = context.input.tree.read(&folder.join(name));
        bytes.is_some_and(|bytes| sets_decryption(&String::from_utf8_lossy(&bytes)))
    };
    let lists = PATCH_LISTS.into_iter().filter_map(|key| node.get(key));
    let mut patches = lists.flat_map(NodeRef::items);
    patches.any(|patch| {
        let text = |key| patch.get(key).and_then(NodeRef::as_str);
        // The old list has texts, each a file or a patch.
        let either = patch.as_str();
        let inline = text("patch").or(either.filter(|text| text.contains('\n')));
        let file = text("path").or(either.filter(|text| !text.contains('\n')));
        inline.is_some_and(sets_decryption) || file.is_some_and(in_file)
    })
}

/// Whether a strategic merge or a patch of JSON 6902 sets `spec.decryption` or something in it.
fn sets_decryption(patch: &str) -> bool {
    if let Ok(merge) = parse_document(patch, Format::Yaml) {
        return merge.tops().flatten().any(merges_decryption);
    }
    let list = list_under_key(patch).unwrap_or_default();
    let Ok(list) = parse_document(&list, Format::Yaml) else {
        return false;
    };
    let lists = list.tops().flatten().filter_map(|top| top.get("patch"));
    lists.flat_map(NodeRef::items).any(operation_sets)
}

fn merges_decryption(object: NodeRef<'_, '_>) -> bool {
    let spec = object.get("spec").filter(|_| !is_deletion(object));
    spec.is_some_and(|spec| !is_deletion(spec) && has_decryption(spec))
}

/// Whether a `spec` has something under `decryption`; null takes away what is there.
fn has_decryption(spec: NodeRef<'_, '_>) -> bool {
    let decryption = spec.get("decryption").filter(|node| !is_deletion(*node));
    let mut entries = decryption.into_iter().flat_map(NodeRef::entries);
    entries.any(|(key, value)| !key.starts_with('$') && !is_null(value))
}

fn operation_sets(operation: NodeRef<'_, '_>) -> bool {
    let text = |key| operation.get(key).and_then(NodeRef::as_str);
    let value = operation.get("value").filter(|value| !is_null(*value));
    let path = text("path").unwrap_or_default();
    let is_within = path == "/spec/decryption" || path.starts_with("/spec/decryption/");
    match text("op") {
        Some("add" | "replace") if is_within => value.is_some(),
        Some("add" | "replace") if path == "/spec" => value.is_some_and(has_decryption),
        Some("copy" | "move") => is_within,
        _ => false,
    }
}

fn is_deletion(node: NodeRef<'_, '_>) -> bool {
    node.get("$patch").and_then(NodeRef::as_str) == Some("delete")
}

fn is_null(node: NodeRef<'_, '_>) -> bool {
    node.shape() == Shape::Scalar && node.value().is_none()
}

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    if object.kind != "Kustomization"
        || !object
            .api_version
            .starts_with("kustomize.toolkit.fluxcd.io/")
    {
        return;
    }
    let Some(spec) = object.node.get("spec") else {
        return;
    };
    let path = spec.get("path");
    // A patch of one says only what it changes; the source is required.
    if path.is_none() && spec.get("sourceRef").is_none() {
        return;
    }
    let text = path.and_then(NodeRef::as_str).unwrap_or("./").to_owned();
    if patches_decryption(spec, context) {
        context.facts.patched.push(Patched::Path(text.clone()));
    }
    let provider = spec
        .at(&["decryption", "provider"])
        .and_then(NodeRef::as_str);
    let secret = spec.at(&["decryption", "secretRef", "name"]);
    let missing = match (provider, secret) {
        (Some("sops"), Some(_)) => return,
        (Some("sops"), None) => "`spec.decryption.secretRef`, the Secret with the key",
        _ => "`spec.decryption`",
    };
    let message = format!(
        "the path `{text}` holds encrypted files, and {missing} is missing: they would be applied as they are"
    );
    context
        .report_node(path.unwrap_or(spec), message)
        .help("decryption: {provider: sops, secretRef: {name: sops-age}}");
    let found = context.put_aside();
    context.facts.flux.extend(found.map(|found| (found, text)));
}
