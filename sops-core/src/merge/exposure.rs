//! Finds values that a side encrypts and that the merged selection rule would leave in plaintext.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use sops_document::{Document, Format, Item};

use super::side::OpenVersion;
use crate::additional_data::write_additional_data;
use crate::error::Result;
use crate::metadata_entry::parse_document;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::rules::EncryptionRule;

/// The values and comments of a plaintext that a rule selects, and those that it does not select.
#[derive(Default)]
struct SelectedContent {
    /// The key paths, as additional data.
    encrypted_paths: HashSet<Vec<u8>>,
    plain_paths: HashSet<Vec<u8>>,
    /// The values and comments at their paths, hashed.
    encrypted: HashSet<[u8; 32]>,
}

/// The key paths of the values in `merged` that one of the sides encrypts but `rule` does not.
///
/// # Errors
/// The errors of [`parse_document`]; [`Error::Regex`](crate::Error::Regex).
pub(super) fn exposed(
    sides: [&OpenVersion<'_>; 2],
    merged: &[u8],
    format: Format,
    rule: Option<&EncryptionRule>,
) -> Result<Vec<String>> {
    let is_same_rule = |side: &&OpenVersion<'_>| side.metadata().rule.as_ref() == rule;
    let looks_at_comments = rule.is_some_and(EncryptionRule::looks_at_comments);
    if format == Format::Binary || sides.iter().all(is_same_rule) && !looks_at_comments {
        return Ok(Vec::new());
    }
    let mut content = [SelectedContent::default(), SelectedContent::default()];
    for (side, content) in sides.iter().zip(&mut content) {
        let document = parse_document(&*side.plaintext, format)?;
        walk(
            &document,
            side.metadata().rule.as_ref(),
            |path, hash, _, is_selected| match is_selected {
                true => {
                    content.encrypted_paths.insert(path.to_vec());
                    content.encrypted.insert(hash);
                }
                false => drop(content.plain_paths.insert(path.to_vec())),
            },
        )?;
    }
    let mut exposed = Vec::new();
    let document = parse_document(merged, format)?;
    walk(&document, rule, |path, hash, name, is_selected| {
        // Items of one list have the same path, and a comment may have selected some of them.
        let is_exposed = content.iter().any(|side| {
            let has_only_encrypted =
                side.encrypted_paths.contains(path) && !side.plain_paths.contains(path);
            has_only_encrypted || side.encrypted.contains(&hash)
        });
        if !is_selected && is_exposed {
            exposed.push(name());
        }
    })?;
    exposed.dedup();
    Ok(exposed)
}

/// Calls `visit` for each value and comment, with its path, the hash of its path and content, its
/// name for messages, and whether the rule selects it.
fn walk(
    document: &Document<'_>,
    rule: Option<&EncryptionRule>,
    mut visit: impl FnMut(&[u8], [u8; 32], &dyn Fn() -> String, bool),
) -> Result<()> {
    let selection = Selection::of(document, rule)?;
    let mut path = Vec::new();
    for (index, item) in document.tape().iter().enumerate() {
        let (id, kind, content) = match item {
            Item::Leaf(leaf) if is_encryptable(leaf.value.as_ref()) => {
                let Some(value) = &leaf.value else { continue };
                (leaf.path, value.kind.name(), value.bytes.to_vec())
            }
            Item::Comment { path, .. } => {
                let text = document.comment(index).text;
                if text.trim().is_empty() {
                    continue;
                }
                (*path, "comment", text.as_bytes().to_vec())
            }
            _ => continue,
        };
        write_additional_data(document.paths(), id, &mut path);
        if kind == "comment" {
            // Distinguishes the path of a comment from that of a value.
            path.push(b'#');
        }
        let mut hash = Sha256::new();
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(&path);
        hash.update(kind);
        hash.update(&content);
        let name = || document.paths().display(id);
        visit(
            &path,
            hash.finalize().into(),
            &name,
            selection.contains(index),
        );
    }
    Ok(())
}
