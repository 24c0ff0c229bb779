//! The current content of a file.

use std::collections::BTreeMap;
use std::ops::Range;

use sops_core::{CIPHERTEXT_PREFIX, is_encrypted, parse_document};
use sops_document::{Document, Format};

use super::key_values::{NAMES, each_value, kind};
use crate::scrutiny::{Scrutiny, is_open_reference};

/// The minimum length in bytes of a value that distinguishes a copy from a file with other values.
pub(super) const TELLING: usize = 6;

/// The current content of a file.
pub(super) enum CurrentContent {
    /// The file has no keys.
    Other,
    Encrypted,
    Open {
        /// The unencrypted values, by key path.
        values: BTreeMap<String, PlaintextValue>,
        kind: Option<String>,
    },
}

/// A value in plaintext.
#[derive(Clone)]
pub(super) struct PlaintextValue {
    pub(super) span: Range<usize>,
    /// The length in bytes.
    pub(super) length: usize,
    /// Whether the value is neither a reference nor public.
    pub(super) is_open: bool,
    /// Whether the value is also not a placeholder.
    pub(super) is_meant: bool,
    /// Whether the value is also so long that other values rarely have the same length by chance.
    pub(super) is_telling: bool,
}

impl CurrentContent {
    /// Reads `text` in that format, or as YAML.
    pub(super) fn read(text: &str, format: Format) -> Self {
        let has_entries = |document: &Document<'_>| {
            let mut tops = document.tops().flatten();
            tops.any(|top| top.entries().next().is_some())
        };
        let parsed = parse_document(text, format).or_else(|_| Document::parse_leniently(text));
        let Some(document) = parsed.ok().filter(has_entries) else {
            return Self::Other;
        };
        if is_encrypted(&document) {
            return Self::Encrypted;
        }
        let mut values = BTreeMap::new();
        each_value(&document, |path, node| {
            let text = node.scalar_text().unwrap_or_default();
            let value = text.trim();
            if value.starts_with(CIPHERTEXT_PREFIX) || NAMES.contains(&path) {
                return;
            }
            let is_open = !Scrutiny::Strict.passes(value);
            let is_meant = is_open && !is_open_reference(value);
            let plain = PlaintextValue {
                span: node.span(),
                length: text.len(),
                is_open,
                is_meant,
                is_telling: is_meant && value.len() >= TELLING,
            };
            values.insert(path.to_owned(), plain);
        });
        let kind = kind(&document);
        Self::Open { values, kind }
    }
}
