//! The metadata of the formats that list it: lines of dotenv, a section of INI.

use serde_json::{Map, Value as Json};

use crate::document::{Block, Document, Edits, dotenv, flat, ini};
use crate::format::Format;
use crate::metadata::flat::{Fault, Line, flatten, unflatten};

/// The metadata of an encrypted document.
pub(crate) fn read(document: &Document<'_>) -> Result<Map<String, Json>, Fault> {
    let is_ini = document.format == Format::Ini;
    if let [_, second, ..] = &document.blocks[..]
        && is_ini
    {
        return Err(Fault {
            at: Some(second.value.start),
            message: "the section `sops` stands twice".to_owned(),
        });
    }
    unflatten(document.blocks.iter().flat_map(|block| {
        let text = &document.text[block.value.clone()];
        let lines = match is_ini {
            true => ini::metadata(text),
            false => dotenv::metadata(text).collect(),
        };
        lines.into_iter().map(|line| Line {
            at: block.value.start + line.at,
            ..line
        })
    }))
}

/// Appends the metadata to the text of a document.
pub(crate) fn insert(document: &Document<'_>, tree: &Map<String, Json>, out: &mut String) {
    if !flat::ends_a_line(document.text) {
        out.push('\n');
    }
    let entries = flatten(tree);
    match document.format {
        Format::Ini => ini::append_metadata(document.text, out, &entries),
        _ => dotenv::spell_metadata(out, &entries),
    }
}

/// Puts other metadata in the place of what is there: all of it in the first of its places.
pub(crate) fn replace(
    document: &Document<'_>,
    site: &Block,
    tree: &Map<String, Json>,
    edits: &mut Edits<'_>,
) {
    let is_first = document
        .blocks
        .first()
        .is_some_and(|first| first.entry == site.entry);
    let out = edits.replace(site.value.clone());
    if is_first {
        let entries = flatten(tree);
        match document.format {
            Format::Ini => ini::spell_metadata(document.text, out, &entries),
            _ => dotenv::spell_metadata(out, &entries),
        }
    }
}
