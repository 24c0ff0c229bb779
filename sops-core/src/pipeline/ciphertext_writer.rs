//! Writes a document with its leaves encrypted, in parts that may be written in parallel.

use std::ops::Range;

use sops_document::{
    Containers, Document, Item, Leaf, PathId, ScalarSlot, Splices, Surroundings, Type,
};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::Cipher;
use crate::error::Result;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::plan::{Plan, ReplacedLeaf};
use crate::pipeline::selection::Selection;

/// A range of the text, with the leaves to replace in it.
pub(super) struct TapePart<'d, 'a> {
    sites: Vec<ReplacedLeaf>,
    text: Range<usize>,
    /// The walk up to the last leaf before the part.
    walk: LeafEncryption<'d, 'a>,
    /// The document whose metadata follows the part, by its index on the tape.
    pub(super) document: Option<usize>,
}

/// A walk over the tape that tracks the containers around its position.
#[derive(Clone)]
struct LeafEncryption<'d, 'a> {
    document: &'d Document<'a>,
    containers: Containers<'d, 'a>,
    /// The index of the next item.
    next: usize,
}

impl LeafEncryption<'_, '_> {
    /// Moves past the item at `index`, unless the walk has already passed it.
    fn pass(&mut self, index: usize) {
        for item in self
            .document
            .tape()
            .get(self.next..=index)
            .unwrap_or_default()
        {
            self.containers.pass(item);
        }
        self.next = self.next.max(index + 1);
    }
}

/// The number of sites in a part. It is small, so that few parts wait in memory and all threads end
/// at about the same time.
const SITES: usize = 500;

/// Splits the text into parts: one per document, and several for documents with many sites.
pub(super) fn parts<'d, 'a>(document: &'d Document<'a>, plan: &Plan) -> Vec<TapePart<'d, 'a>> {
    let Range { mut start, end } = document.part();
    let (mut parts, mut sites) = (Vec::new(), Vec::new());
    let mut walk = LeafEncryption {
        document,
        containers: Containers::new(document),
        next: 0,
    };
    let mut walk_of_part = walk.clone();
    let mut end_part = |sites: &mut Vec<ReplacedLeaf>,
                        end: usize,
                        document: Option<usize>,
                        walk: &LeafEncryption<'d, 'a>| {
        parts.push(TapePart {
            sites: std::mem::replace(sites, Vec::with_capacity(SITES)),
            text: std::mem::replace(&mut start, end)..end,
            walk: std::mem::replace(&mut walk_of_part, walk.clone()),
            document,
        });
    };
    // The end of the leaves and aliases so far. A comment may be inside one, as in `!!int # c`.
    let mut reach = 0;
    for site in plan.sites.iter().copied() {
        let item = &document.tape()[site.item as usize];
        match item {
            Item::Document { .. } => {
                end_part(
                    &mut sites,
                    site.at as usize,
                    Some(site.item as usize),
                    &walk,
                );
                continue;
            }
            // Nothing extends past the start of a leaf.
            Item::Leaf(_) if sites.len() >= SITES => {
                end_part(&mut sites, site.at as usize, None, &walk);
            }
            Item::Comment { span, .. } if sites.len() >= SITES && reach <= span.start => {
                // Includes the comment's marker, which is before the site.
                let start = site.at.min(span.start) as usize;
                end_part(&mut sites, start, None, &walk);
            }
            _ => {}
        }
        if let Item::Leaf(Leaf { span, .. }) | Item::Alias { span, .. } = item {
            reach = reach.max(span.end);
        }
        if !matches!(item, Item::Comment { .. }) {
            walk.pass(site.item as usize);
        }
        sites.push(site);
    }
    end_part(&mut sites, end, None, &walk);
    parts
}

/// Writes parts, one at a time.
pub(super) struct Writer<'d, 'a, 'r> {
    document: &'d Document<'a>,
    selection: &'d Selection,
    encryptor: ValueEncryptor<'d, 'r>,
    scratch: Zeroizing<String>,
}

impl<'d, 'a, 'r> Writer<'d, 'a, 'r> {
    pub(super) fn new(
        document: &'d Document<'a>,
        selection: &'d Selection,
        cipher: &'d mut Cipher,
        cache: Option<&'d mut CiphertextCache<'r>>,
    ) -> Self {
        Self {
            document,
            selection,
            encryptor: ValueEncryptor {
                cipher,
                cache,
                additional_data: Vec::new(),
            },
            scratch: Zeroizing::default(),
        }
    }

    /// Returns the part's text with its values encrypted.
    pub(super) fn write(&mut self, part: &TapePart<'_, '_>) -> Result<String> {
        let document = self.document;
        let mut edits =
            Splices::of_part(document.text(), part.text.clone(), part.capacity(document));
        let mut walk = part.walk.clone();
        for site in &part.sites {
            let index = site.item as usize;
            // A comment may be on either side of the leaves around it on the tape, so only leaves
            // determine the containers.
            if !matches!(document.tape()[index], Item::Comment { .. }) {
                walk.pass(index);
            }
            match &document.tape()[index] {
                Item::Leaf(leaf) => match ScalarSlot::header_of_token(document, leaf) {
                    Some((at, header)) if at.start == site.at as usize => {
                        edits.replace(at).push_str(&header);
                    }
                    _ => self.leaf(leaf, walk.containers.innermost(), &mut edits),
                },
                Item::Alias { span, close, .. } => {
                    let items = index + 1..*close as usize;
                    document.write_alias(
                        items,
                        walk.containers.is_flow(),
                        edits.replace(span.range()),
                        |item, leaf, out| {
                            self.selection.contains(item) && self.value(leaf, None, out)
                        },
                    );
                    walk.pass(*close as usize);
                }
                Item::Comment { path, span, .. } if span.range().start >= edits.done() => {
                    let comment = document.comment(index);
                    self.encryptor.at(document, *path);
                    let out = edits.replace(comment.range);
                    out.push_str(comment.prefix);
                    let start = out.len();
                    self.encryptor
                        .encrypted(Type::Comment, comment.text.as_bytes(), out);
                    self.selection.check_encrypted_comment(&out[start..])?;
                    out.push_str(&comment.suffix);
                }
                _ => {}
            }
        }
        Ok(edits.finish())
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, around: Surroundings, edits: &mut Splices<'_>) {
        let slot = ScalarSlot::of_value(self.document, leaf, around);
        slot.write_token(edits.replace(slot.range()), |out| {
            self.value(leaf, Some(&slot), out);
        });
    }

    /// Writes the encrypted value of a leaf. Returns `false` for null and the empty string, which
    /// are not encrypted.
    fn value(&mut self, leaf: &Leaf<'_>, slot: Option<&ScalarSlot<'_>>, out: &mut String) -> bool {
        let Some(value) = leaf.value.as_ref().filter(|value| !value.bytes.is_empty()) else {
            return false;
        };
        self.encryptor.at(self.document, leaf.path);
        let plaintext = match slot {
            Some(slot) => slot.plaintext(value, &mut self.scratch),
            None => &value.bytes,
        };
        self.encryptor.encrypted(value.kind, plaintext, out);
        true
    }
}

/// Encrypts values, or reuses their previous ciphertexts.
struct ValueEncryptor<'d, 'r> {
    cipher: &'d mut Cipher,
    cache: Option<&'d mut CiphertextCache<'r>>,
    additional_data: Vec<u8>,
}

impl ValueEncryptor<'_, '_> {
    /// Sets the path of the next value.
    fn at(&mut self, document: &Document<'_>, path: PathId) {
        write_additional_data(document.paths(), path, &mut self.additional_data);
    }

    fn encrypted(&mut self, kind: Type, plaintext: &[u8], out: &mut String) {
        let cache = self.cache.as_mut();
        match cache.and_then(|cache| cache.take(kind, &self.additional_data, plaintext)) {
            Some(ciphertext) => out.push_str(ciphertext),
            None => self
                .cipher
                .encrypt(kind, plaintext, &self.additional_data, out),
        }
    }
}

impl TapePart<'_, '_> {
    /// The approximate size in bytes of the encrypted part, not including expanded aliases.
    pub(super) fn capacity(&self, document: &Document<'_>) -> usize {
        /// The size of `ENC[…]` around the base64 of the value, including quotes and indentation.
        const AROUND: usize = 113;
        let grown = self
            .sites
            .iter()
            .map(|site| match &document.tape()[site.item as usize] {
                Item::Leaf(leaf) => AROUND + leaf.span.range().len() / 3,
                Item::Comment { span, .. } => AROUND + span.range().len() / 3,
                _ => AROUND,
            });
        self.text.len() + grown.sum::<usize>()
    }
}
