//! Where the `sops` block of a document goes, and how it is written there.

pub(crate) mod flow;
pub(crate) mod locate;
pub(crate) mod unknown;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use crate::document::{Block, Document, Edits, Item, Style, flat, yaml};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::metadata::BLOCK_KEY;
use crate::metadata::flat::Fault;
use crate::tree::{Entry, Node};

/// The mapping at the top of the document whose item is at `index`.
struct Top {
    /// Its place on the tape.
    index: usize,
    span: Range<usize>,
    flow: bool,
}

impl Top {
    fn of(document: &Document<'_>, index: usize) -> Option<Self> {
        let index = document.top(index)?;
        match &document.tape[index] {
            Item::Open { flow, span, .. } => Some(Self {
                index,
                span: span.range(),
                flow: *flow,
            }),
            _ => None,
        }
    }
}

/// The block's value, nested as in YAML and JSON; `None` if the document is not encrypted.
///
/// # Errors
/// [`Error::Metadata`] where the block cannot be read.
pub(crate) fn read(document: &Document<'_>) -> Result<Option<Map<String, Json>>> {
    let Some(block) = document.blocks.first().filter(|block| block.document == 0) else {
        return Ok(None);
    };
    let value = || source(document, block).0;
    let whole = |message: String| Fault { at: None, message };
    let tree = match document.format {
        Format::Dotenv | Format::Ini => flat::block::read(document),
        Format::Json | Format::Binary => {
            serde_json::from_str(&value()).map_err(|error| whole(error.to_string()))
        }
        Format::Yaml => serde_yaml::from_str(&value()).map_err(|error| whole(error.to_string())),
    };
    tree.map(Some)
        .map_err(|Fault { at, message }| Error::Metadata {
            location: match at {
                Some(at) => Some(Location::of(document.text, at)),
                None => locate::location(document, None),
            },
            path: None,
            // The place in it would be counted from the start of the block.
            message: message.split(" at line ").next().unwrap_or_default().into(),
        })
}

/// The text of the block's value as it can be read by itself, and how many bytes were added in front of it.
fn source<'a>(document: &Document<'a>, block: &Block) -> (Cow<'a, str>, usize) {
    let value = &document.text[block.value.clone()];
    if document.format != Format::Yaml || value.starts_with('{') {
        return (Cow::Borrowed(value), 0);
    }
    // In block style the first line lost its indentation when the block was cut out.
    let column = yaml::source::column(document.text, block.value.start);
    (Cow::Owned(" ".repeat(column) + value), column)
}

/// Whether nothing but the block stands in the mapping, which is in block style, of the document at `index`: without the block
/// nothing is left of it.
pub(crate) fn is_alone(document: &Document<'_>, index: usize) -> bool {
    !document.format.is_flat()
        && Top::of(document, index)
            .is_some_and(|top| !top.flow && document.children(top.index).next().is_none())
}

/// The documents without a mapping, counted from 0: empty ones, which get one for the block.
pub(crate) fn empty_documents(document: &Document<'_>) -> Vec<usize> {
    let documents = document.document_indexes().enumerate();
    let empty = documents.filter(|(_, index)| document.top(*index).is_none());
    empty.map(|(number, _)| number).collect()
}

/// Where the text changes when the block is put into the document at `index`.
pub(crate) fn offset(document: &Document<'_>, index: usize) -> usize {
    match (Top::of(document, index), &document.tape[index]) {
        (Some(top), _) if top.flow => flow::offset(document, top.index, top.span.end),
        (Some(top), Item::Document { close, .. })
            if ends_in_open_block(document, *close as usize) =>
        {
            yaml::source::line_start(document.text, top.span.start)
        }
        (_, Item::Document { end, .. }) => *end as usize,
        _ => document.text.len(),
    }
}

/// Whether the document that closes at `close` ends in a block scalar without a line break: were one added, it would be
/// part of the value. So the block cannot go behind it, nor before blanks at the end of it.
fn ends_in_open_block(document: &Document<'_>, close: usize) -> bool {
    let last = document.tape[..close]
        .iter()
        .rev()
        .find(|item| !matches!(item, Item::Close { .. } | Item::Comment { .. }));
    let Some(Item::Leaf(leaf)) = last else {
        return false;
    };
    let behind = &document.text[leaf.span.range().end..];
    let ends_in_blanks = || {
        let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
        behind.trim().is_empty() && (value.ends_with(b" ") || value.ends_with(b"\t"))
    };
    matches!(leaf.style, Style::Literal | Style::Folded)
        && !ends_a_line(document.text)
        && (behind.is_empty() || ends_in_blanks())
}

/// Whether the text ends without a line break where a block will go, so that one must be added.
pub(crate) fn lacks_final_newline(document: &Document<'_>) -> bool {
    if document.format.is_flat() {
        return !flat::ends_a_line(document.text);
    }
    let last = document
        .tape
        .iter()
        .rposition(|item| matches!(item, Item::Document { .. }));
    let Some(last) = last else { return false };
    let in_flow = Top::of(document, last).is_some_and(|top| top.flow);
    !in_flow && offset(document, last) == document.text.len() && !ends_a_line(document.text)
}

fn ends_a_line(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').is_empty() || text.ends_with(['\n', '\r'])
}

/// Appends the block of the document at `index`; what has been written ends at its [offset]. In lines of YAML, levels are indented by
/// `step` columns.
pub(crate) fn insert(
    document: &Document<'_>,
    index: usize,
    tree: &Map<String, Json>,
    step: usize,
    out: &mut String,
) {
    if document.format.is_flat() {
        return flat::block::insert(document, tree, out);
    }
    let at = offset(document, index);
    match Top::of(document, index) {
        Some(top) if top.flow => flow::insert(document, top.index, top.span, tree, out),
        top => {
            let column = top.map_or(0, |top| yaml::source::column(document.text, top.span.start));
            if !ends_a_line(&document.text[..at]) {
                out.push_str(yaml::source::first_line_break(document.text));
            }
            write_lines(
                &lines(tree, column, step),
                yaml::source::first_line_break(document.text),
                out,
            );
        }
    }
}

/// The block over several lines, indented like the member that it is.
fn pretty(tree: &Map<String, Json>, indent: &str) -> String {
    let unit = if indent.is_empty() { "\t" } else { indent };
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Strings and numbers into memory cannot fail.
    let _ = serde::Serialize::serialize(tree, &mut serializer);
    String::from_utf8(out)
        .unwrap_or_default()
        .replace('\n', &format!("\n{indent}"))
}

/// Puts another block in the place of the one at `site`.
pub(crate) fn replace(
    document: &Document<'_>,
    site: &Block,
    tree: &Map<String, Json>,
    edits: &mut Edits<'_>,
) {
    if document.format.is_flat() {
        return flat::block::replace(document, site, tree, edits);
    }
    let text = document.text;
    let before = &text[..site.value.start];
    let inline = document.format == Format::Json || text[site.value.clone()].starts_with('{');
    if inline {
        let multi_line = text[site.value.clone()].contains('\n') && document.format == Format::Json;
        let line = &before[yaml::source::line_start(text, before.len())..];
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        let out = edits.replace(site.value.clone());
        out.push_str(&if multi_line {
            pretty(tree, indent)
        } else {
            serde_json::to_string(tree).unwrap_or_default()
        });
    } else {
        let mut lines = lines(tree, column(document, site), step(document));
        if let Some(comment) = comment(text, &site.entry, &site.value) {
            let key = lines.find('\n').unwrap_or(lines.len());
            lines.insert_str(key, &format!(" {}", &text[comment]));
        }
        let out = edits.replace(site.entry.clone());
        write_lines(&lines, yaml::source::first_line_break(text), out);
    }
}

/// The comment behind the key of the block at `entry`, whose value stands at `value` on the lines below: SOPS puts one there that
/// stands behind the last entry, if that is an alias.
pub(crate) fn comment(
    text: &str,
    entry: &Range<usize>,
    value: &Range<usize>,
) -> Option<Range<usize>> {
    let end = yaml::source::line_end(text, entry.start);
    let line = text.get(entry.start..end.min(value.start))?;
    let found = line.find(" #").or_else(|| line.find("\t#"))?;
    Some(entry.start + found + 1..end)
}

fn leading_blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// By how many columns the levels of the document's block are indented; as SOPS does it, where that does not show.
pub(crate) fn step(document: &Document<'_>) -> usize {
    let block = document.blocks.first();
    let shown = block
        .filter(|block| is_in_lines(document, block))
        .and_then(|block| {
            let value = yaml::source::column(document.text, block.value.start);
            value.checked_sub(column(document, block))
        });
    shown
        .filter(|step| yaml::emit::STEPS.contains(step))
        .unwrap_or(yaml::emit::DEFAULT_STEP)
}

/// Whether the block is in YAML's block style.
fn is_in_lines(document: &Document<'_>, block: &Block) -> bool {
    document.format == Format::Yaml && !document.text[block.value.clone()].starts_with('{')
}

/// The column of the block's key, where it is in block style.
fn column(document: &Document<'_>, block: &Block) -> usize {
    let blanks = leading_blanks(&document.text[block.entry.clone()]);
    yaml::source::column(document.text, block.entry.start + blanks)
}

/// The block's lines in block style, for a mapping in `column`, each level indented by `step` more.
fn lines(tree: &Map<String, Json>, column: usize, step: usize) -> String {
    let entry = Entry {
        key: BLOCK_KEY.to_owned(),
        value: Node::from_json(&Json::Object(tree.clone())),
    };
    let mut out = " ".repeat(column);
    yaml::emit::emit_entry(&mut out, &entry, column, step);
    out
}

fn write_lines(lines: &str, newline: &str, out: &mut String) {
    for line in lines.lines() {
        out.push_str(line);
        out.push_str(newline);
    }
}
