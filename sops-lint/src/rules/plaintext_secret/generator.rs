//! Secrets that kustomize generates.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::CIPHERTEXT_PREFIX;
use sops_document::NodeRef;

use super::settings_only::is_setting;
use crate::context::Context;
use crate::flux::clean;
use crate::kustomization;
use crate::object::Object;
use crate::rule::{Confidence, Severity};
use crate::scrutiny::is_open_reference;
use crate::secret_detection::{is_shown, range_of};
use crate::shown_name::shown_name;

/// Reports the values of Secrets that kustomize generates. A value that several aliases repeat is
/// reported once.
pub(crate) fn generator(object: &Object<'_, '_>, context: &mut Context<'_>) {
    const HELP: &str = "write the Secret as a manifest and encrypt that, or encrypt its files and let `sops-rs-krm` generate it";
    let mut seen = HashSet::new();
    let mut is_new = |node: NodeRef<'_, '_>| seen.insert(node.origin().span());
    // The severity of each file in plaintext, by its name.
    let mut plain = HashMap::new();
    for generator in object.secret_generators() {
        for literal in kustomization::items(generator, "literals") {
            let text = literal.as_str().unwrap_or_default();
            let Some((name, value)) = text.split_once('=') else {
                continue;
            };
            let scrutiny = context.scrutiny(&literal.span());
            let value = value.trim_matches(['"', '\'']);
            let is_open = !scrutiny.passes(value) && !is_placeholder_in_base64(value);
            if is_new(literal) && is_open {
                // The text before the padding of base64 is not a name.
                let has_name = is_shown(name) && !value.trim_matches('=').is_empty();
                let finding = match has_name {
                    true => {
                        let message = format!("the literal `{name}` of a Secret is in plaintext");
                        context.report_part(literal, &range_of(value, text), message)
                    }
                    false => context.report_node(literal, "a literal of a Secret is in plaintext"),
                };
                finding.help(HELP);
                if is_setting(name, value) {
                    finding
                        .severity(Severity::Warning)
                        .confidence(Confidence::Low);
                }
            }
        }
        for (file, name) in kustomization::files(generator) {
            if !is_new(file) {
                continue;
            }
            let directory = context.input.path.parent().unwrap_or(Path::new("/"));
            let is_of_variables = file.path().iter().any(|key| key == "envs" || key == "env");
            let severity = *plain.entry((name, is_of_variables)).or_insert_with(|| {
                let content = context.input.tree.read(&clean(&directory.join(name)));
                severity_of_file(name, &content.unwrap_or_default(), is_of_variables)
            });
            if let Some(severity) = severity {
                let message = format!(
                    "the file `{}` of a Secret is in plaintext",
                    shown_name(name)
                );
                let finding = context.report_node(file, message).help(HELP);
                if severity == Severity::Warning {
                    finding.severity(severity).confidence(Confidence::Low);
                }
            }
        }
    }
}

/// The severity of the plaintext in a file of a Secret, if it has some.
fn severity_of_file(name: &str, content: &[u8], is_of_variables: bool) -> Option<Severity> {
    let Ok(text) = str::from_utf8(content) else {
        return Some(Severity::Error);
    };
    // Files of Helm values are often empty.
    let is_empty = ["", "---", "{}", "null", "~"].contains(&text.trim());
    let is_accepted = is_empty
        || text.contains(CIPHERTEXT_PREFIX)
        || is_open_reference(text.trim())
        || is_of_variables && has_only_names(text);
    let is_configuration = || text.trim().contains('\n') && is_setting(name, text);
    (!is_accepted).then(|| match is_configuration() {
        true => Severity::Warning,
        false => Severity::Error,
    })
}

/// Whether a file of variables has names without values, which someone fills in.
fn has_only_names(text: &str) -> bool {
    let is_name = |line: &str| {
        let name = line.strip_suffix('=');
        name.is_some_and(|name| !name.contains(['=', ':', ' ']))
    };
    let is_comment = |line: &str| line.starts_with('#') && !line.contains(['=', ':']);
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || is_name(line) || is_comment(line))
}

/// Whether the value is a placeholder in base64, as if for `data`.
fn is_placeholder_in_base64(value: &str) -> bool {
    let bytes = STANDARD.decode(value).unwrap_or_default();
    let text = str::from_utf8(&bytes).unwrap_or_default().trim();
    text.len() > 5 && is_open_reference(text)
}
