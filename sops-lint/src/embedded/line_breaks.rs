//! Other ways to read YAML that kustomize can read but our parser can't.

use std::borrow::Cow;

use sops_document::Document;

/// The characters that are line breaks in YAML 1.1, but not in YAML 1.2.
const BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Reads `text` in several ways, one after the other, until `look` finds something. Positions are
/// the same in each reading; returns whether `text` can be read at all.
pub(super) fn any_reading(text: &str, mut look: impl FnMut(&Document<'_>) -> bool) -> bool {
    let mut is_read = false;
    let differs = text.contains('\t') || text.contains(BREAKS);
    let with_breaks = differs.then(|| Cow::Owned(with_plain_breaks(text)));
    for reading in [Cow::Borrowed(text)].into_iter().chain(with_breaks) {
        let Ok(document) = Document::parse_leniently(&reading) else {
            continue;
        };
        is_read = true;
        if look(&document) {
            return true;
        }
    }
    is_read
}

/// The text with spaces instead of tabs and with line breaks that every parser knows, at the same
/// positions.
fn with_plain_breaks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => plain.push(' '),
            c if BREAKS.contains(&c) => {
                plain.extend(std::iter::repeat_n(' ', c.len_utf8() - 1));
                plain.push('\n');
            }
            c => plain.push(c),
        }
    }
    plain
}
