//! Plaintext in an encrypted file, where the file's own rule asks for encryption.

use std::collections::HashSet;

use sops_core::document::{NodeRef, Shape};
use sops_core::keys::WrappedKey;
use sops_core::{CIPHERTEXT_PREFIX, Document, EncryptedDocument, Format, is_ciphertext};

use crate::claim::has_secret_comment;
use crate::finding::{Finding, Severity};
use crate::likeness::{Found, Likeness, in_text, is_credential, judge};
use crate::report::Report;
use crate::rule::{Check, Rule};
use crate::secret::secrets as secrets_of;

pub(crate) static RULE: Rule = Rule {
    code: "SL011",
    name: "partly-encrypted",
    severity: Severity::Error,
    page: include_str!("partly_encrypted.md"),
    checks: &[
        Check::Encrypted(check),
        Check::Plaintext(without_block),
        Check::Document(incomplete),
        Check::Document(beside_binary),
        Check::Document(comments),
    ],
};

fn check(document: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    mac(document, report);
    damaged_keys(document, report);
    in_metadata(document, report);
    let open = match document.unencrypted() {
        Ok(open) => open,
        Err(error) => {
            report.span(0..0, error.to_string());
            return;
        }
    };
    if !open.iter().any(|one| one.is_comment) {
        in_comments(report);
    }
    let command = report.command("edit");
    for one in open {
        let place = one.span.start;
        let is_known =
            |known: &Finding| known.location.offset == place && known.rule.code != RULE.code;
        if report.findings.iter().any(is_known) {
            continue;
        }
        let source = report.text().get(one.span.clone()).unwrap_or_default();
        let message = match one.is_comment {
            true => format!(
                "a comment in `{}` is in plaintext, and the file's rule covers it",
                one.path
            ),
            false if source.contains(CIPHERTEXT_PREFIX) => format!(
                "`{}` is not one whole encrypted value, and the file's rule covers it",
                one.path
            ),
            false => format!(
                "`{}` is in plaintext, and the file's rule covers it",
                one.path
            ),
        };
        let path = one.path.split('.').map(str::to_owned).collect();
        let found = report.span(one.span, message);
        found.path = path;
        found.help(format!(
            "remove it and add it with `{command}`; if it was committed, treat it as leaked"
        ));
    }
}

/// Plaintext in the metadata, which SOPS drops when it writes the file. A later version of SOPS may know a key that we do not, so only a
/// value that may be a secret is an error.
fn in_metadata(document: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    let command = report.command("edit");
    let values = document.unknown_values();
    // Keys of a family that only later versions know have an `enc`, and their other parts may look random.
    let keys: HashSet<&str> = values
        .iter()
        .filter_map(|one| one.path.strip_suffix("].enc"))
        .collect();
    for one in &values {
        let at = one.offset..one.offset;
        let mut above = one.path.rmatch_indices("].").map(|(at, _)| &one.path[..at]);
        let is_of_key = above.any(|key| keys.contains(key));
        let is_secret =
            !in_text(&one.key, &one.text).is_empty() || !is_of_key && is_credential(&one.text);
        if is_secret && !is_ciphertext(&one.text) {
            let message = format!(
                "`{}` in the metadata is in plaintext, and SOPS drops it when it writes the file",
                one.path
            );
            report.span(at, message).help(format!(
                "remove it, and add it to the values with `{command}`; if it was committed, treat it as leaked"
            ));
        } else {
            let message = format!(
                "the metadata of SOPS has no `{}`, so SOPS drops it when it writes the file",
                one.path
            );
            report
                .span(at, message)
                .help("remove it")
                .severity(Severity::Warning)
                .accepted();
        }
    }
}

/// What is beside the ciphertext of a binary file, which is its only value.
fn beside_binary(document: &Document<'_>, report: &mut Report<'_>) {
    if !report.is_encrypted
        || report.format != Format::Json
        || Format::from_path(report.input.path) != Format::Binary
    {
        return;
    }
    for top in document.tops().flatten() {
        let content = top.get("data").and_then(NodeRef::as_str);
        if !content.is_some_and(is_ciphertext) {
            continue;
        }
        let mut others = top.entries().filter(|(key, _)| *key != "data");
        let is_open = |node: &NodeRef<'_, '_>| {
            node.shape() != Shape::Scalar || !node.as_str().is_some_and(is_ciphertext)
        };
        let known: HashSet<_> = report
            .findings
            .iter()
            .map(|one| one.location.offset)
            .collect();
        let is_new = |node: &NodeRef<'_, '_>| !known.contains(&node.span().start);
        let found = others.find(|(_, node)| is_open(node) && is_new(node));
        if let Some((key, node)) = found {
            report
                .node(
                    node,
                    format!("`{key}` is in plaintext beside the ciphertext of a binary file"),
                )
                .help("delete it; if it was committed and is a secret, treat it as leaked");
        }
    }
}

/// A secret in a comment in the metadata or below it, which SOPS drops too.
fn in_comments(report: &mut Report<'_>) {
    let block = report.block();
    if report.format == Format::Yaml && has_secret_comment(&report.text()[block..]) {
        report
            .span(
                block..block,
                "a comment in the metadata, or below it, has what looks like a secret",
            )
            .help("delete the comment; if it was committed, treat the secret as leaked");
    }
}

/// Comments in plaintext with what looks like a secret. Most rules leave comments in plaintext.
fn comments(document: &Document<'_>, report: &mut Report<'_>) {
    if !report.is_encrypted {
        return;
    }
    for span in document.comments() {
        let text = report.text().get(span.clone()).unwrap_or_default();
        let text = text.trim_start_matches(['#', ';']);
        if !holds_secret(text) {
            continue;
        }
        let is_at = |one: &Finding| span.contains(&one.location.offset);
        let is_known = |one: &Finding| one.rule.code == RULE.code && is_at(one);
        if !report.findings.iter().any(is_known) {
            report
                .span(
                    span,
                    "a comment in plaintext holds what looks like a secret",
                )
                .help("remove it; if it was committed, treat it as leaked");
        }
    }
}

/// Whether a comment has a secret, as in `old password: hunter2`. Words of a sentence may follow a name too.
fn holds_secret(comment: &str) -> bool {
    let is_value = |value: &str| {
        !value.contains(char::is_whitespace) && value.contains(|c: char| c.is_ascii_digit())
    };
    let is_secret =
        |found: &Found| found.likeness != Likeness::Name || is_value(&comment[found.range.clone()]);
    let of_last_word = || {
        let (words, value) = comment.split_once([':', '='])?;
        let name = words.split_whitespace().next_back()?;
        let value = value.split(" #").next().unwrap_or_default().trim();
        judge(name, value).filter(|_| is_value(value))
    };
    in_text("", comment).iter().any(is_secret) || of_last_word().is_some()
}

/// A MAC that is missing, or that is not one ciphertext.
fn mac(document: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    let mac = &document.metadata().mac;
    if mac.is_empty() {
        report
            .span(
                0..0,
                "the file has no MAC: changed or swapped values cannot be detected",
            )
            .help("decrypt it with `--ignore-mac`, look at it, and encrypt it again");
    } else if !is_ciphertext(&mac.split_whitespace().collect::<String>()) {
        let block = report.block();
        report
            .span(
                block..block,
                "`mac` in the metadata is not one encrypted value, so it may have plaintext in it",
            )
            .help("restore the `sops` metadata from version control; if `mac` has a secret in it that was committed, treat it as leaked");
    }
}

/// Whether a value is a ciphertext with more text after it, which SOPS ignores.
pub(crate) fn extends_ciphertext(text: &str) -> bool {
    text.starts_with(CIPHERTEXT_PREFIX) && !is_ciphertext(text) && {
        let mut ends = text.match_indices(']').map(|(at, _)| at + 1);
        ends.any(|end| is_ciphertext(&text[..end]))
    }
}

/// Values that start like ciphertext, but are not ciphertext to their end. SL010 reports those of a Secret.
fn incomplete(document: &Document<'_>, report: &mut Report<'_>) {
    if !report.is_encrypted {
        return;
    }
    let mut secrets = None;
    for node in document.scalars() {
        let text = node.as_str().unwrap_or_default();
        if !text.starts_with(CIPHERTEXT_PREFIX) || is_ciphertext(text) {
            continue;
        }
        let is_extended = extends_ciphertext(text);
        let place = node.span();
        let secrets: &Vec<_> = secrets
            .get_or_insert_with(|| secrets_of(document).iter().map(|one| one.span()).collect());
        let is_known = |one: &Finding| one.location.offset == place.start;
        if report.findings.iter().any(is_known)
            || secrets.iter().any(|secret| secret.contains(&place.start))
            || !is_extended && !text.trim_end().ends_with(']')
        {
            continue;
        }
        if is_extended {
            let command = report.command("edit");
            report
                .node(
                    node,
                    "text follows the encrypted value in plaintext, and SOPS ignores it",
                )
                .help(format!("delete the text, and add it with `{command}` if it is a value; if it was committed, treat it as leaked"));
        } else {
            report
                .node(
                    node,
                    "the value starts like an encrypted value, but is not one",
                )
                .help("restore it from version control, or set it again with `sops-rs set`");
        }
    }
}

/// Data keys that nobody can open with the key that they were encrypted for, as far as that shows without it.
fn damaged_keys(document: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    let groups = document.metadata().key_groups.iter();
    let keys: Vec<_> = groups.flat_map(|group| &group.keys).collect();
    let block = report.block();
    for (number, key) in keys.iter().enumerate() {
        let Some(damage) = key.damage() else {
            continue;
        };
        // The block is not part of the document: the entry is where its key is named, which may be so more than once.
        let id = key.master_key().id();
        let is_same = |other: &&&WrappedKey| other.master_key() == key.master_key();
        let before = keys[..number].iter().filter(is_same).count();
        let mut named = report.text()[block..].match_indices(&id);
        let at = named.nth(before).map_or(block, |(at, _)| block + at);
        let family = key.master_key().family();
        let message =
            format!("`enc` of the {family} key `{id}` {damage}: it cannot decrypt the file");
        report
            .span(at..at, message)
            .help("restore the `sops` metadata from version control");
    }
}

/// A value as SOPS encrypts them, in a file that has lost what decrypts it.
fn without_block(document: &Document<'_>, report: &mut Report<'_>) {
    if !report.text().contains(CIPHERTEXT_PREFIX) {
        return;
    }
    let is_encrypted = |node: &NodeRef<'_, '_>| {
        let text = node.as_str().unwrap_or_default();
        text.starts_with(CIPHERTEXT_PREFIX)
            && (text.trim_end().ends_with(']') || extends_ciphertext(text))
    };
    let values = document.scalars().filter(is_encrypted);
    if let Some(first) = values.min_by_key(|node| node.span().start) {
        // An example leaves out what readers do not need.
        let is_cut = first
            .as_str()
            .is_some_and(|text| text.contains("...") || text.contains('…'));
        report
            .node(
                first,
                "the file has an encrypted value but no `sops` metadata: it cannot be decrypted",
            )
            .help("restore the file from version control")
            .severity(if is_cut {
                Severity::Warning
            } else {
                Severity::Error
            });
    }
}
