//! The changes in a decrypted text in addition to its values: comments are decrypted, and the
//! metadata is removed.

use sops_document::{Document, Item, PathId, ROOT, Replacement, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::parallel::{in_order, threads};
use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::SourceForms;

/// The number of comments that are decrypted at once.
const BATCH: usize = 256;

/// The changes in document order, and how many comments could not be decrypted.
///
/// # Errors
/// [`Error::Value`] for a comment of another type, which SOPS would take for a value that the MAC
/// covers.
pub(super) fn changes<'a>(
    document: &Document<'a>,
    selection: &Selection,
    key: &DataKey,
    cache: Option<&mut CiphertextCache<'a>>,
    source_forms: &SourceForms,
) -> Result<(Vec<Replacement>, usize)> {
    let (mut changes, unopened) = comments(document, selection, key, cache)?;
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
    key: &DataKey,
    cache: Option<&mut CiphertextCache<'a>>,
) -> Result<(Vec<Replacement>, usize)> {
    let is_selected = |(index, item): &(usize, &Item<'_>)| {
        matches!(item, Item::Comment { .. }) && selection.contains(*index)
    };
    let comments = document.written_items().filter(is_selected);
    let comments: Vec<usize> = comments.map(|(index, _)| index).collect();
    let batches: Vec<&[usize]> = comments.chunks(BATCH).collect();
    let new_opener = |cache| Opener {
        document,
        cipher: Cipher::new(key),
        cache,
        additional_data: Vec::new(),
    };
    let openers: Vec<_> = match cache {
        Some(cache) => vec![new_opener(Some(cache))],
        // For a large document, threads are worth starting, but not for a few comments.
        None => (0..threads(document.tape().len()).min(batches.len().max(1)))
            .map(|_| new_opener(None))
            .collect(),
    };
    let open = |opener: &mut Opener<'_, '_, 'a>, batch: &&[usize]| opener.open(batch);
    let (mut opened, mut unopened) = (Vec::with_capacity(comments.len()), 0);
    in_order(openers, &batches, open, |results| {
        for result in results {
            let (texts, failed) = result?;
            opened.extend(texts);
            unopened += failed;
        }
        Ok::<_, Error>(())
    })?;
    Ok((document.replace_comments(opened), unopened))
}

/// Decrypts comments, a batch at a time.
struct Opener<'d, 'r, 'a> {
    document: &'d Document<'a>,
    cipher: Cipher,
    cache: Option<&'r mut CiphertextCache<'a>>,
    additional_data: Vec<u8>,
}

/// Decrypted comments with their indexes, and how many could not be decrypted.
type OpenedComments = (Vec<(usize, Zeroizing<String>)>, usize);

impl<'a> Opener<'_, '_, 'a> {
    fn open(&mut self, comments: &[usize]) -> Result<OpenedComments> {
        let document = self.document;
        let (mut opened, mut unopened) = (Vec::with_capacity(comments.len()), 0);
        for &index in comments {
            let Item::Comment { path, span, .. } = document.tape()[index] else {
                continue;
            };
            let comment = document.comment(index);
            let ciphertext = &document.text()[comment.range];
            if ciphertext.is_empty() {
                if comment.continues {
                    opened.push((index, Zeroizing::default()));
                }
                continue;
            }
            match self.comment(path, ciphertext) {
                Some((Type::Comment, text)) => opened.push((index, text)),
                Some(_) => {
                    return Err(Error::Value {
                        path: document.paths().display(path),
                        location: Some(document.location(span)),
                        message: "the `type` of an encrypted comment is not `comment`".to_owned(),
                    });
                }
                None => unopened += 1,
            }
        }
        Ok((opened, unopened))
    }

    /// The comment's type and plaintext, tried with its container's path and then with those
    /// around it.
    fn comment(&mut self, path: PathId, ciphertext: &'a str) -> Option<(Type, Zeroizing<String>)> {
        let paths = self.document.paths();
        let mut around = path;
        loop {
            write_additional_data(paths, around, &mut self.additional_data);
            if let Ok((kind, plaintext)) = self.cipher.decrypt(ciphertext, &self.additional_data) {
                if let Some(cache) = &mut self.cache {
                    // The text after the comment is written again.
                    let end = ciphertext.find(']').map_or(ciphertext.len(), |end| end + 1);
                    let alone = &ciphertext[..end];
                    cache.remember(kind, &self.additional_data, plaintext, alone);
                }
                let plaintext = String::from_utf8_lossy(plaintext);
                // With room for the marker, so that the text is never moved.
                let mut text = Zeroizing::new(String::with_capacity(plaintext.len() + 1));
                text.push_str(&plaintext);
                return Some((kind, text));
            }
            if around == ROOT {
                return None;
            }
            around = paths.parent(around);
        }
    }
}
