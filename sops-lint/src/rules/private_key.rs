//! A private key, wherever it is in a file.

use std::ops::Range;

use sops_document::Document;
use sops_placeholder::is_published_key;

use crate::base64_text::is_base64;
use crate::check::Check;
use crate::context::Context;
use crate::private_key::{self, PrivateKey};
use crate::rule::{Confidence, FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL014",
    name: "private-key",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("private_key.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::File(check), Check::Document(in_scalars)];

/// More bytes than a published key has, however it is indented.
const LONGEST: usize = 4096;

const HELP: &str = "remove it; if it was ever pushed, create a new key, because anyone with a copy of the repository has this one";

const EXAMPLE: &str = "if it is only an example, allow it with a comment, `sops-rs: allow private-key -- reason`, or `exclude` the file in `.sops-lint.yaml`";

fn check(context: &mut Context<'_>) {
    let bytes = context.input.bytes;
    let keys = private_key::find(bytes).into_iter();
    // A published key protects nothing. In a manifest, SL023 reports it.
    let keys = keys.filter(|key| !is_published(bytes, key));
    for key in keys {
        let (message, severity) = words(&key);
        context
            .report_span(key.span.clone(), message)
            .help(help(severity))
            .severity(severity)
            .confidence(confidence(&key));
    }
}

/// Reports keys that are not visible in the source, because their scalar has escapes or is folded.
fn in_scalars(document: &Document<'_>, context: &mut Context<'_>) {
    let of_rule = context
        .findings
        .iter()
        .filter(|finding| finding.rule.code == RULE.code);
    let mut known: Vec<usize> = of_rule.map(|finding| finding.location.offset).collect();
    known.sort_unstable();
    for node in document.scalars() {
        let span = node.span();
        if !differs(context.text().get(span.clone()).unwrap_or_default()) {
            continue;
        }
        let text = node.as_str().unwrap_or_default();
        let next = known.partition_point(|at| *at < span.start);
        let is_known = known.get(next).is_some_and(|at| *at < span.end);
        let keys = private_key::find(text.as_bytes()).into_iter();
        let mut keys = keys.filter(|key| !is_published(text.as_bytes(), key));
        let key = keys.next();
        if let Some(key) = key.filter(|_| !is_known) {
            let (message, severity) = words(&key);
            context
                .report_node(node, message)
                .help(help(severity))
                .severity(severity)
                .confidence(confidence(&key));
        }
    }
}

/// Whether a key is one of the published placeholder keys, which protect nothing.
fn is_published(bytes: &[u8], key: &PrivateKey) -> bool {
    let from = bytes.get(key.span.start..).unwrap_or_default();
    // Only its first line may be marked.
    let text = String::from_utf8_lossy(&from[..from.len().min(LONGEST)]);
    let end = text.find("-----END ").and_then(|end| {
        let rest = end + "-----END ".len();
        Some(rest + text[rest..].find("-----")? + "-----".len())
    });
    match end.filter(|_| text.starts_with("-----BEGIN ")) {
        Some(end) => is_published_key(&text.as_bytes()[..end]),
        None if key.encoded => is_published_key(&bytes[line_of_base64(bytes, key.span.start)]),
        None => bytes.get(key.span.clone()).is_some_and(is_published_key),
    }
}

/// The base64 on one line around a position, which may be a key that was found by a part of it.
fn line_of_base64(bytes: &[u8], at: usize) -> Range<usize> {
    let start = at + usize::from(bytes.get(at).is_some_and(|byte| !is_base64(*byte)));
    let before = bytes[..start].iter().rposition(|byte| !is_base64(*byte));
    let is_part = |byte: u8| is_base64(byte) || byte == b'=';
    let after = bytes[start..].iter().position(|byte| !is_part(*byte));
    let end = after.map_or(bytes.len(), |length| start + length);
    before.map_or(0, |before| before + 1)..end
}

/// Whether a scalar is written with escapes, or folded.
fn differs(source: &str) -> bool {
    let is_quoted = source.starts_with('"') && source.contains('\\');
    source.len() > 40 && (is_quoted || !source.starts_with('|') && source.contains('\n'))
}

fn help(severity: Severity) -> String {
    match severity {
        Severity::Error => HELP.to_owned(),
        Severity::Warning => format!("{HELP}; {EXAMPLE}"),
    }
}

fn confidence(key: &PrivateKey) -> Confidence {
    match key.certain {
        true => Confidence::High,
        false => Confidence::Low,
    }
}

fn words(key: &PrivateKey) -> (String, Severity) {
    let encoding = if key.encoded { " in base64" } else { "" };
    match key.certain {
        true => (format!("{}{encoding}", key.description), Severity::Error),
        false => (
            format!("what looks like {}{encoding}", key.description),
            Severity::Warning,
        ),
    }
}
