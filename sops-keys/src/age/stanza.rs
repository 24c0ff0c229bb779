//! The stanzas of an age file's header, each of which holds the file key encrypted for one
//! recipient.

use age_core::format::{FileKey, Stanza};

/// The result of trying an identity on the stanzas.
pub(super) enum StanzaOutcome {
    /// The identity decrypts the file key.
    Decrypted(FileKey),
    /// The file is for another identity.
    NoMatch,
    /// The stanza for the identity is malformed.
    Malformed,
}

/// Tries an identity of the crate `age`.
pub(super) fn try_identity(identity: &dyn ::age::Identity, stanzas: &[Stanza]) -> StanzaOutcome {
    match identity.unwrap_stanzas(stanzas) {
        Some(Ok(file_key)) => StanzaOutcome::Decrypted(file_key),
        Some(Err(::age::DecryptError::InvalidHeader)) => StanzaOutcome::Malformed,
        // The stanza names the key by a hash of 32 bits, so it may be another key's.
        Some(Err(_)) | None => StanzaOutcome::NoMatch,
    }
}
