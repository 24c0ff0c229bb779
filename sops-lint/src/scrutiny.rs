//! How certain it must be that a value is not a secret.

use crate::committable::is_public;
use crate::secret_detection::{
    is_angled, is_harmless, is_mask, is_reference, is_whole_reference, may_be_password,
};

/// How certain it must be that a value is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scrutiny {
    /// A value may stay in plaintext if it looks like a placeholder or a setting.
    Usual,
    /// A creation rule names the file and selects the value: only references may stay in plaintext.
    Strict,
}

impl Scrutiny {
    /// Whether `text` is a reference, a placeholder or public.
    pub(crate) fn passes(self, text: &str) -> bool {
        match self {
            Self::Usual => is_open_reference(text),
            Self::Strict => text.is_empty() || is_whole_reference(text) || is_public(text),
        }
    }
}

/// Whether `text` is not a secret value: a reference, a placeholder or harmless. Words such as
/// `true` and addresses count as values here, because someone put them into a Secret.
pub(crate) fn is_open_reference(text: &str) -> bool {
    let is_address = text.contains("://") || text.starts_with('/');
    let is_harmless = || !is_address && text.len() > 5 && is_harmless(text);
    text.is_empty()
        || is_angled(text)
        || is_mask(text)
        || is_empty_frame(text)
        || !may_be_password(text) && (is_reference(text) || is_harmless())
}

/// Whether the text is the header and the end of a private key with a placeholder between them.
fn is_empty_frame(text: &str) -> bool {
    let inner = text.trim().strip_prefix("-----BEGIN ");
    let inner = inner.and_then(|inner| inner.split_once("PRIVATE KEY-----"));
    let inner = inner.and_then(|(_, inner)| inner.split_once("-----END "));
    inner.is_some_and(|(body, end)| {
        let body = body.trim();
        let is_end = end.ends_with("PRIVATE KEY-----") && !end.contains('\n');
        is_end && (body.is_empty() || is_angled(body) || is_mask(body) || is_whole_reference(body))
    })
}
