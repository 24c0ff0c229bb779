//! Merges encrypted files without a key: equal ciphertexts are equal values. The MAC cannot be
//! computed, so the result always has markers around the metadata.

use sops_document::{Document, Format, Item};

use super::markers::{Markers, with_markers};
use super::plaintext::{Ancestor, Plaintexts, merge_plaintexts};
use super::problem::SideName;
use super::side::{VersionKind, Versions, has_same_data_key};
use crate::encrypted_document::EncryptedDocument;
use crate::error::Result;
use crate::metadata::Metadata;
use crate::metadata_entry::{self, parse_document};

/// The merged file; `None` if the sides do not certainly have the same data key, or the file cannot
/// be read.
pub(super) fn merge(
    versions: &Versions<'_>,
    ours: &EncryptedDocument<'_>,
    theirs: &EncryptedDocument<'_>,
    markers: &Markers,
) -> Option<Vec<u8>> {
    if !has_same_data_key(ours.metadata(), theirs.metadata()) {
        return None;
    }
    let base = versions
        .ancestor()
        .map(|base| VersionKind::of(base, versions.format));
    let base = match &base {
        None => Ancestor::Known(None),
        Some(VersionKind::Encrypted(base))
            if has_same_data_key(ours.metadata(), base.metadata()) =>
        {
            Ancestor::Known(Some(&**base))
        }
        Some(_) => Ancestor::Unknown,
    };
    merge_documents(base, ours, theirs, versions.format, markers).ok()
}

fn merge_documents(
    base: Ancestor<&EncryptedDocument<'_>>,
    ours: &EncryptedDocument<'_>,
    theirs: &EncryptedDocument<'_>,
    format: Format,
    markers: &Markers,
) -> Result<Vec<u8>> {
    let format = match format {
        Format::Binary => Format::Json,
        format => format,
    };
    let (of_ours, of_theirs) = (ours.without_metadata(), theirs.without_metadata());
    let of_base = match base {
        Ancestor::Known(Some(base)) => Some(base.without_metadata()),
        _ => None,
    };
    let texts = Plaintexts {
        base: match (base, &of_base) {
            (Ancestor::Unknown, _) => Ancestor::Unknown,
            (_, base) => Ancestor::Known(base.as_ref().map(|base| base.as_bytes())),
        },
        ours: of_ours.as_bytes(),
        theirs: of_theirs.as_bytes(),
    };
    let merged = |side: SideName, from: &EncryptedDocument<'_>| -> Result<String> {
        let merged = merge_plaintexts(texts, format, &|_| side)?;
        let document = parse_document(&*merged.text, format)?;
        Ok(with_metadata(
            &document,
            from.metadata(),
            ours.metadata_step(),
        ))
    };
    let in_ours = merged(SideName::Ours, ours)?;
    let in_theirs = merged(SideName::Theirs, theirs)?;
    let text = with_markers(in_ours.as_bytes(), in_theirs.as_bytes(), markers);
    Ok(text.to_vec())
}

/// The text of a document with metadata added to it.
fn with_metadata(document: &Document<'_>, metadata: &Metadata, step: usize) -> String {
    let tree = metadata.to_tree();
    let mut source_forms = &metadata.source_forms[..];
    let (mut out, mut done) = (String::new(), 0);
    for (index, item) in document.tape().iter().enumerate() {
        if let Item::Document { .. } = item {
            let offset = document.reserved_offset(index);
            out.push_str(&document.text()[done..offset]);
            done = offset;
            let value = metadata_entry::value(document, &tree, source_forms);
            document.insert_reserved(index, &value, step, &mut out);
            source_forms = &[];
        }
    }
    out.push_str(&document.text()[done..]);
    out
}
