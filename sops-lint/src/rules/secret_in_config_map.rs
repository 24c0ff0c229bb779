//! A secret in a ConfigMap, or in a source from which kustomize generates one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::finding::ReferencedPart;
use crate::flux::clean;
use crate::kustomization;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::{FoundSecret, in_text, in_variable, is_shown};
use crate::shown_name::{ShownName, shown_name};

pub(crate) static RULE: Rule = Rule {
    code: "SL004",
    name: "secret-in-config-map",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_config_map.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(config_map), Check::Object(generator)];

const HELP: &str =
    "a ConfigMap is for data that anyone may read; move this value to an encrypted Secret";

const FILE_HELP: &str = "kustomize puts this file into a ConfigMap, which is for data that anyone may read; put the secret into an encrypted Secret";

fn config_map(object: &Object<'_, '_>, context: &mut Context<'_>) {
    if object.kind != "ConfigMap" {
        return;
    }
    for (key, value) in object
        .node
        .get("data")
        .into_iter()
        .flat_map(NodeRef::entries)
    {
        data(key, value, context);
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
        for secret in in_text(key, text) {
            let message = message(
                &format!("the ConfigMap's key `{}`", shown_name(key)),
                &secret,
            );
            context
                .report_node(value, message)
                .confidence(secret.likeness.confidence())
                .help(HELP);
        }
    }
}

/// Reports the secrets in the value of a key.
pub(crate) fn data(key: &str, value: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let secrets = in_text(key, value.scalar_text().unwrap_or_default());
    context.report_secrets(
        value,
        secrets,
        format_args!("the ConfigMap's key `{}`", ShownName(key)),
        HELP,
    );
}

/// The message about a secret in text that does not appear literally in the file.
fn message(holder: &str, secret: &FoundSecret) -> String {
    let description = secret.likeness.description();
    match secret.name.as_str() {
        "" => format!("{holder} contains {description}"),
        name => format!("{holder} contains {description}: `{}`", shown_name(name)),
    }
}

fn generator(object: &Object<'_, '_>, context: &mut Context<'_>) {
    if !object.is_kustomization() {
        return;
    }
    for generator in kustomization::items(object.node, "configMapGenerator") {
        for literal in kustomization::items(generator, "literals") {
            let assigned = literal.as_str().and_then(|text| text.split_once('='));
            let Some((name, value)) = assigned else {
                continue;
            };
            let start = name.len() + 1;
            for secret in in_variable(name, value) {
                let part = start + secret.range.start..start + secret.range.end;
                let subject = match is_shown(name) {
                    true => format!("the literal `{name}` of a ConfigMap"),
                    false => "a literal of a ConfigMap".to_owned(),
                };
                let message = message(&subject, &secret);
                context
                    .report_part(literal, &part, message)
                    .confidence(secret.likeness.confidence())
                    .help(HELP);
            }
        }
        for (file, name) in kustomization::files(generator) {
            let directory = context.input.path.parent().unwrap_or(Path::new("/"));
            let path = clean(&directory.join(name));
            let content = context.input.tree.read(&path);
            let text = content
                .as_deref()
                .and_then(|text| str::from_utf8(text).ok());
            for secret in text.map_or_else(Vec::new, |text| in_text(name, text)) {
                let message = message("the file of a ConfigMap", &secret);
                let finding = context.report_node(file, message);
                finding
                    .confidence(secret.likeness.confidence())
                    .help(FILE_HELP);
                finding.referenced = Some(ReferencedPart {
                    path: path.clone(),
                    span: secret.range,
                    keys: Some(secret.name)
                        .filter(|name| !name.is_empty())
                        .into_iter()
                        .collect(),
                });
            }
        }
    }
}
