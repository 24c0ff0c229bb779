//! Refuses a change to an encrypted file that would leave values in plaintext that were encrypted
//! before, or that the creation rule encrypts.

use std::path::Path;

use sops_core::rules::EncryptionRule;
use sops_core::{EncryptedDocument, Format};

use crate::config::rule_drift::RuleDrift;
use crate::secret_parts::SecretParts;

/// Checks the content that may replace the plaintext of a file.
pub(crate) struct TextGuard<'g> {
    document: &'g EncryptedDocument<'g>,
    file: &'g Path,
    before: &'g [u8],
    drift: Option<RuleDrift>,
    rule: EncryptionRule,
    had_selection: bool,
    /// Whether a value was already in plaintext by mistake, which is no reason to refuse another
    /// change.
    had_leak: bool,
    allows_plaintext: bool,
}

impl<'g> TextGuard<'g> {
    /// Prepares the check for the file that the document was read from, with its plaintext `before`
    /// the change. With `allows_plaintext`, a value that the creation rule encrypts causes only a
    /// warning.
    pub(crate) fn new(
        document: &'g EncryptedDocument<'g>,
        file: &'g Path,
        before: &'g [u8],
        drift: Option<RuleDrift>,
        allows_plaintext: bool,
    ) -> Self {
        let rule = document.metadata().rule.clone().unwrap_or_default();
        let parts = SecretParts::of(before, document.format(), &rule);
        Self {
            had_selection: document.require_selection(before).is_ok(),
            had_leak: parts.leak.is_some(),
            document,
            file,
            before,
            drift,
            rule,
            allows_plaintext,
        }
    }

    /// Refuses `text` if it would leave a value in plaintext by mistake. Returns warnings for the
    /// user.
    pub(crate) fn check(&self, text: &[u8]) -> sops_core::Result<Vec<String>> {
        if self.had_selection {
            self.document.require_selection(text)?;
        }
        let format = self.document.format();
        let mut warnings = check_parts(text, format, &self.rule, self.had_leak)?;
        if let Some(drift) = &self.drift {
            match self.allows_plaintext {
                true => warnings.extend(drift.warning(self.file, self.before, text, format)?),
                false => drift.check(self.file, self.before, text, format)?,
            }
        }
        Ok(warnings)
    }
}

/// Refuses a Secret if one of its values would stay in plaintext by mistake. Returns the warnings
/// about the Secrets.
pub(crate) fn check_parts(
    text: &[u8],
    format: Format,
    rule: &EncryptionRule,
    allows_plaintext: bool,
) -> sops_core::Result<Vec<String>> {
    let parts = SecretParts::of(text, format, rule);
    match parts.leak {
        Some(leak) if !allows_plaintext => Err(leak),
        Some(leak) => Ok([vec![leak.to_string()], parts.warnings].concat()),
        None => Ok(parts.warnings),
    }
}
