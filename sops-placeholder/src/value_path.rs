//! The path of a value, from which its placeholder is derived.

use sha2::{Digest, Sha256};

/// The prefix of placeholders. Eight hexadecimal digits follow, so a placeholder is also a
/// valid name of an object or a host.
pub(crate) const PREFIX: &str = "sops-rs-placeholder-";

/// A path of keys and list indexes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValuePath(Vec<String>);

impl ValuePath {
    /// Calls `work` with the path of an entry.
    pub(crate) fn within<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step.to_owned());
        let result = work(self);
        self.0.pop();
        result
    }

    pub(crate) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The key, if the path is an entry directly under one of these top-level keys.
    pub(crate) fn part_of<'k>(&self, keys: &[&'k str]) -> Option<&'k str> {
        match &self.0[..] {
            [part, _] => keys.iter().copied().find(|key| part == key),
            _ => None,
        }
    }

    /// A number that depends on nothing but the path.
    pub(crate) fn number(&self) -> u32 {
        let mut digest = Sha256::new();
        for step in &self.0 {
            digest.update(step.as_bytes());
            digest.update([0]);
        }
        let digest = digest.finalize();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// The placeholder for a string.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{:08x}", self.number())
    }
}

impl<const N: usize> From<[&str; N]> for ValuePath {
    fn from(steps: [&str; N]) -> Self {
        Self(steps.map(str::to_owned).to_vec())
    }
}
