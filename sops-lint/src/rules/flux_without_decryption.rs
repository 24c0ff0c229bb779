//! A Kustomization of Flux that applies encrypted files as they are.

use sops_core::EncryptedDocument;
use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::object::Object;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL015",
    name: "flux-without-decryption",
    severity: Severity::Error,
    page: include_str!("flux_without_decryption.md"),
    checks: &[Check::Encrypted(encrypted), Check::Object(check)],
};

fn encrypted(_: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    // Flux applies manifests; other files are for other programs.
    let text = report.text();
    report.facts.encrypted_manifest = text.contains("apiVersion") && text.contains("kind");
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
    let provider = spec
        .at(&["decryption", "provider"])
        .and_then(NodeRef::as_str);
    let secret = spec.at(&["decryption", "secretRef", "name"]);
    let missing = match (provider, secret) {
        (Some("sops"), Some(_)) => return,
        (Some("sops"), None) => "`spec.decryption.secretRef`, the Secret with the key",
        _ => "`spec.decryption`",
    };
    let path = spec.get("path");
    let text = path.and_then(NodeRef::as_str).unwrap_or("./").to_owned();
    let message = format!(
        "the path `{text}` holds encrypted files, and {missing} is missing: they would be applied as they are"
    );
    report
        .node(path.unwrap_or(spec), message)
        .help("decryption: {provider: sops, secretRef: {name: sops-age}}");
    let found = report.put_aside();
    report.facts.flux.extend(found.map(|found| (found, text)));
}
