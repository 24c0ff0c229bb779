//! The values of scalars that are spelled differently in the text: escapes, folded lines, and block
//! scalars.

use std::borrow::Cow;

use super::line::Line;
use crate::yaml::source::Chomping;

/// The value of a plain scalar on several lines.
pub(super) fn plain(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut breaks = 0;
    for line in source.split('\n').map(|line| line.trim_matches(' ')) {
        if !line.is_empty() {
            push_breaks(&mut out, breaks);
            out.push_str(line);
            breaks = 0;
        }
        breaks += 1;
    }
    out
}

/// Appends a space for a single line break. Further line breaks are kept.
fn push_breaks(out: &mut String, breaks: usize) {
    match breaks {
        0 => {}
        1 => out.push(' '),
        _ => out.extend(std::iter::repeat_n('\n', breaks - 1)),
    }
}

/// The value of a single-quoted scalar.
pub(super) fn single_quoted(source: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\'', b'\n', source.as_bytes()).is_none() {
        return source.into();
    }
    let folded = match source.contains('\n') {
        true => fold_lines(source),
        false => source.to_owned(),
    };
    Cow::Owned(folded.replace("''", "'"))
}

/// Folds the lines of a quoted scalar, whose first and last line keep their outer spaces.
fn fold_lines(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut lines = source.split('\n').peekable();
    let (mut breaks, mut is_first) = (0, true);
    while let Some(line) = lines.next() {
        let start = match is_first {
            true => line,
            false => line.trim_start_matches(' '),
        };
        let line = match lines.peek() {
            Some(_) => start.trim_end_matches(' '),
            None => start,
        };
        if !line.is_empty() || is_first || lines.peek().is_none() {
            push_breaks(&mut out, breaks);
            out.push_str(line);
            breaks = 0;
        }
        breaks += 1;
        is_first = false;
    }
    out
}

/// The value of a double-quoted scalar; `None` if it has an escape that not all readers know.
pub(super) fn double_quoted(source: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'\\', b'\n', source.as_bytes()).is_none() {
        return Some(source.into());
    }
    let mut out = String::with_capacity(source.len());
    // Spaces before this length were escaped, or are before an escape.
    let mut fixed = 0;
    let mut rest = source;
    while let Some(found) = memchr::memchr2(b'\\', b'\n', rest.as_bytes()) {
        out.push_str(&rest[..found]);
        rest = if rest.as_bytes()[found] == b'\n' {
            let spaces = out[fixed..].len() - out[fixed..].trim_end_matches(' ').len();
            out.truncate(out.len() - spaces);
            let (breaks, rest) = skip_breaks(&rest[found..]);
            push_breaks(&mut out, breaks);
            rest
        } else if let Some(line) = rest[found + 1..].strip_prefix('\n') {
            let (breaks, rest) = skip_breaks(line);
            out.extend(std::iter::repeat_n('\n', breaks));
            rest
        } else {
            let (character, rest) = escape(&rest[found + 1..])?;
            out.push(character);
            rest
        };
        fixed = out.len();
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// Skips line breaks and the spaces around them. Returns how many breaks there are, and the rest.
fn skip_breaks(text: &str) -> (usize, &str) {
    let (mut breaks, mut rest) = (0, text.trim_start_matches(' '));
    while let Some(line) = rest.strip_prefix('\n') {
        breaks += 1;
        rest = line.trim_start_matches(' ');
    }
    (breaks, rest)
}

/// The character of an escape after its backslash, and the rest of the text.
fn escape(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let character = match characters.next()? {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' => ' ',
        '"' => '"',
        '/' => '/',
        '\\' => '\\',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return code_point(characters.as_str(), 2),
        'u' => return code_point(characters.as_str(), 4),
        'U' => return code_point(characters.as_str(), 8),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// The character with the code point in the first `length` hexadecimal digits, and the rest.
fn code_point(text: &str, length: usize) -> Option<(char, &str)> {
    let digits = text.get(..length)?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok()?;
    let character = char::from_u32(code).filter(|_| is_hexadecimal)?;
    Some((character, &text[length..]))
}

/// The lines below the header of a block scalar.
pub(super) struct BlockContent<'a> {
    text: &'a str,
    /// The start of the first line.
    pub(super) start: usize,
    /// The start of the line after the last one, which may be blank.
    pub(super) end: usize,
    indent: usize,
    /// How many lines have content.
    lines: usize,
}

impl<'a> BlockContent<'a> {
    /// The content that starts at the line at `start`, in a collection in this column; `None` if
    /// its indentation is not clear, or its last line has no line break.
    pub(super) fn at(text: &'a str, start: usize, column: usize) -> Option<Self> {
        if !text.ends_with('\n') {
            return None;
        }
        let mut at = start;
        let (mut indent, mut widest, mut lines) = (0, 0, 0);
        while at < text.len() {
            let line = Line::at(text, at);
            if indent == 0 {
                if line.is_blank() {
                    widest = widest.max(line.column());
                    at = line.next;
                    continue;
                }
                if line.column() <= column {
                    break;
                }
                // A tab may be indentation or content.
                if widest > line.column() || text[line.content..].starts_with('\t') {
                    return None;
                }
                indent = line.column();
            }
            if line.column() < indent && !line.is_blank() {
                break;
            }
            lines += usize::from(!line.is_blank() || line.column() > indent);
            at = line.next;
        }
        // Blank lines alone may be content if they are indented.
        (lines > 0 || widest == 0).then_some(Self {
            text,
            start,
            end: at,
            indent,
            lines,
        })
    }

    /// The value.
    pub(super) fn text(&self, chomping: Chomping, is_folded: bool) -> Cow<'a, str> {
        let line = Line::at(self.text, self.start);
        let is_one = self.lines == 1 && line.column() == self.indent && !line.is_blank();
        match chomping {
            Chomping::Strip if is_one => self.text[line.content..line.end].into(),
            Chomping::Clip if is_one => self.text[line.content..line.next].into(),
            _ => Cow::Owned(self.joined(chomping, is_folded)),
        }
    }

    fn joined(&self, chomping: Chomping, is_folded: bool) -> String {
        let mut out = String::with_capacity(self.end - self.start);
        let (mut at, mut breaks) = (self.start, 0);
        // Lines that begin with white space are not folded.
        let mut is_text = None;
        while at < self.end {
            let line = Line::at(self.text, at);
            at = line.next;
            breaks += 1;
            let is_empty = line.is_blank() && line.column() <= self.indent;
            if is_empty || self.lines == 0 {
                continue;
            }
            let content = &self.text[line.start + self.indent..line.end];
            let begins_text = !content.starts_with([' ', '\t']);
            match is_text {
                Some(true) if is_folded && begins_text => push_breaks(&mut out, breaks),
                Some(_) => out.extend(std::iter::repeat_n('\n', breaks)),
                None => out.extend(std::iter::repeat_n('\n', breaks - 1)),
            }
            out.push_str(content);
            is_text = Some(begins_text);
            breaks = 0;
        }
        match chomping {
            Chomping::Strip => {}
            Chomping::Clip => out.extend(is_text.map(|_| '\n')),
            Chomping::Keep => {
                let last = usize::from(is_text.is_some());
                out.extend(std::iter::repeat_n('\n', breaks + last));
            }
        }
        out
    }
}
