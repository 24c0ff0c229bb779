//! YAML documents.
//!
//! `parser` turns the events of `events` into a tape, `comments` puts the comments on it; `resolve`, `spell`, `in_style` and
//! `emit` are how Go's YAML library reads and writes scalars and trees.

pub(crate) mod analysis;
pub(crate) mod comments;
pub(crate) mod emit;
mod events;
pub(crate) mod foreign;
pub(crate) mod in_style;
mod keys;
mod parser;
mod pieces;
mod plain_lines;
pub(crate) mod resolve;
pub(crate) mod source;
pub(crate) mod spell;

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
    let parsed = match pieces::parse(text) {
        Some(parsed) => parsed,
        None => Parser::run(text, 0..text.len(), source::lines(text))?,
    };
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
    let mut document = Document {
        text,
        format: Format::Yaml,
        tape: parsed.tape,
        paths: parsed.paths,
        blocks: parsed.blocks,
    };
    if !parsed.comments.is_empty() {
        comments::place(&mut document, &parsed.comments, tail)?;
    }
    Ok(document)
}
