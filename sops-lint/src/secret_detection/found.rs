//! Secrets in text, each with its range.

use std::collections::BTreeMap;
use std::ops::Range;

use super::likeness::Likeness;

/// A secret that was found in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundSecret {
    /// The name of the secret in the text: a key path, a variable or a flag. Empty if the whole
    /// text is the secret, or if it has no name.
    pub(crate) name: String,
    /// The byte range in the text.
    pub(crate) range: Range<usize>,
    /// Why it counts as a secret.
    pub(crate) likeness: Likeness,
}

/// Secrets that do not overlap, by their start.
#[derive(Default)]
pub(crate) struct FoundSecrets {
    all: BTreeMap<usize, FoundSecret>,
}

impl FoundSecrets {
    /// Adds a secret, unless it overlaps one that was added before.
    pub(crate) fn add(&mut self, name: &str, range: Range<usize>, likeness: Likeness) {
        let before = self.all.range(..range.end).next_back();
        let overlaps = before.is_some_and(|(_, secret)| secret.range.end > range.start);
        if !overlaps && !range.is_empty() {
            let name = name.to_owned();
            let secret = FoundSecret {
                name,
                range,
                likeness,
            };
            self.all.insert(secret.range.start, secret);
        }
    }

    /// The secrets in the order of the text.
    pub(crate) fn into_vec(self) -> Vec<FoundSecret> {
        self.all.into_values().collect()
    }
}

/// The range of a part in its text.
pub(crate) fn range_of(part: &str, text: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Confidence;

    #[test]
    fn the_first_of_overlapping_secrets_is_kept() {
        let mut set = FoundSecrets::default();
        for (name, range) in [
            ("a", 5..9),
            ("b", 0..3),
            ("c", 8..12),
            ("d", 2..4),
            ("e", 9..11),
        ] {
            set.add(name, range, Likeness::Name(Confidence::Medium));
        }
        let names: Vec<_> = set
            .into_vec()
            .into_iter()
            .map(|secret| secret.name)
            .collect();
        assert_eq!(names, ["b", "a", "e"]);
    }
}
