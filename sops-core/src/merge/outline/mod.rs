//! A plaintext as a tree of pieces of its text, which a merge can combine in another order.
//!
//! The pieces of a document cover its text without gaps: the text before an entry with its
//! comments, the key, the value and the rest of the line.

mod flow;
mod reader;

use sha2::{Digest as _, Sha256};
use sops_document::{Collection, Document, Value};

pub(super) use self::reader::outline;

/// SHA-256 over the content of a value: equal for equal values, whatever the layout, the comments
/// and the order of keys.
pub(super) type ContentHash = [u8; 32];

/// An entry of a mapping, an item of a sequence or a document of a stream.
pub(super) struct Piece<'t> {
    /// The key; empty for items and documents.
    pub(super) key: String,
    /// The number of the entry in its container.
    pub(super) index: usize,
    /// The column of its key or, for an item, of its dash.
    pub(super) column: usize,
    /// Comments, blank lines and indentation before the key; for an item, including its dash.
    pub(super) lead: &'t str,
    /// The key, and the text between it and the value.
    pub(super) head: &'t str,
    pub(super) body: Body<'t>,
    /// The rest of the line after the value.
    pub(super) tail: &'t str,
    pub(super) hash: ContentHash,
    /// The text of the piece except the lead.
    pub(super) text: &'t str,
}

/// The text of a value.
pub(super) enum Body<'t> {
    Scalar(&'t str),
    Container(Container<'t>),
}

/// The text of a mapping, of a sequence or of all documents.
pub(super) struct Container<'t> {
    pub(super) kind: Collection,
    pub(super) flow: bool,
    /// The opening bracket of a flow collection.
    pub(super) open: &'t str,
    pub(super) entries: Vec<Piece<'t>>,
    /// The text after the last entry, including a closing bracket.
    pub(super) close: &'t str,
    /// The column of the first entry, if that begins in the line of the container's parent.
    pub(super) inline: Option<usize>,
}

impl<'t> Piece<'t> {
    /// The container, if the value is one.
    pub(super) fn container(&self) -> Option<&Container<'t>> {
        match &self.body {
            Body::Container(container) => Some(container),
            Body::Scalar(_) => None,
        }
    }
}

/// The hash of the content of a document, regardless of its layout.
pub(super) fn content_hash(document: &Document<'_>) -> ContentHash {
    container_hash(&outline(document))
}

fn container_hash(container: &Container<'_>) -> ContentHash {
    let entries = container.entries.iter();
    hash_of_container(
        container.kind,
        entries.map(|entry| (&*entry.key, entry.hash)),
    )
}

/// The hash of a container with these keys and values.
pub(super) fn hash_of_container<'k>(
    kind: Collection,
    entries: impl Iterator<Item = (&'k str, ContentHash)>,
) -> ContentHash {
    let mut entries: Vec<(&str, ContentHash)> = entries.collect();
    let mut hash = Sha256::new();
    match kind {
        Collection::Mapping => {
            hash.update(b"mapping");
            entries.sort_unstable();
        }
        Collection::Sequence => hash.update(b"sequence"),
    }
    for (key, content) in entries {
        hash.update((key.len() as u64).to_le_bytes());
        hash.update(key);
        hash.update(content);
    }
    hash.finalize().into()
}

fn hash_of_value(value: Option<&Value<'_>>) -> ContentHash {
    let mut hash = Sha256::new();
    match value {
        None => hash.update(b"null"),
        Some(value) => {
            hash.update(value.kind.name());
            hash.update(b"=");
            hash.update(&value.bytes);
        }
    }
    hash.finalize().into()
}
