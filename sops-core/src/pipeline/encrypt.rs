//! Plaintext to ciphertext: one pass over the leaves for the MAC, one that writes, both at the same time where that pays.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::document::{Document, Item, block, yaml};
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::metadata::Metadata;
use crate::pipeline::alias;
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::spellings::Spellings;
use crate::pipeline::survey::survey;
use crate::pipeline::write::{Part, Writer, parts};
use crate::rules::EncryptionRule;
use crate::value::{Type, Value};

/// With fewer values a thread takes longer to start than it saves.
const VALUES_A_THREAD: usize = 4_000;

/// Encrypts the leaves that the metadata's rule selects. `metadata` has its keys and time already and is given its MAC.
pub(crate) fn encrypt(
    document: &Document<'_>,
    metadata: &mut Metadata,
    key: &DataKey,
    reuse: &mut Reuse<'_>,
) -> Result<String> {
    let selection = Selected::of(document, metadata.rule.as_ref())?;
    for (index, item) in document.written_items() {
        match item {
            Item::Leaf(leaf) if !selection.contains(index) => {
                yaml::foreign::refuse_unreadable(document, leaf)?;
            }
            _ => alias::check_comments(document, &selection, index)?,
        }
    }
    let mac_only_encrypted = metadata.mac_only_encrypted;
    // Former ciphertexts are given out in order, which only one writer can do.
    let writers = match document.tape.len() / VALUES_A_THREAD {
        0 => 0,
        _ if !reuse.is_empty() => 0,
        enough => thread::available_parallelism()
            .map_or(1, usize::from)
            .min(enough),
    };
    let most = if writers > 1 {
        document.tape.len() / writers
    } else {
        usize::MAX
    };
    let parts = parts(document, &selection, most);

    let ((mac, spellings), texts) = if writers > 1 {
        thread::scope(|scope| {
            let surveyed = scope.spawn(|| survey(document, &selection, mac_only_encrypted));
            let texts = write_at_once(document, &selection, key, &parts, writers);
            // The thread ends without a panic: nothing in it can.
            surveyed
                .join()
                .map(|surveyed| texts.map(|texts| (surveyed, texts)))
        })
        .map_err(|_| Error::Limit {
            location: None,
            message: "a thread ended early".into(),
        })??
    } else {
        let surveyed = survey(document, &selection, mac_only_encrypted);
        let mut writer = Writer::new(document, &selection, Cipher::new(key), reuse);
        let texts: Result<Vec<String>> =
            parts.iter().map(|part| writer.write(part, 1024)).collect();
        (surveyed, texts?)
    };
    authenticate(metadata, key, &mac, &spellings)?;

    let tree = metadata.to_tree();
    let mut parts = parts.iter();
    let mut texts = texts.into_iter();
    let mut out = texts.next().unwrap_or_default();
    if let Some(index) = parts.next().and_then(|part| part.block) {
        block::insert(document, index, &tree, &mut out);
    }
    for (part, text) in parts.zip(texts) {
        out.push_str(&text);
        if let Some(index) = part.block {
            block::insert(document, index, &tree, &mut out);
        }
    }
    Ok(out)
}

/// Writes the parts on several threads. The first text has room for all.
fn write_at_once(
    document: &Document<'_>,
    selection: &Selected,
    key: &DataKey,
    parts: &[Part],
    writers: usize,
) -> Result<Vec<String>> {
    let next = AtomicUsize::new(0);
    let texts: Vec<Mutex<Result<String>>> = parts
        .iter()
        .map(|_| Mutex::new(Ok(String::new())))
        .collect();
    let rest: usize = parts
        .iter()
        .skip(1)
        .map(|part| part.capacity(document) + 1024)
        .sum();
    thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                let mut reuse = Reuse::default();
                let mut writer = Writer::new(document, selection, Cipher::new(key), &mut reuse);
                while let Some((index, part)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    parts.get(index).map(|part| (index, part))
                } {
                    let text = writer.write(part, if index == 0 { rest + 1024 } else { 0 });
                    if let Ok(mut place) = texts[index].lock() {
                        *place = text;
                    }
                }
            });
        }
    });
    // A lock is poisoned by a panic only, which has reached the scope before.
    texts
        .into_iter()
        .map(|text| text.into_inner().unwrap_or_else(|text| text.into_inner()))
        .collect()
}

/// Puts MAC and spellings into the metadata, encrypted.
fn authenticate(
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
pub(crate) fn require_selection(document: &Document<'_>, rule: &EncryptionRule) -> Result<()> {
    let selection = Selected::of(document, Some(rule))?;
    let mut values = false;
    for (index, item) in document.tape.iter().enumerate() {
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
        .paths
        .ids()
        .skip(1)
        .map(|id| document.paths.key(id).as_ref())
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
