//! Files that do not parse.

use std::ops::Range;

use sops_document::{Document, Error, Format, NodeRef, merge_conflict};

use super::excuse::is_for_other_program;
use super::lenient_reading::{is_in_chart, read_leniently};
use super::messages::{CONFLICT, RESOLVE, plaintext, resolve_encrypted};
use super::parse_error::{message_of, span_of};
use super::rule_effect::{has_more, may_select};
use super::text_shape::{
    has_key, has_metadata, is_like_object, is_like_template, is_nothing, may_be_secret,
};
use super::unnamed::in_comments;
use crate::context::Context;
use crate::input::InputKind;
use crate::rule_coverage::{covering_rule, has_rule_for_its_extension};
use crate::rule_scope::names_keys;
use crate::shown_name::shown_name;
use crate::unparsed::LiteralValue;
use crate::{file_name, rules, template};

/// Reports the problems of a file that does not parse.
pub(crate) fn broken(context: &mut Context<'_>, error: Error, is_encrypted: bool) -> InputKind {
    let text = context.text();
    let conflict = merge_conflict(text.as_bytes());
    let at = conflict.clone().unwrap_or_else(|| span_of(&error));
    let reading = read_leniently(context, text);
    // A template that creates an encrypted value is not a SOPS file.
    let is_of_sops =
        is_encrypted && (conflict.is_some() || !reading.is_template || has_metadata(text));
    if is_of_sops {
        rules::mark_used(context);
        // It is impossible to determine which values are in plaintext.
        context.set_rule(&rules::PARTLY_ENCRYPTED, None);
        match conflict {
            Some(_) => {
                let help = resolve_encrypted(context);
                context.report_span(at, CONFLICT).help(help)
            }
            None => context.report_span(at, message_of(&error)),
        };
        return InputKind::Other;
    }
    if let Some(secret) = reading.secret {
        // If only values contain actions, they are for another program.
        let is_template = template::has_action(text) && is_like_template(text);
        in_secret(context, secret, is_template, &error, conflict);
        return kind(is_template);
    }
    if reading.is_template && conflict.is_none() && !reading.is_to_encrypt {
        if let Some(span) = reading.selected {
            context.set_rule(&rules::PLAINTEXT_SECRET, None);
            context
                .report_span(
                    span,
                    "a creation rule covers this template, but a value in it is in plaintext",
                )
                .help("use a template action that reads the value from an encrypted file");
        }
        return InputKind::Template;
    }
    let covered = covering_rule(context).filter(|rule| {
        let names_keys = rule.rule.as_ref().is_some_and(names_keys);
        let is_for_all = || !names_keys && !has_rule_for_its_extension(context);
        let is_secret = !is_like_object(text)
            || may_be_secret(text)
            || reading.is_to_encrypt
            || is_for_all() && has_more(rule, context);
        is_secret && may_select(rule, &error, context)
    });
    if covered.is_some() && is_nothing(text) {
        in_comments(context);
    } else if covered.is_some() {
        let message = match conflict {
            Some(_) => format!("{CONFLICT}, and a creation rule covers it"),
            None => format!(
                "a creation rule covers this file, which is in plaintext and cannot be encrypted as it is: {}",
                message_of(&error)
            ),
        };
        plaintext(context, at, message, conflict.is_some());
        return InputKind::Other;
    }
    let is_template = is_like_template(text) || is_in_chart(context) && template::has_action(text);
    if conflict.is_none() && is_template {
        return InputKind::Template;
    }
    let is_of_known_program = conflict.is_none()
        && !matches!(error, Error::Syntax { .. })
        && Document::parse_leniently(text)
            .is_ok_and(|document| rules::in_other_program(&document, context));
    let is_meant = match &error {
        Error::Syntax { .. } => is_named_manifest(context),
        Error::Limit { .. } => true,
        // No program accepts a mapping as a key, and programs differ in which of two equal keys
        // counts.
        Error::Unsupported { .. } if is_of_known_program => true,
        // A manifest that SOPS cannot represent, such as one with a number as a key. Helm accepts
        // values with such a key.
        _ => {
            let has_kind = |top: NodeRef<'_, '_>| {
                top.get("kind").is_some() || top.items().any(|item| item.get("kind").is_some())
            };
            let is_other = Document::parse_leniently(text)
                .is_ok_and(|document| !document.tops().flatten().any(has_kind));
            is_named_manifest(context) && has_key(text, "kind") && !is_other
        }
    };
    // Another rule reports invalid configurations.
    let is_config = || context.input.path.ends_with(rules::CONFIG);
    let is_excused = || conflict.is_none() && is_for_other_program(context, &error);
    if is_meant && !is_config() && !is_excused() {
        context.set_rule(&rules::BROKEN_FILE, None);
        match conflict {
            Some(at) => context.report_span(at, CONFLICT).help(RESOLVE),
            None => context.report_span(at, message_of(&error)),
        };
    }
    InputKind::Other
}

fn kind(is_template: bool) -> InputKind {
    if is_template {
        InputKind::Template
    } else {
        InputKind::Other
    }
}

/// Reports a Secret in plaintext that cannot be encrypted as it is.
fn in_secret(
    context: &mut Context<'_>,
    secret: LiteralValue,
    is_template: bool,
    error: &Error,
    conflict: Option<Range<usize>>,
) {
    let LiteralValue { span, key } = secret;
    let key = shown_name(&key);
    if let Some(at) = conflict {
        let message = format!("{CONFLICT}, and a Secret in it is in plaintext: `{key}`");
        return plaintext(context, at, message, true);
    }
    context.set_rule(&rules::PLAINTEXT_SECRET, None);
    if is_template {
        context
            .report_span(
                span,
                format!("the Secret that this template creates has a value in plaintext: `{key}`"),
            )
            .help("use a template action that reads the value from an encrypted file, such as a values file");
        return;
    }
    let message = format!(
        "the Secret has a value in plaintext, `{key}`, and the file cannot be encrypted as it is: {}",
        message_of(error)
    );
    // If the text cannot be parsed, the finding shows the reason.
    let at = match error {
        Error::Syntax { .. } => span_of(error),
        _ => span,
    };
    plaintext(context, at, message, false);
}

fn is_named_manifest(context: &Context<'_>) -> bool {
    matches!(
        file_name::named(context.input.path),
        Some(Format::Yaml | Format::Json)
    )
}
