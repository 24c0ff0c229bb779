//! Finds the values of a document that a selection rule covers.

use std::collections::HashSet;
use std::ops::Range;

use sops_core::rules::EncryptionRule;
use sops_core::{Unencrypted, unencrypted_values};
use sops_document::Document;

use crate::secret::SecretValue;

/// The plaintext values and comments of a document that a selection rule covers. Encryption would
/// replace exactly these.
#[derive(Debug, Default)]
pub struct SelectedValues {
    spans: HashSet<Range<usize>>,
}

impl SelectedValues {
    /// The values and comments that the rule covers in the document.
    ///
    /// # Errors
    /// [`Error::Regex`](sops_core::Error::Regex) if the rule's expression is invalid.
    pub fn of(document: &Document<'_>, rule: &EncryptionRule) -> sops_core::Result<Self> {
        unencrypted_values(document, Some(rule)).map(Self::from_iter)
    }

    /// Whether the rule covers the value or comment with this byte span. A value from an alias has
    /// the span of the alias.
    pub fn contains(&self, span: &Range<usize>) -> bool {
        self.spans.contains(span)
    }

    /// Whether the rule leaves a value of a Secret in plaintext.
    pub fn leaves_open(&self, value: &SecretValue<'_, '_>) -> bool {
        !self.contains(&value.place)
    }
}

impl FromIterator<Unencrypted> for SelectedValues {
    fn from_iter<I: IntoIterator<Item = Unencrypted>>(values: I) -> Self {
        let spans = values.into_iter().map(|value| value.span).collect();
        Self { spans }
    }
}
