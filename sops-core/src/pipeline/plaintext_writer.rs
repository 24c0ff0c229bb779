//! Writes the plaintext of a part: decrypts, checks, hashes and spells its leaves in order.

use sops_document::yaml::WrittenScalar;
use sops_document::{Document, Format, Item, Leaf, ScalarSlot, Span, Type, Value, ValueWriter};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::{self, Cipher, Problem};
use crate::error::{Error, Result};
use crate::mac::MacInput;
use crate::pipeline::ciphertext_cache::CachedCiphertext;
use crate::pipeline::comment_decrypt::CommentOpener;
use crate::pipeline::content_digest::{ContentDigest, DigestInput};
use crate::pipeline::encrypted_parts::EncryptedPart;
use crate::pipeline::source_forms::SourceForm;
use crate::pipeline::tape_walk::TapeWalk;

/// The purpose of the plaintext.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To restore the file that was encrypted, or to produce the text that `sops` would write.
    File,
    /// To read its values: a float that SOPS writes as an integer is written as a float.
    Values,
}

/// How to check that plaintext with source forms still has the decrypted values.
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

/// The options for writing a plaintext.
#[derive(Clone, Copy)]
pub(super) struct WriteOptions {
    pub(super) purpose: Purpose,
    pub(super) check: FormCheck,
    pub(super) mac_only_encrypted: bool,
    /// Whether the ciphertexts may be needed again.
    pub(super) keeps_ciphertexts: bool,
}

/// The plaintext of a part.
pub(super) struct WrittenPart<'a> {
    pub(super) text: Zeroizing<String>,
    pub(super) mac: MacInput,
    /// The part's input to the digest of the content.
    pub(super) content: ContentDigest<DigestInput>,
    pub(super) forms: Vec<WrittenForm>,
    /// Whether there are source forms that cannot be checked on their own.
    pub(super) has_other_forms: bool,
    /// How many comments could not be decrypted.
    pub(super) unopened_comments: usize,
    pub(super) ciphertexts: Vec<CachedCiphertext<'a>>,
}

/// A source form in the plaintext, and the value that it must have.
pub(super) struct WrittenForm {
    scalar: WrittenScalar,
    kind: Type,
    canonical: Zeroizing<Vec<u8>>,
}

impl WrittenForm {
    /// The same form in plaintext that has `length` more bytes before it.
    pub(super) fn after(self, length: usize) -> Self {
        Self {
            scalar: self.scalar.after(length),
            ..self
        }
    }

    pub(super) fn reads_as_value(&self, text: &str) -> bool {
        let value = Value {
            kind: self.kind,
            bytes: self.canonical.as_slice().into(),
        };
        self.scalar.reads_as(text, &value)
    }
}

/// Decrypts values, one at a time.
pub(super) struct Opener {
    cipher: Cipher,
    additional_data: Vec<u8>,
}

impl Opener {
    pub(super) fn new(cipher: Cipher) -> Self {
        Self {
            cipher,
            additional_data: Vec::new(),
        }
    }

    /// The type and plaintext of an encrypted leaf.
    fn open(
        &mut self,
        document: &Document<'_>,
        leaf: &Leaf<'_>,
    ) -> std::result::Result<OpenedValue<'_>, Problem> {
        let text = match &leaf.value {
            Some(value) if value.kind == Type::Str => Some(&*value.bytes),
            _ => None,
        };
        let text = text.ok_or("the file's rule covers this value, but it is not encrypted")?;
        write_additional_data(document.paths(), leaf.path, &mut self.additional_data);
        let (kind, plaintext) = self.cipher.decrypt(text, &self.additional_data)?;
        Ok(OpenedValue {
            kind,
            plaintext,
            additional_data: &self.additional_data,
        })
    }
}

/// A decrypted value.
struct OpenedValue<'o> {
    kind: Type,
    plaintext: &'o [u8],
    additional_data: &'o [u8],
}

/// Writes the text with the stored source forms, and everything else in the usual spelling.
struct PlaintextWriter<'d, 'a> {
    document: &'d Document<'a>,
    walk: TapeWalk<'d, 'a>,
    options: WriteOptions,
    out: ValueWriter<'d>,
    spelling: Zeroizing<String>,
    mac: MacInput,
    content: ContentDigest<DigestInput>,
    forms: Vec<WrittenForm>,
    has_other_forms: bool,
    ciphertexts: Vec<CachedCiphertext<'a>>,
}

/// Writes the plaintext of a part.
///
/// # Errors
/// [`Error::Value`] for a value that cannot be decrypted, and for a comment of another type.
pub(super) fn write_part<'a>(
    part: &EncryptedPart<'_, 'a>,
    options: WriteOptions,
    opener: &mut Opener,
) -> Result<WrittenPart<'a>> {
    let document = part.walk.document;
    let mut comments = CommentOpener::new(document, options.keeps_ciphertexts);
    let comments = comments.open(part.comments, &mut opener.cipher)?;
    let mut changes = document.replace_comments(comments.texts);
    changes.extend_from_slice(part.changes);
    changes.sort_by_key(|(range, _)| range.start);
    let mut writer = PlaintextWriter {
        document,
        walk: part.walk.clone(),
        options,
        out: ValueWriter::of_part(document, part.text.clone(), &changes),
        spelling: Zeroizing::default(),
        mac: MacInput::new(options.mac_only_encrypted),
        content: ContentDigest::new(options.check == FormCheck::Whole),
        forms: Vec::new(),
        has_other_forms: false,
        ciphertexts: comments.ciphertexts,
    };
    for index in part.items.clone() {
        writer.item(index, opener)?;
    }
    Ok(WrittenPart {
        text: writer.out.finish(),
        mac: writer.mac,
        content: writer.content,
        forms: writer.forms,
        has_other_forms: writer.has_other_forms,
        unopened_comments: comments.unopened,
        ciphertexts: writer.ciphertexts,
    })
}

impl<'d, 'a> PlaintextWriter<'d, 'a> {
    fn item(&mut self, index: usize, opener: &mut Opener) -> Result<()> {
        let document = self.document;
        let item = &document.tape()[index];
        let passed = self.walk.pass(index);
        let Item::Leaf(leaf) = item else {
            self.content.item(document, item);
            if let (Some(node), Item::Open { span, .. }) = (passed.node, item) {
                self.other_form(node, *span);
            }
            return Ok(());
        };
        if !passed.is_encrypted {
            self.plain(item, leaf, passed.node);
            return Ok(());
        }
        let opened = opener.open(document, leaf);
        let opened = opened.map_err(|problem| self.problem(leaf, problem))?;
        match opened.kind {
            Type::Comment => self.comment(index, leaf, &opened),
            _ => self.value(leaf, &opened, passed.node),
        }
    }

    /// Writes a leaf that is plaintext, or has nothing to decrypt: null or the empty string.
    fn plain(&mut self, item: &Item<'_>, leaf: &Leaf<'_>, node: Option<&SourceForm>) {
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
        let span = self.walk.containers.outer(node.up).unwrap_or(span);
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

    /// Writes a comment of a sequence, which SOPS stores as an item.
    fn comment(&mut self, index: usize, leaf: &Leaf<'a>, opened: &OpenedValue<'_>) -> Result<()> {
        let document = self.document;
        self.remember(leaf, opened);
        let text = Zeroizing::new(String::from_utf8_lossy(opened.plaintext).into_owned());
        let replacement = document.item_as_comment(index, self.walk.only_comments, &text);
        let (range, text) =
            replacement.ok_or_else(|| self.problem(leaf, "this is a comment, not a value"))?;
        self.out.replace(range, &text);
        Ok(())
    }

    /// Writes a value that was encrypted.
    fn value(
        &mut self,
        leaf: &Leaf<'a>,
        opened: &OpenedValue<'_>,
        node: Option<&SourceForm>,
    ) -> Result<()> {
        let &OpenedValue {
            kind, plaintext, ..
        } = opened;
        let Some(bytes) = sops_document::canonical(kind, plaintext) else {
            return Err(self.problem(leaf, "the decrypted value does not match its `type`"));
        };
        if self.document.format().is_flat() && str::from_utf8(plaintext).is_err() {
            return Err(self.problem(leaf, "the decrypted value is not UTF-8"));
        }
        self.remember(leaf, opened);
        let value = Value { kind, bytes };
        self.mac.add(&value.bytes, true);
        let slot = ScalarSlot::of_token(self.document, leaf, self.walk.containers.innermost());
        self.content
            .leaf(self.document.paths().key(leaf.path), Some(&value));
        if let Some(node) = node {
            self.source_form(node, leaf, &slot, &value);
            return Ok(());
        }
        self.spelling.clear();
        let with_point = (self.options.purpose == Purpose::Values)
            .then(|| with_point(&value))
            .flatten();
        let plaintext = with_point
            .as_ref()
            .map_or(plaintext, |text| text.as_bytes());
        let spelled = slot.spell(plaintext, &value, &mut self.spelling);
        self.out.value(leaf, &slot, spelled, &self.spelling);
        Ok(())
    }

    /// Keeps a ciphertext that may be needed again.
    fn remember(&mut self, leaf: &Leaf<'a>, opened: &OpenedValue<'_>) {
        let source = self.document.source(leaf.span);
        if self.options.keeps_ciphertexts
            && let Some(range) = cipher::extent(source)
        {
            self.ciphertexts.push(CachedCiphertext::new(
                opened.kind,
                opened.additional_data,
                opened.plaintext,
                &source[range],
            ));
        }
    }

    fn problem(&self, leaf: &Leaf<'_>, message: &str) -> Error {
        Error::Value {
            path: self.document.paths().display(leaf.path),
            location: Some(self.document.location(leaf.span)),
            message: message.into(),
        }
    }
}

/// The spelling that keeps a float a float, if its usual spelling reads as an integer.
fn with_point(value: &Value<'_>) -> Option<Zeroizing<String>> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let is_whole = value.kind == Type::Float && value.bytes.iter().all(is_digit);
    is_whole.then(|| Zeroizing::new(format!("{}.0", String::from_utf8_lossy(&value.bytes))))
}
