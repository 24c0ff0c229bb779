//! Merges three plaintexts over their text, and checks that the result has the merged values.

use sops_document::{Document, Format};
use zeroize::Zeroizing;

use super::edits::edited;
use super::outline::{Container, content_hash, outline};
use super::three_way::{Base, Choice, three_way};
use super::writing::write;
use super::{Conflict, ConflictKind, SideName};
use crate::error::Result;
use crate::metadata_entry::{is_encrypted, parse_document};

/// The common ancestor of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ancestor<T> {
    /// The ancestor; `None` if both sides added the file.
    Known(Option<T>),
    /// The ancestor cannot be read, so every difference between the sides is a conflict.
    Unknown,
}

/// The plaintexts of a merge.
#[derive(Clone, Copy)]
pub(super) struct Plaintexts<'t> {
    pub(super) base: Ancestor<&'t [u8]>,
    pub(super) ours: &'t [u8],
    pub(super) theirs: &'t [u8],
}

/// A merged plaintext, in which conflicts are resolved as chosen.
pub(super) struct MergedText {
    pub(super) text: Zeroizing<Vec<u8>>,
    pub(super) conflicts: Vec<Conflict>,
}

/// Merges plaintexts by key path. A file in the binary format is one value.
///
/// # Errors
/// The errors of [`Document::parse`].
pub(super) fn merge_plaintexts(
    texts: Plaintexts<'_>,
    format: Format,
    choice: &Choice<'_>,
) -> Result<MergedText> {
    if format == Format::Binary {
        return Ok(merge_binary(texts, choice));
    }
    let base = match texts.base {
        Ancestor::Known(Some(text)) => parse_document(text, format).ok(),
        _ => None,
    };
    let ancestor = base.as_ref().map(outline);
    let base = match (&ancestor, texts.base) {
        (Some(base), _) => Base::Known(Some(base)),
        (None, Ancestor::Known(None)) => Base::Known(None),
        _ => Base::Unknown,
    };
    let ours = parse_document(texts.ours, format)?;
    let theirs = parse_document(texts.theirs, format)?;
    Ok(merge_documents(base, &ours, &theirs, choice))
}

fn merge_documents<'t>(
    base: Base<&Container<'t>>,
    ours: &Document<'t>,
    theirs: &Document<'t>,
    choice: &Choice<'_>,
) -> MergedText {
    let (in_ours, in_theirs) = (outline(ours), outline(theirs));
    let merged = three_way(base, &in_ours, &in_theirs, choice);
    let newline = match ours.text().find('\n') {
        Some(at) if ours.text()[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    };
    let hash = merged.documents.hash();
    let is_merged = |text: &Zeroizing<Vec<u8>>| {
        parse_document(&**text, ours.format())
            .is_ok_and(|document| !is_encrypted(&document) && content_hash(&document) == hash)
    };
    let joined = || {
        let mut text = write(&merged.documents, ours.format(), newline);
        Some(Zeroizing::new(std::mem::take(&mut *text).into_bytes())).filter(is_merged)
    };
    let edited = |choice: Option<SideName>| {
        let (documents, format) = (&merged.documents, ours.format());
        edited(documents, &in_ours, &in_theirs, format, newline, choice).filter(is_merged)
    };
    let text = match merged.has_mixed_styles {
        true => edited(None).or_else(joined),
        false => joined().or_else(|| edited(None)),
    };
    let mut conflicts = merged.conflicts;
    if let Some(text) = text {
        return MergedText { text, conflicts };
    }
    // The values of both sides in the text of one, which lacks comments of the other.
    let comments = Conflict {
        document: 0,
        path: None,
        kind: ConflictKind::Comment,
    };
    match edited(Some(choice(&comments))) {
        Some(text) => {
            conflicts.push(comments);
            MergedText { text, conflicts }
        }
        None => undivided(ours.text().as_bytes(), theirs.text().as_bytes(), choice),
    }
}

/// The whole text as one conflict.
fn undivided(ours: &[u8], theirs: &[u8], choice: &Choice<'_>) -> MergedText {
    let conflict = Conflict {
        document: 0,
        path: None,
        kind: ConflictKind::Value,
    };
    let text = match choice(&conflict) {
        SideName::Ours => ours,
        SideName::Theirs => theirs,
    };
    MergedText {
        text: Zeroizing::new(text.to_vec()),
        conflicts: vec![conflict],
    }
}

fn merge_binary(texts: Plaintexts<'_>, choice: &Choice<'_>) -> MergedText {
    let Plaintexts { base, ours, theirs } = texts;
    let clean = |text: &[u8]| MergedText {
        text: Zeroizing::new(text.to_vec()),
        conflicts: Vec::new(),
    };
    if ours == theirs || base == Ancestor::Known(Some(theirs)) {
        clean(ours)
    } else if base == Ancestor::Known(Some(ours)) {
        clean(theirs)
    } else {
        undivided(ours, theirs, choice)
    }
}
