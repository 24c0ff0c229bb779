//! Plaintext values that an encrypted document's rule covers. Finding them needs no key.

use std::ops::Range;

use sops_document::{Document, Item, Leaf, Value};

use crate::cipher::{self, ciphertext};
use crate::error::Result;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::rules::EncryptionRule;

/// A value or comment that is in plaintext although the rule covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unencrypted {
    /// The range in the text, in bytes.
    pub span: Range<usize>,
    /// The keys that lead to the value, joined with dots; for a comment, those of its container.
    pub path: String,
    /// Whether this is a comment.
    pub is_comment: bool,
}

/// Whether at least one value is encrypted, and the rule covers every encrypted value.
///
/// # Errors
/// [`Error::Regex`](crate::Error::Regex) if the rule's expression is invalid.
pub(crate) fn is_encrypted_by(
    document: &Document<'_>,
    rule: Option<&EncryptionRule>,
) -> Result<bool> {
    let selected = Selection::of(document, rule)?;
    let encrypted = document.tape().iter().enumerate().filter(|(_, item)| {
        let Item::Leaf(Leaf { value, .. }) = item else {
            return false;
        };
        value.as_ref().and_then(ciphertext).is_some()
    });
    let mut numbers = encrypted.map(|(number, _)| number).peekable();
    Ok(numbers.peek().is_some() && numbers.all(|number| selected.contains(number)))
}

/// The values and comments that `rule` covers but that are in plaintext, in document order. Without
/// a rule, everything is covered.
///
/// # Errors
/// [`Error::Regex`](crate::Error::Regex) if the rule's expression is invalid.
pub fn unencrypted_values(
    document: &Document<'_>,
    rule: Option<&EncryptionRule>,
) -> Result<Vec<Unencrypted>> {
    let selected = Selection::of(document, rule)?;
    let mut found = Vec::new();
    // The values of an alias are reported once, at the alias.
    let mut alias: Option<(usize, Range<usize>)> = None;
    for (index, item) in document.tape().iter().enumerate() {
        if alias.as_ref().is_some_and(|(close, _)| index >= *close) {
            alias = None;
        }
        let (path, span, is_comment) = match item {
            Item::Alias { span, close, .. } if alias.is_none() => {
                alias = Some((*close as usize, span.range()));
                continue;
            }
            Item::Leaf(Leaf {
                path, span, value, ..
            }) if selected.contains(index) && is_open(value.as_ref()) => (*path, *span, false),
            Item::Comment { path, span, .. } if selected.contains(index) => {
                let comment = document.comment(index);
                if is_closed(document, &comment.text) {
                    continue;
                }
                (*path, *span, true)
            }
            _ => continue,
        };
        let span = alias
            .as_ref()
            .map_or_else(|| span.range(), |(_, span)| span.clone());
        if found
            .last()
            .is_none_or(|last: &Unencrypted| last.span != span)
        {
            found.push(Unencrypted {
                span,
                path: document.paths().display(path),
                is_comment,
            });
        }
    }
    Ok(found)
}

/// Whether no part of a comment is in plaintext. Several lines may be one comment, each with its
/// own ciphertext, and marks after a ciphertext record the comment's position.
fn is_closed(document: &Document<'_>, comment: &str) -> bool {
    comment.lines().all(|line| {
        let line = line.trim_matches([' ', '\t', '\r', ';', '#']);
        let end = line.find(']').map_or(0, |end| end + 1);
        let (ciphertext, marks) = line.split_at(end);
        let is_moved = document.is_mark_of_moved_comment(marks);
        line.is_empty()
            || cipher::is_ciphertext(ciphertext)
                && (is_moved || !marks.contains(char::is_alphanumeric))
    })
}

/// Whether the value could be encrypted, and is not exactly one ciphertext. SOPS ignores text after
/// a ciphertext, but readers of the file do not.
fn is_open(value: Option<&Value<'_>>) -> bool {
    is_encryptable(value)
        && !value
            .and_then(|value| str::from_utf8(&value.bytes).ok())
            .is_some_and(cipher::is_ciphertext)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sops_document::Format;

    use crate::parse_document;

    const ENC: &str = concat!(
        "ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,",
        "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"
    );

    #[track_caller]
    fn paths(text: &str, rule: Option<&EncryptionRule>) -> Vec<String> {
        let text = text.replace("ENC", ENC);
        let document = parse_document(&text, Format::Yaml).unwrap_or_else(|e| panic!("{e}"));
        let found = unencrypted_values(&document, rule).unwrap_or_else(|error| panic!("{error}"));
        let summary = |value: Unencrypted| format!("{} {}", value.path, &text[value.span]);
        found.into_iter().map(summary).collect()
    }

    #[test]
    fn only_plaintext_under_the_rule_is_reported() {
        let data = EncryptionRule::EncryptedRegex("^data$".to_owned());
        for (text, rule, expected) in [
            ("a: ENC\nb: ENC\n", None, vec![]),
            ("a: ENC\nb: x\n", None, vec!["b x"]),
            ("a: ENC\nb: ''\nc: ~\nd: {}\n", None, vec![]),
            ("a: x\ndata:\n  b: ENC\n", Some(&data), vec![]),
            (
                "data:\n  b: ENC\n  c: x\n---\ndata: {d: 1}\n",
                Some(&data),
                vec!["data.c x", "data.d 1"],
            ),
            (
                "data:\n  # note\n  b: ENC\n# kept\n",
                Some(&data),
                vec!["data # note"],
            ),
            ("data:\n  #ENC\n  b: ENC\n", Some(&data), vec![]),
            (
                "x: &x {a: 1, b: 2}\ndata:\n  c: *x\n",
                Some(&data),
                vec!["data.c.a *x"],
            ),
            ("data:\n  - ENC\n  - x\n", Some(&data), vec!["data x"]),
        ] {
            assert_eq!(paths(text, rule), expected, "{text}");
        }
    }

    #[test]
    fn a_comment_that_moved_from_a_header_is_encrypted() {
        let comment = ENC.replace("type:str", "type:comment");
        for (signs, count) in [("^3 ; $", 0), ("^ ;$", 0), ("", 0), ("x", 1), (" ^3", 1)] {
            let text = format!("; {comment}{signs}\n[s]\na = {ENC}\n");
            let document =
                parse_document(&text, Format::Ini).unwrap_or_else(|error| panic!("{error}"));
            let found = unencrypted_values(&document, None).unwrap_or_default();
            assert_eq!(found.len(), count, "{text}");
        }
    }

    #[test]
    fn text_around_a_ciphertext_is_plaintext() {
        let comment = "#ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:comment]";
        for value in [
            &*format!("{ENC}x"),
            &format!("{ENC} x"),
            &format!("\"{ENC} x\""),
            &format!("|\n  {ENC}\n  x"),
            &format!("{ENC}\n  x"),
            &format!("{ENC}{ENC}"),
        ] {
            let text = format!("a: {value}\n");
            let document =
                parse_document(&text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
            let found = unencrypted_values(&document, None);
            assert_eq!(found.map(|found| found.len()).ok(), Some(1), "{value}");
        }
        for text in [
            &*format!("#{ENC} x\na: {ENC}\n"),
            &format!("{comment}\na: {ENC}\n"),
        ] {
            let document =
                parse_document(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
            let found = unencrypted_values(&document, None).unwrap_or_default();
            assert!(found.len() == 1 && found[0].is_comment, "{text}");
        }
    }
}
