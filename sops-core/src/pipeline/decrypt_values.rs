//! Ciphertext to plaintext: values are decrypted on several threads if that pays, and read in order
//! on one.

use sops_document::{Document, Type};
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::mac::Mac;
use crate::metadata::Metadata;
use crate::pipeline::batch_decrypt::{Opener, batches};
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::comment_edits;
use crate::pipeline::flow_tops;
use crate::pipeline::parallel::{in_order, threads};
use crate::pipeline::plaintext_writer::{FormCheck, PlaintextWriter, Purpose, WrittenPlaintext};
use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::{SourceForm, SourceForms};

/// Whether the MAC must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacCheck {
    /// The MAC must match, as in `sops`.
    Require,
    /// The MAC is not checked: `--ignore-mac`, for a file after a merge.
    Ignore,
}

/// The result of decrypting a file.
#[non_exhaustive]
pub struct Decrypted {
    /// The plaintext; UTF-8 in all formats except binary.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// How many comments look encrypted, or should be, but could not be decrypted. They are in the
    /// plaintext unchanged.
    pub unopened_comments: usize,
}

/// How a file is decrypted.
#[derive(Clone, Copy)]
pub(crate) struct DecryptOptions {
    pub(crate) check: MacCheck,
    pub(crate) purpose: Purpose,
}

/// Decrypts what the metadata's rule selects.
pub(crate) fn decrypt_values<'a>(
    document: &Document<'a>,
    metadata: &Metadata,
    key: &DataKey,
    options: DecryptOptions,
    mut cache: Option<&mut CiphertextCache<'a>>,
) -> Result<Decrypted> {
    let DecryptOptions { check, purpose } = options;
    let selection = Selection::of(document, metadata.rule.as_ref())?;
    let mut cipher = Cipher::new(key);
    let stored_mac = stored_mac(metadata, &mut cipher, check)?;
    let source_forms = stored_mac
        .as_deref()
        .and_then(|mac| source_forms(metadata, &mut cipher, mac))
        .unwrap_or_default();
    let (changes, unopened_comments) = comment_edits::changes(
        document,
        &selection,
        key,
        cache.as_deref_mut(),
        &source_forms,
    )?;

    let write = |nodes: &[SourceForm], check, cache| {
        let batches = batches(document);
        let openers = (0..threads(document.tape().len()))
            .map(|_| Opener::new(document, &selection, Cipher::new(key)))
            .collect();
        in_order(openers, &batches, Opener::open, |opened| {
            let mac = Mac::new(metadata.mac_only_encrypted);
            let mut writer = PlaintextWriter::new(document, &selection, mac, nodes, &changes)
                .with_purpose(purpose)
                .with_check(check)
                .with_cache(cache);
            for (items, batch) in batches.iter().zip(opened) {
                writer.read(items.clone(), &batch)?;
            }
            Ok::<_, Error>(writer.finish())
        })
    };
    let nodes = &source_forms.nodes[..];
    let form_check = FormCheck::of(nodes, document.format());
    let mut written = write(nodes, form_check, cache)?;
    if check == MacCheck::Require && stored_mac.as_deref() != Some(&written.mac) {
        return Err(Error::MacMismatch);
    }
    // The source forms are used only if they still have the decrypted values.
    let has_values = |written: &WrittenPlaintext| written.has_the_values(document.format());
    let mut is_same = has_values(&written);
    if !is_same && form_check == FormCheck::Each {
        written = write(nodes, FormCheck::Whole, None)?;
        is_same = has_values(&written);
    }
    if !is_same {
        written = write(&[], FormCheck::Each, None)?;
    }
    let text = written.text;
    let text = flow_tops::restore(text, &source_forms.flow_tops);
    Ok(Decrypted {
        plaintext: into_bytes(text),
        unopened_comments,
    })
}

/// The bytes of a text, without a copy.
fn into_bytes(mut text: Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::mem::take(&mut *text).into_bytes())
}

/// The MAC in the file; `None` only if it is not required.
pub(super) fn stored_mac(
    metadata: &Metadata,
    cipher: &mut Cipher,
    check: MacCheck,
) -> Result<Option<String>> {
    if metadata.mac.is_empty() && check == MacCheck::Require {
        return Err(Error::MacMissing { location: None });
    }
    match cipher.decrypt(&metadata.mac, metadata.last_modified.as_bytes()) {
        Ok((Type::Str, mac)) => Ok(Some(String::from_utf8_lossy(mac).into_owned())),
        // The type is not authenticated, and SOPS compares the MAC with a string.
        _ if check == MacCheck::Ignore => Ok(None),
        _ => Err(Error::MacUnreadable { location: None }),
    }
}

/// The stored source forms, if there are any and they belong to this file's MAC. Another program
/// that writes the file drops them or leaves outdated ones.
fn source_forms(metadata: &Metadata, cipher: &mut Cipher, mac: &str) -> Option<SourceForms> {
    let additional_data = SourceForms::additional_data(mac);
    metadata.source_forms.iter().find_map(|text| {
        let (_, plaintext) = cipher.decrypt(text, &additional_data).ok()?;
        serde_json::from_slice(plaintext).ok()
    })
}
