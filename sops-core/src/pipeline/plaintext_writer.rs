//! Writes the plaintext: checks, hashes and spells the decrypted leaves in order.

use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use sops_document::yaml::WrittenScalar;
use sops_document::{
    Containers, Document, Format, Item, Leaf, Replacement, ScalarSlot, Span, Type, Value,
    ValueWriter,
};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher;
use crate::error::{Error, Result};
use crate::mac::Mac;
use crate::pipeline::batch_decrypt::{DecryptedBatch, is_encrypted};
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::content_digest::ContentDigest;
use crate::pipeline::is_empty_container;
use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::{Address, SourceForm};

/// The purpose of a plaintext.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To restore the file that was encrypted, or to produce the text that `sops` would write.
    File,
    /// To read its values: a float that SOPS writes as an integer is written as a float.
    Values,
}

/// How to find out whether a text with source forms still has the decrypted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormCheck {
    /// Each source form is read on its own, which is enough for scalars.
    Each,
    /// The whole text is parsed.
    Whole,
}

impl FormCheck {
    /// The check that these source forms need.
    pub(super) fn of(nodes: &[SourceForm], format: Format) -> Self {
        let is_read_alone = format == Format::Yaml && nodes.iter().all(SourceForm::is_scalar);
        match is_read_alone || nodes.is_empty() {
            true => Self::Each,
            false => Self::Whole,
        }
    }
}

/// The result of reading all leaves.
pub(super) struct WrittenPlaintext {
    pub(super) text: Zeroizing<String>,
    pub(super) mac: String,
    /// If the source forms are checked as a whole, the digest that the content must have.
    content: Option<[u8; 32]>,
    forms: Vec<WrittenForm>,
    /// Whether there are source forms that cannot be checked on their own.
    has_others: bool,
}

impl WrittenPlaintext {
    /// Whether the text still has the decrypted values.
    pub(super) fn has_the_values(&self, format: Format) -> bool {
        match self.content {
            Some(_) => ContentDigest::of_text(&self.text, format) == self.content,
            None => {
                !self.has_others
                    && self
                        .forms
                        .iter()
                        .all(|form| form.reads_as_value(&self.text))
            }
        }
    }
}

/// A source form in the plaintext, and the value that it must have.
struct WrittenForm {
    scalar: WrittenScalar,
    kind: Type,
    canonical: Zeroizing<Vec<u8>>,
}

impl WrittenForm {
    fn reads_as_value(&self, text: &str) -> bool {
        let value = Value {
            kind: self.kind,
            bytes: self.canonical.as_slice().into(),
        };
        self.scalar.reads_as(text, &value)
    }
}

/// Writes the text with the stored source forms, and everything else in the usual spelling.
pub(super) struct PlaintextWriter<'d, 'a, 'r> {
    document: &'d Document<'a>,
    selection: &'d Selection,
    purpose: Purpose,
    cache: Option<&'r mut CiphertextCache<'a>>,
    additional_data: Vec<u8>,
    mac: Mac,
    nodes: Peekable<slice::Iter<'d, SourceForm>>,
    out: ValueWriter<'d>,
    content: ContentDigest,
    forms: Vec<WrittenForm>,
    has_other_forms: bool,
    containers: Containers<'d, 'a>,
    spelling: Zeroizing<String>,
    address: Address,
    /// Whether the innermost container has only comments so far.
    only_comments: bool,
}

impl<'d, 'a, 'r> PlaintextWriter<'d, 'a, 'r> {
    /// A writer of the file's plaintext. `changes` are those besides the values, in document order.
    pub(super) fn new(
        document: &'d Document<'a>,
        selection: &'d Selection,
        mac: Mac,
        nodes: &'d [SourceForm],
        changes: &'d [Replacement],
    ) -> Self {
        Self {
            document,
            selection,
            purpose: Purpose::File,
            cache: None,
            additional_data: Vec::new(),
            mac,
            nodes: nodes.iter().peekable(),
            out: ValueWriter::new(document, changes),
            content: ContentDigest::new(false),
            forms: Vec::new(),
            has_other_forms: false,
            containers: Containers::new(document),
            spelling: Zeroizing::default(),
            address: Address::default(),
            only_comments: false,
        }
    }

    /// Prepares this check of the source forms.
    pub(super) fn with_check(mut self, check: FormCheck) -> Self {
        self.content = ContentDigest::new(check == FormCheck::Whole);
        self
    }

    /// Writes a plaintext for another purpose.
    pub(super) fn with_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Remembers the ciphertexts in a cache.
    pub(super) fn with_cache(mut self, cache: Option<&'r mut CiphertextCache<'a>>) -> Self {
        self.cache = cache;
        self
    }

    /// Continues with these items of the tape, whose encrypted values are decrypted in `batch`.
    pub(super) fn read(&mut self, items: Range<usize>, batch: &DecryptedBatch) -> Result<()> {
        let document = self.document;
        let mut opened = batch.values();
        for index in items {
            let item = &document.tape()[index];
            self.containers.pass(item);
            let Item::Leaf(leaf) = item else {
                match item {
                    Item::Comment { .. } => {}
                    _ => self.only_comments = matches!(item, Item::Open { .. }),
                }
                self.content.item(document, item);
                self.empty_container(index, item);
                continue;
            };
            let value = match is_encrypted(self.selection, index, leaf) {
                true => opened.next(),
                false => None,
            };
            self.address.advance(value.is_some());
            match value
                .transpose()
                .map_err(|problem| self.problem(leaf, problem))?
            {
                None => self.plain(item, leaf),
                Some((Type::Comment, text)) => self.comment(index, leaf, text)?,
                Some((kind, plaintext)) => self.value(leaf, kind, plaintext)?,
            }
        }
        Ok(())
    }

    /// An empty container has an address, like a leaf.
    fn empty_container(&mut self, index: usize, item: &Item<'_>) {
        if let Item::Open { span, .. } = item
            && is_empty_container(self.document, index)
        {
            self.address.advance(false);
            let node = self.nodes.next_if(|node| node.at == self.address);
            if let Some(node) = node {
                self.other_form(node, *span);
            }
        }
    }

    /// A leaf that is plaintext, or has nothing to decrypt: null and the empty string.
    fn plain(&mut self, item: &Item<'_>, leaf: &Leaf<'_>) {
        self.only_comments = false;
        let node = self.nodes.next_if(|node| node.at == self.address);
        if let Some(value) = &leaf.value {
            self.mac.add(&value.bytes, false);
        }
        self.content.item(self.document, item);
        if let Some(node) = node {
            self.other_form(node, leaf.span);
        }
    }

    /// Writes the source form of an alias in place of the node at `span`, or of the container that
    /// it names.
    fn other_form(&mut self, node: &SourceForm, span: Span) {
        let span = self.containers.outer(node.up).unwrap_or(span);
        self.out.replace(span.range(), &node.text);
        self.has_other_forms = true;
    }

    /// Writes the source form of a value.
    fn source_form(
        &mut self,
        node: &SourceForm,
        leaf: &Leaf<'_>,
        slot: &ScalarSlot<'_>,
        value: &Value<'_>,
    ) {
        if node.up > 0 {
            return self.other_form(node, leaf.span);
        }
        let scalar = self
            .out
            .source(leaf, slot, node.header.as_deref(), &node.text);
        match scalar {
            Some(scalar) => self.forms.push(WrittenForm {
                scalar,
                kind: value.kind,
                canonical: Zeroizing::new(value.bytes.to_vec()),
            }),
            None => self.has_other_forms = true,
        }
    }

    /// A comment of a sequence, which SOPS writes as an item.
    fn comment(&mut self, index: usize, leaf: &Leaf<'a>, text: &[u8]) -> Result<()> {
        let document = self.document;
        self.remember(leaf, Type::Comment, text);
        self.nodes.next_if(|node| node.at == self.address);
        let text = Zeroizing::new(String::from_utf8_lossy(text).into_owned());
        let replacement = document.item_as_comment(index, self.only_comments, &text);
        let (range, text) =
            replacement.ok_or_else(|| self.problem(leaf, "this is a comment, not a value"))?;
        self.out.replace(range, &text);
        Ok(())
    }

    /// A value that was encrypted.
    fn value(&mut self, leaf: &Leaf<'a>, kind: Type, plaintext: &[u8]) -> Result<()> {
        self.only_comments = false;
        let node = self.nodes.next_if(|node| node.at == self.address);
        let Some(bytes) = sops_document::canonical(kind, plaintext) else {
            return Err(self.problem(leaf, "the decrypted value does not match its `type`"));
        };
        if self.document.format().is_flat() && str::from_utf8(plaintext).is_err() {
            return Err(self.problem(leaf, "the decrypted value is not UTF-8"));
        }
        self.remember(leaf, kind, plaintext);
        let value = Value { kind, bytes };
        self.mac.add(&value.bytes, true);
        let slot = ScalarSlot::of_token(self.document, leaf, self.containers.innermost());
        self.content
            .leaf(self.document.paths().key(leaf.path), Some(&value));
        if let Some(node) = node {
            self.source_form(node, leaf, &slot, &value);
            return Ok(());
        }
        self.spelling.clear();
        let with_point = (self.purpose == Purpose::Values)
            .then(|| with_point(&value))
            .flatten();
        let plaintext = with_point
            .as_ref()
            .map_or(plaintext, |text| text.as_bytes());
        let spelled = slot.spell(plaintext, &value, &mut self.spelling);
        self.out.value(leaf, &slot, spelled, &self.spelling);
        Ok(())
    }

    /// Remembers a ciphertext if it may be needed again.
    fn remember(&mut self, leaf: &Leaf<'a>, kind: Type, plaintext: &[u8]) {
        let source = self.document.source(leaf.span);
        if let Some(cache) = &mut self.cache
            && let Some(range) = cipher::extent(source)
        {
            let paths = &self.document.paths();
            write_additional_data(paths, leaf.path, &mut self.additional_data);
            cache.remember(kind, &self.additional_data, plaintext, &source[range]);
        }
    }

    fn problem(&self, leaf: &Leaf<'_>, message: &str) -> Error {
        Error::Value {
            path: self.document.paths().display(leaf.path),
            location: Some(self.document.location(leaf.span)),
            message: message.into(),
        }
    }

    pub(super) fn finish(self) -> WrittenPlaintext {
        WrittenPlaintext {
            text: self.out.finish(),
            mac: self.mac.finish(),
            content: self.content.finish(),
            forms: self.forms,
            has_others: self.has_other_forms,
        }
    }
}

/// The spelling that keeps a float a float, if its usual spelling reads as an integer.
fn with_point(value: &Value<'_>) -> Option<Zeroizing<String>> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let is_whole = value.kind == Type::Float && value.bytes.iter().all(is_digit);
    is_whole.then(|| Zeroizing::new(format!("{}.0", String::from_utf8_lossy(&value.bytes))))
}
