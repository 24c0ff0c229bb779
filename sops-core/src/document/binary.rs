//! The binary format: any bytes are one value, and the encrypted file is a JSON object that holds it under `data`.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::document::flat::Builder;
use crate::document::json::emit::{Indent, emit};
use crate::document::{Document, Item, Leaf, ROOT, Span, Style};
use crate::error::Result;
use crate::format::Format;
use crate::metadata::BLOCK_KEY;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};

/// The key of the value.
pub(crate) const DATA_KEY: &str = "data";

/// A plaintext as a document. Its text is empty: the value is all that there is.
pub(crate) fn plaintext(bytes: &[u8]) -> Document<'_> {
    let mut builder = Builder::new("");
    let path = builder.paths.push(ROOT, Cow::Borrowed(DATA_KEY), 0);
    builder.tape.push(Item::Leaf(Leaf {
        path,
        span: Span::new(0..0),
        style: Style::Plain,
        flow: false,
        value: Some(Value {
            kind: Type::Str,
            bytes: Cow::Borrowed(bytes),
        }),
    }));
    builder.finish(Format::Binary)
}

/// The one leaf of an encrypted document; `None` if it is no encrypted binary file.
pub(crate) fn data<'d, 'a>(document: &'d Document<'a>) -> Option<&'d Leaf<'a>> {
    let mut leaves = document.tape.iter().filter_map(|item| match item {
        Item::Leaf(leaf) => Some(leaf),
        _ => None,
    });
    let leaf = leaves.next()?;
    let is_data =
        document.paths.key(leaf.path) == DATA_KEY && document.paths.parent(leaf.path) == ROOT;
    (is_data && leaves.next().is_none()).then_some(leaf)
}

/// Whether bytes begin as an encrypted binary file does that has its value first, as this library and SOPS write it.
pub(crate) fn begins_as_envelope(bytes: &[u8]) -> bool {
    let parts = [&b"{"[..], b"\"data\"", b":", b"\"ENC[AES256_GCM,data:"];
    let mut parts = parts.iter();
    let behind = parts.try_fold(bytes, |rest, part| {
        rest.trim_ascii_start().strip_prefix(*part)
    });
    behind.is_some()
}

/// The text around the value of a new encrypted file, as SOPS writes it: what is before the value, and what is behind.
pub(crate) fn envelope(tree: &Map<String, Json>, indent: Indent) -> Result<(String, String)> {
    let entry = |key: &str, value| Entry {
        key: key.to_owned(),
        value,
    };
    let empty = Node::Scalar(Some(Value::string(Cow::Borrowed(""))));
    let text = emit(
        &Node::Mapping(vec![
            entry(DATA_KEY, empty),
            entry(BLOCK_KEY, Node::from_json(&Json::Object(tree.clone()))),
        ]),
        indent,
    )?;
    let value = text.find("\"\"").map_or(0, |quotes| quotes + 1);
    let behind = text[value..].to_owned();
    Ok((text[..value].to_owned(), behind))
}

/// The tree of a plaintext.
pub(crate) fn bytes(node: &Node) -> Option<&[u8]> {
    let Node::Mapping(entries) = node else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key == DATA_KEY)?;
    match &entry.value {
        Node::Scalar(Some(value)) if value.kind == Type::Str => Some(&value.bytes),
        _ => None,
    }
}
