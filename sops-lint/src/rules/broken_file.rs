//! A file that sops-rs or Kubernetes cannot read.

use sops_core::Type;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::plaintext_values::{is_ciphertext, is_under_part, open_values};
use crate::rule::{FixAvailability, Rule, Severity};
use crate::scrutiny::is_open_reference;
use crate::secret::{SecretField, SecretValue, secret_fields};
use crate::secret_data::decode_secret_data;
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL017",
    name: "broken-file",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("broken_file.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(secret)];

/// Reports a Secret that Kubernetes refuses. Another rule reports the values that leak.
fn secret(object: &Object<'_, '_>, context: &mut Context<'_>) {
    if !object.is_whole_secret() || object.is_deletion() {
        return;
    }
    let mut open = None;
    for field in secret_fields(object.node) {
        if !field.is_known() {
            let open = open
                .get_or_insert_with(|| open_values(object, |value| context.scrutiny(&value.place)));
            // If it is in plaintext, SL010 reports it.
            if !open.iter().any(|value| value.field == field.name)
                || field.values().iter().any(is_ciphertext)
            {
                let message = format!(
                    "a Secret has no field `{}`: Kubernetes refuses or ignores it",
                    shown_name(field.name)
                );
                let help = "the values of a Secret belong under `data` or `stringData`, and names and labels under `metadata`";
                let at = field.node.key_offset();
                context.report_span(at..at, message).help(help);
            }
        }
        if let Some(node) = field.misfit() {
            let message = format!("every value under `{}` must be a string", field.name);
            let help = "write each value as a string under a key, for example `config.yaml: |`";
            context.report_node(node, message).help(help);
        } else if let Some(value) = field.values().into_iter().find(is_not_string) {
            let message = format!(
                "`{}` under `{}` is not a string: Kubernetes refuses the Secret",
                shown_name(value.key),
                field.name
            );
            context
                .report_node(value.node, message)
                .help("put it in quotes, and in base64 under `data`; if it is encrypted, do so with `sops-rs edit`");
        } else if field.name == "data" {
            not_base64(&field, context);
        }
    }
}

/// Whether a value of a Secret is a number or a boolean, or becomes one when it is decrypted.
fn is_not_string(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    let is_known = is_under_part(value);
    let is_of_kind = |kind: &str| text.ends_with(&format!(",type:{kind}]"));
    is_known
        && match is_ciphertext(value) {
            true => ["int", "float", "bool"].into_iter().any(is_of_kind),
            false => value
                .node
                .value()
                .is_some_and(|value| matches!(value.kind, Type::Int | Type::Float | Type::Bool)),
        }
}

fn not_base64(data: &SecretField<'_, '_>, context: &mut Context<'_>) {
    for value in data.values() {
        let text = value.node.scalar_text().unwrap_or_default();
        let is_base64 = decode_secret_data(text).is_some();
        if is_ciphertext(&value) || is_base64 || is_open_reference(text) {
            continue;
        }
        let message = format!(
            "`{}` under `data` is not base64: Kubernetes refuses the Secret",
            shown_name(value.key)
        );
        context
            .report_node(value.node, message)
            .help("move it to `stringData`, or encode it, for example with `base64 -w0`");
    }
}
