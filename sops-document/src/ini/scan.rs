//! Reads INI line by line as `gopkg.in/ini.v1` 1.67 does with the options of SOPS, with the span of
//! everything that it finds.

use std::borrow::Cow;
use std::ops::Range;

use crate::Style;
use crate::error::{Error, Location, Result};

/// What separates a key from its value.
pub(super) const DELIMITERS: [char; 2] = ['=', ':'];

/// What a comment begins with.
pub(super) const MARKERS: [char; 2] = ['#', ';'];

const TRIPLE: &str = "\"\"\"";

/// One thing in a file. All ranges are without the white space around them.
pub(super) enum IniEvent<'a> {
    /// A line that is a comment, from its marker on.
    Comment(Range<usize>),
    /// A section's header.
    Section {
        name: &'a str,
        at: usize,
        comment: Option<Range<usize>>,
        /// After the line.
        end: usize,
    },
    /// A key and its value.
    Entry(IniEntry<'a>),
}

pub(super) struct IniEntry<'a> {
    pub(super) key: &'a str,
    /// Where the key is.
    pub(super) at: usize,
    pub(super) value: IniScalar<'a>,
    /// After the last line.
    pub(super) end: usize,
}

/// A value and how it is written.
pub(super) struct IniScalar<'a> {
    pub(super) text: Cow<'a, str>,
    /// All that is written for it: quotes, the lines that it goes on in, and what the library passes over after closing quotes.
    pub(super) span: Range<usize>,
    /// Plain for all but the quotes that can hold a token as well.
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

    /// The next line with its end; empty after the last one.
    fn line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find('\n').map_or(rest.len(), |found| found + 1);
        self.at += length;
        &rest[..length]
    }

    /// The range without white space at its end.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        range.start..range.start + self.text[range.clone()].trim_end().len()
    }

    fn section(&self, line: &'a str, start: usize) -> Result<IniEvent<'a>> {
        let Some(close) = line.rfind(']') else {
            return self.syntax(start, "the section's header has no `]`");
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
        let (key, behind) = self.key(line, start)?;
        if key.is_empty() {
            return self.syntax(start, "the key is empty");
        }
        Ok(IniEvent::Entry(IniEntry {
            key,
            at: start,
            value: self.value(start + behind)?,
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
                    return self.syntax(start, "there is neither `=` nor `:` in this line: it has to be a key with a value, a `[section]`, or a comment");
                };
                return Ok((line[..end].trim(), end + 1));
            }
        };
        let inner = &line[quote.len()..];
        let Some(length) = inner.find(quote) else {
            return self.syntax(start, "the quotes of the key are not closed");
        };
        let behind = 2 * quote.len() + length;
        let Some(delimiter) = line[behind..].find(DELIMITERS) else {
            return self.syntax(start, "there is neither `=` nor `:` behind the key");
        };
        Ok((inner[..length].trim(), behind + delimiter + 1))
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
        // Three quotes at the end of the text are a value, but open one as soon as another line, such as a reserved entry, follows.
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

    /// A value in quotes that may go on in further lines. It ends at the last closing quotes of a line.
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
            // A line that goes on does not end the value.
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

    /// A value whose first line, at `span`, ends with a backslash and goes on in the next one.
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

/// Whether a text is in quotes that are nowhere else in it.
fn is_surrounded(text: &str, quote: char) -> bool {
    text.len() >= 2 && text[1..].find(quote) == Some(text.len() - 2)
}

fn inside(text: &str) -> &str {
    &text[1..text.len() - 1]
}

/// The value that `source` is read as after a delimiter; `None` if it is none by itself.
pub(crate) fn read_value(source: &str) -> Option<String> {
    let text = format!("k = {source}\nend = \n");
    let mut scanner = Scanner::new(&text);
    let Ok(Some(IniEvent::Entry(entry))) = scanner.next() else {
        return None;
    };
    let is_all = entry.value.comment.is_none() && scanner.at == 5 + source.len();
    is_all.then(|| entry.value.text.into_owned())
}
