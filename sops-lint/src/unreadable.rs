//! What is said of a file that cannot be read: that it is broken, or that it can only be plaintext.

use std::ops::Range;

use sops_core::config::CreationRule;
use sops_core::rules::EncryptionRule;
use sops_core::{Error, Format};

use crate::report::Report;
use crate::rules;

/// Says why a file cannot be read, unless it is only of a shape that SOPS has no use for.
pub(crate) fn broken(report: &mut Report<'_>, error: Error, is_encrypted: bool) {
    let is_meant = match &error {
        Error::Syntax { .. } => is_manifest(report) || is_encrypted,
        Error::Limit { .. } => true,
        // A manifest that SOPS has no form for, such as one with a key twice.
        _ => is_encrypted || is_manifest(report) && has_kind(report.text()),
    };
    if !is_encrypted && covered(report, report.text(), Some(&error)) {
        return;
    }
    if is_meant {
        // Nobody can tell what of it is in plaintext.
        let rule = match is_encrypted {
            true => &rules::PARTLY_ENCRYPTED,
            false => &rules::BROKEN_FILE,
        };
        report.of(rule, None);
        report.span(place(&error), error.to_string());
    }
}

/// Says that a manifest, or a file that a creation rule names, is in an encoding that nobody reads, or everybody in another way.
pub(crate) fn not_utf8(report: &mut Report<'_>) {
    if !is_manifest(report) && own_rule(report).is_none() {
        return;
    }
    let utf16 = match report.input.bytes {
        [0xFF, 0xFE, rest @ ..] => Some((u16::from_le_bytes as fn([u8; 2]) -> u16, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((u16::from_be_bytes as fn([u8; 2]) -> u16, rest)),
        _ => None,
    };
    let (encoding, text) = match utf16 {
        Some((unit, bytes)) => {
            let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
            ("UTF-16", String::from_utf16_lossy(&units).into())
        }
        // Of other encodings what is ASCII in them tells enough.
        None => ("no UTF-8", String::from_utf8_lossy(report.input.bytes)),
    };
    if !covered(report, &text, None) {
        report.of(&rules::BROKEN_FILE, None);
        report
            .span(
                0..0,
                format!("the file is {encoding}, and is not looked at"),
            )
            .help("save it as UTF-8");
    }
}

/// Reports a text that cannot be read as plaintext, where a creation rule covers it and its secrets would go into the repository.
fn covered(report: &mut Report<'_>, text: &str, error: Option<&Error>) -> bool {
    // A rule for all files says nothing of this one, but by its kind.
    let is_covered = own_rule(report).is_some_and(|rule| {
        let is_secret = !has_kind(text) || text.contains("Secret");
        is_secret && error.is_none_or(|error| !is_nothing(text) && may_select(rule, error, text))
    });
    let message = match error {
        Some(error) if is_covered => format!(
            "a creation rule covers this file, which is in plaintext and cannot be encrypted as it is: {}",
            words(error)
        ),
        _ if is_covered || is_manifest(report) && is_kind_of_secret(text) => {
            "this is or should be a Secret, in plaintext, and cannot be read".to_owned()
        }
        _ => return false,
    };
    report.of(&rules::PLAINTEXT_SECRET, None);
    report.span(error.map_or(0..0, place), message).help(
        "mend it, and encrypt it with `sops-rs encrypt -i`, which says what is wrong with it",
    );
    true
}

/// The creation rule that names the file by an expression, where it is in a form that is encrypted value by value.
pub(crate) fn own_rule<'r>(report: &Report<'r>) -> Option<&'r CreationRule> {
    let path = report.input.path;
    if Format::from_path(path) == Format::Binary || rules::is_for_other_programs(path) {
        return None;
    }
    let (_, _, rule) = report.creation_rule()?;
    rule.path_regex.is_some().then_some(rule)
}

/// Whether nothing stands in the text but comments, `null`, or a list without items.
fn is_nothing(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let mut said = lines.filter(|line| !line.starts_with('#'));
    said.all(|line| matches!(line.trim_matches(['[', ']', '-', ' ']), "" | "null" | "~"))
}

/// Whether the rule may have something in the text encrypted. One that names what is encrypted, as manifests have, says nothing of a text
/// of another shape in which no such key stands.
fn may_select(creation: &CreationRule, error: &Error, text: &str) -> bool {
    let names_keys = |rule: &&EncryptionRule| {
        matches!(
            rule,
            EncryptionRule::EncryptedRegex(_) | EncryptionRule::EncryptedSuffix(_)
        )
    };
    let is_shape = matches!(
        error,
        Error::Unsupported { .. } | Error::Unencryptable { .. }
    );
    let Some(rule) = creation.rule.as_ref().filter(names_keys) else {
        return true;
    };
    let Ok(rule) = rule.compile() else {
        return true;
    };
    let key = |part: &str| {
        let (key, _) = part.split_once([':', '='])?;
        let marks = |mark: char| mark.is_whitespace() || "-?\"'".contains(mark);
        Some(rule.key_matches(key.trim_matches(marks)))
    };
    !is_shape
        || text
            .split(['\n', ',', '{', '['])
            .filter_map(key)
            .any(|matches| matches)
}

/// What an error says, without its place, which a finding has.
fn words(error: &Error) -> String {
    match error {
        Error::Syntax { message, .. }
        | Error::Unsupported { message, .. }
        | Error::Unencryptable { message, .. }
        | Error::Limit { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

fn is_manifest(report: &Report<'_>) -> bool {
    matches!(
        Format::from_path(report.input.path),
        Format::Yaml | Format::Json
    )
}

/// Whether the text names the kind of an object, and not in a comment only.
fn has_kind(text: &str) -> bool {
    text.contains("\"kind\"")
        || text
            .lines()
            .any(|line| line.trim_start().starts_with("kind:"))
}

/// Whether a text that cannot be read is likely to have a Secret with data in it.
fn is_kind_of_secret(text: &str) -> bool {
    let has = |starts: &[&str]| {
        let mut lines = text.lines().map(str::trim_start);
        lines.any(|line| starts.iter().any(|start| line.starts_with(start)))
    };
    let is_secret = text.lines().any(|line| {
        matches!(
            line.trim().trim_end_matches(','),
            "kind: Secret" | r#""kind": "Secret""#
        )
    });
    is_secret && has(&["data:", "stringData:", r#""data":"#, r#""stringData":"#])
}

/// Where it is wrong.
pub(crate) fn place(error: &Error) -> Range<usize> {
    let offset = match error {
        Error::Syntax { location, .. }
        | Error::Unsupported { location, .. }
        | Error::Unencryptable { location, .. } => location.offset,
        Error::Limit { location, .. } | Error::Metadata { location, .. } => {
            location.map_or(0, |location| location.offset)
        }
        _ => 0,
    };
    offset..offset
}
