//! The metadata in the text of a document: a mapping under the key `sops` in YAML and JSON, a section of that name in INI, and variables
//! that begin with `sops_` in dotenv.

mod locate;
mod unknown;

use serde_json::{Map, Value as Json};
use sops_document::{Document, Format, Location, ReservedEntry, ReservedValue};

use crate::error::{Error, Result};
use crate::metadata::flat::{FlatError, flatten, unflatten};
use crate::metadata::{METADATA_KEY, is_known};

pub(crate) use locate::{located, location};
pub use unknown::UnknownValue;
pub(crate) use unknown::find as unknown_values;

/// Parses a document of which the metadata is no part.
///
/// # Errors
/// As [`Document::parse_reserving`].
pub fn parse_document<'a>(
    text: &'a (impl AsRef<[u8]> + ?Sized),
    format: Format,
) -> sops_document::Result<Document<'a>> {
    Document::parse_reserving(text, format, METADATA_KEY)
}

/// Whether the document has metadata: whether it is encrypted.
pub fn is_encrypted(document: &Document<'_>) -> bool {
    !document.reserved_entries().is_empty()
}

/// The metadata, nested as in YAML and JSON; `None` if the document is not encrypted.
///
/// # Errors
/// [`Error::Metadata`] where it cannot be read.
pub(crate) fn read(document: &Document<'_>) -> Result<Option<Map<String, Json>>> {
    let first = document.reserved_entries().first();
    let Some(entry) = first.filter(|entry| entry.document == 0) else {
        return Ok(None);
    };
    let tree = match document.format().is_flat() {
        true => read_lines(document),
        false => read_mapping(&document.reserved_source(entry).0, document.format()),
    };
    tree.map(Some)
        .map_err(|FlatError { at, message }| Error::Metadata {
            location: match at {
                Some(at) => Some(Location::of(document.text(), at)),
                None => location(document, None),
            },
            path: None,
            message,
        })
}

/// Reads the mapping in YAML or JSON. No message quotes what is there instead, which may be a secret.
fn read_mapping(source: &str, format: Format) -> std::result::Result<Map<String, Json>, FlatError> {
    let tree: Option<Json> = match format {
        Format::Yaml => serde_yaml::from_str(source).ok(),
        _ => serde_json::from_str(source).ok(),
    };
    let message = match tree {
        Some(Json::Object(tree)) => return Ok(tree),
        Some(_) => "it must be a mapping",
        None => "it cannot be read by itself; it may have an alias of a value outside",
    };
    Err(FlatError {
        at: None,
        message: message.to_owned(),
    })
}

/// Where the metadata of a later document is not that of the first, in bytes. SOPS reads only the first, and writes the same into all. Keys that
/// the format does not have do not count.
pub(crate) fn differing(document: &Document<'_>) -> Vec<usize> {
    if document.format() != Format::Yaml {
        return Vec::new();
    }
    let source = |entry: &ReservedEntry| document.reserved_source(entry).0.trim_end().to_owned();
    let tree = |source: &str| -> Option<Map<String, Json>> {
        let mut tree: Map<String, Json> = serde_yaml::from_str(source).ok()?;
        tree.retain(|key, _| is_known(key));
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
            message: "the section `sops` stands twice".to_owned(),
        });
    }
    unflatten(document.reserved_lines())
}

/// The metadata in the form that it has in the document's format.
pub(crate) fn value(document: &Document<'_>, tree: &Map<String, Json>) -> ReservedValue {
    match document.format().is_flat() {
        true => ReservedValue::Lines(flatten(tree)),
        false => ReservedValue::Tree(tree.clone()),
    }
}
