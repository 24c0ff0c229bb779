//! JSON files with several objects, one after the other. `kubectl` applies all of them, but SOPS
//! encrypts only files with one object.

use sops_core::parse_document;
use sops_document::{Document, Format, Result};

/// Parses a document as SOPS does or, if it is a stream of JSON objects, as `kubectl` does.
///
/// # Errors
/// The errors of [`parse_document`].
pub(crate) fn parse(text: &str, format: Format) -> Result<Document<'_>> {
    parse_document(text, format).or_else(|error| match format {
        Format::Json => Document::parse_json_stream(text).map_err(|_| error),
        _ => Err(error),
    })
}

/// Whether the document is a stream.
pub(crate) fn is_stream(document: &Document<'_>) -> bool {
    document.format() == Format::Json && document.tops().count() > 1
}

/// How to encrypt a Secret in a stream.
pub(crate) const HELP: &str = "SOPS cannot encrypt several objects in one JSON file: put each object into a file of its own, and encrypt the file with `sops-rs encrypt -i`";
