//! Finds keys and values that a conversion would lose.

use std::collections::HashSet;

use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::{Document, Item, ROOT, dotenv, flat, ini};

/// The first path at which `text` in a flat format reads differently from `tree`.
pub(super) fn first_difference(tree: &Node, text: &str, format: Format) -> Option<String> {
    let read = Document::parse(text, format).ok();
    let read = read.and_then(|document| document.to_tree(0));
    let mut expected = Vec::new();
    let mut found = Vec::new();
    flat_entries("", &flat::with_texts(tree), &mut expected);
    if let Some(read) = &read {
        flat_entries("", read, &mut found);
    }
    let differs = |index: &usize| expected.get(*index) != found.get(*index);
    if read.is_none() {
        // One of the entries makes the text invalid.
        let is_readable = |(path, value): &&(String, Option<Value<'static>>)| {
            let (section, key) = match format {
                Format::Ini => path.split_once('.').unwrap_or((path, "")),
                _ => ("", path.as_str()),
            };
            let entry = |key: &str, value| Entry {
                key: key.to_owned(),
                value,
            };
            let mapping = Node::Mapping(vec![entry(key, Node::Scalar(value.clone()))]);
            let written = match format {
                Format::Ini => ini::spell::emit(&Node::Mapping(vec![entry(section, mapping)])),
                _ => dotenv::emit(&mapping),
            };
            written.is_ok_and(|text| Document::parse(&*text, format).is_ok())
        };
        let mut values = expected
            .iter()
            .filter(|(path, _)| format != Format::Ini || path.contains('.'));
        let culprit = values.find(|entry| !is_readable(entry));
        return culprit.or(expected.first()).map(|(path, _)| path.clone());
    }
    let index = (0..expected.len().max(found.len())).find(differs)?;
    let entry = expected.get(index).or_else(|| found.get(index));
    entry.map(|(path, _)| path.clone())
}

/// The path of the first string that is not UTF-8.
pub(super) fn first_bytes(path: &str, node: &Node) -> Option<String> {
    match node {
        Node::Mapping(entries) => entries.iter().find_map(|entry| {
            let separator = if path.is_empty() { "" } else { "." };
            first_bytes(&format!("{path}{separator}{}", entry.key), &entry.value)
        }),
        Node::Sequence(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| first_bytes(&format!("{path}[{index}]"), item))
        }
        Node::Scalar(Some(value)) if value.kind == Type::Str => str::from_utf8(&value.bytes)
            .is_err()
            .then(|| path.to_owned()),
        Node::Scalar(_) => None,
    }
}

/// Adds the values with their paths, and the sections except for the implicit one.
fn flat_entries(path: &str, node: &Node, out: &mut Vec<(String, Option<Value<'static>>)>) {
    match node {
        Node::Scalar(value) => out.push((path.to_owned(), value.clone())),
        Node::Mapping(entries) => {
            for entry in entries {
                let path = match path {
                    "" => entry.key.clone(),
                    path => format!("{path}.{}", entry.key),
                };
                if matches!(entry.value, Node::Mapping(_)) && path != ini::DEFAULT_SECTION {
                    out.push((path.clone(), None));
                }
                flat_entries(&path, &entry.value, out);
            }
        }
        Node::Sequence(_) => {}
    }
}

/// Rejects duplicate keys, which only dotenv and INI allow.
pub(super) fn refuse_duplicates(document: &Document<'_>) -> Result<()> {
    if !document.format().is_flat() {
        return Ok(());
    }
    let mut seen = HashSet::new();
    for (index, item) in document.tape.iter().enumerate() {
        let (Item::Open { .. } | Item::Leaf(_)) = item else {
            continue;
        };
        let Some(path) = document.node_path(index).filter(|path| *path != ROOT) else {
            continue;
        };
        if !seen.insert((document.paths.parent(path), document.paths.key(path))) {
            let offset = document.paths.key_offset(path) as usize;
            return Err(Error::Unsupported {
                location: Location::of(document.text, offset),
                message: format!(
                    "`{}` appears twice, which the output format does not allow; keep one of them",
                    document.paths.display(path)
                ),
            });
        }
    }
    Ok(())
}

pub(super) fn start(document: &Document<'_>, node: usize) -> Location {
    Location::of(document.text, document.node_start(node))
}
