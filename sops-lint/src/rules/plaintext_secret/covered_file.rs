//! A file that a creation rule covers, with any content.

use sops_core::config::CreationRule;
use sops_core::rules::EncryptionRule;
use sops_core::{
    EncryptedDocument, Unencrypted, is_ciphertext, parse_document, unencrypted_values,
};
use sops_document::{Document, Format, NodeRef, Shape};

use super::rule::RULE;
use super::sealed_secret;
use crate::context::Context;
use crate::finding::Fix;
use crate::manifest::{
    first_secret, first_secret_node, first_secret_under, is_cluster_object, is_manifest,
    is_operation_list,
};
use crate::object::objects;
use crate::plaintext_values::holds_secret;
use crate::rule::Confidence;
use crate::rule_coverage::{covering_rule, has_rule_for_its_extension};
use crate::rule_scope::{has_only_comments, names_keys};
use crate::scrutiny::Scrutiny;
use crate::secret_detection::{FoundSecret, has_credential_beside, in_text, is_tagged, judge};
use crate::shown_name::shown_name;
use crate::{action, exempt, kubeconfig, template};

/// What to do with a copy of a file that must be encrypted.
pub(crate) const COPY: &str = "delete this copy, or give it a name that the `path_regex` of the creation rule matches, and encrypt it";

/// What is wrong with a kubeconfig in plaintext.
pub(crate) fn kubeconfig_message(is_copy: bool) -> &'static str {
    match is_copy {
        true => {
            "this copy of a kubeconfig has credentials in plaintext, and a creation rule covers the original"
        }
        false => "this kubeconfig has credentials in plaintext, although a creation rule covers it",
    }
}

/// Reports a file other than a manifest that a creation rule names, or a manifest with credentials
/// that must be encrypted.
pub(super) fn covered(document: &Document<'_>, context: &mut Context<'_>) {
    let scrutiny = context.scrutiny_of_file();
    let credential = |top| kubeconfig::credential(top, scrutiny);
    if let Some(credential) = document.tops().flatten().find_map(credential) {
        let is_copy = context.is_copy_of_covered();
        if is_copy || context.creation_rule().is_some() {
            let command = context.command("encrypt -i");
            let finding = context.report_node(credential, kubeconfig_message(is_copy));
            match is_copy {
                true => finding.help(COPY),
                false => finding.help(format!(
                    "run `{command}`, with a creation rule that selects `users`"
                )),
            };
        }
        return;
    }
    let Some(rule) = covering_rule(context) else {
        return;
    };
    let selects = rule.rule.clone().unwrap_or_default();
    let has_manifest = document.tops().flatten().any(is_manifest);
    let is_whole = has_manifest && is_for_whole_file(document, rule, true, context);
    let first = match is_whole || !has_manifest && !has_another_kind(document, &selects) {
        true => unencrypted_values(document, Some(&selects)).map(|all| {
            let mut values = all.into_iter();
            values.find(|value| !is_tagged_reference(value, context.text()))
        }),
        false => first_selected_beside_objects(document, &selects),
    };
    if let Some(first) = first.ok().flatten() {
        let is_copy = context.is_copy_of_covered();
        let command = context.command("encrypt -i");
        let finding = context.report_span(
            first.span,
            format!(
                "a creation rule covers this file, which is in plaintext: `{}`",
                shown_name(&first.path)
            ),
        );
        match is_copy {
            true => finding.help(COPY),
            false => finding.help(command).fix(Some(Fix::Encrypt)),
        };
    } else if matches!(context.format, Format::Dotenv | Format::Ini) {
        nothing_selected(document, &selects, context);
    } else if selects.names_what_is_encrypted() && !has_rule_for_its_extension(context) {
        secret_not_selected(document, &selects, context);
    }
}

/// Tags whose values are names that a program looks up.
const LOOKUPS: [&str; 9] = [
    "!env_var ",
    "!env ",
    "!ENV ",
    "!secret ",
    "!include ",
    "!Ref ",
    "!Sub ",
    "!GetAtt ",
    "!ImportValue ",
];

/// Whether a tag before the value has the program look it up: encrypting the name would break that.
fn is_tagged_reference(value: &Unencrypted, text: &str) -> bool {
    let start = text[..value.span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..value.span.end].rsplit_once(": ");
    let is_lookup = |value: &str| LOOKUPS.iter().any(|tag| value.starts_with(tag));
    let is_reference = |value: &str| is_lookup(value) && is_tagged(value);
    !value.is_comment && line.is_some_and(|(_, value)| is_reference(value.trim()))
}

/// Whether a rule that encrypts everything is meant for this manifest: a document that is not an
/// object, or one with a secret. `is_named` says whether an object has the rule's name.
pub(crate) fn is_for_whole_file(
    document: &Document<'_>,
    rule: &CreationRule,
    is_named: bool,
    context: &Context<'_>,
) -> bool {
    let selects = rule.rule.clone().unwrap_or_default();
    if selects.names_what_is_encrypted() || has_rule_for_its_extension(context) {
        return false;
    }
    // Another check reports Secrets.
    let is_reported = |code| code == RULE.code;
    let mut findings = context.findings.iter();
    if findings.any(|finding| is_reported(finding.rule.code)) {
        return false;
    }
    let objects = objects(document);
    let is_secret = |top: NodeRef<'_, '_>| {
        let mut objects = objects.iter();
        objects.any(|object| object.node.span() == top.span() && object.is_secret())
    };
    let is_kustomization = |top: NodeRef<'_, '_>| {
        let mut objects = objects.iter();
        exempt::is_kustomization(top)
            && objects.any(|object| object.node.span() == top.span() && object.is_kustomization())
    };
    let is_known = |top| !is_named || is_cluster_object(top) || is_kustomization(top);
    let mut tops = document.tops().flatten();
    tops.any(|top| !is_secret(top) && (!is_known(top) || has_credential(top, context)))
}

/// Whether a document may stay in plaintext under a creation rule: an object of another kind than
/// Secret and, if the rule encrypts everything in some paths, without a value that looks like a
/// secret. Other checks report Secrets.
pub(crate) fn may_stay(top: NodeRef<'_, '_>, rule: &CreationRule, context: &Context<'_>) -> bool {
    let selects = rule.rule.clone().unwrap_or_default();
    let is_for_all = || selects.names_what_is_encrypted() || has_rule_for_its_extension(context);
    is_manifest(top) && (is_for_all() || !has_credential(top, context))
}

/// Whether an object of another kind than Secret has a value that looks like one.
fn has_credential(top: NodeRef<'_, '_>, context: &Context<'_>) -> bool {
    let kind = top.get("kind").and_then(NodeRef::as_str);
    match kind.unwrap_or_default() {
        // Another check looks at its values.
        sealed_secret::KIND => {
            let is_secret = |key: &str, text: &str| judge(key, text).is_some();
            sealed_secret::has_credential_elsewhere(top, |key, node| {
                first_secret_under(key, node, is_secret).is_some()
            })
        }
        // Descriptions of fields show examples.
        "CustomResourceDefinition" => {
            first_secret(top, |key, text| judge(key, text).is_some()).is_some()
        }
        // In this field, the value is the name of a key.
        "ExternalSecret" | "ClusterExternalSecret" | "PushSecret" => {
            let is_secret =
                |key: &str, text: &str| key != "secretKey" && judge(key, text).is_some();
            first_secret(top, is_secret).is_some()
        }
        _ => {
            let is_secret = |key: &str, node: NodeRef<'_, '_>| {
                let text = node.as_str().unwrap_or_default();
                let source = context.text().get(node.span()).unwrap_or_default();
                if template::has_action(source) {
                    return match source.trim().contains('\n') {
                        true => holds_secret(key, source),
                        false => has_credential_beside(source) || action::holds_secret(key, source),
                    };
                }
                // A shell runs what is between backticks.
                let is_value = |secret: &FoundSecret| !text[secret.range.clone()].starts_with('`');
                judge(key, text).is_some() || in_text(key, text).iter().any(is_value)
            };
            first_secret_node("", top, is_secret).is_some()
        }
    }
}

/// The first value that the rule selects in a document that is not an object: each document is
/// judged like a file of its own.
pub(crate) fn first_selected_beside_objects(
    document: &Document<'_>,
    rule: &EncryptionRule,
) -> sops_core::Result<Option<Unencrypted>> {
    let is_left = |top: &NodeRef<'_, '_>| is_manifest(*top) || is_of_another_kind(*top, rule);
    let left = document.tops().flatten().filter(is_left);
    let left: Vec<_> = left.map(NodeRef::span).collect();
    // A comment between two documents belongs to neither.
    let is_beside = |entry: &Unencrypted| {
        !entry.is_comment && !left.iter().any(|span| span.contains(&entry.span.start))
    };
    let selected = unencrypted_values(document, Some(rule))?;
    Ok(selected.into_iter().find(is_beside))
}

/// Whether a document is of another kind than the rule is for.
fn has_another_kind(document: &Document<'_>, rule: &EncryptionRule) -> bool {
    let mut tops = document.tops().flatten();
    tops.any(|top| is_of_another_kind(top, rule))
}

/// Whether a rule that names keys, like those for Secrets, selects something in a document that has
/// such keys for another reason: a patch of another object, or a dashboard of Grafana.
fn is_of_another_kind(top: NodeRef<'_, '_>, rule: &EncryptionRule) -> bool {
    let kind = top.get("kind").and_then(NodeRef::as_str);
    let is_object = || {
        kind.is_some_and(|kind| !kind.to_ascii_lowercase().contains("secret"))
            && top.at(&["metadata", "name"]).is_some()
    };
    let is_dashboard = || top.get("panels").is_some() && top.get("title").is_some();
    names_keys(rule) && (is_object() || is_dashboard()) && top.get("stringData").is_none()
}

/// The first value that looks like a secret, in a document that is neither an object nor a list of
/// operations.
pub(crate) fn first_secret_beside_objects<'d, 'a>(
    document: &'d Document<'a>,
    rule: &EncryptionRule,
) -> Option<NodeRef<'d, 'a>> {
    let is_secret = |key: &str, text: &str| !in_text(key, text).is_empty();
    let parts = document.tops().flatten().flat_map(|top| match top.shape() {
        Shape::Sequence if is_operation_list(top) => Vec::new(),
        Shape::Sequence => top.items().collect(),
        _ => vec![top],
    });
    let mut parts = parts.filter(|part| !is_manifest(*part) && !is_of_another_kind(*part, rule));
    parts.find_map(|part| first_secret(part, is_secret))
}

/// Reports a file of variables that a rule for manifests leaves in plaintext as a whole.
fn nothing_selected(document: &Document<'_>, rule: &EncryptionRule, context: &mut Context<'_>) {
    let all = unencrypted_values(document, None)
        .unwrap_or_default()
        .into_iter();
    let text = context.text();
    let mut values = all.filter(|entry| {
        let value = text[entry.span.clone()].trim().trim_matches(['"', '\'']);
        !entry.is_comment && !Scrutiny::Strict.passes(value)
    });
    if let Some(first) = values.next() {
        let message = format!(
            "a creation rule covers this file, and its `{rule}` leaves all of it in plaintext: `{}`",
            shown_name(&first.path)
        );
        context
            .report_span(first.span, message)
            .help(format!("in `.sops.yaml`, add a creation rule for this file, without `{rule}`, before that one; then encrypt the file"));
    } else if document.scalars().next().is_none() && !has_only_comments(text) {
        context
            .report_span(
                0..0,
                "a creation rule covers this file, which has no values that can be encrypted",
            )
            .help("give each value a key, and encrypt the file");
    }
}

/// Reports a file that is not a manifest, with a secret under a key that a rule for manifests does
/// not name.
fn secret_not_selected(document: &Document<'_>, rule: &EncryptionRule, context: &mut Context<'_>) {
    if let Some(node) = first_secret_beside_objects(document, rule) {
        let message = format!(
            "a creation rule covers this file, and its `{rule}` leaves what looks like a secret in plaintext: `{}`",
            shown_name(&node.path().join("."))
        );
        context
            .report_node(node, message)
            .confidence(Confidence::Medium)
            .help(format!("in `.sops.yaml`, add a creation rule for this file, without `{rule}`, before that one; then encrypt the file"));
    }
}

/// Reports a dotenv or INI file that has `sops` metadata, but whose selection rule, which is meant
/// for manifests, selects no values.
pub(super) fn nothing_encrypted(encrypted: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    if !matches!(context.format, Format::Dotenv | Format::Ini) {
        return;
    }
    let Ok(document) = parse_document(context.text(), context.format) else {
        return;
    };
    let mut first = None;
    for node in document.scalars() {
        let text = node.scalar_text().unwrap_or_default();
        if is_ciphertext(text) {
            return;
        }
        if !text.is_empty() && !context.scrutiny_of_file().passes(text) {
            first = first.or(Some(node));
        }
    }
    let rule = encrypted.metadata().rule.clone().unwrap_or_default();
    if let Some(first) = first.filter(|_| rule.names_what_is_encrypted()) {
        context
            .report_node(first, format!("the file has `sops` metadata, but its rule, `{rule}`, leaves all values in plaintext"))
            .help(format!("decrypt it, add a creation rule for this file without `{rule}`, and encrypt it again"));
    }
}
