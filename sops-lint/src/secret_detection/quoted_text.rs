//! Texts in quotes.

/// The length of `text` up to its closing quote.
pub(super) fn length_until(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && quote != '`' && !is_escaped;
        ends.then_some(at)
    })
}

/// Whether a value begins with a variable or a command that continues after it: a quote in it was
/// taken for the end of the value.
pub(super) fn is_cut(value: &str) -> bool {
    let is_cut = |begin: &str, end: char| value.starts_with(begin) && !value.contains(end);
    is_cut("${", '}') || is_cut("$(", ')') || value.starts_with('`') && !value[1..].contains('`')
}
