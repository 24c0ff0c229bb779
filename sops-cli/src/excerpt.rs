//! The line that an error points to, with all masked that may be a value: a key is shown only where it is sure to be one.

use std::ops::Range;

use sops_core::{Format, Location};

/// What stands in place of a value.
const MASK: &str = "***";

/// Longer keys are not shown.
const MAX_KEY: usize = 100;

/// A line of a file, masked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// What the error is about, in bytes of the text.
    pub(crate) span: Range<usize>,
}

impl Excerpt {
    /// The line at the location; `None` where it may be part of a value.
    pub(crate) fn new(text: &[u8], at: Location, format: Format) -> Option<Self> {
        let text = str::from_utf8(text.get(..line_end(text, at.offset)?)?).ok()?;
        let key = match format {
            Format::Yaml => yaml_key(text),
            Format::Json => json_key(text),
            Format::Dotenv => dotenv_key(text),
            _ => None,
        }?;
        let line = &text[text.rfind('\n').map_or(0, |end| end + 1)..];
        let masked = !line[key.colon + 1..].trim().is_empty();
        let mask = if masked {
            format!(" {MASK}")
        } else {
            String::new()
        };
        let shown = format!("{}{mask}", &line[..=key.colon]);
        let column = line.char_indices().nth(at.column.saturating_sub(1));
        let span = match column {
            Some((start, _)) if key.range.contains(&start) => start..key.range.end,
            Some((start, _)) if start <= key.colon => start..start + 1,
            _ if masked => shown.len() - MASK.len()..shown.len(),
            _ => key.range,
        };
        Some(Self { text: shown, span })
    }
}

/// Where the key of a line stands in it.
struct Key {
    range: Range<usize>,
    colon: usize,
}

/// The end of the line that holds the offset.
fn line_end(text: &[u8], offset: usize) -> Option<usize> {
    let rest = text.get(offset..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    Some(offset + end.unwrap_or(rest.len()))
}

/// The key of the text's last line, if all lines before are of the simple kind that shows where values end.
fn yaml_key(text: &str) -> Option<Key> {
    let mut block = None;
    let mut scalar = None;
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.trim().is_empty() {
            continue;
        }
        if let Some(parent) = block {
            if indent > parent {
                if is_last {
                    return None;
                }
                continue;
            }
            block = None;
        }
        if content.starts_with('#') || matches!(content.trim_end(), "---" | "...") {
            scalar = None;
            if is_last {
                return None;
            }
            continue;
        }
        // What is indented more than a plain value goes on with it.
        if scalar.is_some_and(|parent| indent > parent) {
            if is_last {
                return None;
            }
            continue;
        }
        let mut start = indent;
        let mut parent = indent;
        while let Some(rest) = line[start..].strip_prefix("- ") {
            parent = start;
            start = line.len() - rest.trim_start_matches(' ').len();
        }
        let key = key_at(line, start, true);
        if is_last {
            return key;
        }
        let value = match &key {
            Some(key) => {
                parent = start;
                line[key.colon + 1..].trim()
            }
            None if start > indent => line[start..].trim(),
            None => return None,
        };
        scalar = None;
        match end_of(value)? {
            End::Nothing => {}
            End::Plain => scalar = Some(parent),
            End::Block => block = Some(parent),
        }
    }
    None
}

/// How a value goes on behind its first line.
enum End {
    /// Not at all.
    Nothing,
    /// In lines that are indented more, if there are any.
    Plain,
    /// As a block scalar.
    Block,
}

/// How a value goes on; `None` if that takes a parser to tell.
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
        Some(b'[' | b'{') => matches!(value, "[]" | "{}").then_some(End::Nothing),
        Some(b'?' | b'@' | b'`' | b'%') => None,
        Some(_) => Some(End::Plain),
    }
}

/// The key of the text's last line, which is a line by itself in dotenv.
fn dotenv_key(text: &str) -> Option<Key> {
    let line = &text[text.rfind('\n').map_or(0, |end| end + 1)..];
    let length = line
        .find('=')
        .filter(|length| (1..=MAX_KEY).contains(length))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    line[..length].bytes().all(is_name).then_some(Key {
        range: 0..length,
        colon: length,
    })
}

/// The key of the text's last line, if all strings before it are closed and it stands in an object.
fn json_key(text: &str) -> Option<Key> {
    let (before, line) = text.rsplit_once('\n').unwrap_or(("", text));
    let start = line.find(|character| !matches!(character, ' ' | '\t' | '{' | ','))?;
    let mut open = Vec::new();
    let mut is_string = false;
    let mut is_escaped = false;
    for byte in before.bytes().chain(line[..start].bytes()) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b'\n' if is_string => return None,
            _ if is_string => {}
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
    }
    if is_string || open.last() != Some(&b'{') {
        return None;
    }
    key_at(line, start, false)
}

/// The simple key that stands at `start`, in quotes or, where `plain` allows it, without.
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
    let behind = rest.get(end..)?;
    let colon = end + (behind.len() - behind.trim_start_matches(' ').len());
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

    fn excerpt(text: &str, line: usize, column: usize, format: Format) -> Option<(String, String)> {
        let start: usize = text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let excerpt = Excerpt::new(
            text.as_bytes(),
            Location {
                line,
                column,
                offset: start,
            },
            format,
        )?;
        let marked = excerpt.text[excerpt.span.clone()].to_owned();
        Some((excerpt.text, marked))
    }

    #[test]
    fn a_key_is_shown_and_its_value_masked() {
        for (text, line, column, shown, marked) in [
            ("a: secret\n", 1, 1, "a: ***", "a"),
            ("a: secret\n", 1, 6, "a: ***", "***"),
            ("a: 1\nb.c: [x\n", 2, 99, "b.c: ***", "***"),
            ("- - a: x", 1, 5, "- - a: ***", "a"),
            ("a:\n  b: x\n", 2, 3, "  b: ***", "b"),
            ("a:\n", 1, 3, "a:", "a"),
            ("a: |\n  x: y\nb: z\n", 3, 1, "b: ***", "b"),
            ("- |\n x: y\n- b: z\n", 3, 3, "- b: ***", "b"),
            ("a: 'x'\n\"b\": \"y\"\nc: &a !!str z", 3, 1, "c: ***", "c"),
            ("a: x\n  y: z\nb: 1\n", 3, 1, "b: ***", "b"),
            ("# c: d\n---\na : 1\r\nb: 2\r\n", 4, 1, "b: ***", "b"),
        ] {
            assert_eq!(
                excerpt(text, line, column, Format::Yaml),
                Some((shown.to_owned(), marked.to_owned())),
                "{text}"
            );
        }
        for (text, line, shown, marked) in [
            ("{\"a\": 1}", 1, "{\"a\": ***", "{"),
            (
                "{\n\t\"a\": \"x\\\"\",\n\t\"b\" : 2\n}",
                3,
                "\t\"b\" : ***",
                "\t",
            ),
        ] {
            assert_eq!(
                excerpt(text, line, 1, Format::Json),
                Some((shown.to_owned(), marked.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_may_be_a_value_is_not_shown() {
        for (text, line) in [
            ("a: |\n  secret: x\n", 2),
            ("- |\n secret: x\n", 2),
            ("a: >-\n\n  secret: x\n", 3),
            ("a: secret\n  word: x\n", 2),
            ("a: \"one\n secret: x\"\n", 2),
            ("a: \"one\nsecret: x\"\n", 2),
            ("a: 'it''s\nsecret: x'\n", 2),
            ("a: [one,\nsecret: x]\n", 2),
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
            assert_eq!(excerpt(text, line, 1, Format::Yaml), None, "{text}");
        }
        for (text, line) in [
            ("{\"a\": \"one\n\"secret\": 2}", 2),
            ("{\n\"a\": \"\nsecret\",\n\"secret\": x", 4),
            ("[\"secret\"]", 1),
            ("{\"a\": [\n\"secret\": 1", 2),
            ("{secret: 1}", 1),
            ("{\"a b\": 1}", 1),
        ] {
            assert_eq!(excerpt(text, line, 1, Format::Json), None, "{text}");
        }
    }
}
