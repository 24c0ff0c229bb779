//! A Secret that is not encrypted, and any file that a creation rule covers.

mod covered_file;
mod difference;
pub(crate) mod exempt_file;
mod generator;
mod rule;
pub(crate) mod sealed_secret;
mod settings_only;

use std::path::Path;

use sops_core::CIPHERTEXT_PREFIX;
use sops_core::rules::EncryptionRule;
use sops_document::Format;

pub(crate) use covered_file::{
    COPY, first_secret_beside_objects, first_selected_beside_objects, is_for_whole_file,
    kubeconfig_message, may_stay,
};
pub(crate) use generator::generator;
pub(crate) use rule::RULE;

use super::secret_in_metadata::last_applied;
use crate::check::Check;
use crate::context::{Context, OwnRule};
use crate::file_name;
use crate::finding::Fix;
use crate::object::Object;
use crate::plaintext_values::{is_ciphertext, is_under_part, looks_secret, open_values};
use crate::rule::{Confidence, Severity};
use crate::rule_coverage::{covering_rule, has_rule_for_its_extension};
use crate::sample_secret::open_values_of;
use crate::secret::{SecretValue, secret_fields};
use crate::shown_name::shown_name;

pub(crate) const CHECKS: &[Check] = &[
    Check::File(leftover),
    Check::File(difference::difference),
    Check::Object(secret),
    Check::Object(last_applied),
    Check::Object(generator),
    Check::Object(sealed_secret::values),
    Check::Plaintext(covered_file::covered),
    Check::Encrypted(covered_file::nothing_encrypted),
];

/// Reports a file that a killed run left behind, whose plaintext should have been encrypted or
/// deleted.
fn leftover(context: &mut Context<'_>) {
    if file_name::is_leftover(Path::new(&context.input.place())) {
        context
            .report_span(
                0..0,
                "a killed run of sops-rs left this file, which may contain plaintext",
            )
            .help("delete it");
    }
}

fn secret(object: &Object<'_, '_>, context: &mut Context<'_>) {
    // A rule for some paths decides about the Secrets of other projects.
    let is_for_paths = || covering_rule(context).is_some() && !has_rule_for_its_extension(context);
    let is_other = object.is_secret_of_other_project() && is_for_paths();
    if !object.is_secret() && !is_other || object.is_deletion() {
        return;
    }
    if context.is_encrypted {
        return left_out(object, context);
    }
    let mut open = open_values_of(object, context);
    open.retain(|value| !is_other || !context.is_left_open(value));
    let rule = context.creation_rule();
    let rule = rule.map(|(_, _, creation)| creation.rule.clone().unwrap_or_default());
    let stays = |value: &&SecretValue<'_, '_>| context.is_left_open(value);
    // A value that the rule would leave in plaintext is the most serious.
    let left = open.iter().find(stays).filter(|_| rule.is_some());
    let Some(value) = left.or(open.first()) else {
        return;
    };
    let more = match open.len() - 1 {
        0 => String::new(),
        1 => " and another key".to_owned(),
        more => format!(" and {more} other keys"),
    };
    let key = shown_name(value.key);
    let message = match is_under_part(value) {
        true => format!("the Secret is in plaintext: `{key}`{more}"),
        false => format!(
            "the Secret is in plaintext: `{key}`{more}; `{}` is not a field for its values",
            shown_name(value.field)
        ),
    };
    let is_left = left.is_some();
    let command = context.command("encrypt -i");
    let config = context.input.config;
    let has_rules = config.is_some_and(|config| config.creation_rules().is_some());
    let is_exact = Format::from_path(context.input.path) == context.format;
    let is_settings = settings_only::is_settings(object, &open, context);
    let finding = context.report_node(value.node, message);
    let finding = match rule {
        Some(_) if !is_left && !is_exact => finding.help(format!("rename the file so that it ends in `.yaml` or `.json`, and encrypt it; `{command}` would encrypt the whole file, so that only SOPS can read it")),
        Some(_) if !is_left => finding.help(command).fix(Some(Fix::Encrypt)),
        Some(rule) if !is_under_part(value) => finding.help(format!("move it to `data` or `stringData`: the creation rule, `{rule}`, leaves this value in plaintext")),
        Some(rule) => finding.help(format!("the creation rule for the file, `{rule}`, leaves this value in plaintext: change the rule in `.sops.yaml`, or fix the key if it is misspelled")),
        None if has_rules => finding.help(NO_MATCH).without_creation_rule(),
        None => finding.help(NO_RULE).without_creation_rule(),
    };
    if is_settings {
        let help = finding.help.take().unwrap_or_default();
        finding
            .help(format!(
                "if it contains only settings, use a ConfigMap; otherwise: {help}"
            ))
            .severity(Severity::Warning)
            .confidence(Confidence::Low);
    }
}

/// Reports a plaintext value of an encrypted Secret that the file's own rule does not cover.
/// Another rule reports the values that it covers.
fn left_out(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let open = open_values(object, |value| context.scrutiny(&value.place));
    if open.is_empty() {
        return;
    }
    if let Some(value) = open.iter().find(|value| begins_like_ciphertext(value)) {
        let message = format!(
            "`{}` starts like an encrypted value, but is not one",
            shown_name(value.key)
        );
        context
            .report_node(value.node, message)
            .help("restore the value from version control, or delete it and add it again with `sops-rs set --ignore-mac`");
        return;
    }
    let Some(own) = context.own_rule() else {
        return;
    };
    let encrypted = encrypted_fields(object);
    let left = open
        .into_iter()
        .filter(|value| own.open.leaves_open(value))
        .find(|value| !is_meant(value, own, &encrypted, context));
    let Some(value) = left else {
        return;
    };
    let (field, key) = (shown_name(value.field), shown_name(value.key));
    let message =
        format!("the file's selection rule leaves `{field}` of the Secret in plaintext: `{key}`");
    let command = context.command("edit");
    let finding = context.report_node(value.node, message);
    match is_under_part(&value) {
        true => finding.help("change the creation rule in `.sops.yaml` so that it selects the field, as `encrypted_regex: ^(data|stringData)$` does; `sops-rs lint --fix` then encrypts the file again"),
        false => finding.help(format!("a Secret has no field `{field}`: move the value to `data` or `stringData` with `{command}`")),
    };
}

/// Whether the value starts like ciphertext, but is not ciphertext.
fn begins_like_ciphertext(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text();
    text.is_some_and(|text| text.starts_with(CIPHERTEXT_PREFIX) && !sops_core::is_ciphertext(text))
}

/// The fields of the Secret with a value that is encrypted.
fn encrypted_fields<'d>(object: &Object<'d, '_>) -> Vec<&'d str> {
    let fields = secret_fields(object.node).into_iter();
    let encrypted = fields.filter(|field| field.values().iter().any(is_ciphertext));
    encrypted.map(|field| field.name).collect()
}

/// Whether the file's rule leaves the value in plaintext on purpose. Anyone can write a rule into a
/// file, so the creation rule decides or, without one, the value.
fn is_meant(
    value: &SecretValue<'_, '_>,
    own: &OwnRule,
    encrypted: &[&str],
    context: &Context<'_>,
) -> bool {
    if own.rule.names_what_is_encrypted() && !encrypted.contains(&value.field) {
        return false;
    }
    if context.creation_rule().is_some() {
        return context.is_left_open(value);
    }
    // The default suffix of SOPS.
    let is_marked = own.rule == EncryptionRule::default() && value.key.ends_with(own.rule.text());
    own.is_followed && (is_marked || !looks_secret(value))
}

/// What to do with a Secret whose path no creation rule matches.
const NO_MATCH: &str = "no creation rule in `.sops.yaml` matches its path: add one whose `path_regex` does, and encrypt the file with `sops-rs encrypt -i`";

/// What to do with a Secret if there are no creation rules.
const NO_RULE: &str = "add a creation rule for the file to `.sops.yaml`, as `sops-rs init` does, and encrypt the file with `sops-rs encrypt -i`";
