//! Wraps messages at the width of the terminal.

use std::borrow::Cow;

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, wrap};

/// The narrowest text worth wrapping, in columns.
const NARROWEST: usize = 20;

/// A placeholder for a space at which a line must not break: the spaces in `quoted commands`, which
/// users copy.
const KEPT_SPACE: char = '\u{a0}';

/// Wraps the text at `width` columns, minus the `reserved` ones for the text around each line.
/// Without a width, as for output that is not a terminal, lines are not wrapped.
pub(crate) fn wrapped(text: &str, width: Option<usize>, reserved: usize) -> Cow<'_, str> {
    let columns = width.map(|width| width.saturating_sub(reserved).max(NARROWEST));
    let is_wide = |columns: &usize| text.lines().any(|line| display_width(line) > *columns);
    let Some(columns) = columns.filter(is_wide) else {
        return Cow::Borrowed(text);
    };
    let text = with_kept_spaces(text);
    let lines: Vec<String> = text.split('\n').map(|line| broken(line, columns)).collect();
    Cow::Owned(lines.join("\n").replace(KEPT_SPACE, " "))
}

/// Wraps one line and indents all parts like the beginning.
fn broken(line: &str, columns: usize) -> String {
    let content = line.trim_start_matches(' ');
    let content = content.strip_prefix("- ").unwrap_or(content);
    let start = &line[..line.len() - content.len()];
    let indent = " ".repeat(start.len());
    let options = Options::new(columns)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation)
        .word_separator(WordSeparator::AsciiSpace)
        .initial_indent(start)
        .subsequent_indent(&indent);
    wrap(content, options).join("\n")
}

/// The text with [`KEPT_SPACE`] for each space within backquotes.
fn with_kept_spaces(text: &str) -> String {
    let mut is_quoted = false;
    text.chars()
        .map(|character| {
            is_quoted ^= character == '`';
            match character {
                // An unmatched quote ends at the end of its line.
                '\n' => {
                    is_quoted = false;
                    character
                }
                ' ' if is_quoted => KEPT_SPACE,
                _ => character,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_but_not_in_commands() {
        let text = "run `sops-rs encrypt --in-place secret.yaml` again, and look at the result";
        assert_eq!(
            wrapped(text, Some(40), 10),
            "run\n`sops-rs encrypt --in-place secret.yaml`\nagain, and look at the result"
        );
        assert_eq!(wrapped(text, None, 10), text);
        assert_eq!(wrapped(text, Some(200), 10), text);
    }

    #[test]
    fn lines_keep_their_indentation_and_a_quote_ends_with_its_line() {
        let text = "a list:\n  - one ` two three four five\n  - six seven eight nine ten";
        assert_eq!(
            wrapped(text, Some(20), 0),
            "a list:\n  - one\n    ` two three four five\n  - six seven eight\n    nine ten"
        );
    }

    #[test]
    fn a_wide_word_begins_no_empty_line() {
        let word = "kubernetes/apps/default/secret.sops.yaml";
        for (text, expected) in [
            (format!("  {word} is new"), format!("  {word}\n  is new")),
            (
                format!("  - {word} is new"),
                format!("  - {word}\n    is new"),
            ),
            (format!("{word} is new"), format!("{word}\nis new")),
            (
                format!("see {word}\n\nand more"),
                format!("see\n{word}\n\nand more"),
            ),
        ] {
            for width in [20, 40] {
                assert_eq!(wrapped(&text, Some(width), 3), expected, "{width}");
            }
        }
    }
}
