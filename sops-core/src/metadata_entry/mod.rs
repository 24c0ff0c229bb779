//! The metadata in the text of a document: a mapping under the key `sops` in YAML and JSON, a
//! section with that name in INI, and variables that begin with `sops_` in dotenv.

mod locate;
mod unknown;

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sops_document::{
    Document, Format, Location, NodeRef, ReservedEntry, ReservedNote, ReservedValue,
};

use crate::error::{Error, Result};
use crate::metadata::flat::{FlatError, flatten, unflatten};
use crate::metadata::{METADATA_KEY, SOURCE_FORMS_KEY, is_known, with_known_keys};

pub(crate) use locate::{located, location};
pub use unknown::UnknownValue;
pub(crate) use unknown::find as unknown_values;

/// Parses a document, keeping its metadata separate.
///
/// # Errors
/// The errors of [`Document::parse_reserving`].
pub fn parse_document<'a>(
    text: &'a (impl AsRef<[u8]> + ?Sized),
    format: Format,
) -> sops_document::Result<Document<'a>> {
    Document::parse_reserving(text, format, METADATA_KEY)
}

/// Like [`parse_document`]; see [`Document::parse_reserving_while`].
///
/// # Errors
/// The errors of [`Document::parse_reserving`].
pub(crate) fn parse_document_while<'a, T>(
    text: &'a [u8],
    format: Format,
    meanwhile: impl FnOnce(&Document<'a>) -> T,
) -> sops_document::Result<(Document<'a>, Option<T>)> {
    Document::parse_reserving_while(text, format, METADATA_KEY, meanwhile)
}

/// Like [`parse_document`], without the comments of YAML, whose positions take time to find.
///
/// # Errors
/// The errors of [`Document::parse_reserving`].
pub(crate) fn parse_values(text: &str, format: Format) -> sops_document::Result<Document<'_>> {
    Document::parse_values_reserving(text, format, METADATA_KEY)
}

/// The [parts](Document::parts) of `text`, of about `length` bytes each.
pub(crate) fn parts(text: &str, format: Format, length: usize) -> Vec<Range<usize>> {
    Document::parts(text, format, METADATA_KEY, length)
}

/// Like [`parse_document`], for one of the [`parts`] of `text`; see [`Document::parse_part`].
pub(crate) fn parse_part(text: &str, part: Range<usize>) -> Option<Document<'_>> {
    Document::parse_part(text, part, METADATA_KEY)
}

/// Like [`parse_values`], for one of the [`parts`] of `text`.
pub(crate) fn parse_part_values(text: &str, part: Range<usize>) -> Option<Document<'_>> {
    Document::parse_part_values(text, part, METADATA_KEY)
}

/// Whether the document has metadata, which means that it is encrypted.
pub fn is_encrypted(document: &Document<'_>) -> bool {
    !document.reserved_entries().is_empty()
}

/// The metadata, nested as in YAML and JSON; `None` if the document is not encrypted.
///
/// # Errors
/// [`Error::Metadata`] if it is invalid.
pub(crate) fn read(document: &Document<'_>) -> Result<Option<Map<String, Json>>> {
    let first = document.reserved_entries().first();
    let Some(entry) = first.filter(|entry| entry.document == 0) else {
        return Ok(None);
    };
    let tree = match document.format().is_flat() {
        true => read_lines(document),
        false => {
            let source = document.reserved_source_without_notes(entry, SOURCE_FORMS_KEY);
            read_mapping(&source, document.format())
        }
    };
    tree.map(|tree| Some(with_known_keys(tree)))
        .map_err(|FlatError { at, message }| Error::Metadata {
            location: match at {
                Some(at) => Some(Location::of(document.text(), at)),
                None => location(document, None),
            },
            path: None,
            message,
        })
}

/// Reads the mapping in YAML or JSON. If the value is not a mapping, no message quotes it, because
/// it may be a secret.
fn read_mapping(source: &str, format: Format) -> std::result::Result<Map<String, Json>, FlatError> {
    let tree: Option<Json> = match format {
        Format::Yaml => read_yaml(source),
        _ => serde_json::from_str(source).ok(),
    };
    let message = match tree {
        Some(Json::Object(tree)) => return Ok(tree),
        Some(_) => "it must be a mapping",
        None => {
            "it cannot be read on its own; it may contain an alias of a value outside it, or be nested too deeply"
        }
    };
    Err(FlatError {
        at: None,
        message: message.to_owned(),
    })
}

/// Reads YAML as Go's library does. `None` if it is nested too deeply: reading it into a type takes
/// some of the stack for each level.
fn read_yaml<T: DeserializeOwned>(source: &str) -> Option<T> {
    if depth_limit(source) > MAX_DEPTH && !is_shallow(source) {
        return None;
    }
    sops_document::from_document(source, Format::Yaml).ok()
}

/// How deep metadata may be nested. `serde_json` and SOPS's own metadata stay below this.
const MAX_DEPTH: usize = 128;

/// An upper limit for the depth of the text, without parsing it: a level in block style is further
/// to the right than the one above it, or is a list below its key; one in flow style has a bracket.
fn depth_limit(source: &str) -> usize {
    let columns = source
        .lines()
        .map(|line| line.len() - line.trim_start_matches([' ', '-']).len());
    let brackets = source.bytes().filter(|byte| b"[{".contains(byte)).count();
    2 * columns.max().unwrap_or_default() + brackets + 2
}

/// Whether the text is YAML that is not nested deeper than [`MAX_DEPTH`].
fn is_shallow(source: &str) -> bool {
    let Ok(document) = crate::parse_document(source, Format::Yaml) else {
        return false;
    };
    let mut level: Vec<NodeRef<'_, '_>> = document.tops().flatten().collect();
    for _ in 0..MAX_DEPTH {
        if level.is_empty() {
            return true;
        }
        // Aliases can multiply the values.
        if level.len() > source.len() {
            return false;
        }
        level = level
            .iter()
            .flat_map(|node| node.entries().map(|entry| entry.1).chain(node.items()))
            .collect();
    }
    false
}

/// The byte offsets where the metadata of later documents differs from that of the first, not
/// counting unknown keys. SOPS reads only the first, and writes the same metadata into all
/// documents.
pub(crate) fn differing(document: &Document<'_>) -> Vec<usize> {
    if document.format() != Format::Yaml {
        return Vec::new();
    }
    let source = |entry: &ReservedEntry| document.reserved_source(entry).0.trim_end().to_owned();
    let tree = |source: &str| -> Option<Map<String, Json>> {
        let mut tree: Map<String, Json> = read_yaml(source)?;
        // Only the first metadata holds the source forms.
        tree.retain(|key, _| is_known(key) && key != SOURCE_FORMS_KEY);
        Some(tree)
    };
    let mut entries = document.reserved_entries().iter();
    let Some(first) = entries.next().map(source) else {
        return Vec::new();
    };
    let is_other = |entry: &&ReservedEntry| {
        let own = source(entry);
        own != first && tree(&own) != tree(&first)
    };
    entries
        .filter(is_other)
        .map(|entry| entry.value.start)
        .collect()
}

fn read_lines(document: &Document<'_>) -> std::result::Result<Map<String, Json>, FlatError> {
    if document.format() == Format::Ini
        && let [_, second, ..] = document.reserved_entries()
    {
        return Err(FlatError {
            at: Some(second.value.start),
            message: "the section `sops` appears twice".to_owned(),
        });
    }
    unflatten(document.reserved_lines())
}

/// The source forms in comments of the metadata.
pub(crate) fn source_forms(document: &Document<'_>) -> Vec<String> {
    let first = document.reserved_entries().first();
    let notes = first.map(|entry| document.reserved_notes(entry, SOURCE_FORMS_KEY));
    notes.unwrap_or_default()
}

/// The metadata in the form of the document's format. `source_forms` are the ones that it holds.
pub(crate) fn value(
    document: &Document<'_>,
    tree: &Map<String, Json>,
    source_forms: &[String],
) -> ReservedValue {
    let notes = source_forms.iter();
    let notes = notes.map(|text| ReservedNote::new(SOURCE_FORMS_KEY, text.clone()));
    if !document.format().is_flat() {
        return ReservedValue::Tree(tree.clone(), notes.collect());
    }
    let mut tree = tree.clone();
    for note in notes.rev() {
        note.insert_into(&mut tree);
    }
    ReservedValue::Lines(flatten(&tree))
}
