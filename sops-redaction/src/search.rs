//! Finds which of several values occur in text.

use std::collections::{BTreeMap, BTreeSet};

use crate::patterns::Patterns;
use crate::texts::Texts;
use crate::{SHORTEST, forms};

/// Searches text for values, and says which ones it contains: as they are, or as base64,
/// URL-encoded or JSON-escaped.
pub struct ValueSearch {
    patterns: Patterns,
    /// The positions of the values of each pattern.
    values: Vec<Vec<usize>>,
}

impl ValueSearch {
    /// A search for these values. Those of less than [`SHORTEST`](crate::SHORTEST) bytes are never
    /// found. A value of several lines is found by its longest line, because a file may indent it.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let mut owners: BTreeMap<Vec<u8>, BTreeSet<usize>> = BTreeMap::new();
        for (position, value) in values.into_iter().enumerate() {
            let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            // If several lines are equally long, the first one.
            let longest = lines.rev().max_by_key(|line| line.len());
            let Some(longest) = longest.filter(|line| line.len() >= SHORTEST) else {
                continue;
            };
            let mut texts = Texts::default();
            forms::add_encoded(longest, &mut texts);
            for text in texts.into_sorted() {
                owners.entry(text.to_vec()).or_default().insert(position);
            }
        }
        let mut all = Texts::default();
        for text in owners.keys() {
            all.add(text);
        }
        Self {
            patterns: Patterns::of_texts(all),
            // Both are sorted.
            values: owners
                .into_values()
                .map(|values| values.into_iter().collect())
                .collect(),
        }
    }

    /// The positions of the values that the text contains.
    pub fn find(&self, text: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut at = 0;
        while let Some(start) = self.patterns.next(text, at) {
            for pattern in self.patterns.all_at_start(&text[start..]) {
                found.extend(&self.values[pattern]);
            }
            at = start + 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_every_form() {
        let pem = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7\nAgEAAkEAq7BFUp\n";
        let values = ["correct-horse", "correct-horse-battery", "short", pem];
        let search = ValueSearch::new(values.map(str::as_bytes));
        for (text, expected) in [
            ("password: correct-horse\n", &[0][..]),
            // The longer value contains the shorter one.
            ("correct-horse-battery", &[0, 1]),
            ("Y29ycmVjdC1ob3JzZQ==", &[0]),
            // In the middle of encoded text: `x:correct-horse`.
            ("eDpjb3JyZWN0LWhvcnNl", &[0]),
            ("-----BEGIN KEY-----", &[]),
            ("    MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7\n", &[3]),
            ("short Correct-Horse", &[]),
            ("", &[]),
        ] {
            let found: Vec<usize> = search.find(text.as_bytes()).into_iter().collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(ValueSearch::new([]).find(b"correct-horse").is_empty());
    }
}
