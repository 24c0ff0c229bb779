//! What is found, and what mends it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sops_document::{Location, NewEntry};

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
    /// Whether the object is embedded in a value of the file, as an inline patch is, which SOPS cannot encrypt by itself.
    pub is_embedded: bool,
    /// The way to it from the top of its document: keys, and items of lists by their name or index in brackets. Empty for the file.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What mends it, where that is safe.
    pub fix: Option<Fix>,
    /// Whether a commit with it is refused: it leaks or loses something.
    pub is_refused: bool,
    /// The same for the same thing in the same file, wherever it has moved in it. 32 hexadecimal digits.
    pub fingerprint: String,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// An entry that a mapping of the file is to have; [`sops_document::Document::with_entries`] sets it.
    Entry(NewEntry),
    /// The file is encrypted with its creation rule.
    Encrypt,
    /// The file is encrypted for the recipients of its creation rule.
    UpdateKeys,
    /// The file is encrypted with the rule of its creation rule.
    UpdateRule,
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
