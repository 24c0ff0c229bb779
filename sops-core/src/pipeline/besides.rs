//! What changes in a decrypted text besides its leaves: comments are opened, and the `sops` blocks go.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::document::{Comment, Document, Item, PathId, ROOT, block, ini, yaml};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::spellings::Spellings;
use crate::value::Type;

/// A range of the text and what takes its place.
pub(super) type Change = (Range<usize>, Zeroizing<String>);

/// The changes in the order of the text, and how many comments could not be opened.
///
/// # Errors
/// [`Error::Value`] for a comment that is of another type: SOPS would take it for a value that belongs into the MAC.
pub(super) fn changes<'a>(
    document: &Document<'a>,
    selection: &Selected,
    cipher: &mut Cipher,
    reuse: Option<&mut Reuse<'a>>,
    spellings: &Spellings,
) -> Result<(Vec<Change>, usize)> {
    let (mut changes, unopened) = comments(document, selection, cipher, reuse)?;
    changes.extend(blocks(document, spellings));
    changes.sort_by_key(|(range, _)| range.start);
    Ok((changes, unopened))
}

/// Opens the comments; one that cannot be opened stays as it is, as with SOPS.
fn comments<'a>(
    document: &Document<'a>,
    selection: &Selected,
    cipher: &mut Cipher,
    mut reuse: Option<&mut Reuse<'a>>,
) -> Result<(Vec<Change>, usize)> {
    let (mut opened, mut unopened) = (Vec::new(), 0);
    for (index, item) in document.written_items() {
        let Item::Comment { path, span, .. } = item else {
            continue;
        };
        if !selection.contains(index) {
            continue;
        }
        let Comment {
            place, continues, ..
        } = document.comment(index);
        let ciphertext = &document.text[place];
        if ciphertext.is_empty() {
            if continues {
                opened.push((index, Zeroizing::default()));
            }
            continue;
        }
        match comment(document, *path, ciphertext, cipher, reuse.as_deref_mut()) {
            Some((Type::Comment, text)) => opened.push((index, text)),
            Some(_) => {
                return Err(Error::Value {
                    path: document.paths.display(*path),
                    location: Some(document.location(*span)),
                    message: "the `type` of an encrypted comment is not `comment`".to_owned(),
                });
            }
            None => unopened += 1,
        }
    }
    Ok((written(document, opened), unopened))
}

/// What takes the places of opened comments.
fn written(document: &Document<'_>, mut opened: Vec<(usize, Zeroizing<String>)>) -> Vec<Change> {
    if document.format == Format::Ini {
        return ini::comments::decrypted(document, opened);
    }
    for (_, text) in &mut opened {
        text.insert(0, '#');
    }
    let change = |(index, text)| {
        let place = document.comment(index).place;
        // With the `#`, which goes along where the comment does.
        (place.start - 1..place.end, text)
    };
    opened.into_iter().map(change).collect()
}

/// The comment's type and plaintext, tried with its container's path and then with those around it.
fn comment<'a>(
    document: &Document<'a>,
    path: PathId,
    ciphertext: &'a str,
    cipher: &mut Cipher,
    reuse: Option<&mut Reuse<'a>>,
) -> Option<(Type, Zeroizing<String>)> {
    let mut line = document.paths.ancestry(path);
    line.insert(0, ROOT);
    let mut additional_data = Vec::new();
    for path in line.into_iter().rev() {
        document.paths.additional_data(path, &mut additional_data);
        if let Ok((kind, plaintext)) = cipher.decrypt(ciphertext, &additional_data) {
            if let Some(reuse) = reuse {
                // What stands behind it is written anew.
                let end = ciphertext.find(']').map_or(ciphertext.len(), |end| end + 1);
                let alone = &ciphertext[..end];
                reuse.remember(kind, &additional_data, plaintext, alone);
            }
            let text = String::from_utf8_lossy(plaintext);
            return Some((kind, Zeroizing::new(text.into_owned())));
        }
    }
    None
}

/// Takes the `sops` blocks out; a comment behind the key of one stays.
fn blocks(document: &Document<'_>, spellings: &Spellings) -> impl Iterator<Item = Change> {
    let text = document.text;
    let indexes: Vec<usize> = document.document_indexes().collect();
    document
        .blocks
        .iter()
        .enumerate()
        .flat_map(move |(number, site)| {
            let mut entry = site.entry.clone();
            let mut key = None;
            if let Some(comment) = block::comment(text, &site.entry, &site.value) {
                let line = &text[entry.start..];
                let start = entry.start + line.len() - line.trim_start_matches(' ').len();
                key = Some((start..comment.start, Zeroizing::default()));
                entry.start = yaml::source::after_break(text, comment.end);
            }
            let last = number + 1 == document.blocks.len();
            if last && spellings.no_final_newline && entry.end == text.len() {
                entry.start -= match document.format.is_flat() {
                    true => 1.min(entry.start),
                    false => yaml::source::line_break(&text[..entry.start]).len(),
                };
            }
            let mut instead = Zeroizing::default();
            let was_empty = spellings.empty_documents.binary_search(&site.document);
            if was_empty.is_err() && block::is_alone(document, indexes[site.document]) {
                *instead = format!("{{}}{}", yaml::source::line_break(&text[entry.clone()]));
            }
            key.into_iter().chain([(entry, instead)])
        })
}
