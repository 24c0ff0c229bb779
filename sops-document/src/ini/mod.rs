//! INI documents as `gopkg.in/ini.v1` reads them with the options of SOPS. `scan` finds sections,
//! keys and comments, `comments` determines which lines form one comment, and `spell` writes
//! values.
//!
//! Keys before the first section are in the section `DEFAULT`. The comment of a key (the lines
//! above it and the comment on its line) comes after the key on the tape; the comment of a section
//! is the first thing in it.

pub(crate) mod comments;
mod scan;
pub(crate) mod spell;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use scan::{IniEntry, IniEvent, Scanner, read_value};

use crate::document::ReservedKey;
use crate::error::{Error, Location, Result};
use crate::flat::{Builder, ReservedLine};
use crate::format::Format;
use crate::value::Value;
use crate::{Document, Item, Leaf, PathId, ROOT, ReservedEntry, Span};

pub(crate) use spell::{append_reserved, spell_reserved};

/// The tape index of the section without a header.
pub(crate) const IMPLICIT_SECTION: usize = 2;

/// The section of the keys that come before all sections.
pub(crate) const DEFAULT_SECTION: &str = "DEFAULT";

/// Parses an INI file.
pub(crate) fn parse<'a>(text: &'a str, reserved: ReservedKey) -> Result<Document<'a>> {
    let mut reader = IniReader {
        text,
        builder: Builder::new(text, reserved),
        section: Section::Reserved,
        comments: Vec::new(),
        trailing: Vec::new(),
    };
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    reader.open(DEFAULT_SECTION, start, start);
    let mut scanner = Scanner::new(text);
    while let Some(event) = scanner.next()? {
        match event {
            IniEvent::Comment(range) => reader.comments.push(range),
            IniEvent::Section {
                name,
                at,
                comment,
                end,
            } => reader.section(name, at, comment, end),
            IniEvent::Entry(entry) => reader.entry(entry)?,
        }
    }
    reader.finish()
}

struct IniReader<'a> {
    text: &'a str,
    builder: Builder<'a>,
    section: Section<'a>,
    /// The comments that belong to the next key or section.
    comments: Vec<Range<usize>>,
    /// The comments that the library ignores: those before the reserved section, and those at the
    /// end.
    trailing: Vec<Range<usize>>,
}

/// The current section.
enum Section<'a> {
    /// The reserved section, whose keys are not on the tape, or no section.
    Reserved,
    Data {
        path: PathId,
        open: usize,
        end: usize,
        keys: HashSet<Cow<'a, str>>,
        /// The number of keys named `-`, which the library numbers.
        numbered: usize,
    },
}

impl<'a> IniReader<'a> {
    /// Begins a section whose header starts at `at` and ends at `end`.
    fn open(&mut self, name: &'a str, end: usize, at: usize) {
        self.close();
        let path = self
            .builder
            .paths
            .push(ROOT, Cow::Borrowed(name), at as u32);
        self.section = Section::Data {
            path,
            open: self.builder.open(path, at),
            end,
            keys: HashSet::new(),
            numbered: 0,
        };
        self.place_comments(path);
    }

    fn close(&mut self) {
        if let Section::Data { open, end, .. } = self.section {
            self.builder.close(open, end);
        }
        self.section = Section::Reserved;
    }

    fn place_comments(&mut self, path: PathId) {
        let comments = self.comments.drain(..);
        self.builder
            .tape
            .extend(comments.map(|range| Item::Comment {
                path,
                span: Span::new(range),
                lost: false,
            }));
    }

    fn section(&mut self, name: &'a str, at: usize, comment: Option<Range<usize>>, end: usize) {
        if Some(name) != self.builder.reserved_key {
            self.comments.extend(comment);
            self.open(name, end, at);
            return;
        }
        self.close();
        self.trailing.append(&mut self.comments);
        let entry = at - blank_line_before(&self.text[..at])..end;
        self.builder.reserved.push(ReservedEntry {
            entry,
            value: at..end,
            document: 0,
        });
    }

    fn entry(&mut self, entry: IniEntry<'a>) -> Result<()> {
        let Section::Data {
            path,
            end,
            keys,
            numbered,
            ..
        } = &mut self.section
        else {
            self.comments.clear();
            if let Some(block) = self.builder.reserved.last_mut() {
                block.entry.end = entry.end;
                block.value.end = entry.end;
            }
            return Ok(());
        };
        let key = if entry.key == "-" {
            *numbered += 1;
            Cow::Owned(format!("#{numbered}"))
        } else {
            Cow::Borrowed(entry.key)
        };
        if !keys.insert(key.clone()) {
            return Err(Error::Unsupported {
                location: Location::of(self.text, entry.at),
                message: format!(
                    "the key `{key}` appears twice in its section, and SOPS would drop the first value"
                ),
            });
        }
        *end = entry.end;
        let section = *path;
        let path = self.builder.paths.push(section, key, entry.at as u32);
        let value = entry.value;
        self.builder.tape.push(Item::Leaf(Leaf {
            path,
            span: Span::new(value.span),
            style: value.style,
            flow: false,
            value: Some(Value::string(value.text)),
        }));
        self.comments.extend(value.comment);
        self.place_comments(section);
        Ok(())
    }

    fn finish(mut self) -> Result<Document<'a>> {
        // Empty lines after the reserved section, which old versions of SOPS wrote, are removed
        // with it.
        let text = self.text;
        if let Some(last) = self.builder.reserved.last_mut()
            && text[last.entry.end..].trim().is_empty()
        {
            last.entry.end = text.len();
        }
        self.close();
        self.trailing.append(&mut self.comments);
        self.comments = std::mem::take(&mut self.trailing);
        self.place_comments(ROOT);
        Ok(self.builder.finish(Format::Ini))
    }
}

/// The length of the empty line at the end of `text`; 0 if there is no such line.
fn blank_line_before(text: &str) -> usize {
    let rest = match text.strip_suffix('\n') {
        Some(rest) => rest.strip_suffix('\r').unwrap_or(rest),
        None => return 0,
    };
    if rest.is_empty() || rest == "\u{feff}" || rest.ends_with('\n') {
        text.len() - rest.len()
    } else {
        0
    }
}

/// The lines of the metadata in a section's text, with their offsets in it.
pub(crate) fn reserved_lines(section: &str) -> Vec<ReservedLine> {
    let mut lines = Vec::new();
    let mut scanner = Scanner::new(section);
    while let Ok(Some(event)) = scanner.next() {
        if let IniEvent::Entry(entry) = event {
            // Older versions escape line breaks twice.
            let text = entry.value.text.replace("\\\\n", "\n").replace("\\n", "\n");
            lines.push(ReservedLine {
                at: entry.at,
                name: entry.key.to_owned(),
                text,
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat;

    /// Omits the section without a header.
    fn read(text: &str) -> Vec<(String, String)> {
        let document = parse(text, Some("sops")).unwrap_or_else(|error| panic!("{error}"));
        flat::entries(&document).split_off(1)
    }

    /// Measured with `sops decrypt --output-type json` 3.13.3.
    #[test]
    fn files_are_read_as_sops_reads_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("\u{feff}a=1", &[("a", "1")]),
            ("a=1\n[s]\nb: 2\r\n", &[("a", "1"), ("[s]", ""), ("b", "2")]),
            ("[s]\n[s]\n", &[("[s]", ""), ("[s]", "")]),
            ("[a] b]\nk=\n", &[("[a] b]", ""), ("k", "")]),
            (
                "k = 'x'\nl = \"y\"\nm = 'a'b'\n",
                &[("k", "x"), ("l", "y"), ("m", "'a'b'")],
            ),
            ("k = `a;b` c\n", &[("k", "a;b")]),
            ("k = \"\"\"a\n b\"\"\"\n", &[("k", "a\n b")]),
            ("k = a \\\n  b\\\nc\nl = 1\n", &[("k", "a bc"), ("l", "1")]),
            ("k = a \\\n\nl = 1\n", &[("k", "a "), ("l", "1")]),
            ("\"a=b\" = 1\n`c:d`=2\n", &[("a=b", "1"), ("c:d", "2")]),
            ("- = a\n- = b\n", &[("#1", "a"), ("#2", "b")]),
            ("k = v ; c\n", &[("k", "v"), ("//", "c")]),
            ("k = #c\n", &[("k", ""), ("//", "c")]),
            (
                "# a\n\n; b\nk = v # c\n",
                &[("k", "v"), ("//", "a\n; b\n# c"), ("//", "b"), ("//", "c")],
            ),
            (
                "; a\n[s] ; b\n# c\nk = v\n#\n",
                &[
                    ("[s]", ""),
                    ("//", "a\n; b"),
                    ("//", "b"),
                    ("k", "v"),
                    ("//", "c"),
                    ("//", ""),
                ],
            ),
            ("k=1\n\n[sops]\nmac = x\n", &[("k", "1")]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_that_sops_rejects_is_located() {
        for (text, location, message) in [
            ("a=1\nsecret\n", "line 2, column 1", "missing `=` or `:`"),
            (
                "[a\n",
                "line 1, column 1",
                "missing `]` in the section's header",
            ),
            (" []\n", "line 1, column 2", "the section has no name"),
            ("= x\n", "line 1, column 1", "the key is empty"),
            ("\"a = x\n", "line 1, column 1", "the quotes of the key"),
            ("\"a\" x\n", "line 1, column 1", "missing `=` or `:` after"),
            (
                "a = `secret\n\n",
                "line 1, column 5",
                "the quotes of the value",
            ),
            ("a = \"\"\"", "line 1, column 5", "the quotes of the value"),
            (
                "a = 1\na = 2\n",
                "line 2, column 1",
                "the key `a` appears twice",
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
    fn the_metadata_is_removed_with_the_line_before_it() {
        for (text, entry) in [
            ("a=1\n\n[sops]\nmac=x\n", 4..18),
            ("a=1\n[sops]\nmac=x\n[b]\n", 4..17),
            ("[sops]\nmac=x\n\n# c\n[b]\n", 0..13),
            ("a=1\r\n\r\n[sops]\r\nmac=x\r\n", 5..22),
            ("\n[sops]\nmac=x", 0..13),
            ("a=1\n\n[sops]\nmac=x\n\n\n", 4..20),
        ] {
            let document = parse(text, Some("sops")).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(document.reserved[0].entry, entry, "{text:?}");
        }
    }
}
