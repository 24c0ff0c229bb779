//! A secret in a ConfigMap, or in what kustomize makes one of.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::document::NodeRef;

use crate::finding::Severity;
use crate::likeness::{Found, in_text, in_variable};
use crate::object::Object;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL004",
    name: "secret-in-config-map",
    severity: Severity::Error,
    page: include_str!("secret_in_config_map.md"),
    checks: &[Check::Object(config_map), Check::Object(generator)],
};

const HELP: &str = "a ConfigMap is for data that anyone may read; put it into an encrypted Secret";

fn config_map(object: &Object<'_, '_>, report: &mut Report<'_>) {
    if object.kind != "ConfigMap" {
        return;
    }
    for (key, value) in object
        .node
        .get("data")
        .into_iter()
        .flat_map(NodeRef::entries)
    {
        data(key, value, report);
    }
    for (key, value) in object
        .node
        .get("binaryData")
        .into_iter()
        .flat_map(NodeRef::entries)
    {
        let packed: String = value
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let bytes = STANDARD.decode(packed).unwrap_or_default();
        let text = str::from_utf8(&bytes).unwrap_or_default();
        for found in in_text(key, text) {
            let message = message(&format!("the ConfigMap's key `{key}`"), &found);
            report.node(value, message).help(HELP);
        }
    }
}

/// Reports the secrets in the value of a key.
pub(crate) fn data(key: &str, value: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let found = in_text(key, value.scalar_text().unwrap_or_default());
    report.secrets(
        value,
        found,
        format_args!("the ConfigMap's key `{key}`"),
        HELP,
    );
}

/// The message about a secret in a text that does not appear literally in the file.
fn message(holder: &str, found: &Found) -> String {
    let what = found.likeness.what();
    match found.name.as_str() {
        "" => format!("{holder} holds {what}"),
        name => format!("{holder} holds {what}: `{name}`"),
    }
}

fn generator(object: &Object<'_, '_>, report: &mut Report<'_>) {
    if !object.is_kustomization() {
        return;
    }
    let generators = object
        .node
        .get("configMapGenerator")
        .into_iter()
        .flat_map(NodeRef::items);
    for generator in generators {
        let of = |key| generator.get(key).into_iter().flat_map(NodeRef::items);
        for literal in of("literals") {
            let assigned = literal.as_str().and_then(|text| text.split_once('='));
            let Some((name, value)) = assigned else {
                continue;
            };
            for found in in_variable(name, value) {
                let message = message(&format!("the literal `{name}` of a ConfigMap"), &found);
                report.node(literal, message).help(HELP);
            }
        }
        for (file, name) in files(generator) {
            let folder = report.input.path.parent().unwrap_or(Path::new("/"));
            let content = report.input.tree.read(&folder.join(name));
            let text = content
                .as_deref()
                .and_then(|text| str::from_utf8(text).ok());
            for found in text.map_or_else(Vec::new, |text| in_text(name, text)) {
                let message = message(&format!("the file `{name}` of a ConfigMap"), &found);
                report.node(file, message).help(HELP);
            }
        }
    }
}

/// The files that a generator of kustomize takes in, each with the node that names it: a text, or `key=file` in the list `files`.
pub(super) fn files<'d, 'a>(
    generator: NodeRef<'d, 'a>,
) -> impl Iterator<Item = (NodeRef<'d, 'a>, &'d str)> {
    let list = move |key| generator.get(key).into_iter().flat_map(NodeRef::items);
    let files = list("files").filter_map(|file| {
        let text = file.as_str()?;
        Some((file, text.split_once('=').map_or(text, |(_, name)| name)))
    });
    // The old form of one file of variables is no list.
    let envs = list("envs").chain(generator.get("env"));
    files.chain(envs.filter_map(|file| Some((file, file.as_str()?))))
}
