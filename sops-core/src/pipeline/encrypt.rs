//! Plaintext to ciphertext: one pass over the leaves for the MAC, one that writes.

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::document::place::{self, Around, Place, Spelled};
use crate::document::{Document, Edits, Item, Leaf, block};
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::mac::Mac;
use crate::metadata::Metadata;
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::spellings::{Address, Node, Spellings};
use crate::pipeline::{Containers, alias};
use crate::rules::EncryptionRule;
use crate::value::{Type, Value};

/// Encrypts the leaves that the metadata's rule selects. `metadata` has its keys and time already and is given its MAC.
pub(crate) fn encrypt(
    document: &Document<'_>,
    metadata: &mut Metadata,
    key: &DataKey,
    reuse: &mut Reuse<'_>,
) -> Result<String> {
    let selection = Selected::of(document, metadata.rule.as_ref())?;
    let mut cipher = Cipher::new(key);

    let (mac, spellings) = survey(document, &selection, metadata.mac_only_encrypted);
    metadata.mac.clear();
    cipher.encrypt(
        Type::Str,
        mac.as_bytes(),
        metadata.last_modified.as_bytes(),
        &mut metadata.mac,
    );
    metadata.spellings = None;
    if !spellings.is_empty() {
        let text =
            Zeroizing::new(
                serde_json::to_vec(&spellings).map_err(|error| Error::Metadata {
                    message: error.to_string(),
                })?,
            );
        let out = metadata.spellings.insert(String::new());
        cipher.encrypt(Type::Str, &text, &Spellings::additional_data(&mac), out);
    }
    Writer {
        document,
        selection: &selection,
        cipher,
        reuse,
        additional_data: Vec::new(),
        scratch: Zeroizing::default(),
    }
    .write(metadata)
}

/// Whether a leaf is encrypted for real: nothing is left to encrypt in null and in the empty string.
pub(crate) fn is_encryptable(value: Option<&Value<'_>>) -> bool {
    value.is_some_and(|value| !value.bytes.is_empty())
}

/// The document's MAC, and the spellings that would not come back by themselves.
fn survey(
    document: &Document<'_>,
    selection: &Selected,
    mac_only_encrypted: bool,
) -> (String, Spellings) {
    let mut mac = Mac::new(mac_only_encrypted);
    let mut spellings = Spellings {
        nodes: Vec::new(),
        empty_documents: block::empty_documents(document),
        no_final_newline: block::lacks_final_newline(document),
    };
    let mut containers = Containers::new(document);
    let mut scratch = Zeroizing::new(String::new());
    let mut at = Address::default();
    // The outermost alias at work that is written out: its close, its source, and how many containers are open around it.
    let mut alias: Option<(usize, Option<&str>, usize)> = None;
    for (index, item) in document.tape.iter().enumerate() {
        containers.pass(item);
        if alias.is_some_and(|(close, ..)| close == index) {
            alias = None;
        }
        match item {
            Item::Alias { span, close, .. }
                if alias.is_none() && alias::is_written_out(document, selection, index) =>
            {
                alias = Some((
                    *close as usize,
                    Some(document.source(*span)),
                    containers.depth(),
                ));
            }
            Item::Leaf(leaf) => {
                let selected = selection.contains(index);
                if let Some(value) = &leaf.value {
                    mac.add(&value.bytes, selected);
                }
                let encrypted = selected && is_encryptable(leaf.value.as_ref());
                at.advance(encrypted);
                let kept = match &mut alias {
                    Some((_, source, depth)) => source
                        .take()
                        .map(|source| (containers.depth() - *depth, source)),
                    None if encrypted => {
                        unusual_spelling(document, leaf, &containers, &mut scratch)
                            .map(|text| (0, text))
                    }
                    None => None,
                };
                if let Some((up, text)) = kept {
                    spellings.nodes.push(Node {
                        at,
                        up,
                        text: text.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    (mac.finish(), spellings)
}

/// The source text of a leaf, unless it is what decryption will spell anyway.
fn unusual_spelling<'a>(
    document: &Document<'a>,
    leaf: &Leaf<'_>,
    containers: &Containers<'_, '_>,
    scratch: &mut String,
) -> Option<&'a str> {
    let value = leaf.value.as_ref()?;
    let place = Place::to_encrypt(document, leaf, containers.innermost());
    let plaintext = place::plaintext(&place, value, scratch);
    scratch.clear();
    let spelled = place.spell(plaintext, value, scratch);
    let source = place.source();
    (spelled != Spelled::InPlace || scratch != source).then_some(source)
}

struct Writer<'d, 'a, 'r> {
    document: &'d Document<'a>,
    selection: &'d Selected,
    cipher: Cipher,
    reuse: &'d mut Reuse<'r>,
    additional_data: Vec<u8>,
    scratch: Zeroizing<String>,
}

impl Writer<'_, '_, '_> {
    fn write(mut self, metadata: &Metadata) -> Result<String> {
        let document = self.document;
        let tree = metadata.to_tree();
        let mut sites = self.sites();
        // In the order of the text already but for comments, which SOPS may find before what they stand behind.
        sites.sort_by_key(|(at, _)| *at);
        let mut edits = Edits::new(
            document.text,
            document.text.len() + sites.len() * 128 + 1024,
        );
        let mut containers = Containers::new(document);
        let mut walked = 0;
        for (_, index) in sites {
            let index = index as usize;
            // A comment may lie behind or before the leaves around it; containers follow the leaves.
            if !matches!(document.tape[index], Item::Comment { .. }) {
                for item in document.tape.get(walked..=index).unwrap_or_default() {
                    containers.pass(item);
                }
                walked = walked.max(index + 1);
            }
            match &document.tape[index] {
                Item::Document { .. } => block::insert(document, index, &tree, &mut edits),
                Item::Leaf(leaf) => self.leaf(leaf, containers.innermost(), &mut edits),
                Item::Alias { span, close, .. } => {
                    let out = edits.replace(span.range());
                    alias::write(
                        document,
                        index + 1..*close as usize,
                        out,
                        |item, leaf, out| {
                            if self.selection.contains(item) {
                                self.value(leaf, None, out)
                            } else {
                                false
                            }
                        },
                    );
                    for item in &document.tape[walked..=*close as usize] {
                        containers.pass(item);
                    }
                    walked = *close as usize + 1;
                }
                Item::Comment { path, span } if span.range().start >= edits.done() => {
                    let text = &document.source(*span)[1..];
                    document
                        .paths
                        .additional_data(*path, &mut self.additional_data);
                    let out = edits.replace(span.range());
                    out.push('#');
                    let start = out.len();
                    self.encrypted(Type::Comment, text.as_bytes(), out);
                    self.selection.check_encrypted_comment(&out[start..])?;
                }
                _ => {}
            }
        }
        Ok(edits.finish())
    }

    /// Where the text changes: offset and tape index.
    fn sites(&self) -> Vec<(u32, u32)> {
        let mut sites = Vec::new();
        let mut index = 0;
        while let Some(item) = self.document.tape.get(index) {
            match item {
                Item::Document { .. } => {
                    sites.push((block::offset(self.document, index) as u32, index as u32))
                }
                Item::Leaf(leaf)
                    if self.selection.contains(index) && is_encryptable(leaf.value.as_ref()) =>
                {
                    sites.push((leaf.span.start, index as u32));
                }
                Item::Comment { span, .. }
                    if self.selection.contains(index) && span.range().len() > 1 =>
                {
                    sites.push((span.start, index as u32));
                }
                Item::Alias { span, close, .. } => {
                    let close = *close as usize;
                    if alias::is_written_out(self.document, self.selection, index) {
                        sites.push((span.start, index as u32));
                    }
                    index = close;
                }
                _ => {}
            }
            index += 1;
        }
        sites
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, around: Around, edits: &mut Edits<'_>) {
        let place = Place::to_encrypt(self.document, leaf, around);
        place.write_encrypted(edits.replace(place.range()), |out| {
            self.value(leaf, Some(&place), out);
        });
    }

    /// Writes a leaf's value encrypted; `false` if nothing of it can be.
    fn value(&mut self, leaf: &Leaf<'_>, place: Option<&Place<'_>>, out: &mut String) -> bool {
        let Some(value) = leaf.value.as_ref().filter(|value| !value.bytes.is_empty()) else {
            return false;
        };
        self.document
            .paths
            .additional_data(leaf.path, &mut self.additional_data);
        let mut scratch = std::mem::take(&mut self.scratch);
        let plaintext = match place {
            Some(place) => place::plaintext(place, value, &mut scratch),
            None => &value.bytes,
        };
        self.encrypted(value.kind, plaintext, out);
        self.scratch = scratch;
        true
    }

    fn encrypted(&mut self, kind: Type, plaintext: &[u8], out: &mut String) {
        match self.reuse.take(kind, &self.additional_data, plaintext) {
            Some(ciphertext) => out.push_str(ciphertext),
            None => self
                .cipher
                .encrypt(kind, plaintext, &self.additional_data, out),
        }
    }
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
