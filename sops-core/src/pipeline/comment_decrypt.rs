//! Decrypts comments.

use sops_document::{Document, Item, PathId, ROOT, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::pipeline::ciphertext_cache::CachedCiphertext;
use crate::pipeline::selection::Selection;

/// The encrypted comments that the rule selects, by their indexes on the tape, in the order of the
/// text.
pub(super) fn selected(document: &Document<'_>, selection: &Selection) -> Vec<usize> {
    let comments = document.written_items();
    let comments = comments.filter_map(|(index, item)| match item {
        Item::Comment { span, .. } if selection.contains(index) => Some((span.start, index)),
        _ => None,
    });
    let mut comments: Vec<(u32, usize)> = comments.collect();
    if document.has_separate_comments() {
        comments.sort_unstable();
    }
    comments.into_iter().map(|(_, index)| index).collect()
}

/// Decrypts comments.
pub(super) struct CommentOpener<'d, 'a> {
    document: &'d Document<'a>,
    keeps_ciphertexts: bool,
    additional_data: Vec<u8>,
}

/// Decrypted comments.
#[derive(Default)]
pub(super) struct OpenedComments<'a> {
    /// The indexes and the text of the comments.
    pub(super) texts: Vec<(usize, Zeroizing<String>)>,
    /// How many could not be decrypted.
    pub(super) unopened: usize,
    pub(super) ciphertexts: Vec<CachedCiphertext<'a>>,
}

impl<'d, 'a> CommentOpener<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>, keeps_ciphertexts: bool) -> Self {
        Self {
            document,
            keeps_ciphertexts,
            additional_data: Vec::new(),
        }
    }

    /// Decrypts comments, by their indexes on the tape; one that cannot be decrypted stays as it
    /// is, as in SOPS.
    ///
    /// # Errors
    /// [`Error::Value`] for a comment of another type, which SOPS would take for a value that the
    /// MAC covers.
    pub(super) fn open(
        &mut self,
        comments: &[usize],
        cipher: &mut Cipher,
    ) -> Result<OpenedComments<'a>> {
        let document = self.document;
        let mut opened = OpenedComments::default();
        for &index in comments {
            let Item::Comment { path, span, .. } = document.tape()[index] else {
                continue;
            };
            let comment = document.comment(index);
            let ciphertext = &document.text()[comment.range];
            if ciphertext.is_empty() {
                if comment.continues {
                    opened.texts.push((index, Zeroizing::default()));
                }
                continue;
            }
            match self.comment(path, ciphertext, cipher, &mut opened.ciphertexts) {
                Some((Type::Comment, text)) => opened.texts.push((index, text)),
                Some(_) => {
                    return Err(Error::Value {
                        path: document.paths().display(path),
                        location: Some(document.location(span)),
                        message: "the `type` of an encrypted comment is not `comment`".to_owned(),
                    });
                }
                None => opened.unopened += 1,
            }
        }
        Ok(opened)
    }

    /// The comment's type and plaintext, tried with its container's path and then with those
    /// around it.
    fn comment(
        &mut self,
        path: PathId,
        ciphertext: &'a str,
        cipher: &mut Cipher,
        ciphertexts: &mut Vec<CachedCiphertext<'a>>,
    ) -> Option<(Type, Zeroizing<String>)> {
        let paths = self.document.paths();
        let mut around = path;
        loop {
            write_additional_data(paths, around, &mut self.additional_data);
            let opened = cipher.decrypt(ciphertext.as_bytes(), &self.additional_data);
            if let Ok((kind, plaintext)) = opened {
                if self.keeps_ciphertexts {
                    // The text after the comment is written separately.
                    let end = ciphertext.find(']').map_or(ciphertext.len(), |end| end + 1);
                    let alone = &ciphertext[..end];
                    ciphertexts.push(CachedCiphertext::new(
                        kind,
                        &self.additional_data,
                        plaintext,
                        alone,
                    ));
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
