//! Guesses what text that does not parse is meant to be.

use sops_document::{Document, Error, NodeRef, Shape};

use crate::manifest::is_manifest;
use crate::object::{Object, objects};
use crate::template;
use crate::unparsed::names_secret;
use crate::yaml_variants::as_go_reads;

/// Whether the text is YAML or a YAML template, unlike a program that contains a manifest.
pub(super) fn parses(text: &str) -> bool {
    let filled = template::filled(text);
    let is_read =
        |text: &str| !matches!(Document::parse_leniently(text), Err(error) if !is_limit(&error));
    is_read(filled.as_deref().unwrap_or(text))
        || filled.is_some() && is_read(text)
        || as_go_reads(text).is_some_and(|text| is_read(&text))
}

/// Whether the text is YAML that other programs may read but that is too deep or too large for our
/// parser.
pub(super) fn is_limit(error: &Error) -> bool {
    match error {
        Error::Limit { .. } => true,
        // The parser of events has limits of its own.
        Error::Syntax { message, .. } => message.contains("limit exceeded"),
        _ => false,
    }
}

/// Whether every document of the text is an object of Kubernetes. Prose shows objects among other
/// things.
pub(super) fn is_whole_manifest(text: &str) -> bool {
    let is_whole = |text: &str| {
        Document::parse_leniently(text).is_ok_and(|document| {
            // kustomize ignores objects without it.
            let has_name = |top: NodeRef<'_, '_>| top.at(&["metadata", "name"]).is_some();
            let mut tops = document
                .tops()
                .flatten()
                .filter(|top| top.value().is_some() || top.shape() != Shape::Scalar);
            tops.all(|top| is_manifest(top) && has_name(top))
        })
    };
    is_whole(text) || as_go_reads(text).is_some_and(|text| is_whole(&text))
}

/// Whether the text has only comments, `null`, or a list without items.
pub(super) fn is_nothing(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let mut content = lines.filter(|line| !line.starts_with('#'));
    content.all(|line| {
        matches!(
            line.trim_matches(['[', ']', '-', ' ', '\u{feff}']),
            "" | "null" | "~"
        )
    })
}

/// Whether the text has SOPS metadata, in any format.
pub(super) fn has_metadata(text: &str) -> bool {
    let begins = ["sops:", "\"sops\"", "sops_", "[sops]"];
    text.lines().any(|line| {
        begins
            .iter()
            .any(|begin| line.trim_start().starts_with(begin))
    })
}

/// Whether the text looks like an object with a kind and an API version.
pub(super) fn is_like_object(text: &str) -> bool {
    has_key(text, "kind") && has_key(text, "apiVersion")
}

/// Whether a line of the text, other than a comment, begins with the key.
pub(super) fn has_key(text: &str, key: &str) -> bool {
    let is_key = |line: &str| {
        let line = line.trim_start().strip_prefix(key);
        line.is_some_and(|rest| rest.starts_with(':'))
    };
    text.contains(&format!("\"{key}\"")) || text.lines().any(is_key)
}

/// Whether an object of the text may be a Secret: its kind is `Secret`, or is hidden by an escape,
/// an alias or a merged mapping.
pub(super) fn may_be_secret(text: &str) -> bool {
    let is_hidden = |line: &str| {
        let line = line.trim_start();
        let value = line
            .strip_prefix("kind")
            .map(|rest| rest.trim_start_matches(['"', '\'', ' ', ':']));
        value.is_some_and(|value| value.starts_with('*') || value.contains('\\'))
    };
    names_secret(text) || text.contains("stringData") || text.lines().any(is_hidden)
}

/// Whether template actions take the place of whole lines or values. The template engine may accept
/// text that our parser rejects.
pub(super) fn is_like_template(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        let begins = |text: &str| ["{{", "{%", "<%"].iter().any(|mark| text.starts_with(mark));
        begins(line)
            || line
                .split_once(": ")
                .is_some_and(|(_, value)| begins(value.trim_start()))
    })
}

/// Whether the text consists of objects, one of which satisfies the condition.
pub(super) fn has_object(text: &str, is_of_sort: impl Fn(&Object<'_, '_>) -> bool) -> bool {
    let filled = template::filled(text);
    let document = Document::parse_leniently(filled.as_deref().unwrap_or(text));
    document.is_ok_and(|document| objects(&document).iter().any(is_of_sort))
}
