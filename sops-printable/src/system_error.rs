//! Errors of the operating system.

use std::io;

/// The text of an error without its number, such as `No such file or directory`.
///
/// ```
/// use sops_printable::system_reason;
///
/// let error = std::fs::read("/nowhere").unwrap_err();
/// assert_eq!(system_reason(&error), "No such file or directory");
/// ```
#[must_use]
pub fn system_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}
