//! Finds words that may contain a token, a password in a URL or a connection string. The search is
//! fast, so that patterns run only on few words.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use sops_printable::ceil_char_boundary;

/// Runs of token characters with at least this length are always examined.
const LONG: usize = 20;
/// Runs with at least this length are examined if they have a digit.
const LONG_WITH_DIGIT: usize = 16;
/// The maximum length of a word, which keeps the time for a huge word linear.
const MAX_WORD: usize = 4096;

const PEM: &str = "-----BEGIN ";

/// Texts that secrets of other forms contain. JSON may escape the slashes of a URL.
const MARKS: [&str; 3] = ["://", r":\/\/", PEM];

/// Functions that find the next position whose surroundings may contain a token.
const FINDERS: [fn(&str, usize) -> Option<usize>; 3] = [long_run, mark, assignment];

/// The ranges of the words, in the order of the text. They do not overlap.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words {
        text,
        at: 0,
        places: [Some(0); FINDERS.len()],
    }
}

pub(crate) struct Words<'t> {
    text: &'t str,
    at: usize,
    /// The last result of each of [`FINDERS`]; outdated if it is before `at`.
    places: [Option<usize>; FINDERS.len()],
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let from = self.at;
        for (offset, find) in self.places.iter_mut().zip(FINDERS) {
            if offset.is_some_and(|offset| offset <= from) {
                *offset = find(self.text, from);
            }
        }
        let at = self.places.into_iter().flatten().min()?;
        match self.text.as_bytes()[at] {
            b';' | b' ' => Some(self.line(from, at)),
            _ => Some(self.word(from, at)),
        }
    }
}

/// The position at which the next run of token characters is long enough.
fn long_run(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut start = from;
    while let Some(window) = bytes.get(start..start + LONG_WITH_DIGIT) {
        // Search from the end, so that most bytes are skipped.
        if let Some(last) = window.iter().rposition(|byte| !is_token(*byte)) {
            start += last + 1;
            continue;
        }
        if window.iter().any(u8::is_ascii_digit) {
            return Some(start + LONG_WITH_DIGIT - 1);
        }
        let rest = &bytes[start + LONG_WITH_DIGIT..bytes.len().min(start + LONG)];
        match rest
            .iter()
            .position(|byte| byte.is_ascii_digit() || !is_token(*byte))
        {
            Some(more) if is_token(rest[more]) => return Some(start + LONG_WITH_DIGIT + more),
            Some(more) => start += LONG_WITH_DIGIT + more + 1,
            None if rest.len() == LONG - LONG_WITH_DIGIT => return Some(start + LONG - 1),
            None => return None,
        }
    }
    None
}

fn is_token(byte: u8) -> bool {
    static TOKEN: [bool; 256] = {
        let mut token = [false; 256];
        let mut at = 0;
        while at < 256 {
            let byte = at as u8;
            token[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'~' | b'+');
            at += 1;
        }
        token
    };
    TOKEN[usize::from(byte)]
}

/// The colon of a URL with a user or a query, or the last space of the beginning of a PEM header.
fn mark(text: &str, from: usize) -> Option<usize> {
    static SEARCH: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(MARKS));
    let bytes = text.as_bytes();
    // Up to this offset, no word has a user or a query after its `://`.
    let mut plain = from;
    SEARCH.as_ref()?.find_iter(&bytes[from..]).find_map(|mark| {
        let at = from + mark.start();
        if bytes[at] == b'-' {
            return Some(from + mark.end() - 1);
        }
        if at < plain {
            return None;
        }
        let rest = &bytes[at..bytes.len().min(at + MAX_WORD)];
        let end = rest.iter().position(|byte| is_end(byte) || is_more(byte));
        let end = end.unwrap_or(rest.len());
        plain = at + end;
        rest.get(end).is_some_and(is_more).then_some(at)
    })
}

/// The semicolon before the name of a password in a connection string.
fn assignment(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut semicolons = memchr::memchr_iter(b';', &bytes[from..]).map(|at| from + at);
    semicolons.find(|at| is_assignment(&bytes[at + 1..]))
}

impl Words<'_> {
    /// The word around a position, up to white space or quotes.
    fn word(&mut self, from: usize, at: usize) -> Range<usize> {
        self.around(from, at, is_end)
    }

    /// The line around a position, or its part in quotes.
    fn line(&mut self, from: usize, at: usize) -> Range<usize> {
        self.around(from, at, |byte| {
            matches!(byte, b'\n' | b'\r' | b'"' | b'\'')
        })
    }

    fn around(&mut self, from: usize, at: usize, is_end: impl Fn(&u8) -> bool) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let from = from.max(at.saturating_sub(MAX_WORD));
        let start = bytes[from..at].iter().rposition(&is_end);
        let start = start.map_or(from, |before| from + before + 1);
        let limit = bytes.len().min(at + MAX_WORD);
        let end = bytes[at..limit].iter().position(&is_end);
        let end = end.map_or(limit, |length| at + length);
        let start = ceil_char_boundary(self.text, start);
        let end = ceil_char_boundary(self.text, end.max(at + 1));
        self.at = end;
        start..end
    }
}

/// Whether the byte ends a word.
fn is_end(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`')
}

/// Whether the byte follows a user or begins a query in a URL.
fn is_more(byte: &u8) -> bool {
    matches!(byte, b'@' | b'?' | b'&')
}

/// Whether the name of a password in a connection string follows.
fn is_assignment(bytes: &[u8]) -> bool {
    let rest = bytes.trim_ascii_start();
    let starts =
        |name: &[u8]| rest.len() > name.len() && rest[..name.len()].eq_ignore_ascii_case(name);
    [b"password".as_slice(), b"pwd", b"shared"]
        .into_iter()
        .any(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_base64_runs_and_urls_are_checked() {
        for (text, expected) in [
            (
                "x: \"glpat-abcdefghijklmnopqrst\" y",
                vec!["glpat-abcdefghijklmnopqrst"],
            ),
            ("url: https://a:b@c/d z", vec!["https://a:b@c/d"]),
            (r#"{"a": "https:\/\/a:b@c"}"#, vec![r"https:\/\/a:b@c"]),
            ("Server=db;Password=x;", vec!["Server=db;Password=x;"]),
            (
                "-----BEGIN EC PRIVATE KEY-----\nx",
                vec!["-----BEGIN EC PRIVATE KEY-----"],
            ),
            (
                "äöü€äöü€0123456789abcdefäöü y",
                vec!["äöü€äöü€0123456789abcdefäöü"],
            ),
            (
                "kind: Deployment\nimage: registry.example.org/web:1.2.3\nurl: https://a.b/c",
                vec![],
            ),
            ("", vec![]),
        ] {
            let words: Vec<_> = words(text).map(|at| &text[at]).collect();
            assert_eq!(words, expected, "{text}");
        }
    }

    #[test]
    fn a_huge_word_is_cut() {
        let text = "a1".repeat(100_000);
        let words: Vec<_> = words(&text).collect();
        assert!(words.iter().all(|word| word.len() <= 2 * MAX_WORD));
        assert!(words.len() < 100);
    }
}
