//! Dotenv documents as SOPS defines them: a line is empty, a comment that begins with `#` in the
//! first column, or `KEY=VALUE`. Nothing is quoted, white space is not trimmed, a carriage return
//! is part of the value, and `\n` in a value is a line break. If the lines of the reserved entry
//! end in CR LF, a program such as Git has converted the text, so that all lines end in CR LF.

use std::borrow::Cow;

use crate::document::ReservedKey;
use crate::dotenv_quotes::open_quotes;
use crate::error::{Error, Location, Result};
use crate::flat::{self, Builder, ReservedLine};
use crate::format::Format;
use crate::tree::Node;
use crate::value::Value;
use crate::{Document, Item, Leaf, ROOT, ReservedEntry, Span, Style};

/// Whether the name belongs to the reserved entry.
pub(crate) fn is_reserved(name: &str, reserved: ReservedKey) -> bool {
    reserved.is_some_and(|reserved| unreserved(name, reserved).is_some())
}

/// The part of a name after the reserved prefix; `None` if it has no such prefix.
pub(crate) fn unreserved<'t>(name: &'t str, reserved: &str) -> Option<&'t str> {
    name.strip_prefix(reserved)?.strip_prefix('_')
}

/// Parses a dotenv file.
pub(crate) fn parse<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    let mut builder = Builder::new(text, reserved);
    let is_converted = is_converted(text, reserved);
    for (start, whole) in lines(text) {
        let after = (start + whole.len() + 1).min(text.len());
        let line = match is_converted {
            true => without_return(whole),
            false => whole,
        };
        let end = start + line.len();
        if line.is_empty() {
            continue;
        }
        if line.starts_with('#') {
            builder.tape.push(Item::Comment {
                path: ROOT,
                span: Span::new(start..end),
                lost: false,
            });
            continue;
        }
        let Some(equals) = line.find('=') else {
            return Err(no_entry(text, start, line));
        };
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        if is_reserved(key, reserved) {
            match builder.reserved.last_mut() {
                Some(block) if block.entry.end == start => {
                    block.entry.end = after;
                    block.value.end = after;
                }
                _ => builder.reserved.push(ReservedEntry {
                    entry: start..after,
                    value: start..after,
                    document: 0,
                }),
            }
            continue;
        }
        let path = builder.paths.push(ROOT, Cow::Borrowed(key), start as u32);
        builder.tape.push(Item::Leaf(Leaf {
            path,
            span: Span::new(end - value.len()..end),
            style: Style::Plain,
            flow: false,
            value: Some(Value::string(unescape(value))),
        }));
    }
    Ok(builder.finish(Format::Dotenv))
}

/// Whether a program has converted the line breaks to CR LF after the reserved entry was written.
pub(crate) fn is_converted(text: &str, reserved: ReservedKey) -> bool {
    let Some(key) = reserved.filter(|_| text.contains('\r')) else {
        return false;
    };
    let mut own = lines(text)
        .map(|(_, line)| line)
        .filter(|line| unreserved(line, key).is_some())
        .peekable();
    own.peek().is_some() && own.all(|line| line.ends_with('\r'))
}

impl Document<'_> {
    /// Whether the text is dotenv whose line breaks a program such as Git has converted to CR LF
    /// after the reserved entry was written. The carriage returns are then not part of the values.
    pub fn is_converted_to_crlf(&self) -> bool {
        self.format == Format::Dotenv && is_converted(self.text, self.reserved_key)
    }
}

/// The line without the carriage return at its end.
fn without_return(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// A value to set in a document, with a carriage return at its end if all lines of the document end
/// in CR LF.
pub(crate) fn with_return(document: &Document<'_>, mut node: Node) -> Node {
    if let Node::Scalar(Some(value)) = &mut node
        && document.has_crlf_lines()
        && !value.bytes.ends_with(b"\r")
    {
        value.bytes.to_mut().push(b'\r');
    }
    node
}

/// The lines without their line breaks, and where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let start = next;
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        next = start + length + 1;
        Some((start, &rest[..length]))
    })
}

fn no_entry(text: &str, start: usize, line: &str) -> Error {
    let open = open_quotes(&text[..start]);
    if let Some(open) = open.last().filter(|open| open.closed_in.is_none()) {
        return Error::Syntax {
            location: Location::of(text, start),
            message: format!(
                "missing `=` on this line, and the quote on line {} does not join lines; write a line break as `\\n`, or encrypt the file as binary",
                Location::of(text, open.offset).line
            ),
        };
    }
    let message = match line.trim() {
        "" if line == "\r" => {
            "SOPS does not accept an empty line with a Windows line ending; save the file with LF line endings, for example with `dos2unix`"
        }
        "" => "SOPS does not accept a line that contains only white space; leave the line empty",
        line if line.starts_with('#') => "a comment must begin at the start of its line",
        _ => "missing `=` on this line; write `KEY=VALUE` or a comment, or leave the line empty",
    };
    Error::Syntax {
        location: Location::of(text, start),
        message: message.to_owned(),
    }
}

/// The value of the source text.
fn unescape(source: &str) -> Cow<'_, str> {
    if source.contains('\\') {
        Cow::Owned(source.replace("\\n", "\n"))
    } else {
        Cow::Borrowed(source)
    }
}

/// Appends a value in the spelling of the source.
pub(crate) fn spell(out: &mut String, value: Option<&Value<'_>>) {
    let text = flat::text(value);
    let mut lines = text.split('\n');
    out.push_str(lines.next().expect("a split string has at least one part"));
    for line in lines {
        out.push_str("\\n");
        out.push_str(line);
    }
}

/// Appends the line of an entry.
pub(crate) fn spell_entry(out: &mut String, key: &str, value: Option<&Value<'_>>) {
    out.push_str(key);
    out.push('=');
    spell(out, value);
    out.push('\n');
}

/// The tree as lines. An error names the key whose value is not a single value.
pub(crate) fn emit(node: &Node) -> std::result::Result<String, String> {
    let mut out = String::new();
    let Node::Mapping(entries) = node else {
        return Ok(out);
    };
    for entry in entries {
        match &entry.value {
            Node::Scalar(value) => spell_entry(&mut out, &entry.key, value.as_ref()),
            _ => return Err(entry.key.clone()),
        }
    }
    Ok(out)
}

/// The lines of the reserved entry in a part of the text, with their offsets in it.
pub(crate) fn reserved_lines(part: &str, key: &str) -> impl Iterator<Item = ReservedLine> {
    lines(part).filter_map(move |(at, line)| {
        let (name, text) = unreserved(without_return(line), key)?.split_once('=')?;
        Some(ReservedLine {
            at,
            name: name.to_owned(),
            text: unescape(text).into_owned(),
        })
    })
}

/// Appends the lines of a reserved entry.
pub(crate) fn spell_reserved(key: &str, entries: &[(String, String)], out: &mut String) {
    for (name, text) in entries {
        out.push_str(key);
        out.push('_');
        spell_entry(out, name, Some(&Value::string(Cow::Borrowed(text))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        flat::entries(&parse(text, Some("sops")).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Measured with `sops decrypt --output-type json` 3.13.3.
    #[test]
    fn lines_are_read_as_sops_reads_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n\n", &[]),
            ("A=1", &[("A", "1")]),
            ("A=1\n\nB=2\n", &[("A", "1"), ("B", "2")]),
            ("A=\"x y\" # z\n", &[("A", "\"x y\" # z")]),
            ("export A = 1 \n", &[("export A ", " 1 ")]),
            ("A=1\r\nB=2\r\n", &[("A", "1\r"), ("B", "2\r")]),
            ("A=a\\nb\\\\nc\\t\n", &[("A", "a\nb\\\nc\\t")]),
            ("A==b=\n", &[("A", "=b=")]),
            ("=x\nA=\n", &[("", "x"), ("A", "")]),
            ("A=1\nA=2\n", &[("A", "1"), ("A", "2")]),
            ("# c\n#\nA=1\n", &[("//", " c"), ("//", ""), ("A", "1")]),
            ("\u{feff}A=1\n", &[("\u{feff}A", "1")]),
            ("sops=1\nA=1\0\n", &[("sops", "1"), ("A", "1\0")]),
            (
                "A=1\nsops_mac=x\nsops_version=y\nB=2\nsops_x=z",
                &[("A", "1"), ("B", "2")],
            ),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_sops_rejects_are_located() {
        for (text, location, message) in [
            ("A=1\nsecret\n", "line 2, column 1", "missing `=`"),
            (
                "A=1\r\n\r\n",
                "line 2, column 1",
                "SOPS does not accept an empty line with a Windows line ending",
            ),
            (
                "A=1\n \n",
                "line 2, column 1",
                "SOPS does not accept a line that contains only white space",
            ),
            ("A=1\n  # c\n", "line 2, column 1", "a comment must begin"),
            (
                "A=1\nB=\"x\nsecret\n",
                "line 3, column 1",
                "missing `=` on this line, and the quote on line 2 does not join lines",
            ),
            (
                "A='x'\nB=\"x\ny=\"\nsecret\n",
                "line 4, column 1",
                "missing `=` on this line; write `KEY=VALUE`",
            ),
        ] {
            let error = parse(text, Some("sops"))
                .err()
                .map(|error| error.to_string());
            let error = error.unwrap_or_default();
            assert!(
                error.starts_with(&format!("{location}: {message}")),
                "{error}"
            );
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn carriage_returns_are_not_part_of_values_in_a_converted_text() {
        let converted = "# c\r\nA=1\r\n\r\nB=2\r\r\nsops_mac=x\r\nsops_version=y\r\n";
        let expected = [("//", " c"), ("A", "1"), ("B", "2\r")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read(converted), expected);
        let document = parse(converted, Some("sops")).expect("the text is dotenv");
        let entry = &document.reserved_entries()[0].entry;
        assert_eq!(
            &converted[entry.clone()],
            "sops_mac=x\r\nsops_version=y\r\n"
        );
        let lines: Vec<_> = document
            .reserved_lines()
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(lines, ["x", "y"]);
        // A metadata line without a carriage return was written by SOPS.
        let mixed = "A=1\r\nsops_mac=x\nsops_version=y\r\n";
        assert_eq!(read(mixed), [("A".to_owned(), "1\r".to_owned())]);
    }

    #[test]
    fn values_are_written_as_they_were_read() {
        for text in ["x", "", "a\\nb\\\\nc\\t", "\"q\" ' \\ #", "é\r", "\\\\n\\n"] {
            let mut out = String::new();
            spell(&mut out, Some(&Value::string(unescape(text))));
            assert_eq!(out, text);
        }
    }
}
