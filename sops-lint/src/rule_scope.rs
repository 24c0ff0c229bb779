//! Decides which of the matching files a creation rule is meant for: users would not encrypt all of
//! them.

use std::path::Path;

use sops_core::config::{Config, CreationRule};
use sops_core::rules::EncryptionRule;
use sops_core::unencrypted_values;
use sops_document::{Document, Format};

use crate::committable::is_encrypted_otherwise;
use crate::encoding::{decode, is_utf8};
use crate::file_name;
use crate::input::Input;
use crate::related_name;
use crate::sample;
use crate::scrutiny::{Scrutiny, is_open_reference};
use crate::secret_detection::{in_text, is_credential, is_harmless, judge};
use crate::unparsed::names_secret;

/// The first line of a Git LFS pointer.
const LFS: &str = "version https://git-lfs.github.com/spec/v1\n";

/// The specification of Git LFS limits pointers to this size.
const LFS_SIZE: usize = 1024;

/// Whether a creation rule that matches the path of a file is for the file too.
pub(crate) fn is_in_scope(input: &Input<'_>, creation: &CreationRule) -> bool {
    let Input { bytes, path, .. } = *input;
    if is_protected_otherwise(bytes) {
        return false;
    }
    if is_to_be_filled_in(input) {
        return false;
    }
    let is_patch = file_name::is_patch(path);
    let format = file_name::named(path).filter(|_| !is_patch);
    let is_sample = file_name::is_sample(path);
    let has_variables = is_sample || matches!(format, Some(Format::Dotenv | Format::Ini));
    let names_keys = creation.rule.as_ref().filter(|rule| names_keys(rule));
    if has_variables {
        let text = text_of(bytes);
        return match has_only_comments(&text) {
            true => has_secret(&text) || has_commented_value(&text),
            false => !is_sample || has_secret(&text),
        };
    }
    match names_keys {
        Some(rule) if format.is_none() => {
            let text = text_of(bytes);
            // Only a patch has hunks, whatever the name says.
            let has_hunk = || text.lines().any(|line| line.starts_with("@@ "));
            let text = match is_patch && has_hunk() {
                true => of_patch(&text),
                false => text,
            };
            has_secret(&text) || is_secret(path, text.trim()) || selects(rule, &text)
        }
        _ => true,
    }
}

/// Whether the file is a template or a sample whose secrets must still be filled in, and nothing in
/// it looks like a secret.
fn is_to_be_filled_in(input: &Input<'_>) -> bool {
    let has_secret = |text: &str| !in_text("", text).is_empty() || has_secret_comment(text);
    sample::is_named(input.path) && {
        let text = text_of(input.bytes);
        sample::is_to_be_filled_in(input.path, &text) && !has_secret(&text)
    }
}

/// Whether a rule that matches the path `near` is meant for a file with a similar name and this
/// text: its name says that the file must be encrypted, or there is a secret in it.
pub(crate) fn is_meant_for(config: &Config, rule: &CreationRule, near: &Path, text: &str) -> bool {
    !config.is_for_extension(rule, near.extension())
        && (related_name::is_encrypted(near) || has_secret(text))
}

/// Whether the rule names keys, which only some formats have.
pub(crate) fn names_keys(rule: &EncryptionRule) -> bool {
    matches!(
        rule,
        EncryptionRule::EncryptedRegex(_) | EncryptionRule::EncryptedSuffix(_)
    )
}

/// Whether the file is a Git LFS pointer, whose content is not in Git, or another program has
/// encrypted it.
pub(crate) fn is_protected_otherwise(bytes: &[u8]) -> bool {
    match str::from_utf8(bytes) {
        Ok(text) if text.starts_with(LFS) => is_lfs_pointer(text),
        _ => is_encrypted_otherwise(bytes),
    }
}

fn is_lfs_pointer(text: &str) -> bool {
    let is_id = |id: &str| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = |size: &str| size.bytes().all(|byte| byte.is_ascii_digit());
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let [oid, size] = lines[..] else {
        return false;
    };
    text.len() < LFS_SIZE
        && oid.strip_prefix("oid sha256:").is_some_and(is_id)
        && size.strip_prefix("size ").is_some_and(is_number)
}

/// The text of a file in any encoding.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    match is_utf8(bytes) {
        true => String::from_utf8_lossy(bytes).into_owned(),
        false => decode(bytes).text,
    }
}

/// The lines that a patch adds, deletes or shows.
fn of_patch(text: &str) -> String {
    let lines = text.lines();
    let lines = lines.filter(|line| {
        !["+++ ", "--- ", "@@ "]
            .iter()
            .any(|mark| line.starts_with(mark))
    });
    let lines: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix([' ', '+', '-']))
        .collect();
    lines.join("\n")
}

/// Whether every line of a file of variables is empty, a comment or the header of a section.
pub(crate) fn has_only_comments(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with(['#', ';']) || is_header(line))
}

/// Whether a line is the header of a section, and not a list of values.
fn is_header(line: &str) -> bool {
    let name = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    name.is_some_and(|(name, rest)| {
        let is_comment = rest.trim().is_empty() || rest.trim_start().starts_with(['#', ';']);
        is_comment
            && !name.trim_start().starts_with('"')
            && !name.split_whitespace().any(is_credential)
    })
}

/// Whether the text, or a comment in it, contains something that looks like a secret.
pub(crate) fn has_secret(text: &str) -> bool {
    names_secret(text) || !in_text("", text).is_empty() || has_secret_comment(text)
}

/// Whether the comments in `text` contain something that looks like a secret.
pub(crate) fn has_secret_comment(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let comments = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix(['#', ';'])
    });
    let comments: Vec<&str> = comments.collect();
    !comments.is_empty() && !in_text("", &comments.join("\n")).is_empty()
}

/// Whether a comment sets a variable to more than a usual setting.
fn has_commented_value(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let text = text.trim_start_matches('\u{feff}');
    text.lines().any(|line| {
        let comment = line.trim().trim_start_matches(['#', ';', ' ', '\t']);
        let variable = comment.split_once('=');
        variable.is_some_and(|(name, value)| {
            let (name, value) = (name.trim_end(), value.trim().trim_matches(['"', '\'']));
            name.chars().all(is_name) && !is_open_reference(value) && !is_harmless(value)
        })
    })
}

/// Whether the whole text is one word that may be a password, and not a checksum.
pub(crate) fn is_secret_word(text: &str) -> bool {
    let text = text.trim();
    let is_checksum = || text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    is_word && !is_harmless(text) && !Scrutiny::Strict.passes(text) && !is_checksum()
}

/// Whether the whole text is one secret, judging by the name of the file. Without an extension, any
/// word counts that is neither a version nor a reference.
fn is_secret(path: &Path, text: &str) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    let is_version = || text.chars().all(|c| c.is_ascii_digit() || "v.".contains(c));
    let is_reference = || Scrutiny::Strict.passes(text);
    let is_unnamed = || path.extension().is_none() && !is_version() && !is_reference();
    is_word && (is_unnamed() || judge(stem.unwrap_or_default(), text).is_some())
}

/// Whether a file without a known extension is YAML or JSON, and has a key that the rule names.
fn selects(rule: &EncryptionRule, text: &str) -> bool {
    let selected = Document::parse_leniently(text)
        .ok()
        .and_then(|document| unencrypted_values(&document, Some(rule)).ok())
        .unwrap_or_default();
    selected.iter().any(|value| !value.is_comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(path: &str, bytes: &[u8], rule: Option<EncryptionRule>) -> bool {
        let input = Input::new(path, Path::new(path), bytes);
        let mut creation = CreationRule::default();
        creation.rule = rule;
        is_in_scope(&input, &creation)
    }

    fn data() -> Option<EncryptionRule> {
        Some(EncryptionRule::EncryptedRegex(
            "^(data|stringData)$".to_owned(),
        ))
    }

    #[test]
    fn a_rule_that_names_keys_claims_no_other_files() {
        let innocents: [(&str, &[u8]); 11] = [
            (
                "a.yaml.patch",
                b"--- a\n+++ b\n@@ -1 +1 @@\n-user: a\n+user: b\n",
            ),
            ("sync.sh", b"#!/bin/sh\nflux reconcile ks apps\n"),
            ("Makefile", b"all:\n\techo data: x\n"),
            ("x.toml", b"a=1\n"),
            ("nginx.conf", b"server { listen 80; }\n"),
            ("a.png", b"\x89PNG\r\n\x1a\nxxxxxx"),
            (".yamllint", b"extends: default\n"),
            ("main.go", b"package main\n\nfunc main() {}\n"),
            ("run.sh", b"PASSWORD=$1\nexport TOKEN=\"${TOKEN:?}\"\n"),
            (".nvmrc", b"v20.1.0\n"),
            ("query.sql", b"SELECT data FROM users;\n"),
        ];
        for (path, bytes) in innocents {
            assert!(!claims(path, bytes, data()), "{path}");
            assert!(claims(path, bytes, None), "{path}");
        }
        let utf_16: Vec<u8> = "\u{feff}DB_PASSWORD=hunter2-Marker\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let secrets: [(&str, &[u8]); 14] = [
            (
                "a.yaml.patch",
                b"--- a\n+++ b\n@@ -1 +1 @@\n data:\n-  a: b\n",
            ),
            (
                "a.yaml.diff",
                b"--- a\n+++ b\n@@ -1 +1 @@\n+password: hunter2-Marker\n",
            ),
            ("sync.sh", b"#!/bin/sh\nexport DB_PASSWORD=hunter2-Marker\n"),
            ("nginx.conf", b"auth:\n  password: hunter2-Marker\n"),
            ("x.toml", b"db_password = \"hunter2-Marker\"\n"),
            ("settings", b"data:\n  a: b\n"),
            ("settings.txt", b"{\"data\": {\"a\": \"b\"}}"),
            ("values.yaml.bak", b"data:\n  a: b\n"),
            ("values.yaml", b"data:\n  a: b\n"),
            ("a.txt", b"kind: Secret\nstringData: {a: b}\n"),
            ("password", b"hunter2\n"),
            ("token", b"example-hunter2\n"),
            ("db-password.txt", b"hunter2-Marker\n"),
            ("variables", &utf_16),
        ];
        for (path, bytes) in secrets {
            assert!(claims(path, bytes, data()), "{path}");
        }
    }

    #[test]
    fn files_that_other_programs_protect_are_not_claimed() {
        let id = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer = format!("{LFS}oid sha256:{id}\nsize 12345\n");
        let inner = ["a1", "b2", "c3"].map(|byte| byte.repeat(32)).join("\n");
        let hex: String = inner.bytes().map(|byte| format!("{byte:02x}")).collect();
        let vault = &*format!("$ANSIBLE_VAULT;1.1;AES256\n{hex}\n");
        for path in ["a.bin", "a.yaml", "a.yml", "a.env", "a.json"] {
            for rule in [None, data()] {
                assert!(!claims(path, pointer.as_bytes(), rule.clone()), "{path}");
                assert!(!claims(path, vault.as_bytes(), rule), "{path}");
            }
            assert!(
                !claims(
                    path,
                    b"\0GITCRYPT\0\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc",
                    None
                ),
                "{path}"
            );
            for more in ["password: hunter2\n", "PASSWORD=hunter2\n"] {
                for text in [&*pointer, vault] {
                    let text = format!("{text}{more}");
                    assert!(claims(path, text.as_bytes(), None), "{path}: {text}");
                }
            }
        }
    }

    #[test]
    fn variables_without_values_are_not_claimed() {
        for (path, text) in [
            (".env", "# put your values here\n\n"),
            ("a.env", "# DB_HOST=\n# DB_PORT=5432\n# DEBUG=true\n"),
            ("a.env", "# see https://example.com/?a=b\n"),
            (
                "a.ini",
                "; nothing yet\n[db]\n[db-01 \"primary\"] ; later\n",
            ),
            (
                ".env.example",
                "DB_HOST=db\nDB_PASSWORD=changeme\nPORT=80\n",
            ),
            (".env.sample", "DB_HOST=\nDB_PASSWORD=\n"),
            ("sample.env", "API_TOKEN=<your token>\n"),
            ("template.env", "DB_PASSWORD=\n"),
            (".env.template", "DB_PASSWORD=${DB_PASSWORD}\n"),
            (".env.dist", "DB_PASSWORD=CHANGE_ME\n"),
        ] {
            assert!(!claims(path, text.as_bytes(), None), "{path}");
        }
        for (path, text) in [
            (".env", "A=b\n"),
            (".env", "# DB_PASSWORD=hunter2-Marker\n"),
            (".env", "# A=hunter2Pl41nXq7\n"),
            (".env", "[\"hunter2Pl41nXq7\"]\n"),
            ("a.ini", "# list\n[\"hunter2Pl41nXq7\"]\n"),
            ("a.ini", "[hunter2Pl41nXq7]\n"),
            (".env.example", "DB_PASSWORD=hunter2-Marker\n"),
            (".env.example", "\u{feff}DB_PASSWORD=hunter2-Marker\n"),
            (".env", "\u{feff}# DB_PASSWORD=hunter2-Marker\n"),
            (".env", "\u{feff}# A=hunter2Pl41nXq7\n"),
            ("sample.yaml", "a: b\n"),
            ("example.txt", "a: b\n"),
            (".env.local", "A=b\n"),
        ] {
            assert!(claims(path, text.as_bytes(), None), "{path}");
        }
    }
}
