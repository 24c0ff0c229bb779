//! Spelling a text in a style that stays in the file, so that decryption gives back what was encrypted.

use super::analysis::{Analysis, is_readable};
use super::resolve::resolve;
use super::spell::{escape, indent};
use crate::golang::canonical;
use crate::value::Type;

/// A style that stands in the file around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style<'a> {
    /// Without quotes, in block context; an encrypted value cannot stand so in a flow collection.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// A literal or folded block.
    Block {
        /// The indicators in front of the content, as in `|`, `>-` or `|2+`.
        header: &'a str,
        /// The columns that every line of the content is indented by, at least one.
        column: usize,
    },
}

/// Appends a plaintext of type `kind` in `style`, if what is written reads back as the same text and SOPS sees the same
/// value in it, under the tag that stands in the file (with handles expanded).
///
/// Quotes are written with the text, on one line; of a block, the lines below the header are written, each with its line
/// break. `false`, and nothing is written, where the style cannot hold the text: plain text that would be of another
/// type, line breaks and control characters in single quotes, a header whose chomping does not fit the end of the text or
/// whose indentation would be counted wrong.
pub(crate) fn spell_in_style(
    out: &mut String,
    text: &str,
    kind: Type,
    tag: Option<&str>,
    style: Style<'_>,
) -> bool {
    let read = match resolve(text, style == Style::Plain, tag) {
        Ok(Some(value)) if value.kind == kind => value.bytes,
        _ => return false,
    };
    if canonical(kind, text.as_bytes()).is_none_or(|canonical| canonical != read) {
        return false;
    }
    match style {
        Style::Plain => {
            let fits = Analysis::of(text).reads_as_plain(text);
            if fits {
                out.push_str(text);
            }
            fits
        }
        Style::SingleQuoted => single_quote(out, text),
        Style::DoubleQuoted => {
            double_quote(out, text);
            true
        }
        Style::Block { header, column } => match Header::parse(header) {
            Some(header) if column > 0 => header.spell(out, text, column),
            _ => false,
        },
    }
}

fn single_quote(out: &mut String, text: &str) -> bool {
    let fits = text.chars().all(is_readable);
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

/// Escapes what has to be, and tabs; characters that `yaml.v3` would escape without need stay readable, as they most
/// likely were.
fn double_quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '\t') || !is_readable(character) {
            escape(out, character);
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

/// What the header of a block scalar says.
struct Header {
    folded: bool,
    chomping: Chomping,
    /// The indentation is given, so that the first line may begin with spaces.
    indicated: bool,
}

/// What becomes of the line breaks at the end.
#[derive(PartialEq, Eq)]
enum Chomping {
    /// `-`: none is content.
    Strip,
    /// One is.
    Clip,
    /// `+`: all are.
    Keep,
}

impl Header {
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
        let chomping_fits = match self.chomping {
            Chomping::Strip => breaks == 0,
            Chomping::Clip => breaks == 1 && !content.is_empty(),
            Chomping::Keep => breaks > 0,
        };
        // Where the indentation is not given, the first line that is not empty tells it, which can neither begin with
        // white space nor be missing.
        let first = content.trim_start_matches('\n');
        let indentation_fits =
            self.indicated || !(first.is_empty() || first.starts_with([' ', '\t']));
        let readable = |character| character == '\n' || is_readable(character);
        if !chomping_fits || !indentation_fits || !text.chars().all(readable) {
            return false;
        }
        // The line before, and the line breaks since its end.
        let (mut before, mut pending) = ("", 0);
        for line in content.split('\n').filter(|_| !content.is_empty()) {
            if line.is_empty() {
                pending += 1;
                continue;
            }
            // Folding takes one line break away between two lines that do not begin with white space.
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
