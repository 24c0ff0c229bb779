//! Plaintext to ciphertext: one pass over the leaves for the MAC, one that writes, both at the same time where that pays.

use std::panic::resume_unwind;
use std::thread;

use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::metadata::{Metadata, leave_out_spellings};
use crate::metadata_entry;
use crate::pipeline::comments;
use crate::pipeline::in_order::{in_order, threads};
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::sink::Sink;
use crate::pipeline::spellings::Spellings;
use crate::pipeline::survey::survey;
use crate::pipeline::write::{Part, Writer, parts};
use crate::rules::EncryptionRule;
use sops_document::{Document, Item};
use sops_document::{Type, Value};

/// Encrypts the leaves that are selected. `metadata` has its keys and time already and is given its MAC; in lines of
/// YAML, its levels are indented by `step` columns. Only a rule that looks at comments can still fail once `out` has been given
/// something.
pub(crate) fn encrypt(
    document: &mut Document<'_>,
    mut selection: Selected,
    metadata: &mut Metadata,
    key: &DataKey,
    reuse: &mut Reuse<'_>,
    step: usize,
    out: &mut dyn Sink,
) -> Result<()> {
    document.check_for_go(|index| selection.contains(index))?;
    comments::settle(document, &mut selection, metadata.rule.as_ref())?;
    let document = &*document;
    let mac_only_encrypted = metadata.mac_only_encrypted;
    let survey = || survey(document, &selection, mac_only_encrypted);
    let parts = parts(document, &selection);
    let new_writer = |reuse| Writer::new(document, &selection, Cipher::new(key), reuse);
    let writers: Vec<_> = match threads(document.tape().len()) {
        // Former ciphertexts are given out in order, which only one writer can do.
        _ if !reuse.is_empty() => vec![new_writer(Some(reuse))],
        threads => (0..threads).map(|_| new_writer(None)).collect(),
    };
    thread::scope(|scope| {
        let surveying = (writers.len() > 1).then(|| scope.spawn(survey));
        let surveyed = || match surveying {
            Some(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            None => survey(),
        };
        in_order(writers, &parts, Writer::write, |texts| {
            let block = || {
                let (mac, spellings) = surveyed();
                authenticate(metadata, key, &mac, &spellings)?;
                Ok(metadata.to_tree())
            };
            join(document, &parts, texts, step, block, out)
        })
    })
}

/// Puts the texts of the parts together, with the `sops` block where it belongs. What it holds is asked for once.
fn join(
    document: &Document<'_>,
    parts: &[Part<'_, '_>],
    texts: impl Iterator<Item = Result<String>>,
    step: usize,
    block: impl FnOnce() -> Result<Map<String, Json>>,
    out: &mut dyn Sink,
) -> Result<()> {
    /// A few recipients.
    const BLOCK: usize = 2_048;
    let capacity = parts.iter().map(|part| part.capacity(document));
    out.reserve(capacity.sum::<usize>() + BLOCK);
    let (mut block, mut tree) = (Some(block), None);
    for (part, text) in parts.iter().zip(texts) {
        out.push(&text?)?;
        let Some(index) = part.block else { continue };
        if let Some(block) = block.take() {
            tree = Some(block()?);
        }
        if let Some(tree) = &mut tree {
            let mut lines = String::new();
            let value = metadata_entry::value(document, tree);
            document.insert_reserved(index, &value, step, &mut lines);
            out.push(&lines)?;
            leave_out_spellings(tree);
        }
    }
    Ok(())
}

/// Puts MAC and spellings into the metadata, encrypted.
pub(super) fn authenticate(
    metadata: &mut Metadata,
    key: &DataKey,
    mac: &str,
    spellings: &Spellings,
) -> Result<()> {
    let mut cipher = Cipher::new(key);
    metadata.mac.clear();
    cipher.encrypt(
        Type::Str,
        mac.as_bytes(),
        metadata.last_modified.as_bytes(),
        &mut metadata.mac,
    );
    metadata.spellings = None;
    if !spellings.is_empty() {
        let text = serde_json::to_vec(spellings).map_err(|error| Error::Metadata {
            location: None,
            path: None,
            message: error.to_string(),
        })?;
        let text = Zeroizing::new(text);
        let out = metadata.spellings.insert(String::new());
        cipher.encrypt(Type::Str, &text, &Spellings::additional_data(mac), out);
    }
    Ok(())
}

/// Whether a leaf is encrypted for real: nothing is left to encrypt in null and in the empty string.
pub(crate) fn is_encryptable(value: Option<&Value<'_>>) -> bool {
    value.is_some_and(|value| !value.bytes.is_empty())
}

/// Refuses a document that has values of which the rule selects none: all of it would stay in plaintext.
///
/// # Errors
/// [`Error::NothingSelected`] with the rule and the document's top-level keys.
pub(crate) fn require_selection(
    document: &Document<'_>,
    selection: &Selected,
    rule: &EncryptionRule,
) -> Result<()> {
    let mut values = false;
    for (index, item) in document.tape().iter().enumerate() {
        if let Item::Leaf(leaf) = item
            && is_encryptable(leaf.value.as_ref())
        {
            if selection.contains(index) {
                return Ok(());
            }
            values = true;
        }
    }
    if !values {
        return Ok(());
    }
    let mut keys: Vec<&str> = document
        .paths()
        .ids()
        .skip(1)
        .map(|id| document.paths().key(id).as_ref())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let more = keys.len().saturating_sub(20);
    keys.truncate(20);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Err(Error::NothingSelected {
        message: format!(
            "the rule `{rule}` selects none of the document's values, so all of them would stay in plaintext; its keys are {}{more}",
            keys.join(", ")
        ),
    })
}
