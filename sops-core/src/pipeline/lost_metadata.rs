//! Encrypted values in a document without a `sops` block: it was cut off, or lost in a merge, and nothing else opens them.

use sops_document::{Document, Format, binary};

use crate::cipher::is_ciphertext_value;
use crate::error::{Error, Result};
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::pipeline::binary::begins_as_envelope;
use crate::pipeline::plan::Plan;
use crate::rules::EncryptionRule;

/// Refuses a document that has lost its `sops` block: it has none, and a value that `rule` covers is an encrypted one. Encrypted once
/// more, it would look like any other file, and what was in it could not be opened. Without a rule everything is covered.
///
/// # Errors
/// [`Error::Ciphertext`] with the first such value; [`Error::Regex`], where the rule's expression is not valid.
pub fn refuse_ciphertext(document: &Document<'_>, rule: Option<&EncryptionRule>) -> Result<()> {
    if is_encrypted(document) {
        return Ok(());
    }
    if document.format() == Format::Binary {
        return refuse_envelope(document);
    }
    Plan::of(document, rule)?.refuse_ciphertext(document)
}

/// The same for a binary file, where it is the object around the value that remains, or the value alone.
fn refuse_envelope(document: &Document<'_>) -> Result<()> {
    let Some(leaf) = binary::data(document) else {
        return Ok(());
    };
    let bytes = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let has_lost_block = || {
        let envelope = parse_document(bytes, Format::Json);
        !envelope.is_ok_and(|envelope| is_encrypted(&envelope))
    };
    if leaf.value.as_ref().is_some_and(is_ciphertext_value)
        || begins_as_envelope(bytes) && has_lost_block()
    {
        return Err(Error::Ciphertext {
            path: document.paths().display(leaf.path),
            location: document.location(leaf.span),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENC: &str = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";

    /// The path and the place of the value that is told, or nothing.
    fn told(format: Format, text: &str, rule: Option<&EncryptionRule>) -> String {
        let text = text.replace("ENC", ENC);
        let document = parse_document(&text, format).unwrap_or_else(|error| panic!("{error}"));
        match refuse_ciphertext(&document, rule) {
            Ok(()) => String::new(),
            Err(Error::Ciphertext { path, location }) => {
                format!("{path} {}:{}", location.line, location.column)
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_document_that_lost_its_block_is_told_by_its_first_value() {
        use Format::{Binary, Dotenv, Ini, Json, Yaml};
        for (format, text, expected) in [
            (Yaml, "a: 1\nb:\n  - x\n  - ENC\n", "b 4:5"),
            (Yaml, "a: |\n  ENC\n", "a 1:4"),
            (Yaml, "a: \"ENC\"\n---\nb: ENC\n", "a 1:4"),
            (Yaml, "a: 1\n---\nb: {c: 'ENC'}\n", "b.c 3:8"),
            (Json, "{\"a\": {\"b\": \"ENC\"}}", "a.b 1:13"),
            (Dotenv, "# c\nA=ENC\r\n", "A 2:3"),
            (Ini, "[s]\na = ENC\n", "s.a 2:5"),
            (Binary, "{\n\t\"data\": \"ENC\"\n}\n", "data 1:1"),
            (Binary, "{\"data\":\"ENC\",\"sops\":{", "data 1:1"),
            (Binary, "ENC\n", "data 1:1"),
        ] {
            assert_eq!(told(format, text, None), expected, "{text}");
        }
    }

    #[test]
    fn texts_around_a_value_comments_and_files_with_a_block_are_not_told() {
        use Format::{Binary, Dotenv, Ini, Json, Yaml};
        for (format, text) in [
            (Yaml, "a: x ENC\nb: ENC x\nc: |\n  ENC\n  ENC\n"),
            (Yaml, "#ENC\na: x #ENC\n"),
            (Yaml, "ENC: x\n"),
            (Yaml, "a: ENC\nsops: {}\n"),
            (Json, "{\"a\": \"ENC[AES256_GCM,data:x]\"}"),
            (Dotenv, "#ENC\nA=\"ENC\"\n"),
            (Ini, "; ENC\n[s]\na = ENC ENC\n"),
            (Binary, "{\"data\": \"ENC\", \"sops\": {}}"),
            (Binary, "{\"key\": \"ENC\"}"),
            (Binary, "a: ENC\n"),
        ] {
            assert_eq!(told(format, text, None), "", "{text}");
        }
    }

    #[test]
    fn only_what_the_rule_covers_is_told() {
        let rule = EncryptionRule::EncryptedRegex("^data$".into());
        for (text, expected) in [
            ("a: ENC\ndata: x\n", ""),
            ("a: ENC\ndata:\n  b: ENC\n", "data.b 3:6"),
            ("a: &x ENC\ndata:\n  b: *x\n", "data.b 1:7"),
        ] {
            assert_eq!(told(Format::Yaml, text, Some(&rule)), expected, "{text}");
        }
    }
}
