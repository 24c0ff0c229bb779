//! A private key that was found.

use std::ops::Range;

/// A private key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PrivateKey {
    /// Where it is in the bytes; if it is in base64, all of the base64.
    pub(crate) span: Range<usize>,
    /// What it is, in words for people.
    pub(crate) description: &'static str,
    /// Whether it is sure to be one: its checksum is right, or it has a body.
    pub(crate) certain: bool,
    /// Whether it is in base64.
    pub(crate) encoded: bool,
}

/// Whether it has more than a few different characters, as no example made of one letter has.
pub(super) fn is_mixed(key: &[u8]) -> bool {
    let mut seen = [false; 256];
    key.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= 16
}
