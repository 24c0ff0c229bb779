//! Encrypts and decrypts binary files: one value, copied in memory as rarely as possible.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use sops_document::binary::{self, DATA_KEY};
use sops_document::tree::{Entry, Node};
use sops_document::{Document, Format, Leaf, ROOT, Splices, Type, Value};
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::mac::Mac;
use crate::metadata::{METADATA_KEY, Metadata};
use crate::metadata_entry;
use crate::pipeline::decrypt_values::{MacCheck, stored_mac};
use crate::pipeline::encrypt_values::authenticate;
use crate::pipeline::source_forms::SourceForms;

/// With base64 and metadata, a larger file would exceed the size of a readable document.
const MAX_LENGTH: usize = (u32::MAX as usize - (1 << 20)) / 4 * 3;

/// The maximum size of the text around the base64 of the value and of the metadata.
const AROUND: usize = 1 << 10;

/// Encrypts bytes as a new file. `metadata` already has its keys and time, and is given its MAC.
pub(crate) fn encrypt(
    plaintext: &[u8],
    metadata: &mut Metadata,
    key: &DataKey,
    indent: Option<u8>,
) -> Result<String> {
    let mut cipher = authenticated(plaintext, metadata, key)?;
    let (before, after) = envelope(&metadata.to_tree(), indent)?;
    let length = before.len() + encrypted_length(plaintext) + after.len();
    let mut out = String::with_capacity(length);
    out.push_str(&before);
    cipher.encrypt(Type::Str, plaintext, ADDITIONAL_DATA, &mut out);
    out.push_str(&after);
    Ok(out)
}

/// Replaces the bytes and the metadata of an encrypted file. If the bytes are the `same`, they keep
/// their ciphertext.
pub(crate) fn replace(
    document: &Document<'_>,
    plaintext: &[u8],
    same: bool,
    metadata: &mut Metadata,
    key: &DataKey,
) -> Result<String> {
    let mut cipher = authenticated(plaintext, metadata, key)?;
    let leaf = data(document)?;
    let value = metadata_entry::value(document, &metadata.to_tree(), &[]);
    let rest = document.text().len() - leaf.span.range().len();
    let capacity = rest + encrypted_length(plaintext) + AROUND;
    let mut edits = Splices::new(document.text(), capacity);
    let mut blocks = document.reserved_entries().iter().peekable();
    while let Some(site) = blocks.next_if(|site| site.value.end <= leaf.span.range().start) {
        document.replace_reserved(site, &value, &mut edits);
    }
    if !same {
        let out = edits.replace(leaf.span.range());
        out.push('"');
        cipher.encrypt(Type::Str, plaintext, ADDITIONAL_DATA, out);
        out.push('"');
    }
    for site in blocks {
        document.replace_reserved(site, &value, &mut edits);
    }
    Ok(edits.finish())
}

/// Decrypts a file.
pub(crate) fn decrypt(
    document: &Document<'_>,
    metadata: &Metadata,
    key: &DataKey,
    check: MacCheck,
) -> Result<Zeroizing<Vec<u8>>> {
    let leaf = data(document)?;
    let mut cipher = Cipher::new(key);
    let stored_mac = stored_mac(metadata, &mut cipher, check)?;
    let problem = |message: &str| Error::Value {
        path: document.paths().display(leaf.path),
        location: Some(document.location(leaf.span)),
        message: message.to_owned(),
    };
    let value = leaf.value.as_ref().filter(|value| value.kind == Type::Str);
    let ciphertext = value.and_then(|value| str::from_utf8(&value.bytes).ok());
    let ciphertext = ciphertext.ok_or_else(|| problem("this is not an encrypted value"))?;
    let plaintext = if ciphertext.is_empty() {
        Zeroizing::default()
    } else {
        match cipher
            .decrypt(ciphertext.as_bytes(), ADDITIONAL_DATA)
            .map_err(problem)?
        {
            (Type::Str | Type::Bytes, _) => cipher.into_plaintext(),
            _ => return Err(problem("the `type` of a binary file's value must be `str`")),
        }
    };
    let mut mac = Mac::new(metadata.mac_only_encrypted);
    mac.add(&plaintext, true);
    if check == MacCheck::Require && stored_mac.as_deref() != Some(&mac.finish()) {
        return Err(Error::MacMismatch);
    }
    Ok(plaintext)
}

/// The additional data of the value.
const ADDITIONAL_DATA: &[u8] = b"data:";

fn encrypted_length(plaintext: &[u8]) -> usize {
    plaintext.len().div_ceil(3) * 4 + AROUND
}

/// Gives the metadata its MAC.
fn authenticated(plaintext: &[u8], metadata: &mut Metadata, key: &DataKey) -> Result<Cipher> {
    if plaintext.len() > MAX_LENGTH {
        return Err(sops_document::Error::Limit {
            location: None,
            message: "the file is 3 GiB or larger, which is too large for the binary format"
                .to_owned(),
        }
        .into());
    }
    let mut mac = Mac::new(metadata.mac_only_encrypted);
    mac.add(plaintext, true);
    authenticate(metadata, key, &mac.finish(), &SourceForms::default())?;
    Ok(Cipher::new(key))
}

/// Whether the bytes begin like an encrypted binary file with its value first, which is how this
/// library and SOPS write it.
pub(crate) fn begins_as_envelope(bytes: &[u8]) -> bool {
    in_envelope(bytes).is_some()
}

/// Whether the bytes are an encrypted binary file with its value first. Such a file may be too long
/// to parse it just for this check.
pub(crate) fn is_envelope(bytes: &[u8]) -> bool {
    let rest = in_envelope(bytes).and_then(|value| {
        let end = value.iter().position(|byte| *byte == b'"')?;
        let rest = value[end + 1..].trim_ascii_start().strip_prefix(b",")?;
        str::from_utf8(rest).ok()
    });
    rest.is_some_and(|rest| {
        let others = format!("{{{rest}");
        let document = metadata_entry::parse_document(&others, Format::Json);
        document.is_ok_and(|document| {
            let mut tops = document.tops().flatten();
            metadata_entry::is_encrypted(&document)
                && tops.all(|top| top.entries().next().is_none())
        })
    })
}

/// The text after the start of the value, in an encrypted binary file with its value first.
fn in_envelope(bytes: &[u8]) -> Option<&[u8]> {
    let parts = [&b"{"[..], b"\"data\"", b":", b"\"ENC[AES256_GCM,data:"];
    let mut parts = parts.iter();
    parts.try_fold(bytes, |rest, part| {
        rest.trim_ascii_start().strip_prefix(*part)
    })
}

/// The text before and after the value of a new encrypted file, as SOPS writes it.
fn envelope(tree: &Map<String, Json>, indent: Option<u8>) -> Result<(String, String)> {
    let entry = |key: &str, value| Entry {
        key: key.to_owned(),
        value,
    };
    let empty = Node::Scalar(Some(Value::string(Cow::Borrowed(""))));
    let file = Node::Mapping(vec![
        entry(DATA_KEY, empty),
        entry(METADATA_KEY, Node::from_json(&Json::Object(tree.clone()))),
    ]);
    let text = file.to_json(indent)?;
    let value = text.find("\"\"").map_or(0, |quotes| quotes + 1);
    let rest = text[value..].to_owned();
    Ok((text[..value].to_owned(), rest))
}

fn data<'d, 'a>(document: &'d Document<'a>) -> Result<&'d Leaf<'a>> {
    binary::data(document).ok_or_else(|| {
        let other = document.children(0).flat_map(|top| document.children(top));
        let path = other
            .filter_map(|node| document.node_path(node))
            .find(|path| document.paths().key(*path) != DATA_KEY);
        sops_document::Error::Unwritable {
            path: document.paths().display(path.unwrap_or(ROOT)),
            message: "an encrypted binary file has only the key `data`; this file has a different format; specify it"
                .to_owned(),
        }
        .into()
    })
}
