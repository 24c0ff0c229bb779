//! Maps a position in a scalar's value to the source: block scalars are indented, quoted ones have
//! escapes, folded ones have line breaks. Only white space differs, so the other characters are
//! counted.

use std::ops::Range;

/// The source text of a scalar, and its value.
pub(crate) struct SourceMap<'t> {
    source: &'t str,
    value: &'t str,
    style: ScalarStyle,
    /// The next character in the value and in the source. Positions must be requested in order.
    in_value: usize,
    in_source: usize,
    /// The beginning of the content in the source and in the value.
    first: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScalarStyle {
    Single,
    Double,
    Block,
    Plain,
}

impl<'t> SourceMap<'t> {
    /// Creates a map for the source of a scalar, including its quotes or its block header, and its
    /// value.
    pub(crate) fn new(source: &'t str, value: &'t str) -> Self {
        let (style, first) = content(source);
        Self {
            source,
            value,
            style,
            in_value: 0,
            in_source: first,
            first,
        }
    }

    /// Whether the value is on its own lines.
    pub(crate) fn is_block(&self) -> bool {
        self.style == ScalarStyle::Block
    }

    /// The position up to which value and source were compared.
    pub(crate) fn compared(&self) -> (usize, usize) {
        (self.in_value, self.in_source)
    }

    /// Continues at the position that another map of the same scalar has reached.
    pub(crate) fn go_on_from(&mut self, compared: (usize, usize)) {
        (self.in_value, self.in_source) = compared;
    }

    /// The range in the source of a part of the value.
    pub(crate) fn range(&mut self, part: &Range<usize>) -> Range<usize> {
        let start = self.forward(part.start);
        let last = self.value[..part.end.min(self.value.len())]
            .char_indices()
            .rev()
            .find(|(_, character)| !character.is_whitespace());
        let end = match last {
            Some((at, _)) if at >= part.start => {
                let last = self.forward(at);
                last + self.unit(last).1
            }
            _ => start,
        };
        start..end.max(start)
    }

    /// Maps a position in the value to the source: the position there of the first character at or
    /// after `at` that is not white space.
    fn forward(&mut self, at: usize) -> usize {
        if at < self.in_value {
            (self.in_value, self.in_source) = (0, self.first);
        }
        let passed = self.value.get(self.in_value..at).unwrap_or_default();
        let mut left = passed.chars().filter(|c| !c.is_whitespace()).count();
        let mut offset = self.in_source;
        while offset < self.source.len() {
            let (is_counted, length) = self.unit(offset);
            if is_counted && left == 0 {
                break;
            }
            left -= usize::from(is_counted);
            offset += length;
        }
        (self.in_value, self.in_source) = (at, offset);
        offset
    }

    /// Whether the source text at a position is a character other than white space, and its length.
    fn unit(&self, offset: usize) -> (bool, usize) {
        let rest = &self.source[offset..];
        let mut characters = rest.chars();
        let Some(character) = characters.next() else {
            return (false, 0);
        };
        match (self.style, character) {
            (ScalarStyle::Single, '\'') if rest.starts_with("''") => (true, 2),
            (ScalarStyle::Single, '\'') | (ScalarStyle::Double, '"') => (false, 1),
            (ScalarStyle::Double, '\\') => escape(rest, characters.next()),
            _ => (!character.is_whitespace(), character.len_utf8()),
        }
    }
}

/// Whether an escape of YAML or JSON is a character other than white space, and its length.
fn escape(rest: &str, kind: Option<char>) -> (bool, usize) {
    let digits = match kind {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some('n' | 't' | 'r' | ' ' | '\t' | 'v' | 'f' | 'N' | '_' | 'L' | 'P') => {
            return (false, 2);
        }
        // The line continues.
        Some('\n' | '\r') | None => return (false, 1),
        Some(kind) => return (true, 1 + kind.len_utf8()),
    };
    let Some(code) = rest.get(2..2 + digits) else {
        return (false, rest.len());
    };
    let code = u32::from_str_radix(code, 16).unwrap_or_default();
    // The first half of a surrogate pair is not a character.
    let is_half = (0xD800..0xDC00).contains(&code);
    let is_space = char::from_u32(code).is_some_and(char::is_whitespace);
    (!is_half && !is_space, 2 + digits)
}

/// The style of a scalar, and the beginning of its content.
fn content(source: &str) -> (ScalarStyle, usize) {
    let mut rest = source;
    while rest.starts_with(['!', '&']) {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[end..].trim_start();
    }
    let at = source.len() - rest.len();
    match rest.as_bytes().first() {
        Some(b'\'') => (ScalarStyle::Single, at + 1),
        Some(b'"') => (ScalarStyle::Double, at + 1),
        Some(b'|' | b'>') => {
            let header = rest.find('\n').map_or(rest.len(), |end| end + 1);
            (ScalarStyle::Block, at + header)
        }
        _ => (ScalarStyle::Plain, at),
    }
}

/// Whether the text before a value ends with a tag that a program resolves, such as `!vault` or
/// `!env_var`.
pub(crate) fn has_tag(before: &str) -> bool {
    let before = before.trim_end_matches(' ');
    let word = before.rsplit([' ', '\t', '\n', ',', '[', '{']).next();
    let tag = word.and_then(|word| word.strip_prefix('!'));
    tag.is_some_and(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use sops_document::{Format, NodeRef};

    use sops_core::parse_document;

    use super::*;

    #[test]
    fn places_are_found_in_every_style() {
        for (text, written) in [
            ("a: x hunter2 y\n", "hunter2"),
            ("a: |\n  x\n\n  hunter2\n", "hunter2"),
            ("a: |2-\n    x\n    hunter2", "hunter2"),
            ("a: >- # | why\n  x\n  hunter2\n  y\n", "hunter2"),
            ("a: 'it''s hunter2'\n", "hunter2"),
            ("a: \"x\\n\\\"y\\\" \\u00e4\\u2003hunter2\"\n", "hunter2"),
            ("a: \"x \\\n   hunter2\"\n", "hunter2"),
            ("a: x\n  hunter2\n", "hunter2"),
            ("a: &b !!str |\n  ä hunter2\n", "hunter2"),
            ("{\"a\": \"\\ud83d\\ude00 hunter2\"}", "hunter2"),
            ("a: |\r\n  x\r\n  hunter2\r\n", "hunter2"),
            ("a: \"hun\\x74er2\"\n", "hun\\x74er2"),
        ] {
            let format = if text.starts_with('{') {
                Format::Json
            } else {
                Format::Yaml
            };
            let document = parse_document(text, format).expect("the text is a document");
            let top = document
                .tops()
                .next()
                .flatten()
                .expect("the document is not empty");
            let node = top.get("a").expect("the mapping has the key");
            let value = node.scalar_text().expect("the content is text");
            let at = value
                .find("hunter2")
                .expect("the value contains the secret");
            let source = &text[NodeRef::span(node)];
            let mut map = SourceMap::new(source, value);
            let range = map.range(&(at..at + 7));
            assert_eq!(&source[range], written, "{text}");
            // A position may be requested again after a later one.
            map.range(&(value.len()..value.len()));
            assert_eq!(&source[map.range(&(at..at + 7))], written, "{text}");
        }
    }

    /// In dotenv, text after a closing quote is part of the value, and so are the quotes.
    #[test]
    fn a_location_in_the_source_is_right_whatever_follows_a_quote() {
        for source in ["\"hunter2\"\\n", "'hunter2''", "\"hunter2\" \"\""] {
            for (start, _) in source.char_indices() {
                let range = SourceMap::new(source, source).range(&(start..source.len()));
                assert!(range.end <= source.len(), "{source}: {range:?}");
            }
        }
    }
}
