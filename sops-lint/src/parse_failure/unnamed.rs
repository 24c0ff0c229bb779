//! Files whose name implies no format that the rules know.

use sops_core::unencrypted_values;
use sops_document::{Document, Format, Shape, merge_conflict};

use super::lenient_reading::read_leniently;
use super::messages::{CONFLICT, RESOLVE, unencrypted};
use super::text_shape::{has_object, is_nothing, is_whole_manifest, parses};
use crate::committable::{is_encrypted_otherwise, is_public};
use crate::context::Context;
use crate::rule::Confidence;
use crate::rule_coverage::covering_rule;
use crate::rule_scope::{has_secret, has_secret_comment, is_secret_word};
use crate::rules::plaintext_secret::sealed_secret;
use crate::rules::{self, COPY, kubeconfig_message};
use crate::scrutiny::Scrutiny;
use crate::shown_name::shown_name;
use crate::unparsed::{LiteralValue, names_secret};
use crate::yaml_variants::may_hold_secret;
use crate::{exempt, file_name, kubeconfig, template};

/// Checks a file that SOPS treats as binary because of its name: copies of manifests, templates of
/// other programs, and files that a creation rule covers.
pub(crate) fn unnamed(context: &mut Context<'_>) {
    let text = context.text();
    let path = context.input.path;
    // SOPS encrypts every dotenv and INI file.
    let is_copy = matches!(file_name::named(path), Some(Format::Yaml | Format::Json));
    let is_covered = covering_rule(context).is_some();
    let is_prose = file_name::is_prose(path);
    if !is_prose && in_kubeconfig(context) {
        return;
    }
    let may_hold = may_hold_secret(text);
    if !may_hold && !is_covered {
        return;
    }
    if is_nothing(text) {
        if is_covered {
            in_comments(context);
        }
        return;
    }
    let is_expected = || names_secret(text) && (is_copy || is_covered);
    let is_looked_at = match is_prose {
        true => may_hold && is_whole_manifest(text),
        false => may_hold && (is_expected() || parses(text)),
    };
    if is_looked_at && in_any_file(context) {
        return;
    }
    if !is_covered
        || is_encrypted_otherwise(context.input.bytes)
        || is_open_line(text.trim())
        || is_public(text)
    {
        return;
    }
    if is_prose && !exempt::is_prose(path, text) {
        return unencrypted(context);
    }
    if is_prose {
        context.set_rule(&rules::BROKEN_FILE, None);
        context
            .report_span(
                0..0,
                "a creation rule covers this file, which is prose and is not encrypted",
            )
            .help("if it is meant to be readable, exclude it from the rule's `path_regex`; otherwise encrypt it with `sops-rs encrypt -i`");
        return;
    }
    let reading = read_leniently(context, text);
    let is_open_template =
        is_copy && reading.is_template && reading.selected.is_none() && !reading.is_to_encrypt;
    if reading.is_manifest || is_open_template {
        return;
    }
    if is_copy && merge_conflict(text.as_bytes()).is_none() && selects_nothing(context, text) {
        return;
    }
    unencrypted(context);
}

/// Reports a file under a creation rule that consists of comments, if they contain a secret.
pub(super) fn in_comments(context: &mut Context<'_>) {
    if has_secret_comment(context.text()) {
        context.set_rule(&rules::PLAINTEXT_SECRET, None);
        context
            .report_span(
                0..0,
                "a creation rule covers this file, and a comment in it contains what looks like a secret",
            )
            .help("delete the comment, or write a value in its place and encrypt the file");
    }
}

/// Looks for a Secret in a file that was not read as YAML, such as an INI file: kustomize accepts
/// files with any name.
pub(crate) fn of_any_name(context: &mut Context<'_>) {
    let text = context.text();
    if may_hold_secret(text) && parses(text) {
        in_any_file(context);
    } else {
        in_kubeconfig(context);
    }
}

/// Reports a kubeconfig with credentials that a creation rule covers, whatever its name. Returns
/// whether the file is one.
fn in_kubeconfig(context: &mut Context<'_>) -> bool {
    let text = context.text();
    if !kubeconfig::may_be(text) {
        return false;
    }
    let is_copy = context.is_copy_of_covered();
    if context.creation_rule().is_none() && !is_copy {
        return false;
    }
    let filled = template::filled(text);
    let Ok(document) = Document::parse_leniently(filled.as_deref().unwrap_or(text)) else {
        return false;
    };
    let mut tops = document.tops().flatten();
    let scrutiny = context.scrutiny_of_file();
    let credential = |top| kubeconfig::credential(top, scrutiny);
    let Some(credential) = tops.find_map(credential) else {
        return false;
    };
    let command = context.command("encrypt -i");
    context.set_rule(&rules::PLAINTEXT_SECRET, None);
    let finding = context.report_node(credential, kubeconfig_message(is_copy));
    match is_copy {
        true => finding.help(COPY),
        false => finding.help(format!("delete it, or encrypt it with `{command}`")),
    };
    true
}

/// Reports a Secret in plaintext in a file that need not be a manifest. Returns whether there is
/// one.
fn in_any_file(context: &mut Context<'_>) -> bool {
    let text = context.text();
    let Some(LiteralValue { span, key }) = read_leniently(context, text).secret else {
        return false;
    };
    let key = shown_name(&key);
    let (message, help) = match merge_conflict(text.as_bytes()) {
        Some(_) => (
            format!("{CONFLICT}, and a Secret in it is in plaintext: `{key}`"),
            RESOLVE,
        ),
        None if has_object(text, |object| object.kind == sealed_secret::KIND) => (
            format!("the SealedSecret has a value in plaintext: `{key}`"),
            sealed_secret::HIDE_SEALED,
        ),
        None if !has_object(text, |object| object.is_secret()) => (
            format!("the text contains what looks like a Secret in plaintext: `{key}`"),
            "move the Secret to a file that ends in `.yaml` or `.json`, and encrypt that with `sops-rs encrypt -i`; if this is prose, write `a Secret` instead of `kind: Secret`",
        ),
        None => (
            format!("the Secret is in plaintext: `{key}`"),
            "delete the file if it is a copy; otherwise rename it so that it ends in `.yaml` or `.json`, and encrypt it with `sops-rs encrypt -i`",
        ),
    };
    context.set_rule(&rules::PLAINTEXT_SECRET, None);
    context
        .report_span(span, message)
        .confidence(Confidence::Medium)
        .help(help);
    true
}

/// Whether the rule for manifests selects nothing in a copy of a manifest, as in the original.
fn selects_nothing(context: &Context<'_>, text: &str) -> bool {
    let rule = covering_rule(context).and_then(|creation| creation.rule.clone());
    let rule = rule.unwrap_or_default();
    Document::parse_leniently(text).is_ok_and(|document| {
        let mut tops = document.tops().flatten();
        match tops.any(|top| top.shape() != Shape::Scalar) {
            true => {
                unencrypted_values(&document, Some(&rule)).is_ok_and(|selected| selected.is_empty())
            }
            // The text differs from the original.
            false => {
                let may_be_notes = || file_name::may_be_notes(context.input.path);
                let is_other = rule.names_what_is_encrypted()
                    || context.is_copy_of_covered() && may_be_notes();
                is_other && !has_secret(text) && !is_secret_word(text)
            }
        }
    })
}

/// Whether the text is a single line with placeholders.
fn is_open_line(text: &str) -> bool {
    !text.contains(['\n', '\r']) && Scrutiny::Strict.passes(text)
}
