//! The encrypted values of a file's previous state: an unchanged value keeps its ciphertext, so
//! that diffs stay small.

#[cfg(feature = "merge")]
use std::collections::HashSet;
use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use sops_document::Type;

/// What identifies a value: SHA-256 over its type, additional data and plaintext.
type Fingerprint = [u8; 32];

/// A ciphertext and what identifies its value.
pub(crate) struct CachedCiphertext<'a> {
    value: Fingerprint,
    ciphertext: &'a str,
}

impl<'a> CachedCiphertext<'a> {
    /// The `ciphertext` that holds this value.
    pub(crate) fn new(
        kind: Type,
        additional_data: &[u8],
        plaintext: &[u8],
        ciphertext: &'a str,
    ) -> Self {
        Self {
            value: fingerprint(kind, additional_data, plaintext),
            ciphertext,
        }
    }
}

/// Ciphertexts by their content. Each is used once.
#[derive(Clone, Default)]
pub(crate) struct CiphertextCache<'a> {
    known: HashMap<Fingerprint, VecDeque<&'a str>>,
}

impl<'a> CiphertextCache<'a> {
    /// Whether no ciphertext is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Adds ciphertexts, each after those with the same value.
    pub(crate) fn extend(&mut self, all: Vec<CachedCiphertext<'a>>) {
        for cached in all {
            let known = self.known.entry(cached.value).or_default();
            known.push_back(cached.ciphertext);
        }
    }

    /// Adds the ciphertexts of another version of the file that has the same data key.
    #[cfg(feature = "merge")]
    pub(crate) fn absorb(&mut self, other: Self) {
        for (value, ciphertexts) in other.known {
            let known = self.known.entry(value).or_default();
            // A ciphertext that both versions have counts once: two values must not share it.
            let seen: HashSet<&str> = known.iter().copied().collect();
            known.extend(ciphertexts.into_iter().filter(|text| !seen.contains(text)));
        }
    }

    /// The first unused ciphertext that holds this value.
    pub(crate) fn take(
        &mut self,
        kind: Type,
        additional_data: &[u8],
        plaintext: &[u8],
    ) -> Option<&'a str> {
        self.known
            .get_mut(&fingerprint(kind, additional_data, plaintext))?
            .pop_front()
    }
}

fn fingerprint(kind: Type, additional_data: &[u8], plaintext: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(kind.name());
    hash.update((additional_data.len() as u64).to_le_bytes());
    hash.update(additional_data);
    hash.update(plaintext);
    hash.finalize().into()
}
