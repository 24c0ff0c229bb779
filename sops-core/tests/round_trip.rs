//! The law of the library: decryption restores the plaintext byte for byte.

use std::sync::LazyLock;

use sops_core::keys::Identities;
use sops_core::keys::age::generate_x25519;
use sops_core::rules::EncryptionRule;
use sops_core::{
    EncryptedDocument, Encryption, Error, Format, MacCheck, decrypt, encrypt, parse_document,
};
use sops_test_support::{Features, written};

static KEYS: LazyLock<(Encryption, Identities)> = LazyLock::new(|| {
    let pair = generate_x25519();
    let identities = Identities::from(pair.identity);
    let encryption = Encryption::to([pair.recipient])
        .allowing_plaintext(true)
        .allowing_ciphertext(true);
    (encryption, identities)
});

/// Rules of every kind, for generated YAML.
static RULES: LazyLock<[EncryptionRule; 6]> = LazyLock::new(|| {
    [
        EncryptionRule::default(),
        EncryptionRule::EncryptedRegex("^(k1|k.*2|f.*1)$".into()),
        EncryptionRule::UnencryptedRegex("3".into()),
        EncryptionRule::EncryptedSuffix("1".into()),
        EncryptionRule::UnencryptedCommentRegex("c[0-9]*1$".into()),
        EncryptionRule::EncryptedCommentRegex("[ci][0-9]*[13]".into()),
    ]
});

/// Encrypts under the rule and decrypts again. Returns `false` if the document is rejected.
fn comes_back(text: &str, format: Format, rule: &EncryptionRule) -> bool {
    let (encryption, identities) = &*KEYS;
    let encryption = encryption.clone().with_rule(rule.clone());
    let Ok(encrypted) = encrypt(text, format, &encryption) else {
        return false;
    };
    let back = decrypt(&encrypted, format, identities).unwrap_or_else(|error| {
        panic!("{error} in the document encrypted from\n{text}\nwhich is\n{encrypted}")
    });
    assert!(
        *back == text.as_bytes(),
        "{}\ncame back for\n{text}\nfrom\n{encrypted}",
        String::from_utf8_lossy(&back)
    );
    hold_ciphertexts_only(&encrypted, format);
    let document = EncryptedDocument::parse(&encrypted, format);
    let left = document.and_then(|document| document.unencrypted());
    assert!(
        left.as_ref().is_ok_and(Vec::is_empty),
        "{left:?} is left in plaintext in the document encrypted from\n{text}\nwhich is\n{encrypted}"
    );
    true
}

/// Asserts that nothing comes after the bracket of a ciphertext, because many readers match the
/// whole scalar.
fn hold_ciphertexts_only(encrypted: &str, format: Format) {
    let document = parse_document(encrypted, format).expect("the document is encrypted");
    for scalar in document.scalars().filter_map(|scalar| scalar.as_str()) {
        let is_whole = !scalar.starts_with("ENC[AES256_GCM,") || scalar.ends_with(']');
        assert!(is_whole, "{scalar:?} in\n{encrypted}");
    }
}

/// The line break indicator of a header usually follows from the end of the plaintext. It is stored
/// only if it does not.
#[test]
fn a_block_scalar_holds_only_the_ciphertext_and_round_trips() {
    let (encryption, identities) = &*KEYS;
    for (text, header, kept) in [
        ("a: |\n  b\n  c\n", "|-", false),
        ("a: >\n  b\n\n  c\nd: 1\n", ">-", false),
        ("a: |+\n  b\n\nd: 1\n", "|-", false),
        ("a: >+ # c\n  b\n\n\n# d\nd: 1\n", ">-", false),
        ("a: |2\n    b\n  c\n", "|2-", false),
        ("a: |+1\n   b\n\n", "|-1", false),
        ("a: >1+\n   b\n\n", ">1-", false),
        ("a: !!str |\n  b\n", "|-", false),
        ("a:\n- &x |\n  b\n- c\n", "|-", false),
        ("a: |\r\n  b\r\n  c\r\n", "|-", false),
        ("a: |-\n  b\n", "|-", false),
        ("a: |\n  b\n\n\nd: 1\n", "|-", false),
        // One line break under `+`, and none under a header that requires one.
        ("a: |+\n  b\nd: 1\n", "|-", true),
        ("a: |\n  b", "|-", true),
        ("a: >+\n  b\n  c", ">-", true),
        ("a: >2+ # c\n  b\n  c\n\n", ">2-", true),
    ] {
        assert!(
            comes_back(text, Format::Yaml, &EncryptionRule::default()),
            "{text:?}"
        );
        let encrypted = encrypt(text, Format::Yaml, encryption).expect(text);
        let lines = encrypted.lines().zip(encrypted.lines().skip(1));
        let line = lines
            .filter(|(_, next)| next.trim_start().starts_with("ENC["))
            .map(|(line, _)| line)
            .next();
        let shown = line.unwrap_or_default().split(' ');
        let shown: Vec<_> = shown.filter(|word| word.starts_with(['|', '>'])).collect();
        assert_eq!(shown, [header], "{text:?}");
        assert_eq!(encrypted.contains("sops_rs_spellings"), kept, "{text:?}");
    }
    // Older versions wrote the header of the plaintext, without a source form for it.
    for (text, old) in [
        ("a: |\n  b\n", "|"),
        ("a: |+\n  b\nd: 1\n", "|+"),
        ("a: |2+\n  b\n\nd: 1\n", "|2+"),
    ] {
        let new = encrypt(text, Format::Yaml, encryption).expect(text);
        let start = new.find("|").expect("a block scalar");
        let end = start + new[start..].find('\n').expect("the line ends");
        let old = format!("{}{old}{}", &new[..start], &new[end..]);
        let (old, _) = old
            .split_once("    sops_rs_spellings")
            .unwrap_or((&old, ""));
        let old = match old.contains("version:") {
            true => old.to_owned(),
            false => format!("{old}    version: 3.13.3\n"),
        };
        let back = decrypt(&old, Format::Yaml, identities).expect("the keys decrypt the document");
        assert_eq!(String::from_utf8_lossy(&back), text, "{old}");
    }
}

/// After a header that ends in `+`, blank lines would become part of the value.
#[test]
fn blank_lines_after_a_ciphertext_are_not_part_of_its_value() {
    let (encryption, identities) = &*KEYS;
    for text in ["a: |+\n  b\n\nd: 1\n", "a: \"b\\n\\n\"\nd: 1\n"] {
        let encrypted = encrypt(text, Format::Yaml, encryption).expect(text);
        for (from, to) in [("\nd:", "\n\n \nd:"), ("\nd:", "\n\nd:")] {
            let spaced = encrypted.replacen(from, to, 1);
            for changed in [
                spaced.clone(),
                spaced
                    .replacen(": \"ENC", ": ENC", 1)
                    .replacen("]\"", "]", 1),
            ] {
                let back = decrypt(&changed, Format::Yaml, identities)
                    .expect("the keys decrypt the document");
                let back = String::from_utf8_lossy(&back).into_owned();
                let document = parse_document(&back, Format::Yaml).expect("the text is YAML");
                let value = document.scalars().next().and_then(|scalar| scalar.as_str());
                assert_eq!(value, Some("b\n\n"), "{back}");
            }
        }
    }
}

#[test]
fn written_yaml_round_trips() {
    for text in written::ACCEPTED {
        let accepted = comes_back(text, Format::Yaml, &EncryptionRule::default());
        assert!(accepted, "{text:?} is refused");
    }
}

/// Long files are encrypted in parts, which may end between two comments.
#[test]
fn thousands_of_comments_in_a_row_are_all_encrypted_and_round_trip() {
    let comments = |marker: &str| -> String {
        let line = |number| format!("{marker} secret{number}\n");
        (0..1_600).map(line).collect()
    };
    let hash = comments("#");
    let both = comments(";") + "[b] ; secret\n" + &hash;
    for (format, text) in [
        (Format::Dotenv, format!("{hash}A=1\n\n{hash}B=2\n{hash}")),
        (
            Format::Ini,
            format!("k = 1 # secret\n{both}k = 1 ; secret\n\n{hash}"),
        ),
        (
            Format::Yaml,
            format!(
                "{hash}a: &x 1\n{hash}b: !!int # secret\n{hash} 5\nc: |+ # secret\n  x\n\n{hash}d: *x # secret\n{hash}"
            ),
        ),
        (
            Format::Yaml,
            format!(
                "a: &x {{b: 1}}\n{hash}c: *x\n{hash}---\n{hash}[\n{hash}1, # secret\n{hash}]\n"
            )
            .replace("[\n", "d: [\n"),
        ),
    ] {
        let encrypted = encrypt(&text, format, &KEYS.0).unwrap_or_else(|error| panic!("{error}"));
        assert!(!encrypted.contains("secret"), "{format:?}");
        assert!(comes_back(&text, format, &EncryptionRule::default()));
    }
}

#[test]
fn text_that_go_reads_differently_is_rejected() {
    for (text, part) in written::REFUSED {
        let refusal = encrypt(text, Format::Yaml, &KEYS.0).expect_err(text);
        let shown = refusal.to_string();
        assert!(shown.contains(part), "{text:?} is refused with: {shown}");
        assert!(
            matches!(
                refusal,
                Error::Document(sops_document::Error::Unsupported { .. })
            ),
            "{text:?}"
        );
    }
}

#[test]
fn generated_yaml_round_trips() {
    let accepted = (0..3_000)
        .filter(|seed| {
            comes_back(
                &sops_test_support::yaml(*seed, Features::ALL),
                Format::Yaml,
                &RULES[*seed as usize % RULES.len()],
            )
        })
        .count();
    assert!(
        accepted > 2_000,
        "only {accepted} of 3,000 documents are accepted"
    );
}

/// Flux finds the metadata only in block style. Only a rule on comments may require a document to
/// keep its style.
#[test]
fn generated_documents_in_flow_style_are_encrypted_in_block_style() {
    let (mut in_flow_style, mut stays) = (0, 0);
    for seed in 0..2_000 {
        let rule = &RULES[seed as usize % RULES.len()];
        let json = sops_test_support::json(seed);
        let yaml = sops_test_support::yaml(seed, Features::ALL);
        let flow = sops_test_support::yaml_in_flow_style(seed);
        for text in [json, yaml, flow] {
            let document = parse_document(&text, Format::Yaml);
            if !document.is_ok_and(|document| document.has_flow_top())
                || !comes_back(&text, Format::Yaml, rule)
            {
                continue;
            }
            in_flow_style += 1;
            let encryption = KEYS.0.clone().with_rule(rule.clone());
            let encrypted =
                encrypt(&text, Format::Yaml, &encryption).expect("the document is encrypted");
            let document =
                parse_document(&encrypted, Format::Yaml).expect("the document is encrypted");
            if document.has_flow_top() {
                assert!(
                    rule.name().contains("comment"),
                    "{text}\nbecame\n{encrypted}"
                );
                stays += 1;
            } else {
                assert!(encrypted.contains("\n    mac: ENC["), "{encrypted}");
            }
        }
    }
    assert!(
        in_flow_style > 500 && stays * 20 < in_flow_style,
        "{stays} of {in_flow_style} stay"
    );
}

#[test]
fn generated_dotenv_and_ini_round_trip() {
    let rules = [
        EncryptionRule::default(),
        EncryptionRule::EncryptedRegex("[1-4]".into()),
        EncryptionRule::UnencryptedCommentRegex("^ ?c".into()),
        EncryptionRule::EncryptedCommentRegex("^ ?c".into()),
    ];
    let generators = [
        (
            Format::Dotenv,
            sops_test_support::dotenv as fn(u64) -> String,
        ),
        (Format::Ini, sops_test_support::ini),
    ];
    for (format, generate) in generators {
        let accepted = (0..1_000)
            .filter(|seed| {
                let rule = &rules[*seed as usize % rules.len()];
                comes_back(&generate(*seed), format, rule)
            })
            .count();
        assert!(
            accepted > 900,
            "only {accepted} of 1,000 {} files",
            format.name()
        );
    }
}

#[test]
fn generated_json_round_trips() {
    let accepted = (0..1_000)
        .filter(|seed| {
            comes_back(
                &sops_test_support::json(*seed),
                Format::Json,
                &EncryptionRule::default(),
            )
        })
        .count();
    assert_eq!(accepted, 1_000);
}

#[test]
fn unusual_yaml_round_trips() {
    for text in [
        // Aliases, which are expanded.
        "{a: &x b, c: *x}\n",
        "a: &x b\nc: [*x, d]\n",
        // Omitted values at the end of the mapping, where the `sops` metadata goes.
        "{a: b, \"c\":\n}\n",
        "{a: b, c}\n",
        "{a: b, c: # d, e\n}\n",
        // Old line breaks, and both kinds at once.
        "a: >-\r  b\rc: d\r",
        "a: |\r  b\r",
        "a: |\r\r\n  b\r\r\n",
        // Spaces at the end of the value.
        "a:\nb: |2  # c\n    ",
        "a: |2\n  b\n    ",
        // A block scalar without a final line break, after comments.
        "a:\n  - - b: c\n    # d\n\n    - >-\n      e\n\n      f",
        "k3:\n  k4:\n    # c5\n    - k6:\n        - k7: v\n        # c8\n        # c9\n\n        - >-\n            folded\n\n            m",
        // A comment after the marker of an empty document.
        "a: b\n---\n# c\n\n",
        // A source form to store next to an empty document.
        "a: 'b\n\n  c'\n---\n",
    ] {
        assert!(
            comes_back(text, Format::Yaml, &EncryptionRule::default()),
            "{text} is refused"
        );
    }
}

/// A source form on several lines depends on the layout around it, which other programs change.
#[test]
fn a_source_form_that_reads_differently_in_a_new_layout_is_not_used() {
    let (encryption, identities) = &*KEYS;
    let text = "a:\n  b: one\n    two\n  c: 'x'\nd: \"y\n\n  z\"\n";
    let encrypted = encrypt(text, Format::Yaml, encryption).expect("the text is valid");
    let decrypted = |encrypted: &str| {
        let plaintext = decrypt(encrypted, Format::Yaml, identities).expect("the MAC matches");
        String::from_utf8(plaintext.to_vec()).expect("the plaintext is UTF-8")
    };
    assert_eq!(decrypted(&encrypted), text);
    // With more indentation, the second line is no longer part of the value.
    let indented = encrypted
        .replace("\n  b:", "\n      b:")
        .replace("\n  c:", "\n      c:");
    assert_eq!(
        decrypted(&indented),
        "a:\n      b: one two\n      c: 'x'\nd: \"y\\nz\"\n"
    );
    let commented = encrypted.replacen("]\n  c:", "] # c\n  c:", 1);
    assert_eq!(decrypted(&commented), text.replace("two", "two # c"));
}

/// `sops` writes a comment of a sequence as an item. If the metadata of each document repeated the
/// source forms of all documents, a stream would grow with its square.
#[test]
fn a_stream_has_its_source_forms_once() {
    let (encryption, identities) = &*KEYS;
    let text = "a: 0x1F\n---\na: 0x1F\n---\n--- # empty\n".repeat(3);
    let encrypted = encrypt(&text, Format::Yaml, encryption).expect("the stream is valid");
    let blocks = encrypted.matches("\nsops:").count();
    assert!(blocks > 3, "{encrypted}");
    assert_eq!(encrypted.matches("sops_rs_spellings").count(), 1);
    let document =
        EncryptedDocument::parse(&encrypted, Format::Yaml).expect("the document is encrypted");
    let same = document.with_metadata(document.metadata());
    assert_eq!(same, encrypted);
    assert!(document.differing_metadata().is_empty());
    let (forms, rest) = source_forms_of(&encrypted.replace("--- # empty", "---"));
    let key = format!("    sops_rs_spellings: {forms}\n    version:");
    let old = rest.replacen("    version:", &key, 1);
    let document = EncryptedDocument::parse(&old, Format::Yaml).expect("the document is encrypted");
    assert!(document.differing_metadata().is_empty());
    let back =
        decrypt(&encrypted, Format::Yaml, identities).expect("the keys decrypt the document");
    assert_eq!(String::from_utf8_lossy(&back), text);
}

/// The text of the source forms, and the document without them.
fn source_forms_of(encrypted: &str) -> (String, String) {
    let (mut text, mut rest) = (String::new(), String::new());
    for line in encrypted.split_inclusive('\n') {
        match line.trim().strip_prefix("# ") {
            Some(part) => text.push_str(part.trim()),
            None => rest.push_str(line),
        }
    }
    let text = text
        .strip_prefix("sops_rs_spellings: ")
        .expect("the source forms have a name");
    (text.to_owned(), rest)
}

/// A program that drops comments drops the source forms. The value then gets another spelling,
/// which must end its line as the block scalar did.
#[test]
fn a_value_that_leaves_its_block_scalar_keeps_its_line() {
    let (encryption, identities) = &*KEYS;
    for (text, expected) in [
        ("a: |\n \tx\nb: 1\n", "a: |4\n    \tx\nb: 1\n"),
        ("a: |-\n \tx\nb: 1\n", "a: \"\\tx\"\nb: 1\n"),
        ("a: | # c\n \tx\nb: 1\n", "a: |4 # c\n    \tx\nb: 1\n"),
        ("a: |- # c\n \tx\nb: 1\n", "a: \"\\tx\" # c\nb: 1\n"),
        ("a:\n- >+ # c\n \tx\n- b\n", "a:\n- |2 # c\n  \tx\n- b\n"),
    ] {
        let encrypted = encrypt(text, Format::Yaml, encryption).expect(text);
        let (_, rest) = source_forms_of(&encrypted);
        let back = decrypt(&rest, Format::Yaml, identities).expect(text);
        assert_eq!(String::from_utf8_lossy(&back), expected, "{rest}");
    }
}

/// The values of the text that `encrypted` decrypts to.
fn decrypted_values(encrypted: &str) -> Vec<String> {
    let back = decrypt(encrypted, Format::Yaml, &KEYS.1).expect(encrypted);
    let back = String::from_utf8_lossy(&back).into_owned();
    let document = parse_document(&back, Format::Yaml).expect(&back);
    let scalars = document.scalars().filter_map(|scalar| scalar.as_str());
    scalars.map(str::to_owned).collect()
}

/// An encrypted file without its metadata, and the metadata, which comes last in the document.
fn split_metadata(encrypted: &str) -> (&str, &str) {
    let at = encrypted
        .find("sops:\n")
        .expect("the document has metadata");
    encrypted.split_at(at)
}

/// Blank lines after the metadata follow the value before it once the metadata is removed.
#[test]
fn blank_lines_after_the_metadata_are_not_part_of_a_value() {
    let (encryption, _) = &*KEYS;
    let rule = EncryptionRule::UnencryptedSuffix("_plain".into());
    let encryption = encryption.clone().with_rule(rule);
    for (text, values) in [
        ("a: |+\n x\n\n", vec!["x\n\n"]),
        ("a: >+\n x\n\n", vec!["x\n\n"]),
        ("a: |\n x\n", vec!["x\n"]),
        ("a: |-\n x\n", vec!["x"]),
        ("a: |+\n\n", vec!["\n"]),
        ("a: |3+\n", vec![""]),
        ("a:\n- b\n- |+ # c\n x\n\n\n", vec!["b", "x\n\n\n"]),
        ("a_plain: |+\n x\n\n", vec!["x\n\n"]),
        ("a_plain: |+\n x\n", vec!["x\n"]),
        ("a_plain: |\n x\n", vec!["x\n"]),
        ("a_plain: >- # c\n x\n", vec!["x"]),
        ("a_plain: |3+ # c\n", vec![""]),
        ("a_plain: |1\n", vec![""]),
    ] {
        let encrypted = encrypt(text, Format::Yaml, &encryption).expect(text);
        // SOPS writes the ciphertext without a block scalar.
        let (values_part, metadata) = split_metadata(&encrypted);
        let plain = values_part
            .replace("|-\n ENC", "ENC")
            .replace(">-\n ENC", "ENC");
        for values_part in [values_part, &plain] {
            for blank in ["\n", "\n\n", "  \n", "\n      \n\n", "      "] {
                let appended = format!("{values_part}{metadata}{blank}");
                assert_eq!(decrypted_values(&appended), values, "{appended}");
            }
        }
        let mut more = values.clone();
        more.push("c");
        let followed = format!("{text}z_plain: c\n");
        let encrypted = encrypt(&followed, Format::Yaml, &encryption).expect(&followed);
        let (values_part, metadata) = split_metadata(&encrypted);
        let first = values_part.replace("z_plain: c\n", "");
        let middle = format!("{first}{metadata}\n      \nz_plain: c\n");
        assert_eq!(decrypted_values(&middle), more, "{middle}");
        let two = format!("{text}---\nb: c\n");
        let encrypted = encrypt(&two, Format::Yaml, &encryption).expect(&two);
        let spaced = encrypted.replacen("\n---\n", "\n\n     \n---\n", 1);
        assert_eq!(decrypted_values(&spaced), more, "{spaced}");
    }
}

#[test]
fn a_text_without_a_final_line_break_does_not_shorten_its_last_value() {
    for (text, value) in [("a: \"x\\ny\\n\"\n", "x\ny\n"), ("a: |\n \tx\n", "\tx\n")] {
        let encrypted = encrypt(text, Format::Yaml, &KEYS.0).expect(text);
        let (values, metadata) = split_metadata(&encrypted);
        let plain = values.replace("|-\n ENC", "ENC").replace('"', "");
        for values in [plain.trim_end(), values.trim_end()] {
            let moved = format!("{metadata}{values}");
            assert_eq!(decrypted_values(&moved), [value], "{moved}");
        }
    }
}

/// The source forms are in a comment so that schemas for the metadata ignore them.
#[test]
fn source_forms_are_a_comment_in_yaml_and_a_value_elsewhere() {
    let (encryption, identities) = &*KEYS;
    let text = format!("a: 0x1F\nb: >-\n  {}\n", "x\n  ".repeat(60));
    let encrypted = encrypt(&text, Format::Yaml, encryption).expect("the text is valid");
    let comments = encrypted.lines().filter(|line| line.starts_with("    # "));
    assert!(comments.clone().count() > 3 && comments.clone().all(|line| line.len() <= 100));
    let longest = comments.map(str::len).max();
    assert_eq!(longest, Some(100), "{encrypted}");
    let (forms, rest) = source_forms_of(&encrypted);
    assert!(!rest.contains("sops_rs"), "{rest}");
    let with = |lines: &str| rest.replace("    version:", &format!("{lines}    version:"));
    let other = encrypt(&text, Format::Yaml, encryption).expect("the text is valid");
    let (others, _) = source_forms_of(&other);
    let halves = forms.split_at(forms.len() / 2);
    for (lines, is_kept) in [
        (String::new(), false),
        // Source forms of older versions, alone and together with source forms that belong to
        // another MAC.
        (format!("    sops_rs_spellings: {forms}\n"), true),
        (
            format!("    # sops_rs_spellings: {others}\n    sops_rs_spellings: {forms}\n"),
            true,
        ),
        (
            format!("    sops_rs_spellings: {others}\n    # sops_rs_spellings: {forms}\n"),
            true,
        ),
        (
            format!("    # sops_rs_spellings: {others}\n    # sops_rs_spellings: {forms}\n"),
            true,
        ),
        (format!("    # sops_rs_spellings: {others}\n"), false),
        (format!("    sops_rs_spellings: {others}\n"), false),
        // Other programs lay out comments in these ways.
        (format!("    #sops_rs_spellings:{forms}\n"), true),
        (
            format!(
                "# sops_rs_spellings:\n\n  #{}\n \n      #   {}\n",
                halves.0, halves.1
            ),
            true,
        ),
        (
            format!("    # note\n    # sops_rs_spellings: {forms}\n    # note\n"),
            true,
        ),
    ] {
        let changed = with(&lines);
        let back =
            decrypt(&changed, Format::Yaml, identities).expect("the keys decrypt the document");
        assert_eq!(*back == *text.as_bytes(), is_kept, "{changed}");
        // The keys of the file change without decrypting it.
        let document =
            EncryptedDocument::parse(&changed, Format::Yaml).expect("the document is encrypted");
        assert!(document.unknown_values().is_empty());
        let again = document.with_metadata(document.metadata());
        let back =
            decrypt(&again, Format::Yaml, identities).expect("the keys decrypt the document");
        assert_eq!(*back == *text.as_bytes(), is_kept, "{again}");
        assert!(!again.contains("\n    sops_rs_spellings"), "{again}");
    }
    for (format, text) in [
        (Format::Json, "{\"a\": 1.50, \"b\": \"\\u0061\"}"),
        (Format::Dotenv, "A=b"),
        (Format::Ini, "[a]\nb = c"),
    ] {
        let encrypted = encrypt(text, format, encryption).expect(text);
        assert_eq!(
            encrypted.matches("sops_rs_spellings").count(),
            1,
            "{encrypted}"
        );
        assert!(!encrypted.contains("# sops_rs"), "{encrypted}");
    }
}

#[test]
fn a_comment_alone_in_a_sequence_is_decrypted_in_any_column() {
    let (encryption, identities) = &*KEYS;
    for columns in [2, 70_000] {
        let indent = " ".repeat(columns);
        let text = format!("a:\n{indent}# c\n{indent}- x\n");
        let encrypted = encrypt(&text, Format::Yaml, encryption).expect("the document is valid");
        let item: Vec<_> = encrypted
            .replace("#ENC", "- ENC")
            .split_inclusive('\n')
            .filter(|line| !line.starts_with(&format!("{indent}- ENC")) || line.contains("comment"))
            .map(str::to_owned)
            .collect();
        let item = item.concat();
        let document =
            EncryptedDocument::parse(&item, Format::Yaml).expect("the document is encrypted");
        let key = document
            .data_key(identities)
            .expect("the keys decrypt the document");
        let plaintext = document.decrypt(&key, MacCheck::Ignore);
        let plaintext = plaintext.expect("the comment is decrypted").plaintext;
        assert!(*plaintext == format!("a:\n{indent}# c\n{indent}[]\n").into_bytes());
    }
}

#[test]
fn a_header_with_an_encrypted_comment_keeps_the_ciphertext_of_its_value() {
    let (encryption, identities) = &*KEYS;
    let text = "a: | # c\n  v\nb: > # ENC[x]\n  w\n";
    let encrypted = encrypt(text, Format::Yaml, encryption).expect("the document is valid");
    let document =
        EncryptedDocument::parse(&encrypted, Format::Yaml).expect("the document is encrypted");
    let key = document
        .data_key(identities)
        .expect("the keys decrypt the document");
    let open = document
        .open(key, MacCheck::Require)
        .expect("the MAC matches");
    assert_eq!(open.plaintext(), text.as_bytes());
    let again = open
        .encrypt(text, encryption.now)
        .expect("the document can be encrypted again");
    let values = |text: &str| text.lines().take(4).map(str::to_owned).collect::<Vec<_>>();
    let encrypted_values = values(&encrypted);
    for line in [&encrypted_values[1], &encrypted_values[3]] {
        assert!(line.starts_with("  ENC[AES256_GCM,"), "{line}");
    }
    assert_eq!(values(&again), encrypted_values);
}

#[test]
fn a_file_that_lost_its_metadata_is_encrypted_again_only_on_request() {
    let encrypted = encrypt("a: b\nc: 1\n", Format::Yaml, &KEYS.0).expect("the text is a document");
    let values = &encrypted[..encrypted.find("sops:").expect("the document has metadata")];
    assert!(comes_back(values, Format::Yaml, &EncryptionRule::default()));
    let encryption = KEYS.0.clone().allowing_ciphertext(false);
    let refused = encrypt(values, Format::Yaml, &encryption);
    let Err(Error::Ciphertext { path, location }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((&*path, location.line, location.column), ("a", 1, 4));
}

#[test]
fn a_comment_above_a_header_with_an_empty_comment_round_trips() {
    let text = " ; # c\n\n\n\t[s] ;\n\n\n [s0]\n";
    assert!(comes_back(text, Format::Ini, &EncryptionRule::default()));
}

/// The comment is removed with the scalar that the encrypted value replaces, so the rule would no
/// longer select it.
#[test]
fn a_comment_in_a_scalar_that_is_replaced_cannot_select_it() {
    let rule = EncryptionRule::EncryptedCommentRegex("secret".into());
    for (text, accepted) in [
        ("pin: !!int # secret\n  1234\n", false),
        ("a: x\npin: !!int\n  # secret\n  1234\n", false),
        ("pin: &a !!float # secret\n  1.5\n", false),
        ("n: |+ # secret\n\n", false),
        ("n: !!str # secret\n  x\n", true),
        ("n: | # secret\n  x\n", true),
        ("# secret\nn: |+\n\n", true),
        ("# secret\npin: !!int\n  1234\n", true),
    ] {
        assert_eq!(comes_back(text, Format::Yaml, &rule), accepted, "{text:?}");
    }
}

/// The metadata is where other programs look for it, and decryption restores the document.
#[test]
fn a_document_in_flow_style_is_encrypted_in_block_style() {
    let (encryption, identities) = &*KEYS;
    let some = EncryptionRule::EncryptedRegex("^(b|data)$".into());
    let by_comment = EncryptionRule::EncryptedCommentRegex("secret".into());
    for text in [
        "{}",
        "{}\n",
        "--- {}\n---\na: 1\n--- {}\n",
        "{ # c\n} # d\n",
        "{a: 1, b: c}",
        "{a: 1, b: c}\n",
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"dTpw\"}}}",
        "{\n\t\"a\": {\n\t\t\"b\": 0x1F\n\t},\n\t\"c\": [1.50, 'x']\n}\n",
        "# h\n{ # 1\n  a: 1, # 2\n  # 3\n\n  b: [1, # 4\n 2] # 5\n  # 6\n}\n# t\n",
        "--- {a: 1} # c\n...\n",
        "a: 1\n---\n{b: 2} # c\n---\n  {c: 3, b: 4}\n",
        "{&k a: 1, b: *k, ? c : d}\n",
        "{a: &x {b: 1}, <<: *x, data: {b: *x}}\n",
        "{a: # c\n 1, data: {c: 1, # secret\n b: 2}}\n",
        "{\r\n  a: 1,\r\n  b: 'c'\r\n}\r\n",
        "\u{feff}{a: 1}\n",
        "{a: \"x\\n y\\n\", b: }\n",
        "{a: 'x\n\n y'}\n",
        "{data: {c: 1}, # secret\n b: 2, # no secret\n c: 3}\n",
        "&top {a: 1}\n",
        "{a: !local b, b: !!float 1, c: 2001-01-01, d: ~}\n",
    ] {
        for rule in [&EncryptionRule::default(), &some, &by_comment] {
            assert!(comes_back(text, Format::Yaml, rule), "{text:?} {rule}");
            if (text.contains("{}") || text.starts_with("{ # c")) && rule.name().contains("comment")
            {
                continue;
            }
            let encryption = encryption.clone().with_rule(rule.clone());
            let encrypted = encrypt(text, Format::Yaml, &encryption).expect(text);
            let macs = encrypted.matches("\n    mac: ENC[").count();
            assert_eq!(
                macs,
                encrypted.matches("version: 3.13.3").count(),
                "{encrypted}"
            );
            let document =
                parse_document(&encrypted, Format::Yaml).expect("the document is encrypted");
            assert!(!document.has_flow_top(), "{encrypted}");
            // A change by this library starts from the text in flow style.
            let document =
                EncryptedDocument::parse(&encrypted, Format::Yaml).expect("the document is valid");
            let key = document
                .data_key(identities)
                .expect("the keys decrypt the document");
            let open = document
                .open(key, MacCheck::Require)
                .expect("the MAC matches");
            assert_eq!(open.plaintext(), text.as_bytes());
            let again = open
                .encrypt(text, encryption.now)
                .expect("the document can be encrypted");
            let values = |text: &str| {
                let lines = text.lines().filter(|line| !line.starts_with("    "));
                lines.map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(values(&again), values(&encrypted));
        }
    }
}

/// Changes that other programs made to the encrypted file take effect: the stored text in flow
/// style does not hide them.
#[test]
fn the_text_in_flow_style_is_restored_only_for_the_same_document() {
    let (encryption, identities) = &*KEYS;
    let encryption = encryption.clone().with_mac_only_encrypted(true);
    let encryption = encryption.with_rule(EncryptionRule::EncryptedRegex("^b$".into()));
    let text = "{a: 1, b: c} # t\n";
    let encrypted = encrypt(text, Format::Yaml, &encryption).expect(text);
    for (from, to, expected) in [
        ("a: 1\n", "a: 1\n", text),
        ("a: 1\n", "a: 2\n", "a: 2\nb: c # t\n"),
        ("a: 1\n", "# new\na: 1\n", "# new\na: 1\nb: c # t\n"),
        ("a: 1\n", "a: 1\n\n", "a: 1\n\nb: c # t\n"),
    ] {
        let changed = encrypted.replacen(from, to, 1);
        let back =
            decrypt(&changed, Format::Yaml, identities).expect("the keys decrypt the document");
        assert_eq!(String::from_utf8_lossy(&back), expected, "{changed}");
    }
}
