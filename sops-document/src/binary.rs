//! The binary format: any bytes are one value. A program that replaces the value writes a JSON
//! object with that value under `data`.

use std::borrow::Cow;

use crate::flat::Builder;
use crate::format::Format;
use crate::tree::Node;
use crate::value::{Type, Value};
use crate::{Document, Item, Leaf, ROOT, Span, Style};

/// The key of the value.
pub const DATA_KEY: &str = "data";

/// A document whose only value is `bytes`, under [`DATA_KEY`]. Its text is empty.
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

/// The only value of a JSON document, if it is under [`DATA_KEY`]; `None` if the document has
/// another shape.
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

/// The bytes under [`DATA_KEY`] in the tree of a binary document.
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
