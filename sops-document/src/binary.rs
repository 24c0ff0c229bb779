//! The binary format: any bytes are one value, and the encrypted file is a JSON object that holds it under `data`.

use std::borrow::Cow;

use crate::flat::Builder;
use crate::format::Format;
use crate::tree::Node;
use crate::value::{Type, Value};
use crate::{Document, Item, Leaf, ROOT, Span, Style};

/// The key of the value.
pub const DATA_KEY: &str = "data";

/// A plaintext as a document. Its text is empty: the value is all that there is.
pub fn plaintext(bytes: &[u8]) -> Document<'_> {
    let mut builder = Builder::new("", None);
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
pub fn data<'d, 'a>(document: &'d Document<'a>) -> Option<&'d Leaf<'a>> {
    let mut leaves = document.tape.iter().filter_map(|item| match item {
        Item::Leaf(leaf) => Some(leaf),
        _ => None,
    });
    let leaf = leaves.next()?;
    let is_data =
        document.paths.key(leaf.path) == DATA_KEY && document.paths.parent(leaf.path) == ROOT;
    (is_data && leaves.next().is_none()).then_some(leaf)
}

/// The tree of a plaintext.
pub fn bytes(node: &Node) -> Option<&[u8]> {
    let Node::Mapping(entries) = node else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key == DATA_KEY)?;
    match &entry.value {
        Node::Scalar(Some(value)) if value.kind == Type::Str => Some(&value.bytes),
        _ => None,
    }
}
