//! What a plaintext means: a digest of its keys, containers and values, comments and layout aside.

use sha2::{Digest, Sha256};

use crate::document::{Collection, Document, Item};
use crate::format::Format;
use crate::value::Value;

/// A running SHA-256.
#[derive(Default)]
pub(crate) struct Content(Sha256);

impl Content {
    /// The digest of a plaintext; `None` if it does not parse.
    pub(crate) fn of_text(text: &str, format: Format) -> Option<[u8; 32]> {
        let document = Document::parse(text, format).ok()?;
        let mut content = Self::default();
        for item in &document.tape {
            content.item(&document, item);
        }
        Some(content.finish())
    }

    /// Adds an item as it stands on the tape. Aliases and their expansion are the same.
    pub(crate) fn item(&mut self, document: &Document<'_>, item: &Item<'_>) {
        match item {
            Item::Document { .. } => self.0.update(b"document"),
            Item::Open { kind, path, .. } => {
                self.0.update(if *kind == Collection::Mapping {
                    b"{"
                } else {
                    b"["
                });
                self.text(document.paths.key(*path).as_bytes());
            }
            Item::Close { open } if matches!(document.tape[*open as usize], Item::Open { .. }) => {
                self.0.update(b"}");
            }
            Item::Leaf(leaf) => self.leaf(document.paths.key(leaf.path), leaf.value.as_ref()),
            Item::Close { .. } | Item::Alias { .. } | Item::Comment { .. } => {}
        }
    }

    /// Adds a leaf.
    pub(crate) fn leaf(&mut self, key: &str, value: Option<&Value<'_>>) {
        self.0.update(b"=");
        self.text(key.as_bytes());
        match value {
            Some(value) => {
                self.0.update(value.kind.name());
                self.text(&value.bytes);
            }
            None => self.0.update(b"null"),
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The digest.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
