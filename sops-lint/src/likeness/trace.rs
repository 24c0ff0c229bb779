//! Words that may hold a token, a password in a URL or a connection string. One cheap pass, so that patterns run on few words only.

use std::ops::Range;

/// Runs of token characters this long are always looked at.
const LONG: usize = 20;
/// Runs this long are looked at if they have a digit.
const LONG_WITH_DIGIT: usize = 16;
/// A word is cut here, so that one huge word costs no more than its length.
const MAX_WORD: usize = 4096;

/// What a byte means for a token.
#[derive(Clone, Copy)]
enum Class {
    Other,
    Letter,
    Digit,
    /// What may be followed by a secret of another form.
    Mark,
}

/// The class of each byte.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'~' | b'+' => Class::Letter,
            b':' | b';' | b' ' => Class::Mark,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// The ranges of the words, in the order of the text. They do not overlap.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

pub(crate) struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let from = self.at;
        let (mut run, mut has_digit) = (0, false);
        // Up to here no word has a user or a query after its `://`.
        let mut plain = from;
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            match CLASSES[usize::from(*byte)] {
                Class::Other => (run, has_digit) = (0, false),
                class @ (Class::Letter | Class::Digit) => {
                    run += 1;
                    has_digit |= matches!(class, Class::Digit);
                    if run >= LONG_WITH_DIGIT && (has_digit || run >= LONG) {
                        return Some(self.word(from, at));
                    }
                }
                Class::Mark => {
                    if let Some(word) = self.after_mark(from, at, run, &mut plain) {
                        return Some(word);
                    }
                    (run, has_digit) = (0, false);
                }
            }
            at += 1;
        }
        self.at = bytes.len();
        None
    }
}

impl Words<'_> {
    /// The word or line around a mark, if a secret of another form may follow. `run` is how many token characters are before it.
    fn after_mark(
        &mut self,
        from: usize,
        at: usize,
        run: usize,
        plain: &mut usize,
    ) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        match bytes[at] {
            b':' if at >= *plain && is_url(&bytes[at..]) => {
                let rest = &bytes[at..bytes.len().min(at + MAX_WORD)];
                let end = rest.iter().position(|byte| is_end(byte) || is_more(byte));
                let end = end.unwrap_or(rest.len());
                if rest.get(end).is_some_and(is_more) {
                    return Some(self.word(from, at));
                }
                *plain = at + end;
                None
            }
            b';' if is_assignment(&bytes[at + 1..]) => Some(self.line(from, at)),
            // Spaces divide the words of a PEM header.
            b' ' if run >= 10 && bytes[..at].ends_with(b"-----BEGIN") => Some(self.line(from, at)),
            _ => None,
        }
    }

    /// The word around a place, up to white space or quotes.
    fn word(&mut self, from: usize, at: usize) -> Range<usize> {
        self.around(from, at, is_end)
    }

    /// The line around a place, or its part in quotes.
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
        let start = self.text.ceil_char_boundary(start);
        let end = self.text.ceil_char_boundary(end.max(at + 1));
        self.at = end;
        start..end
    }
}

/// Whether it begins as a URL goes on after its scheme. JSON may escape the slashes.
fn is_url(bytes: &[u8]) -> bool {
    bytes.starts_with(b"://") || bytes.starts_with(br":\/\/")
}

/// What ends a word.
fn is_end(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`')
}

/// What follows a user or begins a query in a URL.
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
    fn long_runs_and_urls_are_looked_at() {
        for (text, found) in [
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
            assert_eq!(words, found, "{text}");
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
