//! YAML documents.
//!
//! `parser` turns the events of `events` into a tape, `comments` puts the comments on it; `resolve`, `spell`, `in_style` and
//! `emit` are how Go's YAML library reads and writes scalars and trees.

pub(crate) mod analysis;
pub(crate) mod comments;
pub(crate) mod diagnostics;
pub(crate) mod emit;
pub(crate) mod events;
mod fast_path;
pub(crate) mod go_incompatibilities;
mod outline;
mod parallel_parse;
mod parser;
pub(crate) mod resolve;
pub(crate) mod restyle;
pub(crate) mod source;
pub(crate) mod spell;

pub use outline::Outline;

use std::sync::OnceLock;

use crate::document::{Document, ReservedKey};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::tape::Item;
use comments::Tail;
use parser::Parser;

/// Parses a YAML stream. Every document of it is a mapping or empty.
pub(crate) fn parse<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    let tail = match reserved {
        Some(_) => Tail::Reserved,
        None => Tail::Nothing,
    };
    parse_with_tail(text, reserved, tail)
}

/// The same, for a text whose selected scalars and aliases look as they do once they are encrypted.
pub(crate) fn parse_as_written<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    parse_with_tail(text, reserved, Tail::ReservedAsWritten)
}

/// The same, comments placed for what will follow each document's last entry.
fn parse_with_tail<'a>(text: &'a str, reserved: ReservedKey, tail: Tail) -> Result<Document<'a>> {
    go_incompatibilities::refuse_unicode_breaks(text)?;
    let mut parsed = match parallel_parse::parse(text, reserved) {
        Some(parsed) => parsed,
        None => Parser::run(text, 0..text.len(), text, reserved)?,
    };
    let comments = std::mem::take(&mut parsed.comments);
    let mut document = document(text, parsed, reserved)?;
    if !comments.is_empty() {
        comments::place(&mut document, &comments, tail)?;
    }
    Ok(document)
}

/// Parses a YAML stream for its values alone: without comments, with integers to 2^64-1, and with `sops` blocks as values.
pub(crate) fn parse_to_read(text: &str) -> Result<Document<'_>> {
    go_incompatibilities::refuse_unicode_breaks(text)?;
    document(text, Parser::run_to_read(text)?, None)
}

/// Parses a YAML stream for programs that judge it, as loosely as any reader does: keys that appear twice or are no strings, lists
/// and values at the top, and whatever else SOPS has no form for.
pub(crate) fn parse_leniently(text: &str) -> Result<Document<'_>> {
    document(text, Parser::run_leniently(text)?, None)
}

/// The document that was parsed, comments aside.
fn document<'a>(
    text: &'a str,
    parsed: Parser<'a>,
    reserved_key: ReservedKey,
) -> Result<Document<'a>> {
    if !parsed
        .tape
        .iter()
        .any(|item| matches!(item, Item::Document { .. }))
    {
        return Err(Error::Unsupported {
            location: Location::of(text, 0),
            message: "the file is empty".into(),
        });
    }
    Ok(Document {
        text,
        format: Format::Yaml,
        tape: parsed.tape,
        paths: parsed.paths,
        reserved_key,
        reserved: parsed.reserved,
        standings: OnceLock::new(),
    })
}
