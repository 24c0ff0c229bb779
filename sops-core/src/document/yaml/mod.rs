//! YAML documents.
//!
//! `parser` turns the events of `events` into a tape, `comments` puts the comments on it; `resolve`, `spell`, `in_style` and
//! `emit` are how Go's YAML library reads and writes scalars and trees.

pub(crate) mod analysis;
pub(crate) mod comments;
pub(crate) mod emit;
pub(crate) mod events;
pub(crate) mod foreign;
pub(crate) mod in_style;
mod parser;
mod pieces;
mod plain_lines;
pub(crate) mod resolve;
pub(crate) mod source;
pub(crate) mod spell;
pub(crate) mod tabs;
pub(crate) mod words;

use std::sync::OnceLock;

use crate::document::{Document, Item};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use comments::Tail;
use parser::Parser;

/// Parses a YAML stream. Every document of it is a mapping or empty.
pub(crate) fn parse(text: &str) -> Result<Document<'_>> {
    parse_with_tail(text, Tail::Block)
}

/// The same, for a text whose selected scalars and aliases look as they do once they are encrypted.
pub(crate) fn parse_as_written(text: &str) -> Result<Document<'_>> {
    parse_with_tail(text, Tail::BlockAsWritten)
}

/// The same, comments placed for what will follow each document's last entry.
fn parse_with_tail(text: &str, tail: Tail) -> Result<Document<'_>> {
    foreign::refuse_unicode_breaks(text)?;
    let mut parsed = match pieces::parse(text) {
        Some(parsed) => parsed,
        None => Parser::run(text, 0..text.len(), text)?,
    };
    let comments = std::mem::take(&mut parsed.comments);
    let mut document = document(text, parsed)?;
    if !comments.is_empty() {
        comments::place(&mut document, &comments, tail)?;
    }
    Ok(document)
}

/// Parses a YAML stream for its values alone: without comments, with integers to 2^64-1, and with `sops` blocks as values.
pub(crate) fn parse_to_read(text: &str) -> Result<Document<'_>> {
    foreign::refuse_unicode_breaks(text)?;
    document(text, Parser::run_to_read(text)?)
}

/// Parses a YAML stream for programs that judge it, as loosely as any reader does: keys that appear twice or are no strings, lists
/// and values at the top, and whatever else SOPS has no form for.
pub(crate) fn parse_leniently(text: &str) -> Result<Document<'_>> {
    document(text, Parser::run_leniently(text)?)
}

/// The document that was parsed, comments aside.
fn document<'a>(text: &'a str, parsed: Parser<'a>) -> Result<Document<'a>> {
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
        blocks: parsed.blocks,
        standings: OnceLock::new(),
    })
}
