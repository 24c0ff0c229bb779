//! The mark that replaces a placeholder, and the characters that end a word next to it.

/// The character that replaces a placeholder in the remaining text. No value contains it.
pub(super) const MARK: char = '\u{1}';

/// Characters that end a word, as in a URL, an assignment or a list.
pub(super) const SEPARATORS: &str = ":/?&=,;@\"'()[]{}<>|\\";

/// Whether the text consists only of placeholders.
pub(super) fn is_mark(text: &str) -> bool {
    text.chars().all(|c| c == MARK || c.is_whitespace())
}

pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || SEPARATORS.contains(c)
}
