//! The values under `data` of the Secrets in a document.

use sops_core::document::{NewEntry, NodeRef, Shape};
use sops_core::tree::Node;
use sops_core::{Component, Document, KeyPath};
use sops_lint::secrets;
use zeroize::Zeroizing;

use crate::secret_data;

/// Marks a value that is shown in base64, because it is not text.
pub(super) const BINARY: &str = "base64:";

/// Identifies a value of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntryPath {
    /// The index of the document in the stream.
    document: usize,
    /// The path of the Secret in the document; empty unless the Secret is an item of a list.
    pub(super) secret: Vec<String>,
    pub(super) key: String,
}

/// A value under `data`.
pub(super) struct Entry<'d, 'a> {
    pub(super) path: EntryPath,
    /// The mapping `data`.
    pub(super) data: NodeRef<'d, 'a>,
    pub(super) node: NodeRef<'d, 'a>,
}

impl Entry<'_, '_> {
    /// The path for messages.
    pub(super) fn name(&self) -> String {
        let path = [
            Component::Key("data".to_owned()),
            Component::Key(self.path.key.clone()),
        ];
        KeyPath::new(path).map_or_else(String::new, |path| path.dotted().to_string())
    }

    /// Whether the value is written in its own place, and not shared with another one.
    pub(super) fn is_own(&self) -> bool {
        let is_alias = self.node.origin().span() != self.node.span();
        !is_alias && self.node.shape() == Shape::Scalar && !self.node.is_aliased()
    }

    /// The decoded value; `None` if it is not a string or not base64.
    pub(super) fn decoded(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.node.as_str().and_then(secret_data::decode)
    }
}

/// The value at the path decoded, if it is base64 under `data` of a Secret; otherwise as it is.
pub(crate) fn decoded(
    document: &Document<'_>,
    path: &KeyPath,
    value: Zeroizing<Vec<u8>>,
) -> Zeroizing<Vec<u8>> {
    let is_at_path = |entry: &Entry<'_, '_>| {
        entry
            .node
            .components()
            .eq(path.components().iter().cloned())
    };
    let entry = entries(document).into_iter().find(is_at_path);
    entry.and_then(|entry| entry.decoded()).unwrap_or(value)
}

/// A document with the values of one `data` decoded.
pub(crate) struct DecodedMapping {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// The keys whose values are still in base64, because they are not text.
    pub(crate) kept: Vec<String>,
}

/// The document with decoded values, if the path is that of `data` of a Secret.
pub(crate) fn decoded_mapping(document: &Document<'_>, path: &KeyPath) -> Option<DecodedMapping> {
    let is_at_path = |entry: &Entry<'_, '_>| {
        let components = entry.data.components();
        components.eq(path.components().iter().cloned())
    };
    // As for every path, the first document with it counts.
    let mut entries = entries(document).into_iter().filter(is_at_path).peekable();
    let first = entries.peek()?.path.document;
    let (mut kept, mut keys, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries.filter(|entry| entry.path.document == first) {
        let decoded = entry.decoded();
        match decoded.as_deref().and_then(|bytes| as_text(bytes)) {
            Some(text) => {
                changes.push(entry.data.new_entry(&entry.path.key, Node::from(text)));
                keys.push(entry.path.key);
            }
            None => kept.push(entry.path.key),
        }
    }
    let changes: Vec<&NewEntry> = changes.iter().collect();
    let (text, is_set) = document.with_entries(&changes);
    let unset = keys.into_iter().zip(is_set).filter(|(_, is_set)| !is_set);
    kept.extend(unset.map(|(key, _)| key));
    Some(DecodedMapping {
        text: Zeroizing::new(text.as_bytes().to_vec()),
        kept,
    })
}

/// The values under `data` of all Secrets, in the order of the text.
pub(super) fn entries<'d, 'a>(document: &'d Document<'a>) -> Vec<Entry<'d, 'a>> {
    let tops: Vec<_> = document.tops().flatten().map(|top| top.span()).collect();
    let mut entries = Vec::new();
    for secret in secrets(document) {
        let path = secret.path();
        let start = secret.span().start;
        let index = tops.iter().rposition(|top| top.start <= start);
        let data = secret.entries().find(|(name, _)| *name == "data");
        let Some(data) = data.map(|(_, data)| data) else {
            continue;
        };
        // An alias shares its values with another mapping.
        if data.shape() != Shape::Mapping || data.origin().span() != data.span() {
            continue;
        }
        for (key, node) in data.entries().filter(|(key, _)| *key != "<<") {
            let path = EntryPath {
                document: index.unwrap_or_default(),
                secret: path.clone(),
                key: key.to_owned(),
            };
            entries.push(Entry { path, data, node });
        }
    }
    entries
}

/// A decoded value as text, if it is text that an editor can change.
pub(super) fn as_text(bytes: &[u8]) -> Option<&str> {
    let is_readable = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
    let text = str::from_utf8(bytes).ok()?;
    (text.chars().all(is_readable) && !text.starts_with(BINARY)).then_some(text)
}
