//! Encrypts large YAML in parts, each on one core from parsing to ciphertext. The result is the
//! same as encrypting the whole text at once.

use std::ops::Range;

use sops_document::{Document, Format, Item};

use crate::cipher::Cipher;
use crate::error::Result;
use crate::keys::DataKey;
use crate::mac::{Mac, MacInput};
use crate::metadata::Metadata;
use crate::metadata_entry::{self, is_encrypted};
use crate::pipeline::ciphertext_writer::{Writer, parts};
use crate::pipeline::encrypt_values::authenticate;
use crate::pipeline::mac_pass::{PassedValues, pass_values};
use crate::pipeline::parallel::{BYTES_A_VALUE, in_order, threads};
use crate::pipeline::plan::Plan;
use crate::pipeline::sink::Sink;
use crate::pipeline::source_forms::{Address, SourceForms};
use crate::pipeline::text_parts::{JoinedParts, PartFacts, text_parts};
use crate::rules::{CompiledRule, EncryptionRule};

/// How to encrypt the text.
#[derive(Clone, Copy)]
pub(crate) struct TextSettings<'s> {
    pub(crate) rule: &'s EncryptionRule,
    pub(crate) key: &'s DataKey,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) allow_plaintext: bool,
    pub(crate) allow_ciphertext: bool,
}

/// Encrypted text without its metadata.
pub(crate) struct EncryptedText<'a> {
    /// The text before the metadata, and after it.
    before: Vec<String>,
    after: Vec<String>,
    /// The document that the metadata goes into.
    last: Document<'a>,
    pub(super) mac: String,
    pub(super) source_forms: SourceForms,
}

impl<'a> EncryptedText<'a> {
    /// Encrypts `plaintext`. `None` if the text cannot be processed in parts, for example because
    /// it has an error; the caller then processes it as a whole.
    pub(crate) fn of(
        plaintext: &'a [u8],
        format: Format,
        settings: TextSettings<'_>,
    ) -> Option<Self> {
        if format != Format::Yaml || settings.rule.looks_at_comments() {
            return None;
        }
        let text = str::from_utf8(plaintext).ok()?;
        Self::of_parts(text, &text_parts(text, format), settings)
    }

    pub(super) fn of_parts(
        text: &'a str,
        parts: &[Range<usize>],
        settings: TextSettings<'_>,
    ) -> Option<Self> {
        if parts.is_empty() {
            return None;
        }
        let rule = settings.rule.compile().ok()?;
        let workers = (0..threads(text.len() / BYTES_A_VALUE)).map(|_| PartEncryptor {
            text,
            settings,
            rule: rule.clone(),
            cipher: Cipher::new(settings.key),
        });
        in_order(
            workers.collect(),
            parts,
            |worker, part| worker.encrypt(part.clone()),
            |parts| Self::join(parts, settings),
        )
    }

    fn join(
        parts: &mut dyn Iterator<Item = Option<EncryptedPart<'a>>>,
        settings: TextSettings<'_>,
    ) -> Option<Self> {
        let mut joined = JoinedParts::default();
        let mut mac = Mac::new(settings.mac_only_encrypted);
        let mut source_forms = SourceForms::default();
        let (mut before, mut end, mut flags) = (Vec::new(), Address::default(), Flags::default());
        for part in parts {
            let part = part?;
            joined.add(part.facts)?;
            mac.add_all(&part.mac);
            flags.add(part.flags);
            for mut node in part.values.nodes {
                node.at = node.at.after(end);
                source_forms.nodes.push(node);
            }
            end = part.values.end.after(end);
            before.extend(part.texts);
            let Some(Ending { document, after }) = part.ending else {
                continue;
            };
            // A comment may move, and at least one value must be selected.
            let is_settled = !(flags.has_comments && flags.has_mover)
                && (settings.allow_plaintext || flags.any_encrypted || !flags.any);
            source_forms.no_final_newline = document.lacks_final_newline();
            return is_settled.then(|| Self {
                before,
                after,
                last: document,
                mac: mac.finish(),
                source_forms,
            });
        }
        None
    }

    /// Writes the encrypted text with its metadata.
    pub(crate) fn write(
        self,
        metadata: &mut Metadata,
        key: &DataKey,
        step: usize,
        out: &mut dyn Sink,
    ) -> Result<()> {
        authenticate(metadata, key, &self.mac, &self.source_forms)?;
        let value = metadata_entry::value(&self.last, &metadata.to_tree(), &metadata.source_forms);
        let mut lines = String::new();
        self.last.insert_reserved(0, &value, step, &mut lines);
        let texts = self.before.iter().chain(&self.after);
        out.reserve(&|| lines.len() + texts.clone().map(String::len).sum::<usize>());
        // Each part is freed once it is written.
        for text in self.before.into_iter().chain([lines]).chain(self.after) {
            out.push(&text)?;
        }
        Ok(())
    }
}

/// Facts about a part that matter for the whole text.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// Whether there is any value, and whether any value is encrypted.
    any: bool,
    any_encrypted: bool,
    has_comments: bool,
    /// Whether comments may move; see [`Plan::first_mover`].
    has_mover: bool,
}

impl Flags {
    fn of(plan: &Plan) -> Self {
        Self {
            any: plan.values.any,
            any_encrypted: plan.values.any_encrypted,
            has_comments: plan.has_comments,
            has_mover: plan.first_mover.is_some(),
        }
    }

    fn add(&mut self, other: Self) {
        self.any |= other.any;
        self.any_encrypted |= other.any_encrypted;
        self.has_comments |= other.has_comments;
        self.has_mover |= other.has_mover;
    }
}

/// An encrypted part of the text.
struct EncryptedPart<'a> {
    texts: Vec<String>,
    mac: MacInput,
    values: PassedValues,
    facts: PartFacts<'a>,
    flags: Flags,
    /// Set for the last part.
    ending: Option<Ending<'a>>,
}

/// The end of the text.
struct Ending<'a> {
    document: Document<'a>,
    /// The text after the metadata.
    after: Vec<String>,
}

/// Encrypts parts, one at a time.
struct PartEncryptor<'s, 'a> {
    text: &'a str,
    settings: TextSettings<'s>,
    rule: CompiledRule,
    cipher: Cipher,
}

impl<'a> PartEncryptor<'_, 'a> {
    fn encrypt(&mut self, part: Range<usize>) -> Option<EncryptedPart<'a>> {
        let is_last = part.end == self.text.len();
        let document = metadata_entry::parse_part(self.text, part)?;
        let mut plan = Plan::compiled(&document, Some(self.rule.clone()));
        plan.check_for_go(&document).ok()?;
        let is_ciphertext = plan.values.first_ciphertext.is_some();
        if is_encrypted(&document) || is_ciphertext && !self.settings.allow_ciphertext {
            return None;
        }
        if is_last && !ends_with_metadata(&document) {
            return None;
        }
        let mut mac = MacInput::new(self.settings.mac_only_encrypted);
        let values = pass_values(&document, &plan.selection, |value, is_selected| {
            mac.add(value, is_selected);
        });
        let (mut texts, mut after, mut is_after) = (Vec::new(), Vec::new(), false);
        let mut writer = Writer::new(&document, &plan.selection, &mut self.cipher, None);
        for part in parts(&document, &plan) {
            let text = writer.write(&part).ok()?;
            match is_after {
                false => texts.push(text),
                true => after.push(text),
            }
            is_after |= is_last && part.document.is_some();
        }
        Some(EncryptedPart {
            texts,
            mac,
            values,
            facts: PartFacts::of(&document),
            flags: Flags::of(&plan),
            ending: is_last.then_some(Ending { document, after }),
        })
    }
}

/// Whether the metadata goes to the end of the document.
fn ends_with_metadata(document: &Document<'_>) -> bool {
    match document.tape().first() {
        Some(Item::Document { end, .. }) => document.reserved_offset(0) == *end as usize,
        _ => false,
    }
}
