//! YAML documents.
//!
//! `block_reader` reads the subset of YAML that most files consist of, and `events` wraps the
//! parser crate, which reads everything else. `parser` turns the events of both into a tape,
//! `parallel_parse` does so on all cores for large files, and `comments` puts the comments on the
//! tape.
//!
//! `resolve`, `spell`, `emit` and `restyle` read and write scalars and trees as Go's YAML library
//! does. `go_incompatibilities` refuses text that Go's library reads differently.
//!
//! `source`, `lexical` and `entry_range` answer questions about the text. JSON and the editor use
//! them too.

pub(crate) mod analysis;
mod block_reader;
pub(crate) mod comments;
pub(crate) mod diagnostics;
pub(crate) mod emit;
pub(crate) mod entry_range;
pub(crate) mod events;
pub(crate) mod go_incompatibilities;
pub(crate) mod lexical;
mod outline;
mod parallel_parse;
mod parser;
pub(crate) mod resolve;
pub(crate) mod restyle;
pub(crate) mod source;
pub(crate) mod spell;

pub use block_reader::WrittenScalar;
pub use outline::Outline;

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;

pub(crate) use comments::Tail;
pub(crate) use parallel_parse::parts;
use parser::{Parser, Reading};

use crate::document::{Document, ReservedKey};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::tape::{Item, Span};
use crate::tree::Node;

/// Parses a YAML stream. Every document of it must be a mapping or empty.
pub(crate) fn parse<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    let tail = match reserved {
        Some(_) => Tail::Reserved,
        None => Tail::Nothing,
    };
    parse_with_tail(text, reserved, tail)
}

/// Parses a YAML stream in which tokens have already replaced scalars and aliases.
pub(crate) fn parse_as_written<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    parse_with_tail(text, reserved, Tail::ReservedAsWritten)
}

/// Parses a YAML stream, with comments where they are once `tail` follows the last entry of each
/// document.
fn parse_with_tail<'a>(text: &'a str, reserved: ReservedKey, tail: Tail) -> Result<Document<'a>> {
    let (mut document, comments) = parse_comments_apart(text, reserved)?;
    if !comments.is_empty() {
        let positions = comments::positions(&document, &comments, tail);
        comments::place(&mut document, &comments, positions)?;
    }
    Ok(document)
}

/// Parses a YAML stream as [`parse`] does with a reserved key. If it has comments, another thread
/// finds their positions, and `meanwhile` is called with the document without them.
pub(crate) fn parse_while<'a, T>(
    text: &'a str,
    reserved: &'static str,
    meanwhile: impl FnOnce(&Document<'a>) -> T,
) -> Result<(Document<'a>, Option<T>)> {
    let (mut document, comments) = parse_comments_apart(text, Some(reserved))?;
    if comments.is_empty() {
        return Ok((document, None));
    }
    let (positions, result) = thread::scope(|scope| {
        let positions = || comments::positions(&document, &comments, Tail::Reserved);
        let positions = scope.spawn(positions);
        let result = meanwhile(&document);
        let positions = positions.join();
        (
            positions.unwrap_or_else(|panic| resume_unwind(panic)),
            result,
        )
    });
    comments::place(&mut document, &comments, positions)?;
    Ok((document, Some(result)))
}

/// Parses a YAML stream. Returns its comments too, which are not on the tape.
fn parse_comments_apart<'a>(
    text: &'a str,
    reserved: ReservedKey,
) -> Result<(Document<'a>, Vec<Span>)> {
    let mut parsed = read(text, Reading::Document(reserved))?;
    let comments = std::mem::take(&mut parsed.comments);
    Ok((document(text, parsed, reserved)?, comments))
}

/// Parses a YAML stream without its comments.
pub(crate) fn parse_without_comments<'a>(
    text: &'a str,
    reserved: ReservedKey,
) -> Result<Document<'a>> {
    Ok(parse_comments_apart(text, reserved)?.0)
}

/// Parses a part of the text without its comments; `None` if it must be parsed with the rest.
pub(crate) fn parse_part_values<'a>(
    text: &'a str,
    part: Range<usize>,
    reserved: ReservedKey,
) -> Option<Document<'a>> {
    Some(parse_part_comments_apart(text, part, reserved)?.0)
}

/// Parses a part of the text, with comments where they are in the whole text. `tail` says what
/// follows the last entry of the whole text; `None` if it must be parsed as a whole.
pub(crate) fn parse_part<'a>(
    text: &'a str,
    part: Range<usize>,
    reserved: ReservedKey,
    tail: Tail,
) -> Option<Document<'a>> {
    let (mut document, comments) = parse_part_comments_apart(text, part, reserved)?;
    if !comments.is_empty() {
        let positions = comments::positions_in_part(&document, &comments, tail)?;
        comments::place(&mut document, &comments, positions).ok()?;
    }
    Some(document)
}

fn parse_part_comments_apart<'a>(
    text: &'a str,
    part: Range<usize>,
    reserved: ReservedKey,
) -> Option<(Document<'a>, Vec<Span>)> {
    let room_for = text.get(part.clone())?;
    let mut parsed =
        parallel_parse::piece(text, part.clone(), room_for, Reading::Document(reserved))?;
    let comments = std::mem::take(&mut parsed.comments);
    let document = document(text, parsed, reserved).ok()?;
    Some((Document { part, ..document }, comments))
}

/// Parses a YAML stream for its values only: without comments, without a reserved key, and with
/// integers up to 2^64-1.
pub(crate) fn parse_to_read(text: &str) -> Result<Document<'_>> {
    document(text, read(text, Reading::Values)?, None)
}

/// Parses a YAML stream as leniently as any reader does: duplicate keys, keys that are not strings,
/// and sequences and scalars at the top are accepted.
pub(crate) fn parse_leniently(text: &str) -> Result<Document<'_>> {
    document(text, read(text, Reading::Lenient)?, None)
}

/// Checks that the block reader and the parser crate alone build the same tape.
#[cfg(fuzzing)]
pub fn compare_readers(text: &str) {
    block_reader::comparison::compare_readers(text);
}

/// Reads `text` in parts on all cores, or line by line, or else with the parser crate.
fn read(text: &str, reading: Reading) -> Result<Parser<'_>> {
    let parsed = parallel_parse::parse(text, reading)
        .or_else(|| Parser::run_by_lines(text, 0..text.len(), text, reading));
    if let Some(parsed) = parsed {
        // The block reader does not recognize Unicode line breaks.
        return Ok(parsed);
    }
    if reading != Reading::Lenient {
        go_incompatibilities::refuse_unicode_breaks(text)?;
    }
    Parser::run(text, reading)
}

/// The parsed document without its comments.
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
            message: match text.trim_start_matches('\u{feff}').trim().is_empty() {
                true => "the file is empty".into(),
                false => {
                    "the file has only comments; add a line `---` to make it a document".into()
                }
            },
        });
    }
    Ok(Document {
        text,
        part: 0..text.len(),
        format: Format::Yaml,
        tape: parsed.tape,
        paths: parsed.paths,
        reserved_key,
        reserved: parsed.reserved,
        positions: OnceLock::new(),
    })
}

impl Node {
    /// The trees of a YAML stream as `yaml.v3` reads them, including integers from 2^63 to 2^64-1,
    /// which have the type `Int`.
    ///
    /// # Errors
    /// The errors of [`Document::parse`](crate::Document::parse).
    pub fn from_yaml(text: &str) -> Result<Vec<Self>> {
        Ok(parse_to_read(text)?.trees().collect())
    }
}
