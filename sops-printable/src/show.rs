//! Makes text safe to print: masks private keys, and escapes whatever a terminal, an editor or a CI
//! log would act on.

use std::borrow::Cow;

use crate::escape::{escaped, escaped_lines};

use crate::mask::masked;

/// The text on one line. Line breaks are escaped.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(masked(text), escaped)
}

/// The text with its line breaks. Pass untrusted parts through [`one_line`] before you insert them.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(masked(text), escaped_lines)
}

fn escape<'t>(text: Cow<'t, str>, escape: fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    let text = match text {
        Cow::Borrowed(text) => escape(text),
        Cow::Owned(text) => Cow::Owned(escape(&text).into_owned()),
    };
    match has_command(&text) {
        true => Cow::Owned(without_commands(&text)),
        false => text,
    }
}

/// Whether a CI system could treat part of the text in its log as a command.
fn has_command(text: &str) -> bool {
    text.contains("##") || text.lines().any(begins_with_command)
}

/// Whether the line is a GitHub workflow command such as `::add-mask::x`. Leading white space is
/// ignored.
fn begins_with_command(line: &str) -> bool {
    let name = line.trim_start().strip_prefix("::");
    name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// Escapes every such command.
fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let line = match begins_with_command(line) {
            true => Cow::Owned(line.replacen(':', r"\u{3a}", 1)),
            false => Cow::Borrowed(line),
        };
        // `##[group]` of GitHub, `##vso[…]` of Azure Pipelines and `##teamcity[…]` work anywhere in
        // a line.
        let mut rest = &*line;
        while let Some(at) = rest.find("##") {
            let after = rest[at..].trim_start_matches('#');
            let name = after.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            out.push_str(&rest[..at]);
            out.push_str(match name.starts_with('[') {
                true => r"#\u{23}",
                false => "##",
            });
            rest = &rest[at + 2..];
        }
        out.push_str(rest);
    }
    out
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
        assert!(matches!(one_line("::1"), Cow::Borrowed("::1")));
        assert!(matches!(lines("a\nb"), Cow::Borrowed("a\nb")));
    }

    #[test]
    fn ci_commands_are_escaped() {
        for (text, shown) in [
            (
                "::error::x.yaml: encrypted",
                r"\u{3a}:error::x.yaml: encrypted",
            ),
            ("  ::add-mask::x", r"  \u{3a}:add-mask::x"),
            (
                "a\n\t::stop-commands::x\nb",
                "a\n\t\\u{3a}:stop-commands::x\nb",
            ),
            ("std::error::Error", "std::error::Error"),
            ("a ##[group]b", r"a #\u{23}[group]b"),
            (
                "##vso[task.setvariable variable=a]b",
                r"#\u{23}vso[task.setvariable variable=a]b",
            ),
            ("a ###teamcity[x]", r"a #\u{23}#teamcity[x]"),
            ("## a heading [x]", "## a heading [x]"),
        ] {
            assert_eq!(lines(text), shown);
            assert_eq!(lines(&lines(text)), shown);
        }
    }
}
