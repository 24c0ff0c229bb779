//! The changes in a decrypted text besides its values: comments are decrypted, and the metadata is
//! removed.

use sops_document::{Comment, Document, Item, PathId, ROOT, Replacement, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::SourceForms;

/// The changes in document order, and how many comments could not be decrypted.
///
/// # Errors
/// [`Error::Value`] for a comment of another type, which SOPS would take for a value that the MAC
/// covers.
pub(super) fn changes<'a>(
    document: &Document<'a>,
    selection: &Selection,
    cipher: &mut Cipher,
    cache: Option<&mut CiphertextCache<'a>>,
    source_forms: &SourceForms,
) -> Result<(Vec<Replacement>, usize)> {
    let (mut changes, unopened) = comments(document, selection, cipher, cache)?;
    changes.extend(
        document.remove_reserved(source_forms.no_final_newline, &source_forms.empty_documents),
    );
    changes.sort_by_key(|(range, _)| range.start);
    Ok((changes, unopened))
}

/// Decrypts the comments; one that cannot be decrypted stays as it is, as in SOPS.
fn comments<'a>(
    document: &Document<'a>,
    selection: &Selection,
    cipher: &mut Cipher,
    mut cache: Option<&mut CiphertextCache<'a>>,
) -> Result<(Vec<Replacement>, usize)> {
    let (mut opened, mut unopened) = (Vec::new(), 0);
    for (index, item) in document.written_items() {
        let Item::Comment { path, span, .. } = item else {
            continue;
        };
        if !selection.contains(index) {
            continue;
        }
        let Comment {
            range, continues, ..
        } = document.comment(index);
        let ciphertext = &document.text()[range];
        if ciphertext.is_empty() {
            if continues {
                opened.push((index, Zeroizing::default()));
            }
            continue;
        }
        match comment(document, *path, ciphertext, cipher, cache.as_deref_mut()) {
            Some((Type::Comment, text)) => opened.push((index, text)),
            Some(_) => {
                return Err(Error::Value {
                    path: document.paths().display(*path),
                    location: Some(document.location(*span)),
                    message: "the `type` of an encrypted comment is not `comment`".to_owned(),
                });
            }
            None => unopened += 1,
        }
    }
    Ok((document.replace_comments(opened), unopened))
}

/// The comment's type and plaintext, tried with its container's path and then with those around it.
fn comment<'a>(
    document: &Document<'a>,
    path: PathId,
    ciphertext: &'a str,
    cipher: &mut Cipher,
    cache: Option<&mut CiphertextCache<'a>>,
) -> Option<(Type, Zeroizing<String>)> {
    let mut line = document.paths().ancestry(path);
    line.insert(0, ROOT);
    let mut additional_data = Vec::new();
    for path in line.into_iter().rev() {
        write_additional_data(document.paths(), path, &mut additional_data);
        if let Ok((kind, plaintext)) = cipher.decrypt(ciphertext, &additional_data) {
            if let Some(cache) = cache {
                // The text after it is written again.
                let end = ciphertext.find(']').map_or(ciphertext.len(), |end| end + 1);
                let alone = &ciphertext[..end];
                cache.remember(kind, &additional_data, plaintext, alone);
            }
            let text = String::from_utf8_lossy(plaintext);
            return Some((kind, Zeroizing::new(text.into_owned())));
        }
    }
    None
}
