//! JSON files with several objects, one after the other. `kubectl` applies all of them, but SOPS
//! encrypts only files with one object.

use sops_core::parse_document;
use sops_document::{Document, Format, Result};

use crate::context::Context;
use crate::finding::Finding;
use crate::rules;

/// Parses a document as SOPS does or, if it is a stream of JSON objects, as `kubectl` does.
///
/// # Errors
/// Those of [`parse_document`].
pub(crate) fn parse(text: &str, format: Format) -> Result<Document<'_>> {
    parse_document(text, format).or_else(|error| match format {
        Format::Json => Document::parse_json_stream(text).map_err(|_| error),
        _ => Err(error),
    })
}

/// Changes the findings in a stream: no program can fix them in this file.
pub(crate) fn adapt(document: &Document<'_>, context: &mut Context<'_>) {
    let is_stream = document.format() == Format::Json && document.tops().count() > 1;
    if is_stream {
        context.findings.iter_mut().for_each(without_fix);
    }
}

fn without_fix(finding: &mut Finding) {
    finding.fix = None;
    if finding.rule.code == rules::PLAINTEXT_SECRET.code {
        finding.help(HELP);
        finding.lacks_creation_rule = false;
    }
}

const HELP: &str = "SOPS cannot encrypt several objects in one JSON file: put each object into a file of its own, and encrypt the file with `sops-rs encrypt -i`";
