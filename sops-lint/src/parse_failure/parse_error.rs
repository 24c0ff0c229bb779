//! What is wrong with a document that does not parse, and where.

use std::ops::Range;

use sops_document::Error;

/// What an error says, without its place, which a finding has.
pub(super) fn message_of(error: &Error) -> String {
    match error {
        Error::Syntax { message, .. }
        | Error::Unsupported { message, .. }
        | Error::Unrepresentable { message, .. }
        | Error::Limit { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

/// Where the document is wrong.
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
