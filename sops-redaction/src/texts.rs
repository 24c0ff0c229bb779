//! The set of strings to search for.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::SHORTEST;

/// The length in bytes of the longest strings that are searched for as a whole. Longer strings are
/// searched for in parts, so that no part of them passes, and so that the search takes a limited
/// time for each byte and holds back a limited number of bytes.
const LONGEST: usize = 1024;

/// Distinct strings of [`SHORTEST`] to [`LONGEST`] bytes.
#[derive(Default)]
pub(crate) struct Texts(BTreeSet<Vec<u8>>);

impl Texts {
    /// Adds a string, in parts if it is long. Ignores one that is too short.
    pub(crate) fn add(&mut self, text: &[u8]) {
        if text.len() < SHORTEST {
            return;
        }
        for part in text.chunks(LONGEST) {
            // The rest at the end is searched for together with the bytes before it.
            let part = match part.len() < LONGEST {
                true => &text[text.len().saturating_sub(LONGEST)..],
                false => part,
            };
            if !self.0.contains(part) {
                self.0.insert(part.to_vec());
            }
        }
    }

    /// The strings in ascending order.
    pub(crate) fn into_sorted(self) -> Vec<Zeroizing<Vec<u8>>> {
        self.0.into_iter().map(Zeroizing::new).collect()
    }
}
