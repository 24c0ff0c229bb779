//! What YAML 1.2 allows and Go's YAML library takes otherwise, refused before two readers see two documents.

use std::ops::Range;

use crate::error::{Error, Location, Result};

/// Refuses characters that YAML 1.1, and so Go's library, takes for line breaks, and YAML 1.2 does not: what they divide would
/// read otherwise there.
pub(super) fn refuse_unicode_breaks(text: &str) -> Result<()> {
    if text.is_ascii() {
        return Ok(());
    }
    match text.find(['\u{85}', '\u{2028}', '\u{2029}']) {
        None => Ok(()),
        Some(at) => Err(Error::Unsupported {
            location: Location::of(text, at),
            message: "a Unicode line break (U+0085, U+2028 or U+2029), which YAML readers take differently: write it as an escape \
                      in double quotes, such as \"\\u2028\""
                .into(),
        }),
    }
}

/// Refuses escapes that YAML 1.2 has and Go's library does not read.
pub(super) fn refuse_foreign_escapes(text: &str, range: Range<usize>) -> Result<()> {
    let source = &text[range.clone()];
    let mut at = 0;
    while let Some(found) = source[at..].find('\\') {
        let escape = at + found;
        let rest = &source[escape + 1..];
        let problem = if rest.starts_with('/') {
            Some("the escape `\\/`, which Go's YAML library does not read: write `/`")
        } else if is_surrogate(rest) {
            Some(
                "half of a surrogate pair, which Go's YAML library does not read: write the character, or `\\U` and 8 digits",
            )
        } else {
            None
        };
        if let Some(message) = problem {
            let location = Location::of(text, range.start + escape);
            return Err(Error::Unsupported {
                location,
                message: message.into(),
            });
        }
        // An escaped character is one byte at least, and may be of several.
        at = escape + 1 + rest.chars().next().map_or(0, char::len_utf8);
    }
    Ok(())
}

/// Whether what stands behind a backslash is the escape of a surrogate, `u` and D800 to DFFF.
fn is_surrogate(escape: &str) -> bool {
    let digits = escape.strip_prefix('u').and_then(|rest| rest.get(..4));
    digits
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .is_some_and(|unit| (0xd800..0xe000).contains(&unit))
}
