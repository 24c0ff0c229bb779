//! Errors in the text of a configuration, and their locations.

use super::*;

#[test]
fn the_value_of_a_merge_key_is_not_quoted() {
    for value in ["hunter2", "'hunter2'", "4711", "-4711", "4711.5", "true"] {
        let complaint = complaint(&format!("creation_rules:\n- <<: {value}\n"));
        assert!(complaint.contains("takes a mapping"), "{complaint}");
        assert!(!complaint.contains(value.trim_matches('\'')), "{complaint}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let many = 100_000;
    for (text, position) in [
        (
            format!("creation_rules: {}", "[".repeat(many)),
            "1:145 nested deeper than 128 levels",
        ),
        (
            format!("creation_rules: {}{}", "[".repeat(many), "]".repeat(many)),
            "1:145 nested deeper than 128 levels",
        ),
        (format!("\u{feff}{}", "{".repeat(many)), "1:"),
        (format!("x: {}", "{a: ".repeat(many)), "1:"),
        (format!("x:\n{}", "[\n".repeat(many)), "130:1 nested"),
        (format!("x: 'y'\n{}", "- ".repeat(many)), "2:"),
        // At this depth, the other parser has already stopped.
        (format!("a: %x\n\tb: {}", "[".repeat(many)), ""),
        (format!("a: 'x\n{}", "[".repeat(many)), ""),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.starts_with(position), "{complaint}");
        assert!(!complaint.starts_with("Ok("), "{complaint}");
    }
    let rules = "- {path_regex: '\\[[a-z]+[[{', age: [age1x]}\n".repeat(400);
    for text in [
        format!("creation_rules:\n{rules}"),
        format!(
            "creation_rules: []\nx: {}{}",
            "[".repeat(126),
            "]".repeat(126)
        ),
    ] {
        let complaint = complaint(&text);
        assert!(!complaint.contains("nested"), "{complaint}");
    }
}

#[test]
fn errors_are_reported_with_their_location() {
    let cases = [
        // Keys.
        (
            "creation_rules:\n  - age: age1x\n    encrypted_regx: a\n",
            "3:5 creation_rules[0]: unknown key `encrypted_regx` in a creation rule; did you mean `encrypted_regex`?",
        ),
        (
            "creation_rules:\n  - age: age1x\n    recipients: [x]\n",
            "3:5 creation_rules[0]: unknown key `recipients` in a creation rule; the known keys are: path_regex, age, pgp, kms, aws_profile, gcp_kms, \
             hckms, azure_keyvault, hc_vault_transit_uri, key_groups, shamir_threshold, unencrypted_suffix, encrypted_suffix, \
             unencrypted_regex, encrypted_regex, unencrypted_comment_regex, encrypted_comment_regex, mac_only_encrypted",
        ),
        (
            "creation_rules:\n- key_groups:\n  - merge: [{agee: [a]}]\n",
            "3:14 creation_rules[0].key_groups[0].merge[0]: unknown key `agee` in a key group; did you mean `age`?",
        ),
        (
            "creation_rule:\n  - age: age1x\n",
            "1:1 unknown key `creation_rule` in the configuration; did you mean `creation_rules`?",
        ),
        (
            "creation_rules: [{age: a, age: b}]",
            "1:27 creation_rules[0]: this mapping has the key `age` twice",
        ),
        ("x: 1\nx: 2\n", "2:1 this mapping has the key `x` twice"),
        (
            "creation_rules: [{key_groups: [{azure_keyvault: [{key: a}]}]}]",
            "1:50 creation_rules[0].key_groups[0].azure_keyvault[0]: an Azure Key Vault key needs the key `vaultUrl`",
        ),
        // Types.
        (
            "- a\n",
            "1:1 this is a list; expected a mapping with the key `creation_rules`",
        ),
        (
            "text",
            "1:1 this is a string; expected a mapping with the key `creation_rules`",
        ),
        (
            "creation_rules:\n  age: a\n",
            "2:3 creation_rules: this is a mapping; expected a list in which each item begins with `- ` and is a creation rule",
        ),
        (
            "creation_rules:\n  - age\n",
            "2:5 creation_rules[0]: this is a string; expected a mapping",
        ),
        (
            "creation_rules:\n  - age: a\n  -\n",
            "3:4 creation_rules[1]: this value is empty; set it, or remove it",
        ),
        (
            "creation_rules: [{path_regex: 1}]",
            "1:31 creation_rules[0].path_regex: this is the number 1; expected a regular",
        ),
        (
            "creation_rules: [{path_regex: [a]}]",
            "1:31 creation_rules[0].path_regex: this is a list; expected a regular",
        ),
        (
            "creation_rules:\n  - path_regex: [a-z]+/x\n    age: a\n",
            "2:17 creation_rules[0].path_regex: this is a list; expected a regular expression; write it in quotes",
        ),
        (
            "creation_rules: [{encrypted_suffix: 1.5}]",
            "1:37 creation_rules[0].encrypted_suffix: this is a number with a decimal point",
        ),
        (
            "creation_rules: [{age: 1}]",
            "1:24 creation_rules[0].age: this is the number 1; expected a list of strings, or a",
        ),
        (
            "creation_rules: [{age: [a, 1]}]",
            "1:28 creation_rules[0].age[1]: this is the number 1; expected a string; write",
        ),
        (
            "creation_rules: [{age: [a, '']}]",
            "1:28 creation_rules[0].age[1]: this value is empty; set it, or remove it",
        ),
        (
            "creation_rules: [{age: {a: b}}]",
            "1:24 creation_rules[0].age: this is a mapping; expected a list of strings, or a",
        ),
        (
            "creation_rules: [{hckms: 'a:b'}]",
            "1:26 creation_rules[0].hckms: this is a string; expected a list of",
        ),
        (
            "creation_rules: [{key_groups: [{age: a}]}]",
            "1:38 creation_rules[0].key_groups[0].age: this is a string",
        ),
        (
            "creation_rules: [{mac_only_encrypted: 'true'}]",
            "1:39 creation_rules[0].mac_only_encrypted: this is a string",
        ),
        (
            "creation_rules: [{mac_only_encrypted: 1}]",
            "1:39 creation_rules[0].mac_only_encrypted: this is the number 1",
        ),
        (
            "creation_rules: [{shamir_threshold: '2'}]",
            "1:37 creation_rules[0].shamir_threshold: this is a string",
        ),
        (
            "creation_rules: [{shamir_threshold: -1}]",
            "1:37 creation_rules[0].shamir_threshold: this is the number -1",
        ),
        (
            "creation_rules: [{shamir_threshold: 256}]",
            "1:37 creation_rules[0].shamir_threshold: this is the number 256",
        ),
        (
            "creation_rules: [{shamir_threshold: 2.5}]",
            "1:37 creation_rules[0].shamir_threshold: this is a number with a decimal point",
        ),
        (
            "stores: {yaml: {indent: -1}}",
            "1:25 stores.yaml.indent: this is the number -1; expected a whole number from 0",
        ),
        (
            "stores: {json: {indent: -2}}",
            "1:25 stores.json.indent: this is the number -2; expected a whole number from -1",
        ),
        (
            "creation_rules: [{key_groups: [{kms: [{arn: a, context: {b: 1}}]}]}]",
            "1:61 creation_rules[0].key_groups[0].kms[0].context.b: this is the number 1; expected a string; write it in quotes",
        ),
        (
            "creation_rules: [{azure_keyvault: x}]",
            "1:35 creation_rules[0].azure_keyvault: this is not an Azure Key Vault key; write",
        ),
        // Rules.
        (
            "creation_rules:\n  - path_regex: '*.yaml'\n",
            "2:17 creation_rules[0].path_regex: this is a glob, but must be a regular expression; write `\\.yaml$`",
        ),
        (
            "creation_rules:\n  - path_regex: '*\\.yaml'\n",
            "2:17 creation_rules[0].path_regex: regular expression `*\\.yaml`: character 1, `*`: there is nothing to repeat",
        ),
        (
            "all: &all [x]\ncreation_rules:\n- key_groups:\n  - age: [*all, y]\n",
            "1:6 creation_rules[0].key_groups[0].age[0]: this is a list, but must be a string: a list inside a list is not flattened; write each item on its own or, for keys",
        ),
        (
            "creation_rules:\n- age: |\n    age1x\n    age1y\n",
            "2:8 creation_rules[0].age: there are several recipients without commas between them; separate them with commas",
        ),
        (
            "creation_rules:\n- age: [age1x age1y]\n",
            "2:8 creation_rules[0].age: there are several recipients without commas",
        ),
        (
            "creation_rules:\n  - age: a\n  - encrypted_regex: (\n",
            "3:22 creation_rules[1].encrypted_regex: regular expression `(`: character 1, `(`: this parenthesis is never closed",
        ),
        (
            "creation_rules:\n  - encrypted_regex: a\n    encrypted_suffix: b\n",
            "3:23 creation_rules[0].encrypted_suffix: `encrypted_regex` and `encrypted_suffix` cannot be combined; keep one",
        ),
        (
            "x: &x {encrypted_suffix: a}\ncreation_rules:\n  - <<: *x\n    encrypted_regex: b\n",
            "3:5 creation_rules[0]: `encrypted_suffix` and `encrypted_regex` cannot be combined; keep one",
        ),
        (
            "destination_rules: [{recreation_rule: {pgp: 1}}]",
            "1:45 destination_rules[0].recreation_rule.pgp: this is the number 1",
        ),
        // YAML.
        (
            "creation_rules: *nothing",
            "1:17 no anchor with this name before the alias",
        ),
        (
            "creation_rules:\n\t- age: a\n",
            "2:2 a tab in the indentation; indent YAML with spaces",
        ),
        (
            "a: b\n c: d\n",
            "2:3 unexpected `:`; the line is indented too far",
        ),
        (
            "creation_rules: []\n---\na: b\n",
            "2:1 the file has a second document, which is not read",
        ),
        (
            "creation_rules: [{key_groups: &a [{merge: *a}]}]",
            "1:35 recursion limit exceeded",
        ),
        (
            "creation_rules: !x [{age: a}]",
            "1:17 creation_rules: this is a value with a tag; expected a list",
        ),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .map(|(text, expected)| (text, expected, complaint(text)))
        .filter(|(_, expected, complaint)| !complaint.starts_with(expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn locations_count_characters_and_bytes() {
    for text in [
        "é: ü\ncreation_rules: [{path_regex: é, age: 1}]",
        "\u{feff}é: {é: ü}\nstores: 1",
        "\u{feff}stores: 1",
        "a: b\r\nstores: é",
    ] {
        let Err(Error::Config {
            location: Some(found),
            ..
        }) = parse(text)
        else {
            panic!("{text} {:?}", parse(text));
        };
        assert_eq!(found, Location::of(text, found.offset), "{text}");
        assert!(
            ["x", "1", "é"]
                .iter()
                .any(|part| text[found.offset..].starts_with(part)),
            "{text} {found:?}"
        );
    }
}

#[test]
fn a_file_in_another_encoding_is_refused() {
    let error = Config::parse(b"a: b\nc: \xff\n", Path::new(".sops.yaml"), Path::new("/"))
        .expect_err("invalid");
    assert_eq!(
        error.to_string(),
        ".sops.yaml: line 2, column 4: the file is not UTF-8; save it as UTF-8"
    );
}

#[test]
fn an_alias_bomb_is_an_error() {
    let mut text = "a0: &a0 [{age: [x]}]\n".to_owned();
    for level in 1..40 {
        let merged = format!("{{merge: *a{}}}", level - 1);
        text += &format!("a{level}: &a{level} [{merged}, {merged}]\n");
    }
    text += "creation_rules: [{key_groups: *a39}]\n";
    let complaint = complaint(&text);
    assert!(
        complaint.contains("repetition limit") || complaint.contains("aliases are expanded"),
        "{complaint}"
    );
}

#[test]
fn arbitrary_bytes_do_not_panic() {
    let seed = "x: &x {age: [a, b]}\ncreation_rules:\n  - <<: *x\n    path_regex: ^a\\.yaml$\n    encrypted_regex: '^(data)$'\n    \
                key_groups:\n    - merge: [*x]\n      kms: [{arn: a, context: {b: \"c\"}}]\n    shamir_threshold: 2\n\
                stores: {yaml: {indent: 2}}\n";
    let pieces: [&[u8]; 18] = [
        b"\n", b"  ", b"- ", b": ", b"{", b"}", b"[", b"]", b"*x", b"&x ", b"<<", b"\"", b"'",
        b"|", b"\xff", b"\0", b"---\n", b"(",
    ];
    let mut state = 7_u64;
    let mut next = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The remainder is below `bound`, a small `usize`.
        usize::try_from((state >> 33) % bound as u64).unwrap_or(0)
    };
    let mut read = 0;
    for _ in 0..5_000 {
        let mut text = seed.as_bytes().to_vec();
        for _ in 0..=next(3) {
            let at = next(text.len());
            let to = (at + next(4)).min(text.len());
            text.splice(at..to, pieces[next(pieces.len())].iter().copied());
        }
        if let Ok(config) = Config::parse(&text, Path::new(".sops.yaml"), Path::new("/repo")) {
            read += usize::from(config.creation_rule_for(Path::new("a.yaml")).is_ok());
        }
    }
    assert!(
        read > 100,
        "only {read} configurations were read and matched"
    );
}
