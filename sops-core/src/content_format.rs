//! Detects the format of an encrypted file by its content, if its name does not determine it.

use std::path::Path;

use sops_document::{Format, binary, skip_conflict_begin};

use crate::cipher::CIPHERTEXT_PREFIX;
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::pipeline::binary::is_envelope;

/// The format of an encrypted file: that of its extension or, if the extension is unknown, that of
/// its content.
///
/// SOPS does not record the format in a file, and treats every file with another extension as
/// binary.
///
/// ```
/// use std::path::Path;
/// use sops_core::{Format, format_of_encrypted};
///
/// let text = "A=ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\nsops_version=3.13.3\n";
/// assert_eq!(format_of_encrypted(Path::new(".env.local"), text.as_bytes()), Format::Dotenv);
/// assert_eq!(format_of_encrypted(Path::new(".env.local"), b"A=plaintext\n"), Format::Binary);
/// ```
pub fn format_of_encrypted(path: &Path, content: &[u8]) -> Format {
    match Format::from_path(path) {
        Format::Binary => encrypted_format(content).unwrap_or(Format::Binary),
        named => named,
    }
}

/// The format of an encrypted file, judging by its content alone; `None` if the content is not an
/// encrypted file.
pub fn encrypted_format(content: &[u8]) -> Option<Format> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    if is_envelope(content) {
        return Some(Format::Binary);
    }
    let text = str::from_utf8(content).ok()?;
    // In JSON on one line, a conflict surrounds the whole file.
    match skip_conflict_begin(text.trim_ascii_start()).starts_with('{') {
        true => in_braces(text),
        false => by_marker(text),
    }
}

/// The format of text that begins like JSON, which may also be YAML.
fn in_braces(text: &str) -> Option<Format> {
    if !text.contains("sops") {
        return None;
    }
    let is_yaml = || {
        let document = parse_document(text, Format::Yaml);
        document.is_ok_and(|document| is_encrypted(&document))
    };
    match parse_document(text, Format::Json) {
        Ok(document) if !is_encrypted(&document) => None,
        Ok(document) if binary::data(&document).is_some() => Some(Format::Binary),
        Ok(_) => Some(Format::Json),
        Err(_) if is_yaml() => Some(Format::Yaml),
        Err(_) => has_metadata_and_ciphertext(text, "\"sops\"").then_some(Format::Json),
    }
}

/// The format whose metadata lines begin like this text.
fn by_marker(text: &str) -> Option<Format> {
    let begins = |marks: &[&str]| {
        text.lines()
            .any(|line| marks.iter().any(|mark| line.starts_with(mark)))
    };
    let marked = [
        (Format::Yaml, &["sops:", "\"sops\":", "'sops':"][..]),
        (Format::Ini, &["[sops]"]),
        (
            Format::Dotenv,
            &["sops_version=", "sops_mac=", "sops_lastmodified="],
        ),
    ];
    let marked = marked.into_iter().filter(|(_, marks)| begins(marks));
    let formats: Vec<Format> = marked.map(|(format, _)| format).collect();
    let parses = |format: &&Format| {
        parse_document(text, **format).is_ok_and(|document| is_encrypted(&document))
    };
    // The parser of the format reports what is wrong with a damaged file.
    let damaged = || {
        let has_ciphertext = text.contains(CIPHERTEXT_PREFIX);
        formats.first().filter(|_| has_ciphertext)
    };
    formats.iter().find(parses).or_else(damaged).copied()
}

fn has_metadata_and_ciphertext(text: &str, key: &str) -> bool {
    text.contains(key) && text.contains(CIPHERTEXT_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENC: &str = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";

    #[test]
    fn encrypted_content_determines_the_format() {
        use Format::{Binary, Dotenv, Ini, Json, Yaml};
        for (text, expected) in [
            ("a: ENC\nsops:\n    mac: ENC\n", Some(Yaml)),
            ("---\na: ENC\n\"sops\": {}\n", Some(Yaml)),
            ("a: ENC\r\nsops:\r\n    mac: ENC\r\n", Some(Yaml)),
            ("{a: \"ENC\", sops: {}}\n", Some(Yaml)),
            ("{\"a\": \"ENC\", \"sops\": {}}", Some(Json)),
            (" \n{\"data\": \"ENC\", \"b\": 1, \"sops\": {}}", Some(Json)),
            ("{\"data\": {\"a\": \"ENC\"}, \"sops\": {}}", Some(Json)),
            ("{\"data\": \"ENC\", \"sops\": {}}\n", Some(Binary)),
            (
                "{\"data\":\"ENC\",\"sops\":{\"mac\":\"ENC\"}}",
                Some(Binary),
            ),
            ("{\"data\": \"ENC\", \"sops\": {}, \"b\": 1}", Some(Json)),
            ("{\"sops\": {}, \"data\": \"ENC\"}", Some(Binary)),
            ("{\"data\": \"\", \"sops\": {}}", Some(Binary)),
            ("\u{feff}{\"data\": \"ENC\", \"sops\": {}}", Some(Binary)),
            ("A=ENC\nsops_mac=ENC\n", Some(Dotenv)),
            ("A=ENC\r\nsops_mac=ENC\r\n", Some(Dotenv)),
            ("[s]\na = ENC\n[sops]\nmac = ENC\n", Some(Ini)),
            ("[s]\nsops_mac=ENC\n[sops]\nmac = ENC\n", Some(Ini)),
            // A damaged file is read in its format, whose parser reports the error.
            ("a: ENC\n<<<<<<< a\nsops:\n    mac: x\n", Some(Yaml)),
            ("{\"a\": \"ENC\", \"sops\": {}", Some(Json)),
            ("<<<<<<< a\n{\"a\": \"ENC\", \"sops\": {}}\n", Some(Json)),
            // Plaintext under a name without a known extension is binary.
            ("A=1\nsops_mode=1\n", None),
            ("a: 1\n", None),
            ("# sops\n\n```\nsops:\n  mac: x\n```\n", None),
            ("{\"a\": 1}", None),
            ("{\"a\": \"sops\"}", None),
            ("{% if sops %}", None),
            ("ENC", None),
            ("", None),
        ] {
            let text = text.replace("ENC", ENC);
            assert_eq!(encrypted_format(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(encrypted_format(b"\xff\xfe\0sops:\n"), None);
    }

    #[test]
    fn a_known_extension_takes_precedence_over_the_content() {
        let yaml = format!("a: {ENC}\nsops: {{}}\n");
        for (name, expected) in [
            ("a.yaml", Format::Yaml),
            ("a.json", Format::Json),
            ("a.enc", Format::Yaml),
            ("/dev/stdin", Format::Yaml),
        ] {
            let found = format_of_encrypted(Path::new(name), yaml.as_bytes());
            assert_eq!(found, expected, "{name}");
        }
    }
}
