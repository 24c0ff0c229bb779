//! Finds the keys of lines in a file that does not parse: only text that is certainly a key, and
//! not part of a value.

use std::ops::Range;

use sops_document::Format;

/// Longer keys are not shown.
const MAX_KEY: usize = 100;

/// Each line without its line break, with its key if it certainly has one.
pub(super) fn keys(text: &str, format: Format) -> Vec<(Range<usize>, Option<Range<usize>>)> {
    let mut lines = Lines::of(format);
    let mut start = 0;
    let each = text.split_inclusive('\n').map(|line| {
        let begin = start;
        start += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let key = lines.next(line);
        let key = key.map(|key| begin + key.range.start..begin + key.range.end);
        (begin..begin + line.len(), key)
    });
    each.collect()
}

/// The state of the lines so far, which determines how the next ones are read.
enum Lines {
    Yaml(YamlLines),
    Json(JsonLines),
    /// Each line is independent.
    Dotenv,
    /// No line is shown, or none from here on.
    Hidden,
}

/// The position of the key in a line.
struct Key {
    range: Range<usize>,
    colon: usize,
}

impl Lines {
    fn of(format: Format) -> Self {
        match format {
            Format::Yaml => Self::Yaml(YamlLines::default()),
            Format::Json => Self::Json(JsonLines::default()),
            Format::Dotenv => Self::Dotenv,
            _ => Self::Hidden,
        }
    }

    /// The key of the next line, without its line break, if it certainly has one.
    fn next(&mut self, line: &str) -> Option<Key> {
        let (key, is_clear) = match self {
            // In YAML, this also ends a line.
            Self::Yaml(_) if line.contains('\r') => (None, false),
            Self::Yaml(lines) => lines.next(line),
            Self::Json(lines) => lines.next(line),
            Self::Dotenv => (dotenv_key(line), true),
            Self::Hidden => (None, false),
        };
        if !is_clear {
            *self = Self::Hidden;
        }
        key
    }
}

/// Lines of YAML, as long as they have a simple form in which the end of values is clear.
#[derive(Default)]
struct YamlLines {
    /// The column of the node that contains the open block scalar.
    block: Option<usize>,
    /// The column of the node that contains the open plain scalar.
    scalar: Option<usize>,
}

impl YamlLines {
    /// The key of the next line, and whether the lines after it can be understood without a parser.
    fn next(&mut self, line: &str) -> (Option<Key>, bool) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.trim().is_empty() || self.block.is_some_and(|parent| indent > parent) {
            return (None, true);
        }
        self.block = None;
        if content.starts_with('#') || matches!(content.trim_end(), "---" | "...") {
            self.scalar = None;
            return (None, true);
        }
        // Lines that are indented more than a plain value continue it.
        if self.scalar.is_some_and(|parent| indent > parent) {
            return (None, true);
        }
        let mut start = indent;
        let mut parent = indent;
        while let Some(rest) = line[start..].strip_prefix("- ") {
            parent = start;
            start = line.len() - rest.trim_start_matches(' ').len();
        }
        let key = key_at(line, start, true);
        let value = match &key {
            Some(key) => {
                parent = start;
                line[key.colon + 1..].trim()
            }
            None if start > indent => line[start..].trim(),
            None => return (None, false),
        };
        let end = end_of(value);
        self.scalar = matches!(end, Some(End::Plain)).then_some(parent);
        self.block = matches!(end, Some(End::Block)).then_some(parent);
        (key, end.is_some())
    }
}

/// How a value continues after its first line.
enum End {
    /// The value does not continue.
    Nothing,
    /// The value may continue in lines that are indented more.
    Plain,
    /// The value continues as a block scalar.
    Block,
}

/// How a value continues; `None` if that needs a parser.
fn end_of(value: &str) -> Option<End> {
    let mut value = value;
    while value.starts_with(['&', '!']) {
        value = value
            .split_once(' ')
            .map_or("", |(_, rest)| rest.trim_start());
    }
    match value.bytes().next() {
        None | Some(b'#' | b'*') => Some(End::Nothing),
        Some(b'|' | b'>') => Some(End::Block),
        Some(quote @ (b'"' | b'\'')) => {
            let inner = value.get(1..value.len() - 1)?;
            let is_closed = value.len() > 1
                && value.ends_with(char::from(quote))
                && !inner.contains(['"', '\'', '\\']);
            is_closed.then_some(End::Nothing)
        }
        Some(b'[' | b'{') => is_closed_flow(value).then_some(End::Nothing),
        Some(b'?' | b'@' | b'`' | b'%') => None,
        Some(_) => Some(End::Plain),
    }
}

/// Whether a flow collection certainly ends on the line where it begins.
fn is_closed_flow(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    let mut open = 0_usize;
    let mut quote = None;
    for (at, character) in value.char_indices() {
        match (quote, character) {
            (_, '\\') => return false,
            (Some(sign), character) if sign == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '{') => open += 1,
            (None, ']' | '}') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return at + 1 == value.len();
                }
            }
            (None, _) => {}
        }
    }
    false
}

/// The key of a line of dotenv.
fn dotenv_key(line: &str) -> Option<Key> {
    let length = line
        .find('=')
        .filter(|length| (1..=MAX_KEY).contains(length))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    line[..length].bytes().all(is_name).then_some(Key {
        range: 0..length,
        colon: length,
    })
}

/// Lines of JSON.
#[derive(Default)]
struct JsonLines {
    /// The objects and arrays that are open.
    open: Vec<u8>,
    is_string: bool,
    is_escaped: bool,
}

impl JsonLines {
    /// The key that the next line begins with, if it is in an object, and whether all strings are
    /// closed at its end.
    fn next(&mut self, line: &str) -> (Option<Key>, bool) {
        let is_before = |character| matches!(character, ' ' | '\t' | '{' | ',');
        let start = line.len() - line.trim_start_matches(is_before).len();
        self.read(&line[..start]);
        let key = Some(())
            .filter(|()| self.open.last() == Some(&b'{'))
            .and_then(|()| key_at(line, start, false));
        self.read(&line[start..]);
        (key, !self.is_string)
    }

    fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = self.is_string,
                b'"' => self.is_string = !self.is_string,
                _ if self.is_string => {}
                b'{' | b'[' => self.open.push(byte),
                b'}' | b']' => {
                    self.open.pop();
                }
                _ => {}
            }
        }
    }
}

/// The simple key at `start`, in quotes or, where `plain` allows it, without.
fn key_at(line: &str, start: usize, plain: bool) -> Option<Key> {
    let rest = &line[start..];
    let quote = rest
        .chars()
        .next()
        .filter(|first| *first == '"' || (plain && *first == '\''));
    if quote.is_none() && !plain {
        return None;
    }
    let inner = usize::from(quote.is_some());
    let length = rest[inner..].find(|character: char| {
        !(character.is_ascii_alphanumeric() || "_-./".contains(character))
    })?;
    let end = inner + length + inner;
    let is_closed = quote.is_none_or(|quote| rest[inner + length..].starts_with(quote));
    let after = rest.get(end..)?;
    let colon = end + (after.len() - after.trim_start_matches(' ').len());
    let after = rest.get(colon..)?.strip_prefix(':')?;
    let is_key = !plain || quote.is_some() || after.is_empty() || after.starts_with([' ', '\t']);
    (is_closed && is_key && (1..=MAX_KEY).contains(&length)).then(|| Key {
        range: start..start + end,
        colon: start + colon,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(text: &str, line: usize, format: Format) -> Option<&str> {
        let (_, key) = keys(text, format).into_iter().nth(line - 1)?;
        key.map(|key| &text[key])
    }

    #[test]
    fn a_key_is_found_in_lines_that_are_simple() {
        for (text, line, key) in [
            ("a: secret\n", 1, "a"),
            ("a: 1\nb.c: [x\n", 2, "b.c"),
            ("- - a: x", 1, "a"),
            ("a:\n  b: x\n", 2, "b"),
            ("a: |\n  x: y\nb: z\n", 3, "b"),
            ("- |\n x: y\n- b: z\n", 3, "b"),
            ("a: 'x'\n\"b\": \"y\"\nc: &a !!str z", 3, "c"),
            ("a: x\n  y: z\nb: 1\n", 3, "b"),
            ("# c: d\n---\na : 1\r\nb: 2\r\n", 4, "b"),
            ("a: [x, {y: 'z]'}] # }\nb: {}\nc: [\n", 3, "c"),
        ] {
            assert_eq!(key_of(text, line, Format::Yaml), Some(key), "{text}");
        }
        let json = "{\n\t\"a\": \"x\\\"\",\n\t\"b\" : 2\n}";
        assert_eq!(key_of(json, 3, Format::Json), Some("\"b\""));
        assert_eq!(key_of("{\"a\": 1}", 1, Format::Json), Some("\"a\""));
    }

    #[test]
    fn text_that_may_be_a_value_is_not_a_key() {
        for (text, line) in [
            ("a: |\n  secret: x\n", 2),
            ("- |\n secret: x\n", 2),
            ("a: >-\n\n  secret: x\n", 3),
            ("a: secret\n  word: x\n", 2),
            ("a: \"one\n secret: x\"\n", 2),
            ("a: \"one\nsecret: x\"\n", 2),
            ("a: 'it''s\nsecret: x'\n", 2),
            ("a: [one,\nsecret: x]\n", 2),
            ("a: ['one]\nsecret: x']\n", 2),
            ("a: [\"one\\\"]\nsecret: x\"]\n", 2),
            ("a: {\n secret: x}\n", 2),
            ("? secret\nsecret: x\n", 2),
            ("# secret: x\n", 1),
            ("secret\n", 1),
            ("- secret\n", 1),
            ("secret:x\n", 1),
            ("sec ret: x\n", 1),
            ("a: x\nsecret\nsecret: x", 3),
            ("", 1),
        ] {
            assert_eq!(key_of(text, line, Format::Yaml), None, "{text}");
        }
        for (text, line) in [
            ("{\"a\": \"one\n\"secret\": 2}", 2),
            ("{\n\"a\": \"\nsecret\",\n\"secret\": x", 4),
            ("[\"secret\"]", 1),
            ("{\"a\": [\n\"secret\": 1", 2),
            ("{secret: 1}", 1),
            ("{\"a b\": 1}", 1),
        ] {
            assert_eq!(key_of(text, line, Format::Json), None, "{text}");
        }
    }
}
