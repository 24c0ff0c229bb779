//! Plaintext to ciphertext: one pass over the leaves computes the MAC, another writes, in parallel
//! if that pays off.

use std::panic::resume_unwind;
use std::thread;

use serde_json::{Map, Value as Json};
use sops_document::{Document, Type};
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::{Error, Result};
use crate::keys::DataKey;
use crate::metadata::Metadata;
use crate::metadata_entry::{self, parse_document};
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::ciphertext_writer::{TapePart, Writer, parts};
use crate::pipeline::comment_moves;
use crate::pipeline::flow_tops;
use crate::pipeline::mac_pass::{HashedValues, mac_pass};
use crate::pipeline::parallel::{in_order, threads};
use crate::pipeline::plan::Plan;
use crate::pipeline::sink::Sink;
use crate::pipeline::source_forms::{FlowTop, SourceForms};

/// The keys and settings to encrypt a document with.
pub(crate) struct Encryptor<'e, 'c> {
    /// The metadata, which already has its keys and time, and gets its MAC here.
    pub(crate) metadata: &'e mut Metadata,
    pub(crate) key: &'e DataKey,
    /// The ciphertexts of values that may be unchanged.
    pub(crate) cache: &'e mut CiphertextCache<'c>,
    /// The indentation of the metadata per level, in YAML block style.
    pub(crate) step: usize,
    /// The result of the pass over the values, if it was made while the document was parsed.
    pub(crate) hashed: Option<HashedValues>,
}

impl Encryptor<'_, '_> {
    /// Encrypts a document as planned. After the first output, only a rule on comments can still
    /// fail.
    pub(crate) fn encrypt(
        self,
        document: &mut Document<'_>,
        mut plan: Plan,
        out: &mut dyn Sink,
    ) -> Result<()> {
        plan.check_for_go(document)?;
        let rule = self.metadata.rule.as_ref();
        let Some(block) = flow_tops::in_block_style(document, &plan, rule) else {
            return self.encrypt_as_it_is(document, plan, Vec::new(), out);
        };
        let mut document = parse_document(&*block.text, document.format())?;
        let plan = Plan::of(&document, rule)?;
        let encryptor = Self {
            hashed: None,
            ..self
        };
        encryptor.encrypt_as_it_is(&mut document, plan, block.tops, out)
    }

    /// Encrypts a document without changing its layout.
    fn encrypt_as_it_is(
        self,
        document: &mut Document<'_>,
        mut plan: Plan,
        flow_tops: Vec<FlowTop>,
        out: &mut dyn Sink,
    ) -> Result<()> {
        let Self {
            metadata,
            key,
            cache,
            step,
            hashed,
        } = self;
        comment_moves::settle(document, &mut plan, metadata.rule.as_ref())?;
        let (document, plan) = (&*document, &plan);
        let mac_only_encrypted = metadata.mac_only_encrypted;
        let pass = || mac_pass(document, &plan.selection, mac_only_encrypted);
        let parts = parts(document, plan);
        // Previous ciphertexts are reused in document order, which needs a single writer.
        let mut cache = (!cache.is_empty()).then_some(cache);
        let count = match &cache {
            Some(_) => 1,
            None => threads(document.tape().len()),
        };
        let mut ciphers: Vec<Cipher> = (0..count).map(|_| Cipher::new(key)).collect();
        let ciphers = ciphers.iter_mut();
        let writers: Vec<_> = ciphers
            .map(|cipher| Writer::new(document, &plan.selection, cipher, cache.take()))
            .collect();
        thread::scope(|scope| {
            let running = (writers.len() > 1 && hashed.is_none()).then(|| scope.spawn(pass));
            let finished = || match (hashed, running) {
                (Some(hashed), _) => hashed,
                (None, Some(thread)) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                (None, None) => pass(),
            };
            in_order(writers, &parts, Writer::write, |texts| {
                let tree = || {
                    let HashedValues {
                        mac,
                        mut source_forms,
                    } = finished();
                    source_forms.flow_tops = flow_tops;
                    authenticate(metadata, key, &mac, &source_forms)?;
                    Ok((metadata.to_tree(), metadata.source_forms.clone()))
                };
                join(document, &parts, texts, MetadataAtEnd { tree, step }, out)
            })
        })
    }
}

/// The metadata, which is complete once all values have been hashed.
struct MetadataAtEnd<F> {
    tree: F,
    step: usize,
}

/// Joins the parts, with the metadata in its position. The metadata is built once, and only the
/// first document of a stream holds the source forms.
fn join(
    document: &Document<'_>,
    parts: &[TapePart<'_, '_>],
    texts: impl Iterator<Item = Result<String>>,
    metadata: MetadataAtEnd<impl FnOnce() -> Result<(Map<String, Json>, Vec<String>)>>,
    out: &mut dyn Sink,
) -> Result<()> {
    /// The approximate size of metadata with a few recipients.
    const METADATA: usize = 2_048;
    out.reserve(&|| {
        let parts = parts.iter().map(|part| part.capacity(document));
        parts.sum::<usize>() + METADATA
    });
    let MetadataAtEnd { tree, step } = metadata;
    let (mut ask, mut tree) = (Some(tree), None);
    for (part, text) in parts.iter().zip(texts) {
        out.push(&text?)?;
        let Some(index) = part.document else { continue };
        if let Some(ask) = ask.take() {
            tree = Some(ask()?);
        }
        if let Some((tree, source_forms)) = &mut tree {
            let mut lines = String::new();
            let value = metadata_entry::value(document, tree, source_forms);
            document.insert_reserved(index, &value, step, &mut lines);
            out.push(&lines)?;
            source_forms.clear();
        }
    }
    Ok(())
}

/// Puts the MAC and the source forms into the metadata, encrypted.
pub(super) fn authenticate(
    metadata: &mut Metadata,
    key: &DataKey,
    mac: &str,
    source_forms: &SourceForms,
) -> Result<()> {
    let mut cipher = Cipher::new(key);
    metadata.mac.clear();
    cipher.encrypt(
        Type::Str,
        mac.as_bytes(),
        metadata.last_modified.as_bytes(),
        &mut metadata.mac,
    );
    metadata.source_forms.clear();
    if !source_forms.is_empty() {
        let text = serde_json::to_vec(source_forms).map_err(|error| Error::Metadata {
            location: None,
            path: None,
            message: error.to_string(),
        })?;
        let text = Zeroizing::new(text);
        let mut out = String::new();
        cipher.encrypt(
            Type::Str,
            &text,
            &SourceForms::additional_data(mac),
            &mut out,
        );
        metadata.source_forms.push(out);
    }
    Ok(())
}
