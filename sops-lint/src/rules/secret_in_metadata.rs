//! A secret in an annotation or a label.

use sops_core::parse_document;
use sops_document::{Format, NodeRef};

use crate::check::Check;
use crate::context::Context;
use crate::object::{Object, objects};
use crate::plaintext_values::open_values;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::scrutiny::Scrutiny;
use crate::secret_detection::{FoundSecret, in_text, judge};
use crate::shown_name::ShownName;

pub(crate) static RULE: Rule = Rule {
    code: "SL005",
    name: "secret-in-metadata",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_metadata.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

/// Where `kubectl apply` keeps the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for metadata in &object.metadata {
        for list in ["annotations", "labels"] {
            for (name, value) in metadata.get(list).into_iter().flat_map(NodeRef::entries) {
                if name != LAST_APPLIED {
                    entry(list, name, value, context);
                }
            }
        }
    }
}

/// Reports the secrets in an annotation or a label.
pub(crate) fn entry(list: &str, name: &str, value: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let text = value.scalar_text().unwrap_or_default();
    if name == LAST_APPLIED {
        if holds_secret(text) {
            whole_secret(value, context);
        }
        return;
    }
    context.report_secrets(
        value,
        in_annotation(name, text),
        format_args!("`{}` in the {list}", ShownName(name)),
        "anyone who can read the object can read its annotations and labels; put it into an encrypted Secret",
    );
}

/// Reports the annotation of `kubectl apply` if it has a Secret in plaintext. Encryption usually
/// leaves annotations as they are.
pub(crate) fn last_applied(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for metadata in &object.metadata {
        if let Some(value) = applied_in(*metadata, object.is_secret()) {
            whole_secret(value, context);
        }
    }
}

/// The annotation in which `kubectl apply` keeps a Secret in plaintext.
pub fn applied_secret<'d, 'a>(secret: NodeRef<'d, 'a>) -> Option<NodeRef<'d, 'a>> {
    applied_in(secret.get("metadata")?, true)
}

fn applied_in<'d, 'a>(metadata: NodeRef<'d, 'a>, is_of_secret: bool) -> Option<NodeRef<'d, 'a>> {
    let value = metadata.at(&["annotations", LAST_APPLIED])?;
    let text = value.as_str()?;
    let is_open = holds_secret(text) || is_of_secret && has_open_data(text);
    is_open.then_some(value)
}

fn whole_secret(value: NodeRef<'_, '_>, context: &mut Context<'_>) {
    context
        .report_node(
            value,
            "the annotation of `kubectl apply` contains the whole Secret in plaintext",
        )
        .help("remove the annotation, and apply with `--server-side`");
}

/// Whether the annotation of a Secret has values, even if it does not say that it is one.
fn has_open_data(text: &str) -> bool {
    let text = text.trim();
    text.strip_prefix('{')
        .is_some_and(|rest| holds_secret(&format!("{{\"kind\":\"Secret\",{rest}")))
        || !in_text("", text).is_empty()
}

/// The secrets in an annotation. JSON and those of several lines are read as files are.
fn in_annotation(name: &str, text: &str) -> Vec<FoundSecret> {
    let text_begin = text.trim_start();
    match text.trim().contains('\n') || text_begin.starts_with(['{', '[']) {
        true => in_text(name, text),
        false => judge(name, text)
            .map(|likeness| FoundSecret {
                name: String::new(),
                range: 0..text.len(),
                likeness,
            })
            .into_iter()
            .collect(),
    }
}

/// Whether the text is a Secret with values that are not encrypted.
fn holds_secret(text: &str) -> bool {
    let Ok(document) = parse_document(text, Format::Json) else {
        return false;
    };
    objects(&document)
        .iter()
        .any(|object| object.is_secret() && !open_values(object, |_| Scrutiny::Usual).is_empty())
}
