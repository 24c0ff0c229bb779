//! Ciphertext to plaintext: the parts of a document are decrypted on several threads if that pays
//! off, and hashed and joined in order on one.

use sops_document::{Document, Type};
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::metadata::Metadata;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::comment_decrypt::{self, CommentOpener};
use crate::pipeline::encrypted_parts::{EncryptedPart, parts};
use crate::pipeline::flow_tops;
use crate::pipeline::parallel::{in_order, threads};
use crate::pipeline::plaintext_writer::{FormCheck, Opener, Purpose, WriteOptions, write_part};
use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::{SourceForm, SourceForms};
use crate::pipeline::written_plaintext::WrittenPlaintext;

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
    cache: Option<&mut CiphertextCache<'a>>,
) -> Result<Decrypted> {
    /// The least number of items in a part. It is small, so that few parts wait in memory and all
    /// threads end at about the same time.
    const ITEMS: usize = 1_024;
    decrypt_in_parts(document, metadata, key, options, cache, ITEMS)
}

/// Decrypts in parts of at least `items` items of the tape.
fn decrypt_in_parts<'a>(
    document: &Document<'a>,
    metadata: &Metadata,
    key: &DataKey,
    options: DecryptOptions,
    mut cache: Option<&mut CiphertextCache<'a>>,
    items: usize,
) -> Result<Decrypted> {
    let DecryptOptions { check, purpose } = options;
    let selection = Selection::of(document, metadata.rule.as_ref())?;
    let mut cipher = Cipher::new(key);
    let stored_mac = stored_mac(metadata, &mut cipher, check)?;
    let source_forms = stored_mac
        .as_deref()
        .and_then(|mac| source_forms(metadata, &mut cipher, mac))
        .unwrap_or_default();
    let comments = comment_decrypt::selected(document, &selection);
    let mut changes =
        document.remove_reserved(source_forms.no_final_newline, &source_forms.empty_documents);
    let (mut unopened_comments, mut of_parts) = (0, &comments[..]);
    if !document.has_separate_comments() {
        let mut opener = CommentOpener::new(document, cache.is_some());
        let opened = opener.open(std::mem::take(&mut of_parts), &mut cipher)?;
        unopened_comments = opened.unopened;
        changes.splice(0..0, document.replace_comments(opened.texts));
        if let Some(cache) = &mut cache {
            cache.extend(opened.ciphertexts);
        }
    }
    changes.sort_by_key(|(range, _)| range.start);

    let write = |nodes: &[SourceForm], check, mut cache: Option<&mut CiphertextCache<'a>>| {
        let parts = parts(document, &selection, nodes, of_parts, &changes, items);
        let options = WriteOptions {
            purpose,
            check,
            mac_only_encrypted: metadata.mac_only_encrypted,
            keeps_ciphertexts: cache.is_some(),
        };
        let openers = (0..threads(document.tape().len()))
            .map(|_| Opener::new(Cipher::new(key)))
            .collect();
        let work =
            |opener: &mut Opener, part: &EncryptedPart<'_, 'a>| write_part(part, options, opener);
        in_order(openers, &parts, work, |written| {
            let mut plaintext = WrittenPlaintext::new(options);
            for part in written {
                plaintext.add(part?, cache.as_deref_mut());
            }
            Ok::<_, Error>(plaintext)
        })
    };
    let nodes = &source_forms.nodes[..];
    let form_check = FormCheck::of(nodes, document.format());
    let mut written = write(nodes, form_check, cache)?;
    unopened_comments += written.unopened_comments;
    if check == MacCheck::Require && stored_mac != Some(written.mac()) {
        return Err(Error::MacMismatch);
    }
    // The source forms are used only if they still have the decrypted values.
    let mut text = written.take_text();
    let mut is_same = written.has_the_values(&text, document.format());
    if !is_same && form_check == FormCheck::Each {
        written = write(nodes, FormCheck::Whole, None)?;
        text = written.take_text();
        is_same = written.has_the_values(&text, document.format());
    }
    if !is_same {
        text = write(&[], FormCheck::Each, None)?.take_text();
    }
    let text = flow_tops::restore(text, &source_forms.flow_tops);
    Ok(Decrypted {
        plaintext: into_bytes(text),
        unopened_comments,
    })
}

/// The bytes of `text`, without a copy.
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
    match cipher.decrypt(metadata.mac.as_bytes(), metadata.last_modified.as_bytes()) {
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
        let (_, plaintext) = cipher.decrypt(text.as_bytes(), &additional_data).ok()?;
        serde_json::from_slice(plaintext).ok()
    })
}

#[cfg(test)]
mod tests {
    use sops_document::Format;

    use super::*;
    use crate::keys::{Identities, age::generate_x25519};
    use crate::metadata_entry;
    use crate::{EncryptedDocument, Encryption, encrypt};

    /// Decrypts `text` in parts of at least this many items. Returns the plaintext and the number
    /// of parts.
    fn decrypted(text: &str, format: Format, key: &DataKey, items: usize) -> (String, usize) {
        let document = metadata_entry::parse_document(text, format).expect("the text is valid");
        let encrypted = EncryptedDocument::parse(text, format).expect("the text is encrypted");
        let metadata = encrypted.metadata();
        let options = DecryptOptions {
            check: MacCheck::Require,
            purpose: Purpose::File,
        };
        let mut cache = CiphertextCache::default();
        let decrypted =
            decrypt_in_parts(&document, metadata, key, options, Some(&mut cache), items);
        let plaintext = decrypted.unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(plaintext.unopened_comments, 0, "{text}");
        let selection =
            Selection::of(&document, metadata.rule.as_ref()).expect("the rule is valid");
        let comments = comment_decrypt::selected(&document, &selection);
        let count = parts(&document, &selection, &[], &comments, &[], items).len();
        let plaintext = String::from_utf8(plaintext.plaintext.to_vec());
        (plaintext.expect("the plaintext is text"), count)
    }

    #[test]
    fn the_plaintext_does_not_depend_on_the_parts() {
        let pair = generate_x25519();
        let identities = Identities::from(pair.identity);
        let encryption = Encryption::to([pair.recipient]);
        let yaml = "\
# top
a: 1 # of a
b: # of b
  c: 0x1F
  # above d
  d: 'x' # of d
  e: [f, \"g\", h,  i]   # of e
  j: {k: l, m: 1.50, n: [o, {p: q}]}
r:
- s
# above t
- t # of t
- - u
  - v
  # below v
- w: &x y
  z: >
    folded text
    on two lines

    and more
# left
- *x
- []
- {}
- [&aa bb, *aa, ~, '']
cc: &dd {ee: ff, gg: hh}
ii: *dd
jj:
  kk: plain
    on two lines
  ll: |+
    text

  mm:
nn: !!str 5
oo_unencrypted: plain
pp: last # of the last
# end
";
        let texts = [
            (Format::Yaml, yaml),
            (
                Format::Yaml,
                "a: [b, c, d]\n---\n# e\ne:\n- f # g\n- h\n---\ni: j",
            ),
            (Format::Yaml, "{a: b, c: [d, e],\n f: g}\n"),
            (
                Format::Json,
                "{\"a\": [1, \"b\", {\"c\": null}], \"d\": 1.0, \"e\": [[], {}]}\n",
            ),
            (Format::Dotenv, "A=1\n# b\nC=d e\n#f\nG=\nH=i\n"),
            (
                Format::Ini,
                "; a\nb = c ; d\ne = f\n\n; g\n; h\n[i] ; j\nk = l\n; m\nn = o ; p\n",
            ),
        ];
        for (format, text) in texts {
            let encrypted = encrypt(text, format, &encryption)
                .unwrap_or_else(|error| panic!("{error}: {text}"));
            let document = EncryptedDocument::parse(&encrypted, format)
                .unwrap_or_else(|error| panic!("{error}: {text}"));
            let key = document
                .data_key(&identities)
                .expect("the document is for this key");
            let (whole, one) = decrypted(&encrypted, format, &key, usize::MAX);
            assert_eq!((whole.as_str(), one), (text, 1));
            let mut most = 0;
            for items in 1..30 {
                let (plaintext, parts) = decrypted(&encrypted, format, &key, items);
                assert_eq!(plaintext, text, "{items}");
                most = most.max(parts);
            }
            assert!(most > 2, "{text}");
        }
    }
}
