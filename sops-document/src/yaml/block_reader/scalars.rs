//! Scalars in all styles, and keys.

use std::borrow::Cow;
use std::ops::Range;

use super::folding::{self, BlockContent};
use super::line::{self, Line};
use super::{BlockReader, Receiver, Step, Stop, scalar};
use crate::Style;
use crate::yaml::events::Scalar;
use crate::yaml::source;

/// The longest key; YAML allows 1,024 characters.
const LONGEST_KEY: usize = 1_000;

impl<'a> BlockReader<'a> {
    /// The key at `at` and the offset of its `:`, on the line that ends at `line`; `None` if
    /// something else follows on the line.
    pub(super) fn key(&self, at: usize, line: usize) -> Step<Option<(Scalar<'a>, usize)>> {
        let (key, colon) = match self.byte(at) {
            Some(b'"' | b'\'') => {
                let Some(end) = self.closing_quote(at, line) else {
                    return Ok(None);
                };
                if self.byte(end) != Some(b':') {
                    return Ok(None);
                }
                (self.quoted(at, line)?, end)
            }
            _ => {
                let Some(colon) = self.plain_key(at, line)? else {
                    return Ok(None);
                };
                let text = &self.text[at..colon];
                (scalar(text.into(), Style::Plain, at..colon), colon)
            }
        };
        match self.byte(colon + 1) {
            None | Some(b' ' | b'\n') if colon - at <= LONGEST_KEY => Ok(Some((key, colon))),
            _ => Err(Stop::Unknown),
        }
    }

    /// The `:` after a plain key.
    fn plain_key(&self, at: usize, line: usize) -> Step<Option<usize>> {
        let bytes = self.text.as_bytes();
        let mut from = at;
        // Most keys end at the first colon.
        while let Some(found) = memchr::memchr2(b':', b'#', &bytes[from..line]) {
            let found = from + found;
            let is_key_end = matches!(self.byte(found + 1), None | Some(b' ' | b'\n'));
            match bytes[found] {
                // The rest of the line is a comment.
                b'#' if found > at && bytes[found - 1] == b' ' => return Ok(None),
                b':' if is_key_end => {
                    let is_plain = self.begins_plain(at)
                        && bytes[found - 1] != b' '
                        && !bytes[at..found].contains(&b'\t');
                    return match is_plain {
                        true => Ok(Some(found)),
                        false => Err(Stop::Unknown),
                    };
                }
                _ => from = found + 1,
            }
        }
        Ok(None)
    }

    /// Whether a plain scalar can begin at `at`.
    fn begins_plain(&self, at: usize) -> bool {
        match self.byte(at) {
            Some(b'-') => !matches!(self.byte(at + 1), None | Some(b' ' | b'\n' | b'\t')),
            Some(byte) => !matches!(
                byte,
                b' ' | b'\t'
                    | b'\n'
                    | b'?'
                    | b':'
                    | b','
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
                    | b'#'
                    | b'&'
                    | b'*'
                    | b'!'
                    | b'|'
                    | b'>'
                    | b'\''
                    | b'"'
                    | b'%'
                    | b'@'
                    | b'`'
            ),
            None => false,
        }
    }

    /// The plain scalar at `at`, which is not a key, on the line that ends at `line`.
    pub(super) fn plain(&self, at: usize, line: usize) -> Step<Scalar<'a>> {
        if !self.begins_plain(at) {
            return Err(Stop::Unknown);
        }
        let mut end = self.plain_line(at, line)?;
        let range = at..end.text;
        if end.has_comment || !self.continues(end.line) {
            return Ok(scalar(self.text[range.clone()].into(), Style::Plain, range));
        }
        while !end.has_comment && self.continues(end.line) {
            let next = self.next_content(end.line);
            end = self.plain_line(next.content, next.end)?;
        }
        let range = at..end.text;
        let text = folding::plain(&self.text[range.clone()]);
        Ok(scalar(text.into(), Style::Plain, range))
    }

    /// The end of the part of a plain scalar that begins at `at`, on the line that ends at `line`.
    fn plain_line(&self, at: usize, line: usize) -> Step<PlainLine> {
        let bytes = &self.text.as_bytes()[..line];
        let (mut end, mut has_comment) = (line, false);
        if memchr::memchr2(b' ', b'\t', &bytes[at..]).is_none() {
            // Many values, and all ciphertexts, are one word.
            if bytes[at] == b'#' || bytes.ends_with(b":") {
                return Err(Stop::Unknown);
            }
            return Ok(PlainLine {
                text: line,
                line,
                has_comment,
            });
        }
        for found in memchr::memchr3_iter(b':', b'#', b'\t', &bytes[at..]) {
            let found = at + found;
            match bytes[found] {
                b'#' if found > at && bytes[found - 1] == b' ' => {
                    (end, has_comment) = (found, true);
                    break;
                }
                b'#' if found == at => return Err(Stop::Unknown),
                b':' if matches!(self.byte(found + 1), None | Some(b' ' | b'\n')) => {
                    return Err(Stop::Unknown);
                }
                b'\t' => return Err(Stop::Unknown),
                _ => {}
            }
        }
        let text = at + self.text[at..end].trim_end_matches(' ').len();
        Ok(PlainLine {
            text,
            line,
            has_comment,
        })
    }

    /// Whether a plain scalar continues below the line that ends at `line`.
    fn continues(&self, line: usize) -> bool {
        let mut start = line + 1;
        loop {
            let content = self.skip_spaces(start.min(self.text.len()));
            match self.byte(content) {
                Some(b'\n') => start = content + 1,
                None | Some(b'#') => return false,
                Some(_) => return content - start > self.column(),
            }
        }
    }

    /// The next line that is not blank after the one that ends at `line`; an empty one at the end.
    fn next_content(&self, line: usize) -> Line {
        let mut next = Line::at(self.text, (line + 1).min(self.text.len()));
        while next.is_blank() && next.end < self.text.len() {
            next = Line::at(self.text, next.next);
        }
        next
    }

    /// The quoted scalar at `at`, on the line that ends at `line`.
    pub(super) fn quoted(&self, at: usize, line: usize) -> Step<Scalar<'a>> {
        let bytes = self.text.as_bytes();
        let style = match bytes[at] {
            b'"' => Style::DoubleQuoted,
            _ => Style::SingleQuoted,
        };
        let end = match self.closing_quote(at, line) {
            Some(end) => end,
            None => {
                let end = self.closing_quote(at, self.text.len());
                let end = end.ok_or(Stop::Unknown)?;
                self.check_lines(at..end)?;
                end
            }
        };
        let content = &self.text[at + 1..end - 1];
        let text = match style {
            Style::DoubleQuoted => folding::double_quoted(content).ok_or(Stop::Unknown)?,
            _ => folding::single_quoted(content),
        };
        Ok(scalar(text, style, at..end))
    }

    /// The offset after the quote that closes the one at `at`, if it is before `limit`.
    pub(super) fn closing_quote(&self, at: usize, limit: usize) -> Option<usize> {
        let bytes = &self.text.as_bytes()[..limit];
        let mut from = at + 1;
        match bytes[at] {
            b'"' => loop {
                let found = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
                if bytes[found] == b'"' {
                    return Some(found + 1);
                }
                from = found + 2;
            },
            _ => loop {
                let found = from + memchr::memchr(b'\'', bytes.get(from..)?)?;
                if bytes.get(found + 1) != Some(&b'\'') {
                    return Some(found + 1);
                }
                from = found + 2;
            },
        }
    }

    /// Checks that the lines of a quoted scalar are indented more than its collection.
    fn check_lines(&self, range: Range<usize>) -> Step {
        let mut line = line::end(self.text, range.start);
        while line < range.end {
            let next = Line::at(self.text, line + 1);
            let is_indented = next.is_blank() || next.column() > self.column();
            // A tab may be indentation or content.
            if !is_indented || self.text[line..next.end].contains('\t') {
                return Err(Stop::Unknown);
            }
            line = next.end;
        }
        match self.text[range.start..line::end(self.text, range.start)].contains('\t') {
            true => Err(Stop::Unknown),
            false => Ok(()),
        }
    }

    /// Reads the block scalar whose header is at `at`. Passes only the comment after the header.
    pub(super) fn block_scalar(
        &mut self,
        at: usize,
        receiver: &mut impl Receiver<'a>,
    ) -> Step<Scalar<'a>> {
        let header = source::header(&self.text[at..]);
        let is_folded = match header.indicators() {
            "|" | "|-" | "|+" => false,
            ">" | ">-" | ">+" => true,
            _ => return Err(Stop::Unknown),
        };
        let column = self.column();
        self.end_line(at + header.indicators().len(), receiver)?;
        let content = BlockContent::at(self.text, self.at, column).ok_or(Stop::Unknown)?;
        let text: Cow<'a, str> = content.text(header.chomping(), is_folded);
        let style = match is_folded {
            true => Style::Folded,
            false => Style::Literal,
        };
        let range = content.start..content.end;
        self.at = content.end;
        Ok(scalar(text, style, range))
    }
}

/// The part of a plain scalar on one line.
struct PlainLine {
    /// The end of the text.
    text: usize,
    /// The end of the line.
    line: usize,
    has_comment: bool,
}
