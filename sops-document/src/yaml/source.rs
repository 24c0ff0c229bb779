//! Scans YAML source text between tokens: indicators, block scalar headers, the lines of an entry.

use memchr::memmem;

/// The offset of the next byte of `wanted` that is an indicator, from `from` on. White space,
/// comments, `:`, `?`, `-`, anchors and tags are skipped; anything else ends the search.
pub(crate) fn find_indicator(text: &str, from: usize, wanted: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if wanted.contains(&byte) {
            return Some(at);
        }
        match byte {
            b'#' => at = line_end(text, at),
            b'&' | b'!' => {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| !byte.is_ascii_whitespace())
                    .count()
            }
            b' ' | b'\t' | b'\r' | b'\n' | b':' | b'?' | b'-' => at += 1,
            _ => return None,
        }
    }
    None
}

/// The number of nonempty lines in `text`, which approximates the number of entries.
pub(crate) fn lines(text: &str) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\n', bytes)
        .filter(|at| *at > 0 && bytes[*at - 1] != b'\n')
        .count()
}

/// An estimate of the items in `text` in addition to one for each of its [lines]: the ends of
/// collections, and what follows the first item on a line. Only the beginning of the text is
/// examined.
pub(crate) fn further_items(text: &str) -> usize {
    let length = (text.len() / 16).clamp(4 * 1024, 32 * 1024);
    let examined = &text.as_bytes()[..text.len().min(length)];
    let [values, flow, comment] = [": ", ": {", " #"].map(memmem::Finder::new);
    let of_line = |line: &[u8]| match line.trim_ascii_start() {
        [] | [b'#', ..] => 0,
        // The collection on the lines below ends.
        [.., b':'] => 1,
        line => {
            let in_line = match line {
                // A mapping begins and ends.
                [b'-', b' ', ..] if values.find(line).is_some() => 2,
                _ if flow.find(line).is_some() => values.find_iter(line).count(),
                _ => 0,
            };
            in_line + usize::from(comment.find(line).is_some())
        }
    };
    let found: usize = examined.split(|byte| *byte == b'\n').map(of_line).sum();
    let all = found.saturating_mul(text.len()) / examined.len().max(1);
    all + all / 16
}

/// The offset of the line break at or after `at`, or of the end of the text.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |found| at + found)
}

/// The offset just after the line break at `at`, if there is one.
pub(crate) fn after_break(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// The offset of the start of the line of `at`, after a byte order mark.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    match memchr::memrchr2(b'\n', b'\r', &text.as_bytes()[..at]) {
        Some(found) => found + 1,
        None if text.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len_utf8().min(at),
        None => 0,
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The number of columns from the start of the line to `at`, not counting a byte order mark.
pub(crate) fn column(text: &str, at: usize) -> usize {
    text[line_start(text, at)..at].chars().count()
}

/// The header of a block scalar: its line, with its comment and line break.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockHeader<'a> {
    line: &'a str,
}

/// The header at the start of `text`, at its `|` or `>`.
pub(crate) fn header(text: &str) -> BlockHeader<'_> {
    BlockHeader {
        line: &text[..after_break(text, line_end(text, 0))],
    }
}

impl<'a> BlockHeader<'a> {
    /// The whole line, with comment and line break.
    pub(crate) fn line(self) -> &'a str {
        self.line
    }

    /// The length in bytes, with comment and line break.
    pub(crate) fn len(self) -> usize {
        self.line.len()
    }

    /// The indicators, such as `|2-`.
    pub(crate) fn indicators(self) -> &'a str {
        let end = self
            .line
            .find([' ', '\t', '\r', '\n', '#'])
            .unwrap_or(self.line.len());
        &self.line[..end]
    }

    /// How the header treats the line breaks at the end of the content.
    pub(crate) fn chomping(self) -> Chomping {
        match self.indicators() {
            indicators if indicators.contains('-') => Chomping::Strip,
            indicators if indicators.contains('+') => Chomping::Keep,
            _ => Chomping::Clip,
        }
    }

    /// Whether all line breaks at the end of the content are part of it.
    pub(crate) fn keeps(self) -> bool {
        self.chomping() == Chomping::Keep
    }

    /// The indicators with another chomping indicator.
    pub(crate) fn indicators_with(self, chomping: Chomping) -> String {
        let indicators = self.indicators();
        let sign = match chomping {
            Chomping::Strip => "-",
            Chomping::Clip => "",
            Chomping::Keep => "+",
        };
        match indicators.find(['-', '+']) {
            Some(at) => format!("{}{sign}{}", &indicators[..at], &indicators[at + 1..]),
            None => format!("{indicators}{sign}"),
        }
    }
}

/// How a block scalar treats the line breaks at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chomping {
    /// `-`: none is part of the content.
    Strip,
    /// One line break is part of the content.
    Clip,
    /// `+`: all are part of the content.
    Keep,
}

impl Chomping {
    /// Whether `text` can be written under a header with this chomping.
    pub(crate) fn fits(self, text: &str) -> bool {
        let content = text.trim_end_matches('\n');
        let breaks = text.len() - content.len();
        match self {
            Self::Strip => breaks == 0,
            Self::Clip => breaks == 1 && !content.is_empty(),
            Self::Keep => breaks > 0,
        }
    }

    /// The usual chomping for `text`.
    pub(crate) fn of(text: &str) -> Self {
        let all = [Self::Strip, Self::Clip, Self::Keep];
        let fitting = all.into_iter().find(|chomping| chomping.fits(text));
        fitting.unwrap_or(Self::Keep)
    }
}

/// The end of `text[start..end]` without the indentation of a line that continues after it.
pub(crate) fn trim_indentation(text: &str, start: usize, end: usize) -> usize {
    if end == text.len() {
        return end;
    }
    start + text[start..end].trim_end_matches([' ', '\t']).len()
}

/// The end of `text[start..end]` without trailing lines of white space.
pub(crate) fn trim_blank_lines(text: &str, start: usize, end: usize) -> usize {
    let content = text[start..end].trim_end_matches([' ', '\t', '\r', '\n']);
    if content.is_empty() {
        return start;
    }
    // Spaces after the last word are content of its line.
    let last = line_end(text, start + content.len());
    after_break(text, last.min(end)).min(end)
}

/// The line break that ends the first line; `\n` by default.
pub(crate) fn first_line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The line break at the end of `text`, or an empty string.
pub(crate) fn line_break(text: &str) -> &str {
    let length = if text.ends_with("\r\n") {
        2
    } else {
        usize::from(text.ends_with(['\n', '\r']))
    };
    &text[text.len() - length..]
}

/// The anchor among the properties at the start of `source`, followed by a space; empty if there is
/// none.
pub(crate) fn anchor_before(source: &str) -> &str {
    let mut rest = source;
    loop {
        let token = || rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        match rest.as_bytes().first() {
            Some(b'&') => return &rest[..(token() + 1).min(rest.len())],
            Some(b'!') => rest = &rest[token()..],
            Some(b' ' | b'\t' | b'\r' | b'\n') => rest = &rest[1..],
            _ => return "",
        }
    }
}

/// The start of the anchor that ends before `at`, with only spaces in between; `at` if there is no
/// such anchor.
pub(crate) fn anchor_start(text: &str, at: usize) -> usize {
    let before = text[..at].trim_end_matches([' ', '\t']);
    let start = before
        .rfind([' ', '\t', '\r', '\n'])
        .map_or(0, |found| found + 1);
    if before[start..].starts_with('&') {
        start
    } else {
        at
    }
}

/// The offset of the dash before the sequence item at `at`, if both are on one line.
pub(crate) fn dash_before(text: &str, at: usize) -> Option<usize> {
    let before = text[..at].trim_end_matches([' ', '\t']);
    before.ends_with('-').then(|| before.len() - 1)
}
