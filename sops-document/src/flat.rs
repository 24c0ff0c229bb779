//! The common parts of dotenv and INI: all values are strings, and nothing is nested deeper than a
//! section.

use std::borrow::Cow;
use std::sync::OnceLock;

use sops_go_compat::{Time, parse_float, write_general};

use crate::document::ReservedKey;
use crate::format::Format;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::{Collection, Document, Item, Paths, ROOT, ReservedEntry, Span};

/// One line of a reserved entry in dotenv or INI: a name with its value.
pub struct ReservedLine {
    /// The offset in bytes where the name begins.
    pub at: usize,
    /// The name; in dotenv without the reserved prefix.
    pub name: String,
    /// The value with its escapes decoded.
    pub text: String,
}

/// Builds a document whose top is a mapping.
pub(crate) struct Builder<'a> {
    text: &'a str,
    pub(crate) tape: Vec<Item<'a>>,
    pub(crate) paths: Paths<'a>,
    pub(crate) reserved_key: ReservedKey,
    pub(crate) reserved: Vec<ReservedEntry>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, reserved_key: ReservedKey) -> Self {
        let mut new = Self {
            text,
            tape: vec![Item::Document {
                close: 0,
                end: text.len() as u32,
            }],
            paths: Paths::with_capacity(text.len() / 64),
            reserved_key,
            reserved: Vec::new(),
        };
        new.open(ROOT, 0);
        new
    }

    /// Opens a mapping that begins at `start`.
    pub(crate) fn open(&mut self, path: crate::PathId, start: usize) -> usize {
        self.tape.push(Item::Open {
            kind: Collection::Mapping,
            flow: false,
            path,
            span: Span::new(start..self.text.len()),
            close: 0,
        });
        self.tape.len() - 1
    }

    /// Closes the mapping at `open`, which ends at `end`.
    pub(crate) fn close(&mut self, open: usize, end: usize) {
        let at = self.tape.len() as u32;
        if let Item::Open { span, close, .. } = &mut self.tape[open] {
            *span = Span::new(span.range().start..end);
            *close = at;
        }
        self.tape.push(Item::Close { open: open as u32 });
    }

    pub(crate) fn finish(mut self, format: Format) -> Document<'a> {
        self.close(1, self.text.len());
        let at = self.tape.len() as u32;
        if let Item::Document { close, .. } = &mut self.tape[0] {
            *close = at;
        }
        self.tape.push(Item::Close { open: 0 });
        Document {
            text: self.text,
            part: 0..self.text.len(),
            format,
            tape: self.tape,
            paths: self.paths,
            reserved_key: self.reserved_key,
            reserved: self.reserved,
            positions: OnceLock::new(),
        }
    }
}

/// The text of a value in these formats, without quotes.
pub(crate) fn text<'v>(value: Option<&'v Value<'_>>) -> Cow<'v, str> {
    match bytes(value) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The text of a value in these formats, before any quoting, as bytes: `<nil>` for null, `true` or
/// `false` for a boolean, and a float always with a fraction or an exponent.
pub fn bytes<'v>(value: Option<&'v Value<'_>>) -> Cow<'v, [u8]> {
    let Some(Value { kind, bytes }) = value else {
        return Cow::Borrowed(b"<nil>");
    };
    let text = || String::from_utf8_lossy(bytes);
    let written = match kind {
        Type::Bool => Some(text().to_ascii_lowercase()),
        Type::Float => parse_float(&text())
            .filter(|number| number.is_finite())
            .map(general),
        Type::Time => Time::from_rfc3339(bytes).map(|_| without_fraction(&text())),
        Type::Str | Type::Int | Type::Bytes | Type::Comment => None,
    };
    written.map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()))
}

/// A number as `FormatFloat(v, 'G', -1, 64)` writes it, with `.0` if it would otherwise read as an
/// integer.
fn general(number: f64) -> String {
    let mut out = String::new();
    write_general(&mut out, number);
    if !out.contains(['.', 'e']) {
        out.push_str(".0");
    }
    out.replace('e', "E")
}

/// An RFC 3339 time without fractions of a second.
fn without_fraction(time: &str) -> String {
    let Some((before, fraction)) = time.split_once('.') else {
        return time.to_owned();
    };
    let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}{zone}")
}

/// The tree with all its values as strings, as in these formats.
pub(crate) fn with_texts(node: &Node) -> Node {
    match node {
        Node::Mapping(entries) => Node::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    value: with_texts(&entry.value),
                })
                .collect(),
        ),
        Node::Sequence(items) => Node::Sequence(items.iter().map(with_texts).collect()),
        Node::Scalar(value) => {
            let text = text(value.as_ref()).into_owned();
            Node::Scalar(Some(Value::string(Cow::Owned(text))))
        }
    }
}

/// Whether text appended to this one begins a line.
pub(crate) fn ends_a_line(text: &str) -> bool {
    text.is_empty() || text == "\u{feff}" || text.ends_with('\n')
}

/// Keys and values, sections in brackets, and comments under the key `//`, as tests compare them
/// with the output of SOPS.
#[cfg(test)]
pub(crate) fn entries(document: &Document<'_>) -> Vec<(String, String)> {
    let entry = |(index, item): (usize, &Item<'_>)| match item {
        Item::Open { path, .. } if *path != ROOT => {
            Some((format!("[{}]", document.paths.key(*path)), String::new()))
        }
        Item::Leaf(leaf) => Some((
            document.paths.key(leaf.path).to_string(),
            text(leaf.value.as_ref()).into_owned(),
        )),
        Item::Comment { .. } => Some(("//".to_owned(), document.comment(index).text.into_owned())),
        _ => None,
    };
    let items = document.tape.iter().enumerate();
    items.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured with `sops decrypt --output-type dotenv` 3.13.3.
    #[test]
    fn values_are_strings_as_sops_writes_them() {
        for (kind, bytes, expected) in [
            (Type::Str, "a\nb", "a\nb"),
            (Type::Int, "-17", "-17"),
            (Type::Float, "1", "1.0"),
            (Type::Float, "1.5", "1.5"),
            (Type::Float, "1000000", "1E+06"),
            (Type::Float, "0.00001", "1E-05"),
            (Type::Float, "100000", "100000.0"),
            (Type::Bool, "True", "true"),
            (Type::Bool, "False", "false"),
            (Type::Time, "2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            (
                Type::Time,
                "2020-01-02T03:04:05.6+01:00",
                "2020-01-02T03:04:05+01:00",
            ),
        ] {
            let value = Value {
                kind,
                bytes: Cow::Borrowed(bytes.as_bytes()),
            };
            assert_eq!(text(Some(&value)), expected);
        }
        assert_eq!(text(None), "<nil>");
    }
}
