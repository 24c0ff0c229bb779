//! A private key that was found.

use std::ops::Range;

/// A private key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PrivateKey {
    /// The range of the key in the bytes; for a key in base64, the range of the base64.
    pub(crate) span: Range<usize>,
    /// The description of the key for messages.
    pub(crate) description: &'static str,
    /// Whether this is certainly a key that anyone can use: its checksum is correct, or its format
    /// shows no passphrase.
    pub(crate) certain: bool,
    /// Whether the key is in base64.
    pub(crate) encoded: bool,
}

/// Whether the bytes have more than a few different characters, unlike an example that repeats one
/// letter.
pub(super) fn is_mixed(key: &[u8]) -> bool {
    let mut seen = [false; 256];
    key.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= 16
}
