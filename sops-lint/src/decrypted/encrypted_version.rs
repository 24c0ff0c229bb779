//! An encrypted version of a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sops_core::{CIPHERTEXT_PREFIX, is_encrypted, parse_document};
use sops_document::{Document, Format};

use super::key_values::{NAMES, each_value, kind};
use crate::file_format::encrypted_format;

/// An encrypted version of a file.
#[derive(Clone)]
pub struct Encrypted {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    /// The encrypted values by key path, with the length of each plaintext in bytes, which the
    /// ciphertext reveals. `None` if the plaintext can be written in several ways.
    pub(super) values: BTreeMap<String, Option<usize>>,
    pub(super) kind: Option<String>,
    /// Whether the encrypted version stays next to the file.
    pub(super) stays: bool,
}

impl Encrypted {
    /// Reads a file with the given absolute path; `None` if it is not encrypted.
    pub fn read(path: &Path, bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        if !text.contains(CIPHERTEXT_PREFIX) {
            return None;
        }
        let (format, document) = parse(path, text)?;
        let mut values = BTreeMap::new();
        each_value(&document, |path, node| {
            let text = node.scalar_text().unwrap_or_default();
            if text.starts_with(CIPHERTEXT_PREFIX) && !NAMES.contains(&path) {
                values.insert(path.to_owned(), length(text));
            }
        });
        Some(Self {
            path: path.to_owned(),
            format,
            values,
            kind: kind(&document),
            stays: false,
        })
    }

    /// Marks the file as one that stays encrypted. A decrypted copy of it has all of its keys, and
    /// a related name or values of the same lengths.
    #[must_use]
    pub fn staying(self) -> Self {
        Self {
            stays: true,
            ..self
        }
    }
}

/// The length of the plaintext of a ciphertext in bytes; `None` if the plaintext is not text.
fn length(ciphertext: &str) -> Option<usize> {
    let (_, data) = ciphertext.split_once("data:")?;
    let (data, rest) = data.split_once(',')?;
    let is_text = ["str", "int", "bytes", "bool"]
        .iter()
        .any(|kind| rest.ends_with(&format!("type:{kind}]")));
    let digits = data.trim_end_matches('=').len();
    is_text.then_some(digits * 3 / 4)
}

/// Parses an encrypted file in the format of its name or, if that fails, of its content: with
/// `--input-type` or after a rename, these differ. `None` if it is not encrypted.
fn parse<'t>(path: &Path, text: &'t str) -> Option<(Format, Document<'t>)> {
    let named = Format::from_path(path);
    let of_content = encrypted_format(path, text);
    // Every encrypted JSON file has the form of a binary one.
    let formats = match named {
        Format::Binary => [of_content, None],
        named => [Some(named), of_content],
    };
    formats.into_iter().flatten().find_map(|format| {
        let document = parse_document(text, of_text(format)).ok()?;
        is_encrypted(&document).then_some((format, document))
    })
}

/// SOPS writes a binary file as JSON.
fn of_text(format: Format) -> Format {
    match format {
        Format::Binary => Format::Json,
        format => format,
    }
}
