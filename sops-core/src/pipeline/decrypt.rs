//! Ciphertext to plaintext: one pass over the leaves that checks, hashes and writes.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::cipher::{self, Cipher};
use crate::document::place::{Place, Spelled};
use crate::document::{Collection, Document, Edits, Item, Leaf, PathId, Span, block, yaml};
use crate::error::{Error, Result};
use crate::golang;
use crate::keys::DataKey;
use crate::mac::Mac;
use crate::metadata::Metadata;
use crate::pipeline::Containers;
use crate::pipeline::content::Content;
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::spellings::{Address, Node, Spellings};
use crate::value::{Type, Value};

/// Whether the MAC must be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacCheck {
    /// It must: what `sops` does.
    Require,
    /// It is not looked at: `--ignore-mac`, for a file after a merge.
    Ignore,
}

/// What came out of a file.
pub struct Decrypted {
    /// The plaintext.
    pub text: Zeroizing<String>,
    /// How many comments look encrypted or should be but could not be opened; they are in the text as they were.
    pub unopened_comments: usize,
}

/// Decrypts what the metadata's rule selects.
pub(crate) fn decrypt<'a>(
    document: &Document<'a>,
    metadata: &Metadata,
    key: &DataKey,
    check: MacCheck,
    reuse: Option<&mut Reuse<'a>>,
) -> Result<Decrypted> {
    let selection = Selected::of(document, metadata.rule.as_ref())?;
    let mut cipher = Cipher::new(key);
    let stored_mac = stored_mac(metadata, &mut cipher, check)?;
    let spellings = stored_mac
        .as_deref()
        .and_then(|mac| spellings(metadata, &mut cipher, mac))
        .unwrap_or_default();
    let mut reader = Reader {
        document,
        selection: &selection,
        cipher,
        reuse,
        additional_data: Vec::new(),
        plaintext: Zeroizing::default(),
        mac: Mac::new(metadata.mac_only_encrypted),
        others: Vec::new(),
        unopened_comments: 0,
    };
    reader.comments();
    reader.blocks(&spellings);
    let (usual, kept) = reader.leaves(&spellings)?;
    let (mac, unopened_comments) = (reader.mac.finish(), reader.unopened_comments);
    if check == MacCheck::Require && stored_mac.as_deref() != Some(&mac) {
        return Err(Error::MacMismatch);
    }
    let text = match kept {
        // The spellings are used only if they still mean the values that were decrypted.
        Some((kept, content)) if Content::of_text(&kept, document.format) == content => kept,
        _ => usual,
    };
    Ok(Decrypted {
        text,
        unopened_comments,
    })
}

/// The MAC that the file carries; `None` only where it is not asked for.
fn stored_mac(metadata: &Metadata, cipher: &mut Cipher, check: MacCheck) -> Result<Option<String>> {
    if metadata.mac.is_empty() && check == MacCheck::Require {
        return Err(Error::MacMissing);
    }
    match cipher.decrypt(&metadata.mac, metadata.last_modified.as_bytes()) {
        Ok((_, mac)) => Ok(Some(String::from_utf8_lossy(mac).into_owned())),
        Err(_) if check == MacCheck::Ignore => Ok(None),
        Err(_) => Err(Error::MacUnreadable),
    }
}

/// The kept spellings, if there are any and they belong to this file's MAC; another writer drops or outdates them.
fn spellings(metadata: &Metadata, cipher: &mut Cipher, mac: &str) -> Option<Spellings> {
    let text = metadata.spellings.as_deref()?;
    let (_, plaintext) = cipher
        .decrypt(text, &Spellings::additional_data(mac))
        .ok()?;
    serde_json::from_slice(plaintext).ok()
}

/// The text with the kept spellings, and the content that it must have.
type Kept = (Zeroizing<String>, Option<[u8; 32]>);

struct Reader<'d, 'a, 'r> {
    document: &'d Document<'a>,
    selection: &'d Selected,
    cipher: Cipher,
    reuse: Option<&'r mut Reuse<'a>>,
    additional_data: Vec<u8>,
    plaintext: Zeroizing<Vec<u8>>,
    mac: Mac,
    /// What changes besides leaves: decrypted comments, and the blocks, which go. In the order of the text.
    others: Vec<(Range<usize>, Zeroizing<String>)>,
    unopened_comments: usize,
}

impl<'a> Reader<'_, 'a, '_> {
    /// Opens the comments; one that cannot be opened stays as it is, as with SOPS.
    fn comments(&mut self) {
        let document = self.document;
        for (index, item) in document.written_items() {
            let Item::Comment { path, span } = item else {
                continue;
            };
            if !self.selection.contains(index) || span.range().len() < 2 {
                continue;
            }
            match self.comment(*path, *span) {
                Some(text) => self.others.push((span.range(), text)),
                None => self.unopened_comments += 1,
            }
        }
    }

    /// The comment's plaintext, tried with its container's path and then with those around it.
    fn comment(&mut self, path: PathId, span: Span) -> Option<Zeroizing<String>> {
        let source = self.document.source(span);
        let ciphertext = source.strip_prefix('#')?;
        let mut line = self.document.paths.ancestry(path);
        line.insert(0, crate::document::ROOT);
        for path in line.into_iter().rev() {
            self.document
                .paths
                .additional_data(path, &mut self.additional_data);
            if let Ok((Type::Comment, plaintext)) =
                self.cipher.decrypt(ciphertext, &self.additional_data)
            {
                if let Some(reuse) = &mut self.reuse {
                    reuse.remember(Type::Comment, &self.additional_data, plaintext, ciphertext);
                }
                return Some(Zeroizing::new(format!(
                    "#{}",
                    String::from_utf8_lossy(plaintext)
                )));
            }
        }
        None
    }

    /// Takes the `sops` blocks out.
    fn blocks(&mut self, spellings: &Spellings) {
        let text = self.document.text;
        for (number, site) in self.document.blocks.iter().enumerate() {
            let mut entry = site.entry.clone();
            let last = number + 1 == self.document.blocks.len();
            if last && spellings.no_final_newline && entry.end == text.len() {
                entry.start -= yaml::source::line_break(&text[..entry.start]).len();
            }
            let mut instead = Zeroizing::default();
            if block::is_alone(self.document, site)
                && !spellings.empty_documents.contains(&site.document)
            {
                *instead = format!("{{}}{}", yaml::source::line_break(&text[entry.clone()]));
            }
            self.others.push((entry, instead));
        }
        self.others.sort_by_key(|(range, _)| range.start);
    }

    /// Decrypts the leaves and writes the text twice: with the usual spellings and, where there are any, with the kept ones.
    fn leaves(&mut self, spellings: &Spellings) -> Result<(Zeroizing<String>, Option<Kept>)> {
        let nodes = &spellings.nodes;
        let document = self.document;
        let others = std::mem::take(&mut self.others);
        let mut usual = Output::new(document.text, &others);
        let mut kept = (!nodes.is_empty()).then(|| Output::new(document.text, &others));
        let mut content = Content::new(kept.is_some());
        let mut nodes = nodes.iter().peekable();
        let mut containers = Containers::new(document);
        let mut spelling = Zeroizing::new(String::new());
        let mut address = Address::default();
        let mut comments_in_row = 0;
        for (index, item) in document.tape.iter().enumerate() {
            containers.pass(item);
            let Item::Leaf(leaf) = item else {
                comments_in_row = 0;
                content.item(document, item);
                continue;
            };
            let opened = match self.selection.contains(index) {
                true => self.leaf(leaf)?,
                false => None,
            };
            address.advance(opened.is_some());
            let node = nodes.next_if(|node| node.at == address);
            let Some((kind, canonical)) = opened else {
                // Plaintext, or nothing to decrypt: null and the empty string.
                comments_in_row = 0;
                if let Some(value) = &leaf.value {
                    self.mac.add(&value.bytes, false);
                }
                content.item(document, item);
                if let (Some(kept), Some(node)) = (&mut kept, node) {
                    kept.node(node, leaf, leaf.span.range(), &containers);
                }
                continue;
            };
            let around = containers.innermost();
            if kind == Type::Comment {
                // SOPS writes the comments of a sequence as items of it.
                let text = String::from_utf8_lossy(&self.plaintext);
                let mut text = Zeroizing::new(format!("#{text}"));
                comments_in_row += 1;
                let start = match around.kind {
                    Collection::Sequence if !leaf.flow => {
                        yaml::source::dash_before(document.text, leaf.span.range().start)
                    }
                    _ => None,
                };
                let Some(start) = start else {
                    return Err(self.problem(leaf, "a comment is no value"));
                };
                let first = index + 1 - comments_in_row;
                if first > 0
                    && matches!(document.tape[first - 1], Item::Open { .. })
                    && matches!(document.tape.get(index + 1), Some(Item::Close { .. }))
                {
                    // Nothing else is in the sequence.
                    let indent = yaml::source::column(document.text, start);
                    text.push_str(&format!("\n{:indent$}[]", ""));
                }
                let range = start..leaf.span.range().end;
                usual.replace(range.clone(), &text);
                if let Some(kept) = &mut kept {
                    kept.replace(range, &text);
                }
                continue;
            }
            comments_in_row = 0;
            let value = Value {
                kind,
                bytes: canonical.as_deref().unwrap_or(&self.plaintext).into(),
            };
            self.mac.add(&value.bytes, true);
            let place = Place::to_decrypt(document, leaf, around);
            spelling.clear();
            let spelled = place.spell(&self.plaintext, &value, &mut spelling);
            usual.value(leaf, &place, spelled, &spelling);
            if let Some(kept) = &mut kept {
                content.leaf(document.paths.key(leaf.path), Some(&value));
                match node {
                    Some(node) => kept.node(node, leaf, place.range(), &containers),
                    None => kept.value(leaf, &place, spelled, &spelling),
                }
            }
        }
        Ok((
            usual.finish(),
            kept.map(|kept| (kept.finish(), content.finish())),
        ))
    }

    /// Decrypts a leaf into `self.plaintext` and gives its type and, where it is another, its canonical form; `None` for null
    /// and the empty string.
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<Option<(Type, Option<Vec<u8>>)>> {
        let Some(value) = &leaf.value else {
            return Ok(None);
        };
        if value.bytes.is_empty() {
            return Ok(None);
        }
        let ciphertext = match (value.kind, std::str::from_utf8(&value.bytes)) {
            (Type::Str, Ok(text)) => text,
            _ => {
                return Err(self.problem(
                    leaf,
                    "the rules ask for an encrypted value here, and this is none",
                ));
            }
        };
        self.document
            .paths
            .additional_data(leaf.path, &mut self.additional_data);
        let opened =
            self.cipher
                .decrypt(ciphertext, &self.additional_data)
                .map(|(kind, plaintext)| {
                    self.plaintext.clear();
                    self.plaintext.extend_from_slice(plaintext);
                    kind
                });
        let kind = opened.map_err(|problem| self.problem(leaf, problem))?;
        let Some(canonical) = golang::canonical(kind, &self.plaintext) else {
            return Err(self.problem(leaf, "the decrypted value does not fit its `type`"));
        };
        let canonical = (*canonical != **self.plaintext).then(|| canonical.into_owned());
        if let Some(reuse) = &mut self.reuse
            && let Some(range) = cipher::extent(self.document.source(leaf.span))
        {
            let ciphertext = &self.document.source(leaf.span)[range];
            reuse.remember(kind, &self.additional_data, &self.plaintext, ciphertext);
        }
        Ok(Some((kind, canonical)))
    }

    fn problem(&self, leaf: &Leaf<'_>, message: &str) -> Error {
        Error::Value {
            path: self.document.paths.display(leaf.path),
            location: Some(self.document.location(leaf.span)),
            message: message.into(),
        }
    }
}

/// A plaintext in the making: edits of the leaves, and between them the other changes in the order of the text.
struct Output<'t> {
    text: &'t str,
    edits: Edits<'t>,
    others: std::iter::Peekable<std::slice::Iter<'t, (Range<usize>, Zeroizing<String>)>>,
}

impl<'t> Output<'t> {
    fn new(text: &'t str, others: &'t [(Range<usize>, Zeroizing<String>)]) -> Self {
        Self {
            text,
            // A value's plaintext is a fraction of its ciphertext.
            edits: Edits::new(text, text.len() / 4),
            others: others.iter().peekable(),
        }
    }

    /// Puts a decrypted value where it belongs, and a comment behind it behind its first line.
    fn value(&mut self, leaf: &Leaf<'_>, place: &Place<'_>, spelled: Spelled, spelling: &str) {
        let Spelled::Anew { comment_at } = spelled else {
            self.replace(place.range(), spelling);
            return;
        };
        let mut range = leaf.span.range();
        let before = range.start;
        self.flush(before);
        let mut comment = None;
        let behind = &self.text[range.end..];
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        if blanks > 0 && behind[blanks..].starts_with('#') {
            let start = range.end + blanks;
            let end = yaml::source::line_end(self.text, start);
            comment = Some(&self.text[start..end]);
            range.end = end;
        }
        while let Some((_, text)) = self.others.next_if(|(at, _)| range.contains(&at.start)) {
            comment = Some(text);
        }
        if before < self.edits.done() {
            return;
        }
        let out = self.edits.replace(range);
        out.push_str(&spelling[..comment_at]);
        if let Some(comment) = comment {
            out.push(' ');
            out.push_str(comment);
        }
        out.push_str(&spelling[comment_at..]);
    }

    /// Puts a kept spelling where it belongs: in the place of a leaf at `range`, or of a container around it.
    fn node(
        &mut self,
        node: &Node,
        leaf: &Leaf<'_>,
        range: Range<usize>,
        containers: &Containers<'_, '_>,
    ) {
        if node.up > 0 {
            let span = containers.outer(node.up).unwrap_or(leaf.span);
            self.replace(span.range(), &node.text);
        } else if yaml::source::anchor_before(&node.text).is_empty() {
            self.replace(range, &node.text);
        } else {
            // The anchor stood behind a tag, in the spelling, and now stands before the value.
            let start = yaml::source::anchor_start(self.text, range.start);
            self.replace(start..range.end, &node.text);
        }
    }

    /// Puts `with` in the place of the range, unless it is part of what has been replaced already.
    fn replace(&mut self, range: Range<usize>, with: &str) {
        self.flush(range.start);
        if range.start >= self.edits.done() {
            self.edits.replace(range).push_str(with);
        }
    }

    /// Makes the other changes that stand before `offset`.
    fn flush(&mut self, offset: usize) {
        while let Some((at, text)) = self.others.next_if(|(at, _)| at.start < offset) {
            if at.start >= self.edits.done() {
                self.edits.replace(at.clone()).push_str(text);
            }
        }
    }

    fn finish(mut self) -> Zeroizing<String> {
        self.flush(usize::MAX);
        Zeroizing::new(self.edits.finish())
    }
}
