//! Decrypts the values of a document in batches, which may run in parallel.

use std::ops::Range;

use sops_document::{Document, Item, Leaf, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::{Cipher, Problem};
use crate::pipeline::selection::{Selection, is_encryptable};

/// The number of tape items in a batch.
const BATCH: usize = 1_024;

/// Whether the leaf at this index is encrypted. Null and the empty string never are.
pub(super) fn is_encrypted(selection: &Selection, index: usize, leaf: &Leaf<'_>) -> bool {
    selection.contains(index) && is_encryptable(leaf.value.as_ref())
}

/// The ranges of the tape that form the batches.
pub(super) fn batches(document: &Document<'_>) -> Vec<Range<usize>> {
    let length = document.tape().len();
    (0..length)
        .step_by(BATCH)
        .map(|start| start..length.min(start + BATCH))
        .collect()
}

/// The plaintexts of the encrypted leaves in a batch, in the order of the tape.
pub(super) struct DecryptedBatch {
    /// The type of each value, and the range of its plaintext.
    values: Vec<(Type, Range<usize>)>,
    plaintexts: Zeroizing<Vec<u8>>,
    /// Why the leaf after the last of these values can't be decrypted.
    problem: Option<Problem>,
}

impl DecryptedBatch {
    /// The type and plaintext of each leaf, up to the first that can't be decrypted.
    pub(super) fn values(&self) -> impl Iterator<Item = Result<(Type, &[u8]), Problem>> {
        let value = |(kind, range): &(Type, Range<usize>)| (*kind, &self.plaintexts[range.clone()]);
        let opened = self.values.iter().map(move |opened| Ok(value(opened)));
        opened.chain(self.problem.map(Err))
    }
}

/// Decrypts batches, one at a time.
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
        // A plaintext is shorter than its ciphertext, so the buffer never grows. Growing would
        // leave copies of plaintext in memory.
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
    let text = text.ok_or("the file's rule covers this value, but it is not encrypted")?;
    cipher.decrypt(text, additional_data)
}
