//! Reads YAML like less strict programs: Go's YAML library accepts more line breaks, and a decoder
//! resolves escapes.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use sops_document::{Document, NodeRef, Shape};

use crate::object::is_of_other_project;
use crate::unparsed::names_secret;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether an object of the text may be a Secret with values. This only searches for the words, and
/// for ways to hide them.
pub(crate) fn may_hold_secret(text: &str) -> bool {
    // Most files lack the first word, and every file is searched for it.
    static KIND: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(["Secret"]).expect("one word makes a search"));
    static KEYS: LazyLock<[AhoCorasick; 2]> = LazyLock::new(|| {
        ["kind", "data"].map(|key| {
            let search = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build([key]);
            search.expect("one word makes a search")
        })
    });
    let has = |search: &AhoCorasick| search.is_match(text);
    has(&KIND) && (KEYS.iter().all(has) || names_secret(text)) || hides_letters(text)
}

/// Whether ASCII letters are written as escapes, or a string as `!!binary`.
fn hides_letters(text: &str) -> bool {
    static ESCAPES: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let escapes = ["\\x", "\\u", "\\U", "\\\n", "\\\r", "binary"];
        AhoCorasick::new(escapes).expect("the words are few enough for one search")
    });
    let escapes = ESCAPES.find_iter(text);
    escapes.map(|escape| escape.start()).any(|at| {
        let rest = &text[at..];
        match escape(rest) {
            Some((Some(decoded), _)) => decoded.is_ascii_alphabetic(),
            Some((None, length)) => is_in_word(&text[..at], &rest[length..]),
            // A tag is before its value, and `!` before both.
            None => rest.starts_with("binary") && text[..at].ends_with(['!', ':', '/']),
        }
    })
}

/// Whether a line break divides a word of a Secret. Sources in many languages have escaped line
/// breaks.
fn is_in_word(before: &str, after: &str) -> bool {
    let is_other = |c: char| !c.is_ascii_alphabetic();
    let start = before.rfind(is_other).map_or(before, |at| &before[at..]);
    let start = start.trim_start_matches(is_other);
    let end = after.find(is_other).map_or(after, |at| &after[..at]);
    let words = ["Secret", "SecretList", "kind", "data", "stringData"];
    // Each part must be in the word, so that long runs of letters are not copied.
    let is_split = !start.is_empty() && !end.is_empty();
    is_split
        && words
            .iter()
            .any(|word| word.strip_prefix(start) == Some(end))
}

/// The character of the escape at the start of `text`, and the length of the escape. An escaped
/// line break is not a character, and includes the spaces after it.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let rest = text.strip_prefix('\\')?;
    let digits = match rest.as_bytes().first()? {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        b'\n' | b'\r' => {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
            return Some((None, text.len() - after.len()));
        }
        _ => return None,
    };
    let code = rest.get(1..=digits)?;
    let code = u32::from_str_radix(code, 16).ok()?;
    Some((Some(char::from_u32(code)?), digits + 2))
}

/// The text with escaped letters and digits decoded, and without escaped line breaks. `None` if it
/// has neither.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find('\\').map(|offset| from + offset) {
        match escape(&text[at..]) {
            // Other characters would change where values begin and end.
            Some((character, length)) if character.is_none_or(|c| c.is_ascii_alphanumeric()) => {
                decoded.push_str(&text[done..at]);
                decoded.extend(character);
                done = at + length;
                from = done;
            }
            _ => from = at + 1,
        }
    }
    (done > 0).then(|| {
        decoded.push_str(&text[done..]);
        decoded
    })
}

/// The text with `\n` for each line break that only YAML 1.1 has, spaces for tabs, and without byte
/// order marks at line starts; `None` if there is nothing to change. Byte positions stay the same.
pub(crate) fn as_go_reads(text: &str) -> Option<String> {
    let is_foreign = |c: char| matches!(c, '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(|c| is_foreign(c) || c == BYTE_ORDER_MARK) {
        return None;
    }
    let mut read = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => read.push(' '),
            '\u{85}' => read.push_str(" \n"),
            '\u{2028}' | '\u{2029}' => read.push_str("  \n"),
            BYTE_ORDER_MARK if read.is_empty() || read.ends_with('\n') => read.push_str("  \n"),
            c => read.push(c),
        }
    }
    Some(read)
}

/// The Secrets among the objects with a duplicate kind or API version. Programs differ in which one
/// counts, so both do.
pub(crate) fn secrets_with_repeated_keys<'d, 'a>(
    document: &'d Document<'a>,
) -> Vec<NodeRef<'d, 'a>> {
    let mut secrets = Vec::new();
    let mut open: Vec<_> = document.tops().flatten().collect();
    open.reverse();
    while let Some(node) = open.pop() {
        let begin = open.len();
        let of = |wanted: &str| -> Vec<&str> {
            let entries = node.entries().filter(|(key, _)| *key == wanted);
            entries.filter_map(|(_, node)| node.as_str()).collect()
        };
        let is_repeated = |values: &[&str]| values.iter().any(|value| *value != values[0]);
        if node.shape() == Shape::Mapping {
            let (kinds, versions) = (of("kind"), of("apiVersion"));
            let is_secret = kinds.contains(&"Secret")
                && (versions.is_empty()
                    || !versions.iter().all(|version| is_of_other_project(version)))
                && (is_repeated(&kinds) || is_repeated(&versions));
            if is_secret {
                secrets.push(node);
            }
        }
        let children = node.entries().map(|(_, child)| child).chain(node.items());
        open.extend(children.filter(|child| child.shape() != Shape::Scalar));
        open[begin..].reverse();
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_escapes_are_found() {
        for text in [
            "kind: Secret\ndata: x",
            "kind: Secret",
            "STRINGDATA Kind Secret",
            "\"k\\x69nd\": x",
            "{\"\\u006bind\": 1}",
            "\"\\U0000006bind\"",
            "kind: !!binary U2VjcmV0",
            "\"Sec\\\n  ret\"",
            "\"Sec\\\r\n  ret\"",
            "\"string\\\nData\": x",
            "!<tag:yaml.org,2002:binary> U2VjcmV0",
        ] {
            assert!(may_hold_secret(text), "{text}");
        }
        for text in [
            "",
            "a Secret",
            "kind: secret\ndata: x",
            "\"\\u00e9\\u4e2d\"",
            "\\x1b[0m",
            "a binary file",
            "\\x6",
            "\\",
            "C:\\users",
            "\"the Sec\\\n  tor\"",
            "run \\\n  kind",
        ] {
            assert!(!may_hold_secret(text), "{text}");
        }
    }

    #[test]
    fn escapes_of_letters_and_line_breaks_are_decoded() {
        for (text, expected) in [
            ("\"k\\x69nd\": \\u0053ecret", Some("\"kind\": Secret")),
            ("\"Sec\\\n  ret\"", Some("\"Secret\"")),
            ("\\x22\\n\\xZZ\\ü\\", None),
            ("\\x22\\x61ü", Some("\\x22aü")),
            ("", None),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_keeps_its_positions() {
        for (text, expected) in [
            ("# a\u{2028}b\u{85}c\td", Some("# a  \nb \nc d")),
            ("a\n\u{feff}b\u{feff}", Some("a\n  \nb\u{feff}")),
            ("a: ü\n", None),
        ] {
            let read = as_go_reads(text);
            assert_eq!(read.as_deref(), expected, "{text:?}");
            assert!(read.is_none_or(|read| read.len() == text.len()));
        }
    }

    #[test]
    fn every_value_of_a_repeated_key_counts() {
        let count = |text: &str| {
            let document = Document::parse_leniently(text).expect("the text is YAML");
            secrets_with_repeated_keys(&document).len()
        };
        for text in [
            "kind: ConfigMap\nkind: Secret\n",
            "kind: Secret\nkind: ConfigMap\napiVersion: v1\n",
            "kind: Secret\napiVersion: example.com/v1\napiVersion: v1\n",
            "items: [{kind: A, kind: Secret}]\n",
        ] {
            assert_eq!(count(text), 1, "{text}");
        }
        for text in [
            "kind: Secret\napiVersion: v1\n",
            "kind: Secret\nkind: Secret\n",
            "kind: A\nkind: Secret\napiVersion: example.com/v1\n",
            "kind: [a]\nkind: Secret\n",
        ] {
            assert_eq!(count(text), 0, "{text}");
        }
    }
}
