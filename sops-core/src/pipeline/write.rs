//! Writes a document's leaves encrypted, in parts that may be written at the same time.

use crate::additional_data::write_additional_data;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::error::Result;
use crate::pipeline::alias;
use crate::pipeline::encrypt::is_encryptable;
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use sops_document::Containers;
use sops_document::Type;
use sops_document::{Document, Item, Leaf, PathId, Splices};
use sops_document::{ScalarSlot, Surroundings};

/// A place where the text changes.
#[derive(Clone, Copy)]
struct Site {
    /// Its offset in the text.
    at: u32,
    /// Its item on the tape.
    item: u32,
}

/// A range of the text with the sites in it.
pub(super) struct Part<'d, 'a> {
    sites: Vec<Site>,
    text: Range<usize>,
    /// The walk up to the last leaf before the part.
    walk: Walk<'d, 'a>,
    /// The document, by its index on the tape, whose `sops` block goes behind the part.
    pub(super) block: Option<usize>,
}

/// A walk over the tape that knows the containers around the place it has come to.
#[derive(Clone)]
struct Walk<'d, 'a> {
    document: &'d Document<'a>,
    containers: Containers<'d, 'a>,
    /// The index of the next item.
    next: usize,
}

impl Walk<'_, '_> {
    /// Goes on behind the item at `index`; stays where it is if it is there already.
    fn behind(&mut self, index: usize) {
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

/// With so many sites a part ends. It is small so that few parts wait in memory, and all threads end at about the same time.
const SITES: usize = 500;

/// The parts of the text: one a document, and of documents with many sites several.
pub(super) fn parts<'d, 'a>(document: &'d Document<'a>, selection: &Selected) -> Vec<Part<'d, 'a>> {
    let (mut parts, mut sites, mut start) = (Vec::new(), Vec::new(), 0);
    let mut walk = Walk {
        document,
        containers: Containers::new(document),
        next: 0,
    };
    let mut walk_of_part = walk.clone();
    let mut end_part =
        |sites: &mut Vec<Site>, end: usize, block: Option<usize>, walk: &Walk<'d, 'a>| {
            parts.push(Part {
                sites: std::mem::replace(sites, Vec::with_capacity(SITES)),
                text: std::mem::replace(&mut start, end)..end,
                walk: std::mem::replace(&mut walk_of_part, walk.clone()),
                block,
            });
        };
    // Up to where the leaves and aliases so far go: a comment may stand within one, as in `!!int # c`.
    let mut reach = 0;
    for (site, item) in sites_in_order(document, selection) {
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
            // Nothing reaches over a place before a leaf.
            Item::Leaf(_) if sites.len() >= SITES => {
                end_part(&mut sites, site.at as usize, None, &walk);
            }
            Item::Comment { span, .. } if sites.len() >= SITES && reach <= span.start => {
                // With its marker, behind which the site is.
                let start = site.at.min(span.start) as usize;
                end_part(&mut sites, start, None, &walk);
            }
            _ => {}
        }
        if let Item::Leaf(Leaf { span, .. }) | Item::Alias { span, .. } = item {
            reach = reach.max(span.end);
        }
        if !matches!(item, Item::Comment { .. }) {
            walk.behind(site.item as usize);
        }
        sites.push(site);
    }
    end_part(&mut sites, document.text().len(), None, &walk);
    parts
}

/// The sites by their offsets.
fn sites_in_order<'d, 'a>(
    document: &'d Document<'a>,
    selection: &Selected,
) -> Vec<(Site, &'d Item<'a>)> {
    let mut sites = Vec::with_capacity(document.tape().len());
    for (index, item) in document.written_items() {
        let (index, item) = match item {
            Item::Document { .. } => continue,
            Item::Close { open } => match &document.tape()[*open as usize] {
                // Its block goes to its end.
                ended @ Item::Document { .. } => (*open as usize, ended),
                _ => continue,
            },
            _ => (index, item),
        };
        let at = match item {
            Item::Document { .. } => document.reserved_offset(index) as u32,
            Item::Leaf(leaf)
                if selection.contains(index) && is_encryptable(leaf.value.as_ref()) =>
            {
                ScalarSlot::start_of_value(document, leaf) as u32
            }
            Item::Comment { .. } if selection.contains(index) => {
                let comment = document.comment(index);
                if comment.text.is_empty() {
                    continue;
                }
                comment.place.start as u32
            }
            Item::Alias { span, .. } if alias::is_written_out(document, selection, index) => {
                span.start
            }
            _ => continue,
        };
        sites.push((
            Site {
                at,
                item: index as u32,
            },
            item,
        ));
    }
    // In the order of the text already but for blocks that cannot go to the very end, and for comments, which SOPS may find before
    // what they stand behind, also in the document before, behind whose marker a block goes.
    let order =
        |(site, item): &(Site, &Item<'_>)| (site.at, !matches!(item, Item::Document { .. }));
    if !sites.is_sorted_by_key(order) {
        sites.sort_by_key(order);
    }
    sites
}

/// What writes parts, one after the other.
pub(super) struct Writer<'d, 'a, 'r> {
    document: &'d Document<'a>,
    selection: &'d Selected,
    encryptor: Encryptor<'d, 'r>,
    scratch: Zeroizing<String>,
}

impl<'d, 'a, 'r> Writer<'d, 'a, 'r> {
    pub(super) fn new(
        document: &'d Document<'a>,
        selection: &'d Selected,
        cipher: Cipher,
        reuse: Option<&'d mut Reuse<'r>>,
    ) -> Self {
        Self {
            document,
            selection,
            encryptor: Encryptor {
                cipher,
                reuse,
                additional_data: Vec::new(),
            },
            scratch: Zeroizing::default(),
        }
    }

    /// The part's text with its values encrypted.
    pub(super) fn write(&mut self, part: &Part<'_, '_>) -> Result<String> {
        let document = self.document;
        let mut edits =
            Splices::of_part(document.text(), part.text.clone(), part.capacity(document));
        let mut walk = part.walk.clone();
        for site in &part.sites {
            let index = site.item as usize;
            // A comment may lie behind or before the leaves around it; containers follow the leaves.
            if !matches!(document.tape()[index], Item::Comment { .. }) {
                walk.behind(index);
            }
            match &document.tape()[index] {
                Item::Leaf(leaf) => self.leaf(leaf, walk.containers.innermost(), &mut edits),
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
                    walk.behind(*close as usize);
                }
                Item::Comment { path, span, .. } if span.range().start >= edits.done() => {
                    let comment = document.comment(index);
                    self.encryptor.at(document, *path);
                    let out = edits.replace(comment.place);
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
        let place = ScalarSlot::of_value(self.document, leaf, around);
        place.write_token(edits.replace(place.range()), |out| {
            self.value(leaf, Some(&place), out);
        });
    }

    /// Writes a leaf's value encrypted; `false` if nothing of it can be.
    fn value(&mut self, leaf: &Leaf<'_>, place: Option<&ScalarSlot<'_>>, out: &mut String) -> bool {
        let Some(value) = leaf.value.as_ref().filter(|value| !value.bytes.is_empty()) else {
            return false;
        };
        self.encryptor.at(self.document, leaf.path);
        let plaintext = match place {
            Some(place) => place.plaintext(value, &mut self.scratch),
            None => &value.bytes,
        };
        self.encryptor.encrypted(value.kind, plaintext, out);
        true
    }
}

/// Encrypts values, or takes the ciphertext that they had.
struct Encryptor<'d, 'r> {
    cipher: Cipher,
    reuse: Option<&'d mut Reuse<'r>>,
    additional_data: Vec<u8>,
}

impl Encryptor<'_, '_> {
    /// Goes to the path of the next value.
    fn at(&mut self, document: &Document<'_>, path: PathId) {
        write_additional_data(document.paths(), path, &mut self.additional_data);
    }

    fn encrypted(&mut self, kind: Type, plaintext: &[u8], out: &mut String) {
        let reuse = self.reuse.as_mut();
        match reuse.and_then(|reuse| reuse.take(kind, &self.additional_data, plaintext)) {
            Some(ciphertext) => out.push_str(ciphertext),
            None => self
                .cipher
                .encrypt(kind, plaintext, &self.additional_data, out),
        }
    }
}

impl Part<'_, '_> {
    /// About how many bytes the part has once it is encrypted, but for written out aliases.
    pub(super) fn capacity(&self, document: &Document<'_>) -> usize {
        /// `ENC[…]` around the base64 of the value, with quotes and indentation.
        const AROUND: usize = 114;
        let grown = self
            .sites
            .iter()
            .map(|site| match &document.tape()[site.item as usize] {
                Item::Leaf(leaf) => AROUND + leaf.span.range().len() / 2,
                Item::Comment { span, .. } => AROUND + span.range().len() / 2,
                _ => AROUND,
            });
        self.text.len() + grown.sum::<usize>()
    }
}
