//! Generated documents, both directions.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Deserialize as _;
use sops_core::rules::EncryptionRule;
use sops_core::{EncryptedDocument, Error, Format};
use sops_test_support::{Features, same_except_comments};

use crate::peer;

/// Runs `check` on each seed, on all cores, and shows the shortest failure. Prints the first seed,
/// so that a run can be repeated.
pub(crate) fn for_each_seed(
    name: &str,
    divisor: u64,
    check: impl Fn(u64) -> Result<(), String> + Sync,
) {
    let number = |variable: &str| {
        std::env::var(variable)
            .ok()
            .map(|text| text.parse::<u64>().expect("the variable is a number"))
    };
    let count = number("SOPS_RS_DOCUMENTS")
        .unwrap_or(2_000)
        .div_ceil(divisor);
    let first = number("SOPS_RS_SEED").unwrap_or_else(|| rand::random_range(0..1 << 32));
    println!("{name}: {count} documents, SOPS_RS_SEED={first}");
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    if let Err(failure) = check(first + index) {
                        let mut failures = failures.lock().expect("no check panics");
                        failures.push(format!("seed {}: {failure}", first + index));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no check panics");
    failures.sort_by_key(String::len);
    let shown = failures
        .iter()
        .take(3)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n----\n");
    assert!(
        failures.is_empty(),
        "{} of {count} fail; the shortest:\n{shown}",
        failures.len()
    );
}

/// The values in `text`, or the parser's error: for some multi-line strings, `sops` writes invalid
/// YAML.
pub(crate) fn values(text: &str, format: Format) -> Result<Vec<serde_yaml::Value>, String> {
    match format {
        Format::Json => serde_json::from_str(text)
            .map(|value| vec![value])
            .map_err(|error| error.to_string()),
        _ => serde_yaml::Deserializer::from_str(text)
            .map(|document| {
                serde_yaml::Value::deserialize(document).map_err(|error| error.to_string())
            })
            .collect(),
    }
}

/// Whether `sops` wrote wrong text: inside sequences, the indentation indicator of its block
/// scalars is wrong, so the text has other values than `right`, or is not YAML.
pub(crate) fn is_spoilt(written: &str, right: &str) -> bool {
    let has_indicator = written
        .lines()
        .any(|line| line.trim_end_matches(['-', '+']).ends_with(" |4"));
    has_indicator && values(written, Format::Yaml) != values(right, Format::Yaml)
}

/// Whether we decrypt a file that `sops` encrypted as `sops` itself does.
///
/// # Errors
/// The error describes the difference.
pub(crate) fn compare(ours: &str, theirs: &str, format: Format) -> Result<(), String> {
    match format {
        Format::Json if ours == theirs => Ok(()),
        Format::Json => Err("the outputs differ".into()),
        _ => same_except_comments(ours, theirs),
    }
}

/// Whether both programs agree on one document, in both directions; an error describes the
/// difference.
pub(crate) fn check(
    text: &str,
    format: Format,
    rule: Option<EncryptionRule>,
) -> Result<(), String> {
    let (ours, theirs) = peer::encrypt_both(text, format, rule.as_ref());
    let ours = match (ours, &theirs) {
        (Ok(ours), _) => ours,
        (Err(_), None) => return Ok(()),
        // Under some rules, `sops` does not see a comment, and leaves the values that it marks in
        // plaintext.
        (
            Err(Error::Document(sops_core::document::Error::Unsupported { message, .. })),
            Some(_),
        ) if message.contains("`sops` does not see it") => {
            return Ok(());
        }
        (Err(error), Some(_)) => {
            return Err(format!(
                "`sops` encrypts this, we refuse it: {error}\n{text}"
            ));
        }
    };

    let left = EncryptedDocument::parse(&ours, format).and_then(|ours| ours.unencrypted());
    if !left.as_ref().is_ok_and(Vec::is_empty) {
        return Err(format!(
            "{left:?} is left in plaintext in what we made of\n{text}\nwhich is\n{ours}"
        ));
    }
    let back = peer::decrypt(&ours, format);
    if !back.as_deref().is_ok_and(|back| back == text) {
        return Err(format!(
            "the round trip gives\n{back:?}\nfor\n{text}\nby\n{ours}"
        ));
    }
    let read = peer::sops_decrypt(&ours, format).map_err(|error| {
        format!("`sops` cannot read what we made of\n{text}\nwhich is\n{ours}\n{error}")
    })?;
    if read.contains("ENC[AES256") {
        return Err(format!(
            "`sops` leaves ciphertext\n{read}\nin what we made of\n{text}\nwhich is\n{ours}"
        ));
    }

    let Some(theirs) = theirs else { return Ok(()) };
    // `sops` cannot read some of its own files, but it has just read ours of the same text.
    let Ok(expected) = peer::sops_decrypt(&theirs, format) else {
        return Ok(());
    };
    let right = values(&expected, format);
    if read != expected && right.is_ok() && values(&read, format) != right {
        return Err(format!(
            "`sops` reads in ours\n{read}\nand in its own\n{expected}\nfor\n{text}\nour file:\n{ours}"
        ));
    }
    let read = peer::decrypt(&theirs, format).map_err(|error| {
        format!("we cannot read what `sops` made of\n{text}\n{theirs}\n{error}")
    })?;
    compare(&read, &expected, format).map_err(|difference| {
        format!(
            "we decrypt what `sops` made of\n{text}\nwhich is\n{theirs}\nto\n{read}\nand it to\n{expected}\n{difference}"
        )
    })
}

#[test]
fn yaml_both_ways() {
    for_each_seed("YAML", 1, |seed| {
        check(
            &sops_test_support::yaml(seed, Features::ALL),
            Format::Yaml,
            None,
        )
    });
}

#[test]
fn json_both_ways() {
    for_each_seed("JSON", 4, |seed| {
        check(&sops_test_support::json(seed), Format::Json, None)
    });
}

#[test]
fn yaml_under_every_rule() {
    for_each_seed("YAML under rules", 4, |seed| {
        let rules = [
            EncryptionRule::EncryptedSuffix("1".into()),
            EncryptionRule::UnencryptedRegex("^(k1|k.*2)$".into()),
            EncryptionRule::EncryptedRegex("(?i)^DATA|3".into()),
            EncryptionRule::UnencryptedCommentRegex("c[0-9]*1$".into()),
            EncryptionRule::EncryptedCommentRegex("[ci][0-9]*[13]".into()),
        ];
        let features = Features {
            aliases: false,
            ..Features::ALL
        };
        let rule = rules[seed as usize % rules.len()].clone();
        check(
            &sops_test_support::yaml(seed, features),
            Format::Yaml,
            Some(rule),
        )
    });
}

/// This program writes encrypted files in block style.
#[test]
fn yaml_in_flow_style_both_ways() {
    let comment = EncryptionRule::EncryptedCommentRegex;
    let rules = [
        None,
        Some(EncryptionRule::EncryptedRegex("[a-h]".into())),
        Some(comment("[c-f]".into())),
        Some(EncryptionRule::UnencryptedCommentRegex("[c-f]".into())),
    ];
    for_each_seed("YAML in flow style", 2, |seed| {
        let text = sops_test_support::yaml_in_flow_style(seed);
        let rule = rules[seed as usize % rules.len()].clone();
        let checked = check(&text, Format::Yaml, rule);
        // Refused documents are listed elsewhere.
        checked.or_else(|problem| match problem.contains("we refuse it") {
            true => Ok(()),
            false => Err(problem),
        })
    });
}
