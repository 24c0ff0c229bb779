//! The parts of a repository that a rule checks.

use sops_core::EncryptedDocument;
use sops_document::Document;

use crate::context::Context;
use crate::object::Object;

/// A part that a rule checks, with the function that checks it.
pub(crate) enum Check {
    /// Each file, as bytes.
    File(fn(&mut Context<'_>)),
    /// Each object of a manifest, including the items of lists.
    Object(fn(&Object<'_, '_>, &mut Context<'_>)),
    /// Each encrypted file.
    Encrypted(fn(&EncryptedDocument<'_>, &mut Context<'_>)),
    /// Each unencrypted file in a known format.
    Plaintext(fn(&Document<'_>, &mut Context<'_>)),
    /// Each file in a known format, encrypted or not, after all other checks.
    Document(fn(&Document<'_>, &mut Context<'_>)),
}
