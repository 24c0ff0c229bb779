//! What a rule is: what it is called, what it explains, and what it looks at.

use std::fmt;

use sops_core::EncryptedDocument;

use crate::context::Context;
use crate::finding::Severity;
use crate::object::Object;

/// A rule.
pub struct Rule {
    /// Its code, such as `SL001`.
    pub code: &'static str,
    /// Its name, words with hyphens.
    pub name: &'static str,
    /// How bad its findings are unless they or the configuration say otherwise.
    pub severity: Severity,
    /// What it finds, why that is bad, and what to write instead, in Markdown.
    pub page: &'static str,
    pub(crate) checks: &'static [Check],
}

/// What a rule looks at.
pub(crate) enum Check {
    /// Each file, as bytes.
    File(fn(&mut Context<'_>)),
    /// Each object of a manifest, those of lists included.
    Object(fn(&Object<'_, '_>, &mut Context<'_>)),
    /// Each encrypted file.
    Encrypted(fn(&EncryptedDocument<'_>, &mut Context<'_>)),
    /// Each file that has a form, and is not encrypted.
    Plaintext(fn(&sops_document::Document<'_>, &mut Context<'_>)),
    /// Each file that has a form, encrypted or not, after all else was reported.
    Document(fn(&sops_document::Document<'_>, &mut Context<'_>)),
}

impl Rule {
    /// The first line of its page.
    pub fn summary(&self) -> &'static str {
        let title = self.page.lines().next().unwrap_or_default();
        title.split_once(": ").map_or(title, |(_, summary)| summary)
    }

    /// Whether the text is its code or its name.
    pub fn is_called(&self, text: &str) -> bool {
        self.code.eq_ignore_ascii_case(text) || self.name == text
    }
}

/// Shows its code and name.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}
