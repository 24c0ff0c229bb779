//! Opens the encrypted values of a document in batches, which may be opened at the same time.

use std::ops::Range;

use sops_document::{Document, Item, Leaf, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::{Cipher, Problem};
use crate::pipeline::selection::{Selection, is_encryptable};

/// How many items of the tape are a batch.
const BATCH: usize = 1_024;

/// Whether something is encrypted in the leaf at that index: neither null nor the empty string is.
pub(super) fn is_encrypted(selection: &Selection, index: usize, leaf: &Leaf<'_>) -> bool {
    selection.contains(index) && is_encryptable(leaf.value.as_ref())
}

/// The parts of the tape that are opened one at a time.
pub(super) fn batches(document: &Document<'_>) -> Vec<Range<usize>> {
    let length = document.tape().len();
    (0..length)
        .step_by(BATCH)
        .map(|start| start..length.min(start + BATCH))
        .collect()
}

/// The plaintexts of the encrypted leaves in a part of the tape, in its order.
pub(super) struct DecryptedBatch {
    /// The type of each, and where its plaintext stands.
    values: Vec<(Type, Range<usize>)>,
    plaintexts: Zeroizing<Vec<u8>>,
    /// Why the leaf behind the last of them cannot be opened.
    problem: Option<Problem>,
}

impl DecryptedBatch {
    /// The type and the plaintext of each leaf, up to one that cannot be opened.
    pub(super) fn values(&self) -> impl Iterator<Item = Result<(Type, &[u8]), Problem>> {
        let value = |(kind, range): &(Type, Range<usize>)| (*kind, &self.plaintexts[range.clone()]);
        let opened = self.values.iter().map(move |opened| Ok(value(opened)));
        opened.chain(self.problem.map(Err))
    }
}

/// What opens batches, one after the other.
pub(super) struct Opener<'d, 'a> {
    document: &'d Document<'a>,
    selection: &'d Selection,
    cipher: Cipher,
    additional_data: Vec<u8>,
}

impl<'d, 'a> Opener<'d, 'a> {
    pub(super) fn new(
        document: &'d Document<'a>,
        selection: &'d Selection,
        cipher: Cipher,
    ) -> Self {
        Self {
            document,
            selection,
            cipher,
            additional_data: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, items: &Range<usize>) -> DecryptedBatch {
        let encrypted = || {
            items
                .clone()
                .filter_map(|index| match &self.document.tape()[index] {
                    Item::Leaf(leaf) if is_encrypted(self.selection, index, leaf) => Some(leaf),
                    _ => None,
                })
        };
        // A plaintext is shorter than what it is encrypted to, so the room never has to grow, which would leave copies.
        let room = encrypted().map(|leaf| leaf.value.as_ref().map_or(0, |value| value.bytes.len()));
        let mut batch = DecryptedBatch {
            values: Vec::new(),
            plaintexts: Zeroizing::new(Vec::with_capacity(room.sum())),
            problem: None,
        };
        for leaf in encrypted() {
            write_additional_data(self.document.paths(), leaf.path, &mut self.additional_data);
            match open(leaf, &mut self.cipher, &self.additional_data) {
                Ok((kind, plaintext)) => {
                    let start = batch.plaintexts.len();
                    batch.plaintexts.extend_from_slice(plaintext);
                    batch.values.push((kind, start..batch.plaintexts.len()));
                }
                Err(problem) => {
                    batch.problem = Some(problem);
                    break;
                }
            }
        }
        batch
    }
}

fn open<'c>(
    leaf: &Leaf<'_>,
    cipher: &'c mut Cipher,
    additional_data: &[u8],
) -> Result<(Type, &'c [u8]), Problem> {
    let text = match &leaf.value {
        Some(value) if value.kind == Type::Str => str::from_utf8(&value.bytes).ok(),
        _ => None,
    };
    let text = text.ok_or("the rules ask for an encrypted value here, and this is none")?;
    cipher.decrypt(text, additional_data)
}
