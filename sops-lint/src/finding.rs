//! A finding, and its fix.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use sops_document::{Location, NewEntry};

use sops_printable::escaped;

use crate::rule::{Confidence, Rule, Severity};
use crate::shown_line::Excerpt;

/// One report of a rule. It never contains a value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// The severity, which the settings can change.
    pub severity: Severity,
    /// How confident the rule is.
    pub confidence: Confidence,
    /// The file, as the caller names it.
    pub file: String,
    /// The file's path from the root of the repository, with `/`.
    pub place: String,
    /// The location where the finding begins.
    pub location: Location,
    /// The byte offset in the text where the finding ends.
    pub end: usize,
    /// The line of the finding, masked; `None` if the file has no text to show.
    pub excerpt: Option<Excerpt>,
    /// The object of the finding: its kind, namespace and name.
    pub object: Option<String>,
    /// Whether the object is embedded in a value of the file, such as an inline patch, which SOPS
    /// cannot encrypt on its own.
    pub is_embedded: bool,
    /// The path from the top of the document: keys, and list items by name or by index in brackets.
    /// Empty for the file as a whole.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The fix, if there is a safe one.
    pub fix: Option<Fix>,
    /// Whether the finding is about a Secret without a creation rule, and the help is to add one.
    pub lacks_creation_rule: bool,
    /// Whether the hooks refuse a commit with the finding, because it leaks or loses something.
    pub is_refused: bool,
    /// Where the secret of the finding is written: for an alias, in the anchored value. `None` if
    /// the finding is about something else, or about text in one of the file's values.
    pub(crate) written: Option<Range<usize>>,
    /// The part of another file that the finding is about, until the finding is moved there.
    pub(crate) referenced: Option<ReferencedPart>,
    /// 32 hexadecimal digits that stay the same when the finding moves within its file.
    pub fingerprint: String,
}

/// A part of a file that the checked file names.
#[derive(Clone, Debug)]
pub(crate) struct ReferencedPart {
    /// The absolute path of the file.
    pub(crate) path: PathBuf,
    pub(crate) span: Range<usize>,
    /// The path to the part in the file.
    pub(crate) keys: Vec<String>,
}

/// The fix for a finding. A program that applies fixes must know all kinds, so a new one would be a
/// breaking change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Set this entry in a mapping of the file, with [`sops_document::Document::with_entries`].
    Entry(NewEntry),
    /// Encrypt the file with its creation rule.
    Encrypt,
    /// Encrypt the file for the recipients of its creation rule.
    UpdateKeys,
    /// Encrypt the file with the selection rule of its creation rule.
    UpdateRule,
}

impl Finding {
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    pub(crate) fn confidence(&mut self, confidence: Confidence) -> &mut Self {
        self.confidence = confidence;
        self
    }

    /// Marks the finding: there is no creation rule for the file.
    pub(crate) fn without_creation_rule(&mut self) -> &mut Self {
        self.lacks_creation_rule = true;
        self
    }

    /// Marks the finding: the hooks do not refuse a commit with it.
    pub(crate) fn accepted(&mut self) -> &mut Self {
        self.is_refused = false;
        self
    }

    pub(crate) fn fix(&mut self, fix: Option<Fix>) -> &mut Self {
        self.fix = fix;
        self
    }

    /// Escapes characters that a terminal would act on, because anyone who can write to the
    /// repository chooses the names in a file.
    pub(crate) fn make_printable(&mut self) {
        let words = self.path.iter_mut().chain(&mut self.object);
        for text in words.chain([&mut self.message]).chain(&mut self.help) {
            if let Cow::Owned(escaped) = escaped(text) {
                *text = escaped;
            }
        }
    }
}

/// A digest of what distinguishes a finding from others; `ordinal` counts findings that are
/// otherwise the same.
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
