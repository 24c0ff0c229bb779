//! Text for people, which goes through here before it is shown: no private keys, and nothing that a terminal or an editor would act on.

use std::borrow::Cow;

use sops_core::printable::{escaped, escaped_lines};

use crate::masking::masked;

/// The text on one line; line breaks in it are escaped too.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(masked(text), escaped)
}

/// The text with its lines. What comes from elsewhere goes through [`one_line`] before it becomes part of such a text.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(masked(text), escaped_lines)
}

fn escape<'t>(text: Cow<'t, str>, escape: fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => escape(text),
        Cow::Owned(text) => Cow::Owned(escape(&text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_masked_and_escaped() {
        let text = "a\u{1b}[2K\nAGE-SECRET-KEY-1QQ\u{202e}";
        assert_eq!(one_line(text), r"a\u{1b}[2K\nAGE-SECRET-KEY-…");
        assert_eq!(lines(text), "a\\u{1b}[2K\nAGE-SECRET-KEY-…");
        assert!(matches!(one_line("a b"), Cow::Borrowed("a b")));
        assert!(matches!(lines("a\nb"), Cow::Borrowed("a\nb")));
    }
}
