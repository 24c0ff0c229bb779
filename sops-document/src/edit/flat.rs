//! Edits dotenv, INI and binary documents.

use std::ops::Range;

use zeroize::Zeroizing;

use super::change::Change;
use super::text_edits::TextEdits;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::key_path::{Component, KeyPath};
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::yaml::source::first_line_break;
use crate::{Collection, Document, Item, ROOT, binary, dotenv, flat, ini};

/// The new bytes of a binary file; `None` if the file already has them.
pub(super) fn set_binary(
    document: &Document<'_>,
    path: &KeyPath,
    value: &Node,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let is_data = matches!(path.components(), [Component::Key(key)] if key == binary::DATA_KEY);
    match value {
        Node::Scalar(Some(Value {
            kind: Type::Str,
            bytes,
        })) if is_data => {
            let old = binary::data(document).and_then(|leaf| leaf.value.as_ref());
            let is_new = old.is_none_or(|old| old.bytes != *bytes);
            Ok(is_new.then(|| Zeroizing::new(bytes.to_vec())))
        }
        _ => Err(Error::Unwritable {
            path: path.to_string(),
            message: "a binary file is one string, under `[\"data\"]`".to_owned(),
        }),
    }
}

/// Adds the edits for a change to a dotenv or INI file, whose values are all strings.
pub(super) fn edits(change: &Change<'_>, edits: &mut TextEdits<'_, '_>) -> Result<()> {
    let document = edits.document;
    match change {
        // These formats always have a top mapping.
        Change::Create(_) => {}
        Change::Replace(node, value) | Change::Spell(node, value, _) => {
            match (&document.tape[*node], value) {
                (Item::Leaf(leaf), Node::Scalar(value)) => {
                    let mut out = Zeroizing::new(String::new());
                    spell(document, &mut out, value.as_ref());
                    edits.replace(leaf.span.range(), &**out);
                }
                (Item::Open { path, .. }, Node::Mapping(entries)) if *path != ROOT => {
                    let body = body(document, *node);
                    let mut out = Zeroizing::new(String::new());
                    begin_line(document, body.start, &mut out);
                    ini::spell::spell_entries(&mut out, entries)
                        .map_err(|key| complex(document, &key))?;
                    edits.replace(body, &**with_line_breaks(document, &out));
                }
                _ => return Err(complex(document, document.key(*node))),
            }
        }
        Change::Append(container, key, value) => {
            let key = key.expect("these formats have no sequences, so every entry has a key");
            append(*container, key, value, edits)?;
        }
        Change::Remove(node) => {
            let range = match &document.tape[*node] {
                Item::Leaf(leaf) => {
                    let start = key_start(document, *node);
                    let line = document.text[..start].rfind('\n').map_or(0, |end| end + 1);
                    let before = &document.text[line..start];
                    let line = if before.trim().is_empty() {
                        line
                    } else {
                        start
                    };
                    line..line_end(document.text, leaf.span.range().end)
                }
                Item::Open { span, .. } => span.range(),
                _ => return Ok(()),
            };
            edits.remove(range);
        }
    }
    Ok(())
}

/// Appends an entry to the container.
fn append(container: usize, key: &str, value: &Node, edits: &mut TextEdits<'_, '_>) -> Result<()> {
    let document = edits.document;
    let is_top = document.node_path(container) == Some(ROOT);
    if let Some(message) = fault_of_key(document.format, key) {
        return Err(Error::Unwritable {
            path: key.to_owned(),
            message: message.to_owned(),
        });
    }
    let mut out = Zeroizing::new(String::new());
    let at = match (document.format, value, is_top) {
        (Format::Dotenv, Node::Scalar(value), _) => {
            begin_line(document, document.text.len(), &mut out);
            dotenv::spell_entry(&mut out, key, value.as_ref());
            document.text.len()
        }
        (Format::Ini, Node::Mapping(entries), true) => {
            let text = document.text;
            begin_line(document, text.len(), &mut out);
            if !text.trim().is_empty() {
                out.push_str(first_line_break(text));
            }
            ini::spell::header(&mut out, key);
            ini::spell::spell_entries(&mut out, entries).map_err(|key| complex(document, &key))?;
            text.len()
        }
        (Format::Ini, Node::Scalar(_), false) => {
            let at = body(document, container).end;
            begin_line(document, at, &mut out);
            let entry = Entry {
                key: key.to_owned(),
                value: value.clone(),
            };
            ini::spell::spell_entries(&mut out, &[entry]).map_err(|key| complex(document, &key))?;
            at
        }
        _ => return Err(complex(document, key)),
    };
    edits.insert(at, &**with_line_breaks(document, &out));
    Ok(())
}

/// Why the format cannot represent a key.
fn fault_of_key(format: Format, key: &str) -> Option<&'static str> {
    let has_break = key.contains(['\n', '\r']);
    match format {
        Format::Dotenv if key.contains('=') => {
            Some("a dotenv key ends at the first `=`, so it cannot contain one")
        }
        Format::Dotenv if has_break => Some("a dotenv key cannot contain a line break"),
        Format::Dotenv if key.starts_with('#') => {
            Some("a dotenv line that begins with `#` is a comment, so a key cannot begin with `#`")
        }
        Format::Ini if has_break => Some("an INI key cannot contain a line break"),
        _ => None,
    }
}

fn spell(document: &Document<'_>, out: &mut String, value: Option<&Value<'_>>) {
    match document.format {
        Format::Ini => ini::spell::spell(out, value),
        _ => dotenv::spell(out, value),
    }
}

/// Ends the line before `at` if it has no line break.
fn begin_line(document: &Document<'_>, at: usize, out: &mut String) {
    if !flat::ends_a_line(&document.text[..at]) {
        out.push_str(first_line_break(document.text));
    }
}

/// New lines with the line breaks of the document. In dotenv, the value already contains its
/// carriage return.
fn with_line_breaks(document: &Document<'_>, lines: &str) -> Zeroizing<String> {
    Zeroizing::new(match document.format {
        // A line break in a value does not end a line.
        Format::Ini if !lines.contains("\"\"\"") && first_line_break(document.text) == "\r\n" => {
            lines.replace("\r\n", "\n").replace('\n', "\r\n")
        }
        _ => lines.to_owned(),
    })
}

/// The entries of a section, from the line after its header to the end of its last line.
fn body(document: &Document<'_>, section: usize) -> Range<usize> {
    let Item::Open {
        span,
        kind: Collection::Mapping,
        ..
    } = &document.tape[section]
    else {
        return 0..0;
    };
    let range = span.range();
    let start = if section != ini::IMPLICIT_SECTION {
        line_end(document.text, range.start)
    } else {
        range.start
    };
    start..range.end.max(start)
}

fn key_start(document: &Document<'_>, node: usize) -> usize {
    document
        .node_path(node)
        .map_or(0, |path| document.paths.key_offset(path) as usize)
}

/// The offset after the line that contains `at`.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

fn complex(document: &Document<'_>, key: &str) -> Error {
    let message = match document.format {
        Format::Ini => "INI allows only sections of keys with single values",
        _ => "dotenv allows only keys with single values",
    };
    Error::Unwritable {
        path: key.to_owned(),
        message: message.to_owned(),
    }
}
