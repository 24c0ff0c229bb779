//! What is found, and what mends it.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sops_core::Location;

use crate::rule::Rule;

/// How bad it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A secret leaks, or is about to.
    Error,
    /// It should be otherwise.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is found. No part of it holds a value.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is, here.
    pub severity: Severity,
    /// The file, as the caller names it.
    pub file: String,
    /// The file's path from the repository's folder on, with `/`.
    pub place: String,
    /// Where it begins.
    pub location: Location,
    /// Where it ends, in bytes of the text.
    pub end: usize,
    /// The object that it is in: its kind, namespace and name.
    pub object: Option<String>,
    /// The way to it from the top of its document: keys, and items of lists by their name or index in brackets. Empty for the file.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What mends it, where that is safe.
    pub fix: Option<Fix>,
    /// The same for the same thing in the same file, wherever it has moved in it. 32 hexadecimal digits.
    pub fingerprint: String,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Other text.
    Edit(Edit),
    /// The file is encrypted with its creation rule.
    Encrypt,
    /// The file is encrypted for the recipients of its creation rule.
    UpdateKeys,
}

/// Other text for a part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that it takes the place of.
    pub range: Range<usize>,
    /// The text.
    pub text: String,
}

impl Edit {
    /// What makes `new` of `old`: the part between the first and the last difference.
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let same = |(a, b): &(u8, u8)| a == b;
        let start = old.bytes().zip(new.bytes()).take_while(same).count();
        let start = old.floor_char_boundary(start);
        let most = old.len().min(new.len()) - start;
        let tail = old.bytes().rev().zip(new.bytes().rev());
        let tail = tail.take_while(same).count().min(most);
        let end = old.ceil_char_boundary(old.len() - tail);
        let tail = old.len() - end;
        Self {
            range: start..end,
            text: new[start..new.len() - tail].to_owned(),
        }
    }

    /// The text with all of the edits made, but for those that overlap an earlier one.
    pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Self>) -> String {
        let mut edits: Vec<_> = edits.into_iter().collect();
        edits.sort_by_key(|edit| edit.range.start);
        edits.dedup();
        let mut out = String::with_capacity(text.len() + 32);
        let mut done = 0;
        for edit in edits {
            if edit.range.start >= done && edit.range.end <= text.len() {
                out.push_str(&text[done..edit.range.start]);
                out.push_str(&edit.text);
                done = edit.range.end;
            }
        }
        out + &text[done..]
    }
}

/// A digest of what tells a finding from others; `ordinal` counts those that nothing else tells apart.
pub(crate) fn fingerprint(finding: &Finding, ordinal: usize) -> String {
    let mut digest = Sha256::new();
    let object = finding.object.as_deref().unwrap_or_default();
    let parts = [finding.rule.code, &finding.place, object];
    for part in parts
        .into_iter()
        .chain(finding.path.iter().map(String::as_str))
    {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(ordinal.to_string());
    let digest = digest.finalize();
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_in_one_pass() {
        let old = "a: 1\nb: é\nc: 3\n";
        let one = Edit::between(old, "a: 1\nx: 2\nb: é\nc: 3\n");
        let other = Edit::between(old, "a: 1\nb: è\nc: 3\n");
        assert_eq!(Edit::apply(old, [&other, &one]), "a: 1\nx: 2\nb: è\nc: 3\n");
        assert_eq!(Edit::apply(old, [&other, &other]), "a: 1\nb: è\nc: 3\n");
    }
}
