//! Fast searches for words in a whole file. Those of the standard library read every byte.

use memchr::memmem;

/// Whether the text contains the word.
pub(crate) fn contains(text: &str, word: &str) -> bool {
    memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}
