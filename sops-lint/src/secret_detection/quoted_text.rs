//! Texts in quotes.

/// How long a text is, up to the quote that ends it.
pub(super) fn length_until(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && quote != '`' && !is_escaped;
        ends.then_some(at)
    })
}
