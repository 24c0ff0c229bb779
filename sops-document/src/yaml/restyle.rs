//! Writes a scalar in a style that is already in the file, so that the value looks as it did
//! before.

use super::analysis::{Analysis, is_readable};
use super::resolve::resolve;
use super::source::Chomping;
use super::spell::{escape, indent};
use crate::canonical::canonical;
use crate::value::Type;

/// A style of a value in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceStyle<'a> {
    /// Without quotes, in block style.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// A literal or folded block.
    Block {
        /// The indicators before the content, as in `|`, `>-` or `|2+`.
        header: &'a str,
        /// The number of columns that every line of the content is indented by, at least one.
        column: usize,
    },
}

/// Appends `text` of type `kind` in `style`, if the result reads back as the same text and Go's
/// library sees the same value in it under `tag`, the tag in the file with its handle expanded.
///
/// Writes quotes with the text, on one line; for a block scalar, the lines below the header, each
/// with its line break. Returns false and writes nothing if the style cannot hold the text: a plain
/// scalar that would have another type, line breaks and control characters in single quotes, a
/// header whose chomping does not fit the end of the text or whose indentation would be counted
/// wrong.
pub(crate) fn restyle(
    out: &mut String,
    text: &str,
    kind: Type,
    tag: Option<&str>,
    style: SourceStyle<'_>,
) -> bool {
    let read = match resolve(text, style == SourceStyle::Plain, tag) {
        Ok(Some(value)) if value.kind == kind => value.bytes,
        _ => return false,
    };
    if canonical(kind, text.as_bytes()).is_none_or(|canonical| canonical != read) {
        return false;
    }
    match style {
        SourceStyle::Plain => {
            let fits = Analysis::of(text).reads_as_plain(text);
            if fits {
                out.push_str(text);
            }
            fits
        }
        SourceStyle::SingleQuoted => single_quote(out, text),
        SourceStyle::DoubleQuoted => {
            double_quote(out, text);
            true
        }
        SourceStyle::Block { header, column } => match BlockIndicators::parse(header) {
            Some(header) if column > 0 => header.spell(out, text, column),
            _ => false,
        },
    }
}

fn single_quote(out: &mut String, text: &str) -> bool {
    let fits = is_readable_ascii(text) || text.chars().all(is_readable);
    if fits {
        out.push('\'');
        for (index, part) in text.split('\'').enumerate() {
            out.push_str(if index == 0 { "" } else { "''" });
            out.push_str(part);
        }
        out.push('\'');
    }
    fits
}

/// Escapes the required characters, and tabs. Characters that `yaml.v3` escapes unnecessarily stay
/// readable, as they most likely were.
fn double_quote(out: &mut String, text: &str) {
    out.push('"');
    if is_readable_ascii(text) && !text.contains(['"', '\\']) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '\t') || !is_readable(character) {
            escape(out, character);
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

/// A quick check that `text` has only printable ASCII characters, as most values do.
fn is_readable_ascii(text: &str) -> bool {
    text.bytes().fold(true, |is_readable, byte| {
        is_readable & matches!(byte, b' '..=b'~')
    })
}

/// The properties in the header of a block scalar.
struct BlockIndicators {
    folded: bool,
    chomping: Chomping,
    /// The header states the indentation, so the first line may begin with spaces.
    indicated: bool,
}

impl BlockIndicators {
    fn parse(text: &str) -> Option<Self> {
        let indicators = text.strip_prefix(['|', '>'])?;
        let mut header = Self {
            folded: text.starts_with('>'),
            chomping: Chomping::Clip,
            indicated: false,
        };
        for indicator in indicators
            .bytes()
            .take_while(|byte| !matches!(byte, b' ' | b'\t'))
        {
            match indicator {
                b'-' if header.chomping == Chomping::Clip => header.chomping = Chomping::Strip,
                b'+' if header.chomping == Chomping::Clip => header.chomping = Chomping::Keep,
                b'1'..=b'9' if !header.indicated => header.indicated = true,
                _ => return None,
            }
        }
        Some(header)
    }

    fn spell(&self, out: &mut String, text: &str, column: usize) -> bool {
        let content = text.trim_end_matches('\n');
        let breaks = text.len() - content.len();
        let chomping_fits = self.chomping.fits(text);
        // If the header does not state the indentation, the first nonempty line determines it. That
        // line must exist, and cannot begin with white space.
        let first = content.trim_start_matches('\n');
        let indentation_fits =
            self.indicated || !(first.is_empty() || first.starts_with([' ', '\t']));
        let readable = |line| is_readable_ascii(line) || line.chars().all(is_readable);
        if !chomping_fits || !indentation_fits || !text.split('\n').all(readable) {
            return false;
        }
        // The previous line, and the number of line breaks since its end.
        let (mut before, mut pending) = ("", 0);
        for line in content.split('\n').filter(|_| !content.is_empty()) {
            if line.is_empty() {
                pending += 1;
                continue;
            }
            // Folding removes one line break between two lines that do not begin with white space.
            let folds = self.folded && !before.is_empty() && pending > 0;
            if folds && !before.starts_with([' ', '\t']) && !line.starts_with([' ', '\t']) {
                pending += 1;
            }
            out.extend(std::iter::repeat_n('\n', pending));
            indent(out, column);
            out.push_str(line);
            (before, pending) = (line, 1);
        }
        out.extend(std::iter::repeat_n('\n', breaks.max(pending)));
        true
    }
}

#[cfg(test)]
mod tests {
    use granit_parser::{Event, Parser};
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    const HEADERS: [&str; 14] = [
        "|", "|-", "|+", "|2", "|2-", "|2+", "|-2", "|+2", ">", ">-", ">+", ">2", ">2-", ">2+",
    ];

    /// A document with the restyled value under `k` and another key after it; `None` if it cannot be
    /// restyled.
    fn document(
        text: &str,
        kind: Type,
        tag: Option<&str>,
        style: SourceStyle<'_>,
    ) -> Option<String> {
        let mut document = String::from("k: ");
        if let SourceStyle::Block { header, .. } = style {
            document.push_str(header);
            document.push('\n');
        }
        let start = document.len();
        if !restyle(&mut document, text, kind, tag, style) {
            assert_eq!(
                document.len(),
                start,
                "nothing is written where the text does not fit"
            );
            return None;
        }
        if !document.ends_with('\n') {
            document.push('\n');
        }
        document.push_str("z: end\n");
        Some(document)
    }

    /// The scalars of a document, `None` if it does not parse.
    fn scalars(document: &str) -> Option<Vec<String>> {
        let mut scalars = Vec::new();
        for event in Parser::new_from_str(document) {
            if let Event::Scalar(content, ..) = event.ok()?.0 {
                scalars.push(content.into_owned());
            }
        }
        Some(scalars)
    }

    fn styles() -> impl Iterator<Item = SourceStyle<'static>> {
        [
            SourceStyle::Plain,
            SourceStyle::SingleQuoted,
            SourceStyle::DoubleQuoted,
        ]
        .into_iter()
        .chain(
            HEADERS
                .into_iter()
                .map(|header| SourceStyle::Block { header, column: 2 }),
        )
    }

    #[test]
    fn written_text_reads_back() {
        const CHARACTERS: [&str; 44] = [
            "a", "b", "Z", "0", "1", "9", " ", " ", " ", "\n", "\n", "\n", "\n", "\t", ":", "#",
            "-", "?", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`",
            "~", "\\", ".", "é", "漢", "😀", "\u{a0}", "\r", "\u{85}", "\u{2028}", "\u{feff}",
        ];
        let seed = 7;
        let mut random = StdRng::seed_from_u64(seed);
        let mut written = 0;
        for round in 0..4_000 {
            // Half of the strings have only letters and white space, on which block scalars depend.
            let kinds = if round % 2 == 0 { 14 } else { CHARACTERS.len() };
            let length = random.random_range(1..10);
            let text: String = (0..length)
                .map(|_| CHARACTERS[random.random_range(0..kinds)])
                .collect();
            for style in styles() {
                if let Some(document) = document(&text, Type::Str, None, style) {
                    let expected = ["k", &text, "z", "end"].map(str::to_owned).to_vec();
                    assert_eq!(
                        scalars(&document),
                        Some(expected),
                        "seed {seed}: {style:?} {document:?}"
                    );
                    written += 1;
                }
            }
        }
        assert!(written > 12_000, "{written} strings fit into a style");
    }

    #[test]
    fn a_style_is_used_only_if_it_can_hold_the_text() {
        let block = |header| SourceStyle::Block { header, column: 2 };
        let tag = Some("tag:yaml.org,2002:str");
        for (text, kind, tag, style, spelled) in [
            ("a b", Type::Str, None, SourceStyle::Plain, Some("a b")),
            (
                "what? 😀\tyes",
                Type::Str,
                None,
                SourceStyle::Plain,
                Some("what? 😀\tyes"),
            ),
            ("a: b", Type::Str, None, SourceStyle::Plain, None),
            (" a", Type::Str, None, SourceStyle::Plain, None),
            ("", Type::Str, None, SourceStyle::Plain, None),
            ("5", Type::Str, None, SourceStyle::Plain, None),
            ("5", Type::Str, tag, SourceStyle::Plain, Some("5")),
            (
                "5",
                Type::Str,
                Some("!local"),
                SourceStyle::Plain,
                Some("5"),
            ),
            ("yes", Type::Str, None, SourceStyle::Plain, Some("yes")),
            ("1.50", Type::Float, None, SourceStyle::Plain, Some("1.50")),
            ("1e3", Type::Float, None, SourceStyle::Plain, Some("1e3")),
            ("1", Type::Float, None, SourceStyle::Plain, None),
            (
                "1",
                Type::Float,
                Some("tag:yaml.org,2002:float"),
                SourceStyle::Plain,
                Some("1"),
            ),
            ("007", Type::Int, None, SourceStyle::Plain, Some("007")),
            // Octal in YAML, but decimal when the plaintext is read.
            ("010", Type::Int, None, SourceStyle::Plain, None),
            ("TRUE", Type::Bool, None, SourceStyle::Plain, Some("TRUE")),
            ("t", Type::Bool, None, SourceStyle::Plain, None),
            (
                "2024-01-02T03:04:05Z",
                Type::Time,
                None,
                SourceStyle::Plain,
                Some("2024-01-02T03:04:05Z"),
            ),
            (
                "it's",
                Type::Str,
                None,
                SourceStyle::SingleQuoted,
                Some("'it''s'"),
            ),
            ("5", Type::Str, None, SourceStyle::SingleQuoted, Some("'5'")),
            ("5", Type::Int, None, SourceStyle::SingleQuoted, None),
            (
                "5",
                Type::Int,
                Some("tag:yaml.org,2002:int"),
                SourceStyle::SingleQuoted,
                Some("'5'"),
            ),
            ("a\nb", Type::Str, None, SourceStyle::SingleQuoted, None),
            ("a\u{7}", Type::Str, None, SourceStyle::SingleQuoted, None),
            ("", Type::Str, None, SourceStyle::SingleQuoted, Some("''")),
            (
                "a\n\t\"\\\u{7}é😀",
                Type::Str,
                None,
                SourceStyle::DoubleQuoted,
                Some(r#""a\n\t\"\\\aé😀""#),
            ),
            ("a\nb\n", Type::Str, None, block("|"), Some("  a\n  b\n")),
            ("a\nb", Type::Str, None, block("|"), None),
            ("a\nb", Type::Str, None, block("|-"), Some("  a\n  b\n")),
            ("a\n\n", Type::Str, None, block("|+"), Some("  a\n\n")),
            ("a\n\n", Type::Str, None, block("|"), None),
            (" a\n", Type::Str, None, block("|"), None),
            (" a\n", Type::Str, None, block("|2"), Some("   a\n")),
            (
                "\n\na\n",
                Type::Str,
                None,
                block("| # why"),
                Some("\n\n  a\n"),
            ),
            (
                "a b\nc\n d\ne\n",
                Type::Str,
                None,
                block(">"),
                Some("  a b\n\n  c\n   d\n  e\n"),
            ),
            (
                "a\n\nb",
                Type::Str,
                None,
                block(">-"),
                Some("  a\n\n\n  b\n"),
            ),
            ("a\rb", Type::Str, None, block("|-"), None),
            ("a", Type::Str, None, block("-"), None),
            (
                "a",
                Type::Str,
                None,
                SourceStyle::Block {
                    header: "|-",
                    column: 0,
                },
                None,
            ),
        ] {
            let mut out = String::new();
            let fits = restyle(&mut out, text, kind, tag, style);
            assert_eq!(fits.then_some(out.as_str()), spelled, "{text:?} {style:?}");
        }
    }
}
