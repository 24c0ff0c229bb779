//! The message and the position of a parse error.

use std::ops::Range;

use sops_document::Error;

/// The message of an error without its location, which the finding has.
pub(super) fn message_of(error: &Error) -> String {
    match error {
        Error::Syntax { message, .. }
        | Error::Unsupported { message, .. }
        | Error::Unrepresentable { message, .. }
        | Error::Limit { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

/// The same for an error in the metadata or the values of an encrypted file.
pub(crate) fn message_of_encrypted(error: &sops_core::Error) -> String {
    match error {
        sops_core::Error::Document(error) => message_of(error),
        sops_core::Error::Metadata {
            location: Some(location),
            ..
        } => {
            let text = error.to_string();
            let message = text.strip_prefix(&format!("{location}: "));
            message.map_or_else(|| text.clone(), str::to_owned)
        }
        error => error.to_string(),
    }
}

/// The position of the error in the document.
pub(crate) fn span_of(error: &Error) -> Range<usize> {
    let offset = match error {
        Error::Syntax { location, .. }
        | Error::Unsupported { location, .. }
        | Error::Unrepresentable { location, .. } => location.offset,
        Error::Limit { location, .. } | Error::ReservedEntry { location, .. } => {
            location.map_or(0, |location| location.offset)
        }
        _ => 0,
    };
    offset..offset
}
