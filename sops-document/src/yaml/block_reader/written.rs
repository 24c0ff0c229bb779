//! Reads a scalar that was written into a document, without the rest of the document.

use std::ops::Range;

use super::line::{self, Line};
use super::{BlockReader, Level, Receiver};
use crate::error::Result;
use crate::value::Value;
use crate::yaml::events::{Event, Scalar};
use crate::yaml::resolve::resolve;
use crate::{Collection, Style};

/// A scalar that replaced another one in a YAML document.
#[derive(Clone, Debug)]
pub struct WrittenScalar {
    /// The range of the scalar in the text, including the header of a block scalar, but no anchor.
    pub(crate) range: Range<usize>,
    /// The collection around it.
    pub(crate) kind: Collection,
    pub(crate) flow: bool,
    /// The column of that collection in block style.
    pub(crate) column: usize,
}

impl WrittenScalar {
    /// The same scalar in a document that has `length` more bytes before it.
    #[must_use]
    pub fn after(self, length: usize) -> Self {
        Self {
            range: self.range.start + length..self.range.end + length,
            ..self
        }
    }

    /// Whether the scalar reads as `value` and ends where it was written to, so that the rest of
    /// `text` is read as if another scalar with this value were there. `false` also if only the
    /// parser crate can say.
    pub fn reads_as(&self, text: &str, value: &Value<'_>) -> bool {
        self.scalar(text).is_some_and(|scalar| {
            let is_plain = scalar.style == Style::Plain;
            matches!(resolve(&scalar.text, is_plain, None), Ok(Some(read)) if read == *value)
        })
    }

    /// The scalar, if it ends where it was written to.
    fn scalar<'a>(&self, text: &'a str) -> Option<Scalar<'a>> {
        let Range { start, end } = self.range;
        let mut reader = BlockReader::new(text, start..next_content(text, end).next)?;
        let mut scalars = Scalars::default();
        if self.flow {
            reader.flow_scalar(start, &mut scalars).ok()?;
        } else {
            reader.levels.push(Level {
                kind: self.kind,
                column: self.column,
            });
            reader
                .value(start, line::end(text, start), &mut scalars)
                .ok()?;
        }
        let scalar = scalars.only()?;
        let ends_here = match scalar.style {
            Style::Literal | Style::Folded => text.get(end..reader.at)?.trim_ascii().is_empty(),
            _ => scalar.range == self.range,
        };
        ends_here.then_some(scalar)
    }
}

/// The next line that is not blank after the line of `at`, which a scalar may continue on.
fn next_content(text: &str, at: usize) -> Line {
    let after = |end: usize| Line::at(text, (end + 1).min(text.len()));
    let mut next = after(line::end(text, at));
    while next.is_blank() && next.end < text.len() {
        next = after(next.end);
    }
    next
}

/// Receives one scalar.
#[derive(Default)]
struct Scalars<'a> {
    scalar: Option<Scalar<'a>>,
    has_more: bool,
}

impl<'a> Scalars<'a> {
    fn only(self) -> Option<Scalar<'a>> {
        self.scalar.filter(|_| !self.has_more)
    }
}

impl<'a> Receiver<'a> for Scalars<'a> {
    fn entry(&mut self, _start: usize) {}

    fn event(&mut self, event: Event<'a>) -> Result<()> {
        match event {
            Event::Comment(_) => {}
            Event::Scalar(scalar) if self.scalar.is_none() && scalar.anchor == 0 => {
                self.scalar = Some(scalar);
            }
            _ => self.has_more = true,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, Format, Item};

    /// For each scalar, whether it reads alone as it does with the rest of `text`.
    fn read_alone(text: &str) -> Vec<bool> {
        let document = Document::parse(text, Format::Yaml).expect("the text is valid");
        let mut containers = crate::Containers::new(&document);
        let mut results = Vec::new();
        for item in document.tape() {
            containers.pass(item);
            let Item::Leaf(leaf) = item else { continue };
            let around = containers.innermost();
            let written = WrittenScalar {
                range: leaf.span.range(),
                kind: around.kind,
                flow: leaf.flow,
                column: crate::yaml::source::column(text, around.start),
            };
            let value = leaf.value.as_ref().expect("the text has no null");
            let is_read = written.reads_as(text, value);
            let other = Value::string("another".into());
            assert!(!written.reads_as(text, &other), "{text:?}");
            results.push(is_read);
        }
        results
    }

    #[test]
    fn scalars_read_alone_as_in_their_text() {
        for text in [
            "a: b\nc: 'd'  # e\nf: \"g\\n\"\nh: 0x1F\n",
            "a:\n  b: >-\n    c\n    d\n\n# e\nf: |+\n  g\n\n\nh: i\n",
            "a: b\n  c\n\n  d # e\nf:\n- g\n  h\n- |\n  i\n- j: k\n   l\n  m: 'n\n\n    o'\n",
            "a: {b: 'c', d: [e, \"f\"]}\n",
            "a: |- # b\n  c\n",
            "a:\n  'b'\nc:\n  >\n  d\n  e\n",
            "a: b",
        ] {
            assert!(
                read_alone(text).into_iter().all(|is_read| is_read),
                "{text:?}"
            );
        }
    }

    #[test]
    fn scalars_that_only_the_parser_crate_reads_do_not_read_alone() {
        for text in [
            "a: !!int '1'\n",
            "a: 'b\tc\n  d'\n",
            "a: |2\n   b\n",
            "a: b\r\n",
        ] {
            assert_eq!(read_alone(text), [false], "{text:?}");
        }
    }

    #[test]
    fn a_scalar_that_takes_in_more_or_less_than_was_written_is_found() {
        let value = |text: &str| Value::string(text.to_owned().into());
        let written = |range| WrittenScalar {
            range,
            kind: Collection::Mapping,
            flow: false,
            column: 0,
        };
        for (text, range, read) in [
            // The next line continues the scalar.
            ("a: b\n  c\n", 3..4, "b"),
            ("a: b\n  c\n", 3..4, "b c"),
            ("a: |-\n  b\n  c\n", 3..10, "b\nc"),
            ("a: |-\n  b\n  c\n", 3..10, "b"),
            // The scalar ends early.
            ("a: b # c\n", 3..8, "b"),
            ("a: 'b' c\n", 3..8, "b"),
            ("a: |-\n  b\nc\n", 3..12, "b"),
            ("a: b: c\n", 3..7, "b: c"),
            // The text is not a scalar alone.
            ("a: *b\n", 3..5, "*b"),
            ("a: [b]\n", 3..6, "b"),
            ("a: &b c\n", 3..7, "c"),
            ("a: - b\n", 3..6, "- b"),
        ] {
            assert!(!written(range).reads_as(text, &value(read)), "{text:?}");
        }
        assert!(written(3..10).reads_as("a: |-\n  b\nc: d\n", &value("b")));
    }
}
