//! The law of the library: what is encrypted comes back byte for byte.

use std::sync::LazyLock;

use sops_core::keys::Identities;
use sops_core::keys::age::generate_x25519;
use sops_core::rules::EncryptionRule;
use sops_core::{Encryption, Error, Format, decrypt, encrypt};
use test_support::{Features, written};

static KEYS: LazyLock<(Encryption, Identities)> = LazyLock::new(|| {
    let pair = generate_x25519();
    let mut identities = Identities::new();
    identities
        .add_keys(
            "a new key",
            pair.key_file("2026-01-01T00:00:00Z").as_bytes(),
        )
        .expect("a generated key is valid");
    let how = Encryption {
        allow_plaintext: true,
        ..Encryption::to([pair.recipient])
    };
    (how, identities)
});

/// Encrypts under the rule and decrypts again; `false` if the document is refused.
fn comes_back(text: &str, format: Format, rule: &EncryptionRule) -> bool {
    let (how, identities) = &*KEYS;
    let how = Encryption {
        rule: rule.clone(),
        ..how.clone()
    };
    let Ok(encrypted) = encrypt(text, format, &how) else {
        return false;
    };
    let back = decrypt(&encrypted, format, identities).unwrap_or_else(|error| {
        panic!("{error} in what was made of\n{text}\nwhich is\n{encrypted}")
    });
    assert!(
        *back == text,
        "{}\ncame back for\n{text}\nfrom\n{encrypted}",
        *back
    );
    true
}

#[test]
fn written_yaml_comes_back() {
    for text in written::ACCEPTED {
        let accepted = comes_back(text, Format::Yaml, &EncryptionRule::default());
        assert!(accepted, "{text:?} is refused");
    }
}

#[test]
fn what_go_reads_otherwise_is_refused() {
    for (text, part) in written::REFUSED {
        let refusal = encrypt(text, Format::Yaml, &KEYS.0).expect_err(text);
        let shown = refusal.to_string();
        assert!(shown.contains(part), "{text:?} is refused with: {shown}");
        assert!(matches!(refusal, Error::Unsupported { .. }), "{text:?}");
    }
}

/// Comments behind the last member stay before the block, as `sops` 3.13.3 finds them before it.
#[test]
fn the_block_of_a_flow_mapping_goes_before_its_bracket() {
    for (text, expected) in [
        ("{}\n", "{BLOCK}\n"),
        ("{a_unencrypted: 1,}\n", "{a_unencrypted: 1,BLOCK,}\n"),
        (
            "{\n  a_unencrypted: 1\n}\n",
            "{\n  a_unencrypted: 1,\n  BLOCK\n}\n",
        ),
        (
            "{\n  a_unencrypted: 1, #\n\n}\n",
            "{\n  a_unencrypted: 1, #\n\n  BLOCK\n}\n",
        ),
        (
            "{\n  a_unencrypted: 1 #\n  , }\n",
            "{\n  a_unencrypted: 1 #\n  , BLOCK\n  , }\n",
        ),
        ("{ #\r\n}", "{ #\r\nBLOCK\r\n}"),
        (
            "{a_unencrypted: , b_unencrypted: }",
            "{a_unencrypted: , b_unencrypted: ,BLOCK}",
        ),
    ] {
        let encrypted = encrypt(text, Format::Yaml, &KEYS.0).expect(text);
        let start = encrypted
            .find("\"sops\": {")
            .expect("a block in flow style");
        let end = start + encrypted[start..].rfind("\"}").expect("its end") + 2;
        let shown = format!("{}BLOCK{}", &encrypted[..start], &encrypted[end..]);
        assert_eq!(shown, expected);
    }
}

#[test]
fn generated_yaml_comes_back() {
    let rules = [
        EncryptionRule::default(),
        EncryptionRule::EncryptedRegex("^(k1|k.*2)$".into()),
        EncryptionRule::UnencryptedRegex("3".into()),
        EncryptionRule::EncryptedSuffix("1".into()),
        EncryptionRule::UnencryptedCommentRegex("c[0-9]*1$".into()),
        EncryptionRule::EncryptedCommentRegex("[ci][0-9]*[13]".into()),
    ];
    let accepted = (0..3_000)
        .filter(|seed| {
            comes_back(
                &test_support::yaml(*seed, Features::ALL),
                Format::Yaml,
                &rules[*seed as usize % rules.len()],
            )
        })
        .count();
    assert!(
        accepted > 2_000,
        "only {accepted} of 3,000 documents are accepted"
    );
}

#[test]
fn generated_json_comes_back() {
    let accepted = (0..1_000)
        .filter(|seed| {
            comes_back(
                &test_support::json(*seed),
                Format::Json,
                &EncryptionRule::default(),
            )
        })
        .count();
    assert_eq!(accepted, 1_000);
}

#[test]
fn unusual_yaml_comes_back() {
    for text in [
        // Aliases, which are written out.
        "{a: &x b, c: *x}\n",
        "a: &x b\nc: [*x, d]\n",
        // Omitted values at the end of the mapping, where the `sops` block goes.
        "{a: b, \"c\":\n}\n",
        "{a: b, c}\n",
        "{a: b, c: # d, e\n}\n",
        // Line breaks of old, and both kinds at once.
        "a: >-\r  b\rc: d\r",
        "a: |\r  b\r",
        "a: |\r\r\n  b\r\r\n",
        // Blanks that are the end of the value.
        "a:\nb: |2  # c\n    ",
        "a: |2\n  b\n    ",
        // A comment behind the marker of an empty document.
        "a: b\n---\n# c\n\n",
        // A spelling to keep beside an empty document.
        "a: 'b\n\n  c'\n---\n",
    ] {
        assert!(
            comes_back(text, Format::Yaml, &EncryptionRule::default()),
            "{text} is refused"
        );
    }
}
