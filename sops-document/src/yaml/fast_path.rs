//! Reads simple lines (a key and a plain scalar) without the parser crate, which is several times
//! slower. Most lines of a large file are simple.
//!
//! Nothing here is lenient. A line counts as simple only if nothing in it has a meaning in YAML
//! except its indentation, the colon after its key and the space after that. The parser crate reads
//! all others. Tests check that both give the same events.

use std::borrow::Cow;
use std::ops::Range;

use super::events::{Event, Scalar};
use crate::error::Result;
use crate::{Collection, Style};

/// The longest key of a simple line; YAML allows 1,024 characters.
const LONGEST_KEY: usize = 1_000;

/// `key: value` or `key:` on a line of its own.
struct PlainLine {
    key: Range<usize>,
    /// Empty if a mapping follows.
    value: Range<usize>,
    /// Where the next line begins.
    next: usize,
}

/// Reads the line at `start`; `None` if it is not simple.
fn line(text: &[u8], start: usize) -> Option<PlainLine> {
    let rest = &text[start..];
    let end = memchr::memchr(b'\n', rest)?;
    let line = &rest[..end];
    let indent = line.iter().take_while(|byte| **byte == b' ').count();
    let key = &line[indent..];
    let length = key.iter().take_while(|byte| is_in_key(**byte)).count();
    let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !key.first().is_some_and(begins) || length > LONGEST_KEY || key.get(length) != Some(&b':') {
        return None;
    }
    let value = match &key[length + 1..] {
        [] => &[],
        [b' ', value @ ..] if is_plain(value) => value,
        _ => return None,
    };
    let (key, end) = (start + indent, start + end);
    Some(PlainLine {
        key: key..key + length,
        value: end - value.len()..end,
        next: end + 1,
    })
}

fn is_in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// Whether this is an ASCII plain scalar in block style, up to the end of the line.
fn is_plain(value: &[u8]) -> bool {
    let begins =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'+' | b'.');
    let ends = |byte: &u8| !matches!(byte, b' ' | b':');
    value.first().is_some_and(begins)
        && value.last().is_some_and(ends)
        // Without branches, so that one instruction checks many bytes.
        && value.iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte) & (*byte != b'#'))
        && value.iter().zip(&value[1..]).fold(true, |all, (colon, blank)| all & !((*colon == b':') & (*blank == b' ')))
}

/// The simple lines, and how they open and close mappings.
struct PlainLines<'a> {
    text: &'a [u8],
    /// Where the next line begins.
    at: usize,
    /// The columns of the open mappings.
    open: Vec<usize>,
    /// Whether the previous line has a key whose value must be a mapping.
    opens: bool,
}

/// A line and the events before it.
struct LineStep {
    line: PlainLine,
    /// How many mappings end.
    closed: usize,
    /// Whether a mapping begins.
    opened: bool,
}

impl<'a> PlainLines<'a> {
    fn new(text: &'a str, range: Range<usize>) -> Self {
        Self {
            text: &text.as_bytes()[..range.end],
            at: range.start,
            open: Vec::new(),
            opens: true,
        }
    }

    /// The next line; `None` at the end, and at a line that is not simple.
    fn step(&mut self) -> Option<LineStep> {
        let line = line(self.text, self.at)?;
        let column = line.key.start - self.at;
        let (opened, depth) = (self.opens, self.open.len());
        if opened {
            if self
                .open
                .last()
                .map_or(column > 0, |around| column <= *around)
            {
                return None;
            }
            self.open.push(column);
        } else {
            let outer = self.open.iter().rposition(|around| *around == column)?;
            self.open.truncate(outer + 1);
        }
        self.opens = line.value.is_empty();
        self.at = line.next;
        Some(LineStep {
            line,
            closed: depth.saturating_sub(self.open.len()),
            opened,
        })
    }
}

/// Passes to `take` the events of the longest prefix of `range` that consists of complete entries
/// of a mapping in the first column and has only simple lines. Returns where the prefix ends.
pub(super) fn events<'a>(
    text: &'a str,
    range: Range<usize>,
    mut take: impl FnMut(Event<'a>) -> Result<()>,
) -> Result<usize> {
    let mut lines = PlainLines::new(text, range.clone());
    // The last entry may continue after the simple lines, so its lines wait for the next entry.
    let mut entry: Vec<LineStep> = Vec::new();
    let (mut end, mut open) = (range.start, 0);
    loop {
        let start = lines.at;
        let step = lines.step();
        let is_whole = match &step {
            Some(_) => lines.open.len() == 1,
            None => start == range.end && !lines.opens,
        };
        if is_whole && start > range.start {
            if end == range.start {
                take(Event::DocumentStart(end..end))?;
            }
            end = start;
            for step in entry.drain(..) {
                open += usize::from(step.opened);
                open -= step.closed;
                step.events(text, &mut take)?;
            }
        }
        match step {
            Some(step) => entry.push(step),
            None => break,
        }
    }
    if end > range.start {
        for _ in 0..open {
            take(Event::Close(end..end))?;
        }
        take(Event::DocumentEnd(end..end))?;
    }
    Ok(end)
}

impl LineStep {
    fn events<'a>(
        &self,
        text: &'a str,
        take: &mut impl FnMut(Event<'a>) -> Result<()>,
    ) -> Result<()> {
        let scalar = |range: &Range<usize>| {
            Event::Scalar(Scalar {
                text: Cow::Borrowed(&text[range.clone()]),
                style: Style::Plain,
                anchor: 0,
                tag: None,
                tag_at: None,
                range: range.clone(),
            })
        };
        let PlainLine { key, value, .. } = &self.line;
        let at = key.start;
        for _ in 0..self.closed {
            take(Event::Close(at..at))?;
        }
        if self.opened {
            take(Event::Open {
                kind: Collection::Mapping,
                flow: false,
                anchor: 0,
                at,
            })?;
        }
        take(scalar(key))?;
        match value.is_empty() {
            true => Ok(()),
            false => take(scalar(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::Events;
    use super::*;

    fn by_the_crate(text: &str, range: Range<usize>) -> Result<Vec<String>> {
        let mut events = Events::new(text, range);
        let mut all = Vec::new();
        while let Some(event) = events.next()? {
            all.push(format!("{event:?}"));
        }
        Ok(all)
    }

    /// Where the simple lines end, and their events.
    fn by_lines(text: &str, range: Range<usize>) -> (usize, Vec<String>) {
        let mut all = Vec::new();
        let took = events(text, range, |event| {
            all.push(format!("{event:?}"));
            Ok(())
        });
        (took.expect("the receiver accepts all events"), all)
    }

    #[test]
    fn only_unambiguous_lines_are_simple() {
        let counts = |text: &str| line(text.as_bytes(), 0).is_some();
        for text in [
            "a:\n",
            "a: b\n",
            "  a.b/c-d_e: x  y, [z] {!} *&|>%@\"'`\n",
            "a: /b:c\n",
            "a: ENC[AES256_GCM,data:+/=,iv:x,tag:y,type:str]\n",
            "true: null\n",
            "a: +1\n",
            "a: .5\n",
        ] {
            assert!(counts(text), "{text:?}");
        }
        for text in [
            "a: b",
            "a:b\n",
            "a: \n",
            "a:  b\n",
            "a: b \n",
            "a: b: c\n",
            "a: b:\n",
            "a: b #c\n",
            "a: #b\n",
            "a: é\n",
            "a: b\r\n",
            "a:\tb\n",
            "a: b\tc\n",
            "- a: b\n",
            "? a\n",
            "\"a\": b\n",
            "a b: c\n",
            "a : b\n",
            "a: 'b'\n",
            "a: [b]\n",
            "a: |\n",
            "a: &b c\n",
            "a: *b\n",
            "a: !b c\n",
            "a: -b\n",
            "a: ?b\n",
            "a: :b\n",
            "a: =\n",
            "a: ~\n",
            "a: @b\n",
            "\n",
            "# a\n",
            "---\n",
            "a\n",
            "a: \u{7f}\n",
            "<<: b\n",
            "%a: b\n",
        ] {
            assert!(!counts(text), "{text:?}");
        }
        assert!(!counts(&format!("{}: b\n", "a".repeat(LONGEST_KEY + 1))));
    }

    #[test]
    fn a_prefix_ends_before_an_entry_that_may_continue() {
        for (text, plain) in [
            ("a: b\nc: d\n", "a: b\nc: d\n"),
            ("a: b\nc: d", ""),
            ("a: b\nc:\n  d: e\n# f\n", "a: b\n"),
            ("a: b\nc:\n", "a: b\n"),
            ("a:\nb: c\n", ""),
            ("a: b\n  c\n", ""),
            ("x: y\na:\n    b: c\n  d: e\n", "x: y\n"),
            ("x: y\na: b\n  c: d\n", "x: y\n"),
            (" a: b\n", ""),
            ("", ""),
        ] {
            let text = format!("# before\n{text}");
            let (end, events) = by_lines(&text, 9..text.len());
            assert_eq!(&text[9..end], plain, "{text:?}");
            assert_eq!(events.is_empty(), plain.is_empty());
        }
    }

    #[test]
    fn the_events_equal_those_of_the_parser_crate() {
        let lines = [
            "a: b\n",
            "b:\n",
            "  c: 1 2\n",
            "  d:\n",
            "    e: ENC[x,y:z]\n",
            "f: x\n",
            " g: y\n",
            "# h\n",
            "- i\n",
            "  j\n",
            "\n",
        ];
        let (mut plain, mut partly) = (0, 0);
        for number in 0..lines.len().pow(4) {
            let mut rest = number;
            let text: String = (0..4)
                .map(|_| {
                    let line = lines[rest % lines.len()];
                    rest /= lines.len();
                    line
                })
                .collect();
            let (end, events) = by_lines(&text, 0..text.len());
            if end == 0 {
                continue;
            }
            let expected = by_the_crate(&text, 0..end).expect("plain lines are YAML");
            assert_eq!(events, expected, "{text:?}");
            if end == text.len() {
                plain += 1;
            } else if let Ok(whole) = by_the_crate(&text, 0..text.len()) {
                partly += 1;
                // All except the ends of the mapping and of the document.
                let common = expected.len() - 2;
                assert_eq!(whole[..common], expected[..common], "{text:?}");
            }
        }
        assert!(plain > 50 && partly > 300, "{plain} {partly}");
    }
}
