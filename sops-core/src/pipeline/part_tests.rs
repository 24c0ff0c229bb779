//! Encrypting a document in parts has the same result as encrypting it as a whole.

use std::collections::HashSet;

use serde::Deserialize;
use sops_document::Format;
use sops_test_support::vectors;

use crate::encrypted_document::EncryptedDocument;
use crate::keys::{DataKey, Identities, age::generate_x25519};
use crate::metadata_entry::{self, parse_document};
use crate::pipeline::decrypt_values::MacCheck;
use crate::pipeline::encrypted_text::{EncryptedText, TextSettings};
use crate::pipeline::mac_pass::mac_pass;
use crate::pipeline::plan::Plan;
use crate::rules::EncryptionRule;

/// Encrypted text with each ciphertext replaced by its length, because ciphertext differs each
/// time.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for (number, piece) in text.split("ENC[").enumerate() {
        let end = match number {
            0 => 0,
            _ => piece.find(']').expect("the ciphertext has an end"),
        };
        out += &format!("<{end}>{}", &piece[end..]);
    }
    out
}

/// Encrypts `text` in parts of each length, and as a whole. Returns how many divisions were
/// compared.
fn compare(text: &str, rule: &EncryptionRule) -> usize {
    let pair = generate_x25519();
    let encryption = crate::Encryption::to([pair.recipient])
        .with_rule(rule.clone())
        .allowing_plaintext(true);
    let Ok(encrypted) = crate::encrypt(text, Format::Yaml, &encryption) else {
        return 0;
    };
    let opened = EncryptedDocument::parse(&encrypted, Format::Yaml).expect("it is encrypted");
    let key = opened
        .data_key(&Identities::from(pair.identity))
        .expect("it is for this key");
    let metadata = opened.metadata();
    let document = parse_document(text, Format::Yaml).expect("it was encrypted");
    let plan = Plan::of(&document, Some(rule)).expect("the rule is valid");
    let hashed = mac_pass(&document, &plan.selection, false);
    let settings = TextSettings {
        rule,
        key: &key,
        mac_only_encrypted: false,
        allow_plaintext: true,
        allow_ciphertext: false,
    };
    let (mut divisions, mut compared) = (HashSet::new(), 0);
    for length in 1..text.len() {
        let parts = metadata_entry::parts(text, Format::Yaml, length);
        if parts.is_empty() || !divisions.insert(parts.clone()) {
            continue;
        }
        let Some(in_parts) = EncryptedText::of_parts(text, &parts, settings) else {
            continue;
        };
        compared += 1;
        assert_eq!(in_parts.mac, hashed.mac, "{parts:?}\n{text}");
        let forms = |forms| serde_json::to_string(forms).expect("source forms are JSON");
        assert_eq!(
            forms(&in_parts.source_forms),
            forms(&hashed.source_forms),
            "{parts:?}\n{text}"
        );
        let (mut own, mut out) = (metadata.clone(), String::new());
        in_parts
            .write(&mut own, &key, 4, &mut out)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(masked(&out), masked(&encrypted), "{parts:?}\n{text}");
        let decrypted = EncryptedDocument::parse(&out, Format::Yaml)
            .and_then(|document| document.decrypt(&key, MacCheck::Require))
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(String::from_utf8_lossy(&decrypted.plaintext), text);
        assert_eq!(decrypted.unopened_comments, 0, "{text}");
    }
    compared
}

#[test]
fn parts_have_the_result_of_the_whole() {
    let entries = [
        "a: 1\n",
        "# of b\nb:\n  # in b\n  c: 0x1F  # of c\n  d: \"x\\u0041\"\n",
        "\n# left\n\n# head\ne:\n- f\n# of g\n- g: {h: 1.50, i: [~, '']} # flow\n",
        "j: |\n  text\n  more\n",
        "k: >+\n  folded\n  text\n\n",
        "l: |-\n\n  text\n",
        "m:\n",
        "n: &n {o: p}\nq: *n\n",
        "r: plain\n  text\n",
        "s_unencrypted: |+\n  kept\n\n",
        "t_unencrypted:\n  u: 1\n  # in t\n",
        "v: []\nw: {}\nx: ''\ny: ~\n",
        "  # indented\nz: !!str 5\n",
        "aa: 'it''s'\n# of nothing\n",
        "bb: true # of bb\n",
        "cc: &c !!int 7\n",
        "\"dd\": \"a\n\n  b\"\n",
        "ee: 2001-01-01\n  # below ee\n",
        "ff:\n  - - 1\n    - 2\n  -\n    gg: 3\n    # in ff\n  # below ff\n",
    ];
    let mut compared = 0;
    let rules = [
        EncryptionRule::default(),
        EncryptionRule::EncryptedRegex("^(b|e|ff|d)$".into()),
    ];
    for start in 0..entries.len() {
        for step in [1, 2, 7] {
            let entries = entries.iter().cycle().skip(start).step_by(step);
            let text: String = entries.take(6).copied().collect();
            compared += compare(&text, &rules[(start + step) % 2]);
            compared += compare(text.trim_end(), &rules[0]);
        }
    }
    compared += compare(&format!("---\n{}", entries.concat()), &rules[0]);
    assert!(compared > 100, "{compared}");
}

#[test]
fn parts_of_texts_with_comments_have_the_result_of_the_whole() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
    }
    let rule = EncryptionRule::default();
    let mut compared = 0;
    for file in ["yaml-comments.jsonl", "yaml-comments-block.jsonl"] {
        let texts = vectors::read::<Vector>(file);
        compared += texts
            .iter()
            .map(|text| compare(&text.yaml, &rule))
            .sum::<usize>();
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn texts_that_are_one_document_only_as_a_whole_are_not_encrypted_in_parts() {
    let key = DataKey::generate();
    let default = EncryptionRule::default();
    let on_comments = EncryptionRule::EncryptedCommentRegex("x".into());
    let none = EncryptionRule::EncryptedRegex("^none$".into());
    for (text, rule, is_possible) in [
        ("a: 1\nb: 2\n", &default, true),
        ("a: 1\nb: 2\na: 3\n", &default, false),
        ("a: 1\nsops:\n  b: c\nd: 2\n", &default, false),
        ("a: 1\n---\nb: 2\n", &default, false),
        ("a: &a 1\nb: *a\n", &default, false),
        (
            "a: ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\nb: 2\n",
            &default,
            false,
        ),
        ("a: [1,\n\t2]\nb: 2\n", &default, true),
        ("a:\n  - 1\n\t\nb: 2\n", &default, false),
        ("#x\na: 1\nb: 2\n", &on_comments, false),
        ("a: 1\nb: 2\n", &none, false),
        ("a_unencrypted: |+\n  b\n\n# c\nd: 2\n", &default, false),
        ("a: 1\nb: |\n  c", &default, false),
        ("a: 1\nb: {c", &default, false),
    ] {
        let settings = TextSettings {
            rule,
            key: &key,
            mac_only_encrypted: false,
            allow_plaintext: false,
            allow_ciphertext: false,
        };
        let parts = metadata_entry::parts(text, Format::Yaml, 2);
        assert!(parts.len() > 1, "{text}");
        let encrypted = match rule.looks_at_comments() {
            true => EncryptedText::of(text.as_bytes(), Format::Yaml, settings),
            false => EncryptedText::of_parts(text, &parts, settings),
        };
        assert_eq!(encrypted.is_some(), is_possible, "{text}");
    }
}
