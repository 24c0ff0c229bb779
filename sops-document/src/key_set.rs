//! The keys of one mapping, to find duplicates.

use std::borrow::Cow;
use std::collections::HashSet;

/// The keys seen so far. Comparing a few is faster than hashing them.
pub(super) enum KeySet<'a> {
    Few(Vec<Cow<'a, str>>),
    Many(HashSet<Cow<'a, str>>),
}

impl<'a> KeySet<'a> {
    pub(super) fn new() -> Self {
        Self::Few(Vec::new())
    }

    /// Whether the key is new.
    pub(super) fn insert(&mut self, key: Cow<'a, str>) -> bool {
        match self {
            Self::Few(keys) if keys.len() < 16 => {
                let new = !keys.contains(&key);
                if keys.is_empty() {
                    keys.reserve(8);
                }
                keys.push(key);
                new
            }
            Self::Few(keys) => {
                let mut many: HashSet<_> = keys.drain(..).collect();
                let new = many.insert(key);
                *self = Self::Many(many);
                new
            }
            Self::Many(keys) => keys.insert(key),
        }
    }

    /// Removes a key, so that it counts as new again.
    pub(super) fn remove(&mut self, key: &str) {
        match self {
            Self::Few(keys) => keys.retain(|known| known != key),
            Self::Many(keys) => {
                keys.remove(key);
            }
        }
    }
}
