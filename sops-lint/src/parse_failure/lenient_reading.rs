//! Reads a file that does not parse as leniently as other programs might, and finds the Secrets in
//! it.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use sops_core::config::CreationRule;
use sops_core::{CIPHERTEXT_PREFIX, unencrypted_values};
use sops_document::{Document, Format, NodeRef};

use super::text_shape::{is_like_template, is_limit, is_nothing, may_be_secret};
use crate::action::{self, Definitions};
use crate::context::Context;
use crate::manifest::is_manifest;
use crate::object::{Object, objects};
use crate::plaintext_values::{
    extends_ciphertext, holds_secret, is_open_base64, is_plaintext_under, looks_secret, open_values,
};
use crate::rule_coverage::{covering_rule, has_rule_for_its_extension};
use crate::rules::plaintext_secret::sealed_secret;
use crate::sample::is_to_be_filled_in;
use crate::scrutiny::Scrutiny;
use crate::secret::{SecretField, SecretValue, secret_fields};
use crate::secret_detection::{
    has_credential_beside, in_text, is_harmless, literals, names_no_secret,
};
use crate::unparsed::{LineValue, LiteralValue, literal, names_secret, of_swap_file};
use crate::yaml_variants::{as_go_reads, decoded, may_hold_secret, secrets_with_repeated_keys};
use crate::{file_name, rules, template};

/// How the values of the text are judged.
#[derive(Clone, Copy)]
struct Judgement<'j> {
    is_template: bool,
    /// Whether only values that look like secrets count.
    is_sample: bool,
    /// Whether the text is a template of a published chart, in which names and configurations may
    /// be next to the values that are filled in.
    is_published: bool,
    scrutiny: Scrutiny,
    /// The names that the template defines and uses in its values.
    definitions: &'j Definitions<'j>,
}

/// Whether the file is a template of a chart, which is published without secrets.
pub(super) fn is_in_chart(context: &Context<'_>) -> bool {
    let path = context.input.place();
    let mut parts = Path::new(&path).components();
    parts.any(|part| part.as_os_str() == "templates")
}

/// The readable content of the text.
pub(super) struct LenientReading {
    /// A value of a Secret in plaintext.
    pub(super) secret: Option<LiteralValue>,
    /// Whether the text parses once the actions of a template are filled in.
    pub(super) is_template: bool,
    /// Whether the text parses, and is a Kubernetes object other than a Secret.
    pub(super) is_manifest: bool,
    /// Whether the text parses, and has a Kubernetes object that the creation rule encrypts as a
    /// whole.
    pub(super) is_to_encrypt: bool,
    /// In a template, the first value that the creation rule selects and that no action creates.
    pub(super) selected: Option<Range<usize>>,
}

/// Reads text that does not parse, or has no known format, as leniently as possible.
pub(super) fn read_leniently(context: &Context<'_>, text: &str) -> LenientReading {
    let filled = template::filled(text);
    let is_template = filled.is_some();
    let scrutiny = context.scrutiny_of_file();
    let definitions = match scrutiny {
        Scrutiny::Strict if is_template => Definitions::of(text),
        _ => Definitions::default(),
    };
    let judgement = Judgement {
        is_template,
        is_sample: is_to_be_filled_in(context.input.path, text),
        is_published: is_in_chart(context) && scrutiny != Scrutiny::Strict,
        scrutiny,
        definitions: &definitions,
    };
    let readable = filled.as_deref().unwrap_or(text);
    // No text contains zero bytes.
    let parsed = match text.contains('\0') {
        true => Err(false),
        false => Document::parse_leniently(readable).map_err(|error| is_limit(&error)),
    };
    let document = match parsed {
        Ok(document) => document,
        Err(is_limit) => {
            let judgement = Judgement {
                is_template: is_template && is_like_template(text),
                ..judgement
            };
            // Other programs may read text that is too large here, so the words of a Secret are
            // enough.
            let is_secret = match is_limit {
                true => may_hold_secret,
                false => names_secret,
            };
            let secret = in_other_readings(text, filled.as_deref(), judgement)
                .or_else(|| in_lines(text, judgement, is_secret));
            return LenientReading {
                secret,
                is_template: false,
                is_manifest: false,
                is_to_encrypt: false,
                selected: None,
            };
        }
    };
    // Text that consists of words and actions is a template of something else.
    let is_template =
        is_template && (document.tops().flatten().next().is_some() || is_nothing(readable));
    let judgement = Judgement {
        is_template,
        ..judgement
    };
    let secret = in_document(&document, text, judgement)
        .or_else(|| in_other_readings(text, filled.as_deref(), judgement))
        .or_else(|| in_variable(&document, text).filter(|_| is_template));
    // In a manifest, only Secrets count, and they were already checked.
    let has_manifest = document.tops().flatten().any(is_manifest);
    let rule = covering_rule(context).filter(|_| secret.is_none());
    // An action may create the name, and it may be missing from text that does not parse.
    let path = context.input.path;
    let is_copy = Format::from_path(path) == Format::Binary && !file_name::is_companion(path);
    let is_named = is_copy && !is_template;
    let is_whole = |rule| rules::is_for_whole_file(&document, rule, is_named, context);
    let is_to_encrypt = has_manifest && rule.is_some_and(is_whole);
    let has_more = |rule: &CreationRule| {
        let rule = rule.rule.clone().unwrap_or_default();
        let is_secret = || rules::first_secret_beside_objects(&document, &rule).is_some();
        rules::first_selected_beside_objects(&document, &rule)
            .is_ok_and(|selected| selected.is_some())
            || !has_rule_for_its_extension(context) && is_secret()
    };
    let has_more = has_manifest && !is_template && rule.is_some_and(has_more);
    let is_manifest = has_manifest && !is_to_encrypt && !has_more && !may_be_secret(text);
    let selected = match rule {
        Some(rule) if is_template && !has_manifest => selected(&document, rule, text, judgement),
        _ => None,
    };
    LenientReading {
        secret,
        is_template,
        is_manifest,
        is_to_encrypt,
        selected,
    }
}

/// The first variable that contains a secret, in a template that creates a Secret.
fn in_variable(document: &Document<'_>, text: &str) -> Option<LiteralValue> {
    if !objects(document).iter().any(Object::is_secret) {
        return None;
    }
    let variable = action::variable_with_secret(text)?;
    let start = variable.as_ptr() as usize - text.as_ptr() as usize;
    Some(LiteralValue {
        span: start..start + variable.len(),
        key: variable.to_owned(),
    })
}

/// The first plaintext value of a Secret that other programs see in the text.
fn in_other_readings(
    text: &str,
    filled: Option<&str>,
    judgement: Judgement<'_>,
) -> Option<LiteralValue> {
    if text.contains('\0') || !may_hold_secret(text) {
        return None;
    }
    // If nothing fills in the actions, they are comments or values.
    let literal = filled.map(|_| text);
    let normal = as_go_reads(text);
    let normal_filled = filled.and_then(as_go_reads);
    let readings = [literal, normal.as_deref(), normal_filled.as_deref()];
    readings
        .into_iter()
        .flatten()
        .find_map(|reading| match Document::parse_leniently(reading) {
            Ok(document) => in_document(&document, text, judgement),
            Err(error) if is_limit(&error) => in_lines(text, judgement, may_hold_secret),
            Err(_) => None,
        })
}

/// The first plaintext value of a Secret in text that does not parse. `is_secret` says which of
/// its documents are Secrets.
fn in_lines(
    text: &str,
    judgement: Judgement<'_>,
    is_secret: impl Fn(&str) -> bool,
) -> Option<LiteralValue> {
    let is_open = |line: &LineValue<'_>| match judgement.is_template {
        true if line.is_in_text => is_open_line(line, judgement),
        true if is_shell_variable(line.value, text) => false,
        _ => is_open_text(line.key, line.value, judgement),
    };
    let moved = |value: LiteralValue| LiteralValue {
        span: 0..0,
        ..value
    };
    let of_other_text = |text: String| literal(&text, &is_secret, is_open).map(moved);
    literal(text, &is_secret, is_open)
        .or_else(|| decoded(text).and_then(of_other_text))
        .or_else(|| {
            let is_swap = text.contains('\0');
            is_swap.then(|| of_swap_file(text)).and_then(of_other_text)
        })
}

/// The first plaintext value of a Secret in a document.
fn in_document(
    document: &Document<'_>,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<LiteralValue> {
    let objects = objects(document);
    let secrets = objects
        .iter()
        .filter(|object| object.is_secret() && !object.is_deletion());
    let mut secrets = secrets.filter_map(|object| in_object(object, text, judgement));
    let mut sealed = objects
        .iter()
        .filter_map(|object| in_sealed_secret(object, text));
    secrets.next().or_else(|| sealed.next()).or_else(|| {
        let repeated = secrets_with_repeated_keys(document).into_iter();
        let fields = repeated
            .flat_map(secret_fields)
            .filter(SecretField::is_part);
        let is_plaintext =
            |value: &SecretValue<'_, '_>| is_plaintext_under(judgement.scrutiny, value);
        let values = fields.flat_map(|field| field.values()).filter(is_plaintext);
        in_values(values, text, judgement)
    })
}

/// The first plaintext value of a Secret. If an action may have been filled in, the value is taken
/// from `text`.
fn in_object(
    object: &Object<'_, '_>,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<LiteralValue> {
    let mut open = open_values(object, |_| judgement.scrutiny);
    open.retain(|value| !judgement.is_sample || looks_secret(value));
    in_values(open.into_iter(), text, judgement)
        .or_else(|| in_actions(object, text, judgement).filter(|_| judgement.is_template))
}

/// The first value of a SealedSecret that is not sealed.
fn in_sealed_secret(object: &Object<'_, '_>, text: &str) -> Option<LiteralValue> {
    let is_literal = |(key, node): &(&str, NodeRef<'_, '_>)| {
        let source = text.get(node.span()).unwrap_or_default();
        !template::has_action(source) || holds_secret(key, source)
    };
    let (key, node) = sealed_secret::open_values(object).find(is_literal)?;
    Some(LiteralValue {
        span: node.span(),
        key: key.to_owned(),
    })
}

/// The first value of a Secret that is a literal in an action of a template, or next to an action.
fn in_actions(
    object: &Object<'_, '_>,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<LiteralValue> {
    let fields = secret_fields(object.node).into_iter();
    let fields = fields.filter(SecretField::is_part);
    let mut values = fields.flat_map(|field| field.values());
    let value = values.find(|value| {
        let source = text.get(value.origin.clone()).unwrap_or_default();
        is_open_beside_actions(value.key, source, judgement)
    })?;
    Some(LiteralValue {
        span: value.node.span(),
        key: value.key.to_owned(),
    })
}

fn in_values<'d, 'a: 'd>(
    mut values: impl Iterator<Item = SecretValue<'d, 'a>>,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<LiteralValue> {
    values.find_map(|value| {
        let source = text.get(value.origin.clone()).unwrap_or_default();
        let literal = value.node.scalar_text().unwrap_or_default();
        if template::has_action(source) {
            return holds_secret(value.key, &unescaped(source)).then(|| LiteralValue {
                span: value.node.span(),
                key: value.key.to_owned(),
            });
        }
        let is_open = match value.field.eq_ignore_ascii_case("data") {
            true => {
                is_open_base64(judgement.scrutiny, value.key, literal)
                    && match judgement.is_sample {
                        true => looks_secret(&value),
                        false => is_worth(value.key, literal, judgement),
                    }
            }
            false => is_open_text(value.key, literal, judgement),
        };
        is_open.then(|| LiteralValue {
            span: value.node.span(),
            key: value.key.to_owned(),
        })
    })
}

/// Whether `value`, in the position of a Secret's value, is a plaintext value.
fn is_open_text(key: &str, value: &str, judgement: Judgement<'_>) -> bool {
    if template::has_action(value) {
        return is_open_beside_actions(key, value, judgement);
    }
    (!value.starts_with(CIPHERTEXT_PREFIX) || extends_ciphertext(value))
        && !judgement.scrutiny.passes(value)
        && is_worth(key, value, judgement)
}

/// Whether a value is a variable that a script in the same text sets.
fn is_shell_variable(value: &str, text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.strip_prefix('$').is_some_and(|name| {
        !name.is_empty() && name.chars().all(is_part) && text.contains(&format!("{name}="))
    })
}

/// Whether a line of a configuration in a template contains a secret.
fn is_open_line(line: &LineValue<'_>, judgement: Judgement<'_>) -> bool {
    let LineValue { key, value, .. } = *line;
    match template::has_action(value) {
        true => is_open_beside_actions(key, value, judgement),
        false => !in_text(key, value).is_empty(),
    }
}

/// Whether a value of a template contains a literal that may be a secret, next to its actions or in
/// them.
fn is_open_beside_actions(key: &str, source: &str, judgement: Judgement<'_>) -> bool {
    let is_worth = |literal: &String| is_worth(key, literal, judgement);
    let unescaped = unescaped(source);
    let has_literal = || {
        literals(&unescaped).iter().any(is_worth)
            || judgement.definitions.used_in(source).any(is_worth)
    };
    action::holds_secret(key, &unescaped)
        || has_credential_beside(&unescaped)
        || judgement.scrutiny == Scrutiny::Strict && has_literal()
}

/// A scalar with its escaped quotes unescaped, as in JSON inside a string.
fn unescaped(source: &str) -> Cow<'_, str> {
    match source.starts_with('"') {
        true => Cow::Owned(source.replace("\\\"", "\"")),
        false => Cow::Borrowed(source),
    }
}

/// Whether a literal value of a template is worth reporting: names of users and databases are often
/// next to the values that are filled in.
fn is_worth(key: &str, value: &str, judgement: Judgement<'_>) -> bool {
    let is_word =
        value.chars().all(|c| c.is_ascii_lowercase() || c == '_') || value.parse::<u16>().is_ok();
    let is_other = judgement.is_sample
        || judgement.is_template
            && (is_word || judgement.is_published && names_no_secret(key) && is_name(value));
    !is_other || !in_text(key, value).is_empty()
}

/// Whether a value is a name such as `application/json`, an address, several lines of text, or too
/// short for a secret.
fn is_name(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || "-_./".contains(c);
    value.chars().all(is_part)
        || value.contains('\n')
        || value.len() <= 4
        || value.contains("://") && is_harmless(value)
}

/// The first value of a template that the rule selects and no action creates.
fn selected(
    document: &Document<'_>,
    creation: &CreationRule,
    text: &str,
    judgement: Judgement<'_>,
) -> Option<Range<usize>> {
    let rule = creation.rule.clone().unwrap_or_default();
    let selected = unencrypted_values(document, Some(&rule)).ok()?.into_iter();
    let mut literals = selected.filter(|entry| {
        let source = text.get(entry.span.clone()).unwrap_or_default();
        let value = source.trim().trim_matches(['"', '\'']);
        let is_word = |c: char| c.is_ascii_alphabetic() || c == '-';
        // Headers and variables are lists of names and values.
        let is_name = entry.path.ends_with(".name") && value.chars().all(is_word);
        !entry.is_comment && !is_name && is_open_text(&entry.path, value, judgement)
    });
    literals.next().map(|entry| entry.span)
}
