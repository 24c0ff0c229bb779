//! A digest of the meaning of a plaintext: its keys, containers and values, without comments and
//! layout.

use sha2::{Digest, Sha256};
use sops_document::{Collection, Document, Format, Item, ROOT, Value};

use crate::metadata_entry;

/// A running SHA-256; `None` if the digest is not needed.
pub(crate) struct ContentDigest(Option<Sha256>);

impl ContentDigest {
    /// Starts the digest if it is `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        Self(wanted.then(Sha256::new))
    }

    /// The digest of a plaintext; `None` if it does not parse.
    pub(crate) fn of_text(text: &str, format: Format) -> Option<[u8; 32]> {
        Self::of_document(&metadata_entry::parse_values(text, format).ok()?)
    }

    /// The digest of a parsed document.
    pub(crate) fn of_document(document: &Document<'_>) -> Option<[u8; 32]> {
        let mut content = Self::new(true);
        for item in document.tape() {
            content.item(document, item);
        }
        content.finish()
    }

    /// Adds an item of the tape. An alias and its expansion have the same digest.
    pub(crate) fn item(&mut self, document: &Document<'_>, item: &Item<'_>) {
        match item {
            Item::Document { .. } => self.update(b"document"),
            // The top level is a mapping or empty, which have the same digest.
            Item::Open { path: ROOT, .. } => {}
            Item::Open { kind, path, .. } => {
                self.update(if *kind == Collection::Mapping {
                    b"{"
                } else {
                    b"["
                });
                self.text(document.paths().key(*path).as_bytes());
            }
            Item::Close { open } => match document.tape()[*open as usize] {
                Item::Open { path: ROOT, .. } => {}
                Item::Open { .. } => self.update(b"}"),
                _ => {}
            },
            Item::Leaf(leaf) => self.leaf(document.paths().key(leaf.path), leaf.value.as_ref()),
            Item::Alias { .. } | Item::Comment { .. } => {}
        }
    }

    /// Adds a leaf.
    pub(crate) fn leaf(&mut self, key: &str, value: Option<&Value<'_>>) {
        self.update(b"=");
        self.text(key.as_bytes());
        match value {
            Some(value) => {
                self.update(value.kind.name());
                self.text(&value.bytes);
            }
            None => self.update(b"null"),
        }
    }

    fn update(&mut self, bytes: impl AsRef<[u8]>) {
        if let Some(hash) = &mut self.0 {
            hash.update(bytes);
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.update((bytes.len() as u64).to_le_bytes());
        self.update(bytes);
    }

    /// The digest, if it was wanted.
    pub(crate) fn finish(self) -> Option<[u8; 32]> {
        Some(self.0?.finalize().into())
    }
}
