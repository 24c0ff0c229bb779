//! A Kustomization of Flux that applies encrypted files as they are.

use sops_core::EncryptedDocument;
use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::object::Object;
use crate::report::{Patched, Report};
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL015",
    name: "flux-without-decryption",
    severity: Severity::Error,
    page: include_str!("flux_without_decryption.md"),
    checks: &[
        Check::Encrypted(encrypted),
        Check::Object(kustomization),
        Check::Object(check),
    ],
};

fn encrypted(_: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    // Flux applies manifests; other files are for other programs.
    let text = report.text();
    report.facts.encrypted_manifest = text.contains("apiVersion") && text.contains("kind");
}

/// What kustomize would build: Flux decrypts, or does not, whatever it takes in.
fn kustomization(object: &Object<'_, '_>, report: &mut Report<'_>) {
    let is_named = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        .iter()
        .any(|name| report.input.path.ends_with(name));
    if !is_named {
        return;
    }
    let lists = ["resources", "components", "bases"].map(|key| object.node.get(key));
    let items = lists.into_iter().flatten().flat_map(NodeRef::items);
    let paths = items.filter_map(NodeRef::as_str);
    let paths = paths.filter(|path| !path.contains("://"));
    report.facts.resources.extend(paths.map(str::to_owned));
    if patches_decryption(object.node) {
        report.facts.patched.push(Patched::Here);
    }
}

/// Whether patches of Kustomizations say that they decrypt.
fn patches_decryption(node: NodeRef<'_, '_>) -> bool {
    let patches = node.get("patches").into_iter().flat_map(NodeRef::items);
    let mut texts = patches.filter_map(|patch| patch.get("patch")?.as_str());
    texts.any(|text| text.contains("decryption"))
}

fn check(object: &Object<'_, '_>, report: &mut Report<'_>) {
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
    let text = path.and_then(NodeRef::as_str).unwrap_or("./").to_owned();
    if patches_decryption(spec) {
        report.facts.patched.push(Patched::Path(text.clone()));
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
    report
        .node(path.unwrap_or(spec), message)
        .help("decryption: {provider: sops, secretRef: {name: sops-age}}");
    let found = report.put_aside();
    report.facts.flux.extend(found.map(|found| (found, text)));
}
