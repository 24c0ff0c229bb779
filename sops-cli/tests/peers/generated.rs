//! Generated documents, both directions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Deserialize as _;
use sops_core::Format;
use sops_core::rules::EncryptionRule;
use test_support::Features;

use crate::peer;

/// Runs `check` on each seed, on all cores; prints the first seed, so that a run can be repeated.
fn for_each_seed(name: &str, divisor: u64, check: impl Fn(u64) + Sync) {
    let number = |variable: &str| std::env::var(variable).ok().map(|text| text.parse::<u64>().expect("a number"));
    let count = number("SOPS_RS_DOCUMENTS").unwrap_or(2_000).div_ceil(divisor);
    let first = number("SOPS_RS_SEED").unwrap_or_else(|| rand::random_range(0..1 << 32));
    println!("{name}: {count} documents, SOPS_RS_SEED={first}");
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    check(first + index);
                }
            });
        }
    });
}

fn values(text: &str, format: Format) -> Vec<serde_yaml::Value> {
    match format {
        Format::Json => vec![serde_json::from_str(text).expect("JSON")],
        _ => serde_yaml::Deserializer::from_str(text)
            .map(|document| serde_yaml::Value::deserialize(document).expect("YAML"))
            .collect(),
    }
}

/// What both programs agree on for one document, in both directions.
fn check(seed: u64, text: &str, format: Format, rule: Option<EncryptionRule>) {
    let flags: Vec<String> =
        rule.iter().map(|rule| format!("--{}={}", rule.name().replace('_', "-"), rule.text())).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let theirs = peer::sops_encrypt(text, format, &flags);
    let ours = peer::encrypt(text, format, |how| {
        if let Some(rule) = &rule {
            how.rule = rule.clone();
        }
    });
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), theirs) => (ours, theirs),
        (Err(_), None) => return,
        (Err(error), Some(_)) => panic!("seed {seed}: `sops` encrypts this, we refuse it: {error}\n{text}"),
    };

    let back = peer::decrypt(&ours, format);
    assert!(back.as_deref().is_ok_and(|back| back == text), "seed {seed}: the round trip gives\n{back:?}\nfor\n{text}\nby\n{ours}");

    let read = peer::sops_decrypt(&ours, format);
    let read = read.unwrap_or_else(|| panic!("seed {seed}: `sops` cannot read what we made of\n{text}\nwhich is\n{ours}"));
    assert!(!read.contains("ENC[AES256"), "seed {seed}: `sops` leaves ciphertext\n{read}\nin what we made of\n{text}\nwhich is\n{ours}");

    let Some(theirs) = theirs else { return };
    let expected = peer::sops_decrypt(&theirs, format);
    let expected = expected.unwrap_or_else(|| panic!("seed {seed}: `sops` cannot read what it made of\n{text}"));
    assert_eq!(
        values(&read, format),
        values(&expected, format),
        "seed {seed}: `sops` reads other values in our file than in its own\n{text}\n{ours}"
    );
    let read = peer::decrypt(&theirs, format);
    let read = read.unwrap_or_else(|error| panic!("seed {seed}: we cannot read what `sops` made of\n{text}\n{theirs}\n{error}"));
    assert!(
        read == expected,
        "seed {seed}: we decrypt what `sops` made of\n{text}\nwhich is\n{theirs}\nto\n{read}\nand it to\n{expected}"
    );
}

#[test]
fn yaml_both_ways() {
    for_each_seed("YAML", 1, |seed| check(seed, &test_support::yaml(seed, Features { comments: false, ..Features::ALL }), Format::Yaml, None));
}

#[test]
fn json_both_ways() {
    for_each_seed("JSON", 4, |seed| check(seed, &test_support::json(seed), Format::Json, None));
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
        let features = Features { comments: false, aliases: false, ..Features::ALL };
        let rule = rules[seed as usize % rules.len()].clone();
        check(seed, &test_support::yaml(seed, features), Format::Yaml, Some(rule));
    });
}
