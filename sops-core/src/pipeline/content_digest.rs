//! A digest of the meaning of a plaintext: its keys, containers and values, without comments and
//! layout.

use std::ops::Range;

use sha2::digest::Update;
use sha2::{Digest as _, Sha256};
use sops_document::{Collection, Document, Format, Item, ROOT, Value};

use crate::metadata_entry;
use crate::pipeline::parallel::{BYTES_A_VALUE, in_order, threads};
use crate::pipeline::text_parts::text_parts;
use crate::wiped_bytes::WipedBytes;

/// A running SHA-256, or the input of one; `None` if the digest is not needed.
pub(crate) struct ContentDigest<H = Sha256>(Option<H>);

/// The content of a part of a document, which is hashed after the content before it.
#[derive(Default)]
pub(crate) struct DigestInput(WipedBytes);

impl Update for DigestInput {
    fn update(&mut self, bytes: &[u8]) {
        self.0.push(bytes);
    }
}

impl ContentDigest {
    /// Adds the content of a part of the document.
    pub(crate) fn add_all(&mut self, part: &ContentDigest<DigestInput>) {
        if let Some(DigestInput(bytes)) = &part.0 {
            self.update(&**bytes);
        }
    }

    /// The digest of a plaintext; `None` if it does not parse.
    pub(crate) fn of_text(text: &str, format: Format) -> Option<[u8; 32]> {
        let parts = text_parts(text, format);
        Self::of_parts(text, &parts)
            .or_else(|| Self::of_document(&metadata_entry::parse_values(text, format).ok()?))
    }

    /// The digest of a plaintext that can be parsed in parts, which are not all in memory at once.
    /// A key that is in two parts is not detected; the digest then equals that of no valid
    /// plaintext.
    fn of_parts(text: &str, parts: &[Range<usize>]) -> Option<[u8; 32]> {
        let workers = vec![(); threads(text.len() / BYTES_A_VALUE)];
        let parse =
            |_: &mut (), part: &Range<usize>| metadata_entry::parse_part_values(text, part.clone());
        if parts.is_empty() {
            return None;
        }
        in_order(workers, parts, parse, |documents| {
            let mut content = Self::new(true);
            for (number, document) in documents.enumerate() {
                let document = document?;
                // The parts are one document.
                for item in document.tape().iter().skip(usize::from(number > 0)) {
                    content.item(&document, item);
                }
            }
            content.finish()
        })
    }

    /// The digest of a parsed document.
    pub(crate) fn of_document(document: &Document<'_>) -> Option<[u8; 32]> {
        let mut content = Self::new(true);
        for item in document.tape() {
            content.item(document, item);
        }
        content.finish()
    }

    /// The digest, if it was wanted.
    pub(crate) fn finish(self) -> Option<[u8; 32]> {
        Some(self.0?.finalize().into())
    }
}

impl<H: Update + Default> ContentDigest<H> {
    /// Starts the digest if it is `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        Self(wanted.then(H::default))
    }

    /// Adds an item of the tape. An alias and its expansion have the same digest.
    pub(crate) fn item(&mut self, document: &Document<'_>, item: &Item<'_>) {
        if self.0.is_none() {
            return;
        }
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
        if self.0.is_none() {
            return;
        }
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
            hash.update(bytes.as_ref());
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.update((bytes.len() as u64).to_le_bytes());
        self.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of the text as a whole, and whether it can be found in parts.
    fn digests(text: &str) -> (Option<[u8; 32]>, bool) {
        let whole = ContentDigest::of_document(
            &crate::parse_document(text, Format::Yaml).expect("the text is valid"),
        );
        let parts = ContentDigest::of_parts(text, &text_parts(text, Format::Yaml));
        assert!(parts.is_none() || parts == whole);
        assert_eq!(ContentDigest::of_text(text, Format::Yaml), whole);
        (whole, parts.is_some())
    }

    #[test]
    fn a_text_and_its_parts_have_the_same_digest() {
        let section = |number| format!("# c\nk{number}:\n  a: 'x'\n  b: [1, {{c: 2}}]\n");
        let text: String = (0..20_000).map(section).collect();
        let (whole, in_parts) = digests(&text);
        assert!(in_parts);
        assert_ne!(whole, digests(&text.replacen("'x'", "'y'", 1)).0);
        for text in [
            "a: b\n",
            &format!("a: &a 1\n{text}b: *a\n"),
            &format!("a: b\n---\n{text}"),
        ] {
            assert!(!digests(text).1);
        }
    }
}
