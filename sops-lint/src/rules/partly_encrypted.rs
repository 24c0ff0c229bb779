//! Plaintext in an encrypted file that the file's own rule covers.

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter;
use std::ops::Range;

use sops_core::keys::WrappedKey;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, is_ciphertext};
use sops_document::{Document, Format, NodeRef, Shape};

use crate::check::Check;
use crate::context::Context;
use crate::finding::Finding;
use crate::object::secrets as secrets_of;
use crate::plaintext_values::extends_ciphertext;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::rule_scope::has_secret_comment;
use crate::secret_detection::{FoundSecret, Likeness, in_text, is_credential, judge};
use crate::shown_name::shown_name;
use crate::word_search::contains;

pub(crate) static RULE: Rule = Rule {
    code: "SL011",
    name: "partly-encrypted",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("partly_encrypted.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::Encrypted(check),
    Check::Plaintext(without_block),
    Check::Document(incomplete),
    Check::Document(beside_binary),
    Check::Document(comments),
];

fn check(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    mac(document, context);
    damaged_keys(document, context);
    later_metadata(document, context);
    in_metadata(document, context);
    let open = match document.unencrypted() {
        Ok(open) => open,
        Err(error) => {
            context.report_span(0..0, error.to_string());
            return;
        }
    };
    if !open.iter().any(|entry| entry.is_comment) {
        in_comments(context);
    }
    let command = context.command("edit");
    for entry in open {
        let start = entry.span.start;
        let is_known =
            |known: &Finding| known.location.offset == start && known.rule.code != RULE.code;
        if context.findings.iter().any(is_known) {
            continue;
        }
        let source = context.text().get(entry.span.clone()).unwrap_or_default();
        let message = match entry.is_comment {
            true => format!(
                "a comment in `{}` is in plaintext, but the file's rule covers it",
                shown_name(&entry.path)
            ),
            false if source.contains(CIPHERTEXT_PREFIX) => format!(
                "`{}` is not a single encrypted value, but the file's rule covers it",
                shown_name(&entry.path)
            ),
            false => format!(
                "`{}` is in plaintext, but the file's rule covers it",
                shown_name(&entry.path)
            ),
        };
        let path = shown_name(&entry.path)
            .split('.')
            .map(str::to_owned)
            .collect();
        let finding = context.report_span(entry.span, message);
        finding.path = path;
        finding.help(format!(
            "remove it, and add it again with `{command}`; if it was committed, treat it as leaked"
        ));
    }
}

/// Reports plaintext in the metadata, which SOPS drops when it writes the file. A later version of
/// SOPS may add a key, so only a value that may be a secret is an error.
fn in_metadata(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    let command = context.command("edit");
    let values = document.unknown_values();
    // Keys of a family that only later versions know have an `enc`, and their other parts may look
    // random.
    let keys: HashSet<&str> = values
        .iter()
        .filter_map(|entry| entry.path.strip_suffix("].enc"))
        .collect();
    for entry in &values {
        let at = entry.offset..entry.offset;
        let mut above = entry
            .path
            .rmatch_indices("].")
            .map(|(at, _)| &entry.path[..at]);
        let is_of_key = above.any(|key| keys.contains(key));
        let is_secret = !in_text(&entry.key, &entry.text).is_empty()
            || !is_of_key && is_credential(&entry.text);
        if is_secret && !is_ciphertext(&entry.text) {
            let message = format!(
                "`{}` in the metadata is in plaintext, and SOPS drops it when it writes the file",
                shown_name(&entry.path)
            );
            context.report_span(at, message).help(format!(
                "remove it, and add it to the values with `{command}`; if it was committed, treat it as leaked"
            ));
        } else {
            let message = format!(
                "SOPS does not know `{}` in the metadata, and drops it when it writes the file",
                shown_name(&entry.path)
            );
            context
                .report_span(at, message)
                .help("remove it")
                .severity(Severity::Warning)
                .accepted();
        }
    }
}

/// Reports values next to the ciphertext of a binary file, which should be the only value.
fn beside_binary(document: &Document<'_>, context: &mut Context<'_>) {
    if !context.is_encrypted
        || context.format != Format::Json
        || Format::from_path(context.input.path) != Format::Binary
    {
        return;
    }
    for top in document.tops().flatten() {
        let content = top.get("data").and_then(NodeRef::as_str);
        if !content.is_some_and(is_ciphertext) {
            continue;
        }
        let mut others = top.entries().filter(|(key, _)| *key != "data");
        let known: HashSet<_> = context
            .findings
            .iter()
            .map(|finding| finding.location.offset)
            .collect();
        let is_new = |node: &NodeRef<'_, '_>| !known.contains(&node.span().start);
        let entry = others.find(|(_, node)| is_open(*node) && is_new(node));
        if let Some((key, node)) = entry {
            context
                .report_node(
                    node,
                    format!("`{key}` is in plaintext next to the ciphertext of a binary file"),
                )
                .help("delete it; if it was committed and is a secret, treat it as leaked");
        }
    }
}

/// Whether a value, or one in a collection, is not encrypted.
fn is_open(node: NodeRef<'_, '_>) -> bool {
    match node.shape() {
        Shape::Scalar => !node.as_str().is_some_and(is_ciphertext),
        _ => node
            .entries()
            .map(|(_, value)| value)
            .chain(node.items())
            .any(is_open),
    }
}

/// Reports metadata of a later document that differs from that of the first: it may have plaintext
/// in any field.
fn later_metadata(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    for block in document.differing_metadata() {
        context
            .report_span(
                block..block,
                "the `sops` metadata of this document differs from that of the first, which is the only one that SOPS reads",
            )
            .help("replace it with the metadata of the first document; if it contains a secret and was committed, treat the secret as leaked");
    }
}

/// Reports a secret in a comment in the metadata or below it, which SOPS drops too.
fn in_comments(context: &mut Context<'_>) {
    if context.format != Format::Yaml {
        return;
    }
    let text = context.text();
    let last = context.metadata_start();
    // The values of other documents are between the metadata of the documents.
    let blocks = text[..last].match_indices("\nsops:").map(|(at, _)| {
        let end = text[at..].find("\n---").map_or(last, |end| at + end);
        at + 1..end.min(last)
    });
    let mut blocks = blocks.chain(iter::once(last..text.len()));
    let block =
        blocks.find(|block| has_secret_comment(&without_source_forms(&text[block.clone()])));
    if let Some(Range { start: block, .. }) = block {
        context
            .report_span(
                block..block,
                "a comment in or below the metadata contains what looks like a secret",
            )
            .help("delete the comment; if it was committed, treat the secret as leaked");
    }
}

/// The metadata without the comment in which sops-rs keeps the source forms. The comment is one
/// ciphertext on several lines, one of which may look like an assignment by chance.
fn without_source_forms(metadata: &str) -> Cow<'_, str> {
    const BEGIN: &str = "# sops_rs_spellings: ";
    let Some(start) = metadata.find(BEGIN) else {
        return Cow::Borrowed(metadata);
    };
    let mut end = start;
    let mut ciphertext = String::new();
    for line in metadata[start..].split_inclusive('\n') {
        let Some(part) = line.trim().strip_prefix('#') else {
            break;
        };
        ciphertext.push_str(part.trim());
        end += line.len();
    }
    let ciphertext = ciphertext.trim_start_matches(&BEGIN[2..]);
    match is_ciphertext(ciphertext) {
        true => Cow::Owned(format!("{}{}", &metadata[..start], &metadata[end..])),
        false => Cow::Borrowed(metadata),
    }
}

/// Reports plaintext comments that contain something that looks like a secret. Most rules leave
/// comments in plaintext.
fn comments(document: &Document<'_>, context: &mut Context<'_>) {
    if !context.is_encrypted {
        return;
    }
    for span in document.comments() {
        let text = context.text().get(span.clone()).unwrap_or_default();
        let text = text.trim_start_matches(['#', ';']);
        if !holds_secret(text) {
            continue;
        }
        let is_at = |finding: &Finding| span.contains(&finding.location.offset);
        let is_known = |finding: &Finding| finding.rule.code == RULE.code && is_at(finding);
        if !context.findings.iter().any(is_known) {
            context
                .report_span(
                    span,
                    "a comment in plaintext contains what looks like a secret",
                )
                .help("remove it; if it was committed, treat it as leaked");
        }
    }
}

/// Whether a comment has a secret, as in `old password: hunter2`. Words of a sentence may follow a
/// name too.
fn holds_secret(comment: &str) -> bool {
    let is_value = |value: &str| {
        !value.contains(char::is_whitespace) && value.contains(|c: char| c.is_ascii_digit())
    };
    let is_secret = |secret: &FoundSecret| {
        matches!(secret.likeness, Likeness::Format(_)) || is_value(&comment[secret.range.clone()])
    };
    let of_last_word = || {
        let (words, value) = comment.split_once([':', '='])?;
        let name = words.split_whitespace().next_back()?;
        let value = value.split(" #").next().unwrap_or_default().trim();
        judge(name, value).filter(|_| is_value(value))
    };
    in_text("", comment).iter().any(is_secret) || of_last_word().is_some()
}

/// Reports a MAC that is missing, or that is not one ciphertext.
fn mac(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    let mac = &document.metadata().mac;
    if mac.is_empty() {
        context
            .report_span(
                0..0,
                "the file has no MAC: changed or swapped values cannot be detected",
            )
            .help("decrypt it with `--ignore-mac`, check its values, and encrypt it again");
    } else if !is_ciphertext(&mac.split_whitespace().collect::<String>()) {
        let block = context.metadata_start();
        context
            .report_span(
                block..block,
                "`mac` in the metadata is not a single encrypted value, so it may contain plaintext",
            )
            .help("restore the `sops` metadata from version control; if `mac` contains a secret and was committed, treat the secret as leaked");
    }
}

/// Reports values that start like ciphertext, but are not complete ciphertext. SL010 reports those
/// of a Secret.
fn incomplete(document: &Document<'_>, context: &mut Context<'_>) {
    if !context.is_encrypted {
        return;
    }
    let mut secrets = None;
    for node in document.scalars() {
        let text = node.as_str().unwrap_or_default();
        if !text.starts_with(CIPHERTEXT_PREFIX) || is_ciphertext(text) {
            continue;
        }
        let is_extended = extends_ciphertext(text);
        let span = node.span();
        let secrets: &Vec<_> = secrets.get_or_insert_with(|| {
            secrets_of(document)
                .iter()
                .map(|node| node.span())
                .collect()
        });
        let is_known = |finding: &Finding| finding.location.offset == span.start;
        if context.findings.iter().any(is_known)
            || secrets.iter().any(|secret| secret.contains(&span.start))
            || !is_extended && !text.trim_end().ends_with(']')
        {
            continue;
        }
        if is_extended {
            let command = context.command("edit");
            context
                .report_node(
                    node,
                    "plaintext follows the encrypted value, and SOPS ignores it",
                )
                .help(format!("delete the text, and add it with `{command}` if it is a value; if it was committed, treat it as leaked"));
        } else {
            context
                .report_node(
                    node,
                    "the value starts like an encrypted value, but is not one",
                )
                .help("restore it from version control, or delete it and add it again with `sops-rs set --ignore-mac`");
        }
    }
}

/// Reports encrypted data keys that are visibly damaged, so that their master keys cannot decrypt
/// them.
fn damaged_keys(document: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    let groups = document.metadata().key_groups.iter();
    let keys: Vec<_> = groups.flat_map(|group| &group.keys).collect();
    let block = context.metadata_start();
    for (number, key) in keys.iter().enumerate() {
        let Some(damage) = key.damage() else {
            continue;
        };
        // The metadata is not part of the document, so the entry is located by the name of its key,
        // which may appear more than once.
        let id = key.master_key().id();
        let is_same = |wrapped: &&&WrappedKey| wrapped.master_key() == key.master_key();
        let before = keys[..number].iter().filter(is_same).count();
        let mut named = context.text()[block..].match_indices(&id);
        let at = named.nth(before).map_or(block, |(at, _)| block + at);
        let family = key.master_key().family();
        let message =
            format!("`enc` of the {family} key `{id}` {damage}: it cannot decrypt the file");
        context
            .report_span(at..at, message)
            .help("restore the `sops` metadata from version control");
    }
}

/// Reports a value that SOPS encrypted, in a file that has lost its metadata.
fn without_block(document: &Document<'_>, context: &mut Context<'_>) {
    if !contains(context.text(), CIPHERTEXT_PREFIX) {
        return;
    }
    let is_encrypted = |node: &NodeRef<'_, '_>| {
        let text = node.as_str().unwrap_or_default();
        text.starts_with(CIPHERTEXT_PREFIX)
            && (text.trim_end().ends_with(']') || extends_ciphertext(text))
    };
    let values = document.scalars().filter(is_encrypted);
    if let Some(first) = values.min_by_key(|node| node.span().start) {
        // An example may leave out the metadata.
        let is_cut = first
            .as_str()
            .is_some_and(|text| text.contains("...") || text.contains('…'));
        context
            .report_node(
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
