//! What a rule looks at.

use sops_core::EncryptedDocument;
use sops_document::Document;

use crate::context::Context;
use crate::object::Object;

/// One thing that a rule looks at, and the function that looks.
pub(crate) enum Check {
    /// Each file, as bytes.
    File(fn(&mut Context<'_>)),
    /// Each object of a manifest, those of lists included.
    Object(fn(&Object<'_, '_>, &mut Context<'_>)),
    /// Each encrypted file.
    Encrypted(fn(&EncryptedDocument<'_>, &mut Context<'_>)),
    /// Each file that has a form, and is not encrypted.
    Plaintext(fn(&Document<'_>, &mut Context<'_>)),
    /// Each file that has a form, encrypted or not, after all else was reported.
    Document(fn(&Document<'_>, &mut Context<'_>)),
}
