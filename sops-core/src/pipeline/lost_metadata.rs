//! Finds encrypted values in a document without `sops` metadata: it was truncated, or lost in a
//! merge, and nothing else can decrypt them.

use sops_document::{Document, Format, binary};

use crate::cipher::is_ciphertext_value;
use crate::error::{Error, Result};
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::pipeline::binary::begins_as_envelope;
use crate::pipeline::plan::Plan;
use crate::rules::EncryptionRule;

/// Rejects a document that has lost its `sops` metadata: it has none, but a value that `rule`
/// covers is encrypted. If that value were encrypted again, the document would look like any other
/// file, but its content would be lost. Without a rule, everything is covered.
///
/// # Errors
/// [`Error::Ciphertext`] with the first such value; [`Error::Regex`] if the rule's expression is
/// invalid.
pub fn refuse_ciphertext(document: &Document<'_>, rule: Option<&EncryptionRule>) -> Result<()> {
    if is_encrypted(document) {
        return Ok(());
    }
    if document.format() == Format::Binary {
        return refuse_envelope(document);
    }
    Plan::of(document, rule)?.refuse_ciphertext(document)
}

/// The same check for a binary file that is reduced to the JSON around its value, or to the value.
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

    /// The path and location of the reported value, or an empty string.
    fn reported(format: Format, text: &str, rule: Option<&EncryptionRule>) -> String {
        let text = text.replace("ENC", ENC);
        let document = parse_document(&text, format).unwrap_or_else(|error| panic!("{error}"));
        match refuse_ciphertext(&document, rule) {
            Ok(()) => String::new(),
            Err(Error::Ciphertext { path, location }) => {
                format!("{path} {}:{}", location.line, location.column)
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_document_without_its_metadata_is_reported_with_its_first_encrypted_value() {
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
            assert_eq!(reported(format, text, None), expected, "{text}");
        }
    }

    #[test]
    fn text_around_a_value_comments_and_files_with_metadata_are_not_reported() {
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
            assert_eq!(reported(format, text, None), "", "{text}");
        }
    }

    #[test]
    fn only_values_that_the_rule_covers_are_reported() {
        let rule = EncryptionRule::EncryptedRegex("^data$".into());
        for (text, expected) in [
            ("a: ENC\ndata: x\n", ""),
            ("a: ENC\ndata:\n  b: ENC\n", "data.b 3:6"),
            ("a: &x ENC\ndata:\n  b: *x\n", "data.b 1:7"),
        ] {
            assert_eq!(
                reported(Format::Yaml, text, Some(&rule)),
                expected,
                "{text}"
            );
        }
    }
}
