//! Bytes that are collected and wiped: growing leaves no copy in memory.

use std::ops::Deref;

use zeroize::Zeroize as _;

/// The least capacity in bytes, unless nothing is added.
const LEAST: usize = 8 * 1024;

/// Collects bytes, and wipes them when it grows and on drop.
#[derive(Default)]
pub(crate) struct WipedBytes(Vec<u8>);

impl WipedBytes {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let length = self.0.len() + bytes.len();
            let mut longer = Self(Vec::with_capacity((2 * length).max(LEAST)));
            longer.0.extend_from_slice(&self.0);
            *self = longer;
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Deref for WipedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for WipedBytes {
    fn drop(&mut self) {
        // Without elements, all memory is wiped at once instead of byte by byte.
        self.0.clear();
        self.0.zeroize();
    }
}
