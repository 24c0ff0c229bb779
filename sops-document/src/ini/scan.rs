//! Scans INI line by line, like `gopkg.in/ini.v1` 1.67 with the options of SOPS, and records the
//! span of everything it finds.

use std::borrow::Cow;
use std::ops::Range;

use crate::Style;
use crate::error::{Error, Location, Result};

/// The delimiters between a key and its value.
pub(super) const DELIMITERS: [char; 2] = ['=', ':'];

/// The markers of a comment.
pub(super) const MARKERS: [char; 2] = ['#', ';'];

const TRIPLE: &str = "\"\"\"";

/// An element of a file. All ranges exclude the surrounding white space.
pub(super) enum IniEvent<'a> {
    /// A comment line, starting at its marker.
    Comment(Range<usize>),
    /// A section's header.
    Section {
        name: &'a str,
        at: usize,
        comment: Option<Range<usize>>,
        /// The offset after the line.
        end: usize,
    },
    /// A key and its value.
    Entry(IniEntry<'a>),
}

pub(super) struct IniEntry<'a> {
    pub(super) key: &'a str,
    /// The offset of the key.
    pub(super) at: usize,
    pub(super) value: IniScalar<'a>,
    /// The offset after the last line.
    pub(super) end: usize,
}

/// A value and its spelling.
pub(super) struct IniScalar<'a> {
    pub(super) text: Cow<'a, str>,
    /// The whole source of the value: quotes, continuation lines, and the text after closing quotes
    /// that the library ignores.
    pub(super) span: Range<usize>,
    /// The style of the value: `Plain`, except for quotes that can also hold a token.
    pub(super) style: Style,
    pub(super) comment: Option<Range<usize>>,
}

/// Reads events.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, at }
    }

    /// The next event; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<IniEvent<'a>>> {
        while self.at < self.text.len() {
            let all = self.line();
            let line = all.trim_start();
            let start = self.at - line.len();
            if line.starts_with(MARKERS) {
                return Ok(Some(IniEvent::Comment(self.trimmed(start..self.at))));
            }
            if line.starts_with('[') {
                return self.section(line, start).map(Some);
            }
            if !line.is_empty() {
                return self.entry(line, start).map(Some);
            }
        }
        Ok(None)
    }

    /// The next line with its line break; empty after the last line.
    fn line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find('\n').map_or(rest.len(), |found| found + 1);
        self.at += length;
        &rest[..length]
    }

    /// The range without trailing white space.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        range.start..range.start + self.text[range.clone()].trim_end().len()
    }

    fn section(&self, line: &'a str, start: usize) -> Result<IniEvent<'a>> {
        let Some(close) = line.rfind(']') else {
            return self.syntax(start, "missing `]` in the section's header");
        };
        if close == 1 {
            return self.syntax(start, "the section has no name");
        }
        let comment = line[close + 1..].find(MARKERS);
        Ok(IniEvent::Section {
            name: &line[1..close],
            at: start,
            comment: comment.map(|found| self.trimmed(start + close + 1 + found..self.at)),
            end: self.at,
        })
    }

    fn entry(&mut self, line: &'a str, start: usize) -> Result<IniEvent<'a>> {
        let (key, end) = self.key(line, start)?;
        if key.is_empty() {
            return self.syntax(start, "the key is empty");
        }
        Ok(IniEvent::Entry(IniEntry {
            key,
            at: start,
            value: self.value(start + end)?,
            end: self.at,
        }))
    }

    /// The key of a line, and the offset after its delimiter.
    fn key(&self, line: &'a str, start: usize) -> Result<(&'a str, usize)> {
        let quote = match line.as_bytes()[0] {
            b'"' if line.len() > 6 && line.starts_with(TRIPLE) => TRIPLE,
            b'"' => "\"",
            b'`' => "`",
            _ => {
                let Some(end) = line.find(DELIMITERS) else {
                    return self.syntax(start, "missing `=` or `:` on this line; write a key with a value, a `[section]` or a comment");
                };
                return Ok((line[..end].trim(), end + 1));
            }
        };
        let inner = &line[quote.len()..];
        let Some(length) = inner.find(quote) else {
            return self.syntax(start, "the quotes of the key are not closed");
        };
        let end = 2 * quote.len() + length;
        let Some(delimiter) = line[end..].find(DELIMITERS) else {
            return self.syntax(start, "missing `=` or `:` after the key");
        };
        Ok((inner[..length].trim(), end + delimiter + 1))
    }

    /// The value that begins after the delimiter at `from`.
    fn value(&mut self, from: usize) -> Result<IniScalar<'a>> {
        let rest = self.text[from..self.at].trim_start();
        let start = self.at - rest.len();
        if rest.is_empty() {
            let line = self.text[from..self.at].trim_end_matches(['\r', '\n']);
            let end = from + line.len();
            return Ok(IniScalar {
                text: Cow::Borrowed(""),
                span: end..end,
                style: Style::Plain,
                comment: None,
            });
        }
        // Three quotes at the end of the text are a value, but become an opening quote if another
        // line, such as a reserved entry, follows.
        if rest.starts_with(TRIPLE) {
            return self.quoted(start, TRIPLE);
        }
        if rest.starts_with('`') {
            return self.quoted(start, "`");
        }
        let span = self.trimmed(start..self.at);
        if self.text[span.clone()].ends_with('\\') {
            return Ok(self.continued(span));
        }
        let line = &self.text[span.clone()];
        let found = line.find(MARKERS);
        let value = line[..found.unwrap_or(line.len())].trim_end();
        let (text, style) = match value.as_bytes() {
            [b'\'', .., b'\''] if is_surrounded(value, '\'') => {
                (inside(value), Style::SingleQuoted)
            }
            [b'"', .., b'"'] if is_surrounded(value, '"') => (inside(value), Style::DoubleQuoted),
            _ => (value, Style::Plain),
        };
        Ok(IniScalar {
            text: Cow::Borrowed(text),
            span: start..start + value.len(),
            style,
            comment: found.map(|found| start + found..span.end),
        })
    }

    /// A quoted value that may continue on further lines. It ends at the last closing quotes of a
    /// line.
    fn quoted(&mut self, start: usize, quote: &str) -> Result<IniScalar<'a>> {
        let inner = start + quote.len();
        let scalar = |end: usize, span: Range<usize>, comment| IniScalar {
            text: Cow::Borrowed(&self.text[inner..end]),
            span,
            style: Style::Plain,
            comment,
        };
        if let Some(found) = self.text[inner..self.at].rfind(quote) {
            return Ok(scalar(inner + found, self.trimmed(start..self.at), None));
        }
        let mut at = self.at;
        loop {
            let line_start = at;
            let rest = &self.text[at..];
            if rest.is_empty() {
                return self.syntax(start, "the quotes of the value are not closed");
            }
            at += rest.find('\n').map_or(rest.len(), |found| found + 1);
            let Some(found) = self.text[line_start..at].rfind(quote) else {
                continue;
            };
            let close = line_start + found;
            // A continued line does not end the value.
            if self.text[close + quote.len()..at].trim().ends_with('\\') {
                continue;
            }
            let comment = self.text[close..at].find(MARKERS);
            let comment = comment.map(|found| self.trimmed(close + found..at));
            let end = comment.as_ref().map_or(at, |comment| comment.start);
            let scalar = scalar(close, self.trimmed(start..end), comment);
            self.at = at;
            return Ok(scalar);
        }
    }

    /// A value whose first line, at `span`, ends with a backslash and continues on the next line.
    fn continued(&mut self, span: Range<usize>) -> IniScalar<'a> {
        let mut text = self.text[span.start..span.end - 1].to_owned();
        let mut end = span.end;
        loop {
            let line = self.line();
            let content = line.trim();
            if content.is_empty() {
                break;
            }
            end = self.at - (line.len() - line.trim_end().len());
            text.push_str(content);
            if !text.ends_with('\\') {
                break;
            }
            text.pop();
        }
        IniScalar {
            text: Cow::Owned(text),
            span: span.start..end,
            style: Style::Plain,
            comment: None,
        }
    }

    fn syntax<T>(&self, at: usize, message: &str) -> Result<T> {
        Err(Error::Syntax {
            location: Location::of(self.text, at),
            message: message.to_owned(),
        })
    }
}

/// Whether `text` is quoted and contains no more of these quotes.
fn is_surrounded(text: &str, quote: char) -> bool {
    text.len() >= 2 && text[1..].find(quote) == Some(text.len() - 2)
}

fn inside(text: &str) -> &str {
    &text[1..text.len() - 1]
}

/// The value that `source` is read as after a delimiter; `None` if it is not a complete value.
pub(crate) fn read_value(source: &str) -> Option<String> {
    let text = format!("k = {source}\nend = \n");
    let mut scanner = Scanner::new(&text);
    let Ok(Some(IniEvent::Entry(entry))) = scanner.next() else {
        return None;
    };
    let is_all = entry.value.comment.is_none() && scanner.at == 5 + source.len();
    is_all.then(|| entry.value.text.into_owned())
}
