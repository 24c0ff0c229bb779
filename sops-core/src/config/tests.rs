use std::path::{Path, PathBuf};

use sops_document::Location;

use super::*;
use crate::error::{Error, Result};

fn parse(text: &str) -> Result<Config> {
    Config::parse(
        text.as_bytes(),
        Path::new("/repo/.sops.yaml"),
        Path::new("/repo"),
    )
}

/// What is wrong with `text`, as `line:column message`.
fn complaint(text: &str) -> String {
    match parse(text) {
        Err(Error::Config {
            location, message, ..
        }) => {
            let position = location.map(|at| format!("{}:{} ", at.line, at.column));
            format!("{}{message}", position.unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn deep_nesting_is_an_error_in_linear_time() {
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
        let start = std::time::Instant::now();
        let complaint = complaint(&text);
        assert!(complaint.starts_with(position), "{complaint}");
        assert!(!complaint.starts_with("Ok("), "{complaint}");
        assert!(start.elapsed().as_secs() < 3, "{complaint}");
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
            "1:1 this is a list; expected the configuration, a mapping",
        ),
        (
            "text",
            "1:1 this is a string; expected the configuration, a mapping",
        ),
        (
            "creation_rules:\n  age: a\n",
            "2:3 creation_rules: this is a mapping; expected a list, each item a creation rule",
        ),
        (
            "creation_rules:\n  - age\n",
            "2:5 creation_rules[0]: this is a string; expected a creation rule",
        ),
        (
            "creation_rules:\n  - age: a\n  -\n",
            "3:4 creation_rules[1]: this item is empty; remove it",
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
            "1:28 creation_rules[0].age[1]: this item is empty; remove it",
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
            "2:17 creation_rules[0].path_regex: this is a regular expression, not a glob; write `\\.yaml$`",
        ),
        (
            "creation_rules:\n  - path_regex: '*\\.yaml'\n",
            "2:17 creation_rules[0].path_regex: regular expression `*\\.yaml`: character 1, `*`: there is nothing to repeat",
        ),
        (
            "all: &all [x]\ncreation_rules:\n- key_groups:\n  - age: [*all, y]\n",
            "1:6 creation_rules[0].key_groups[0].age[0]: this is a list inside a list, which sops does not flatten; list each key, or refer to groups of keys with `merge`",
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
            "2:1 the file has a second document, which sops does not read",
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
        complaint.contains("repetition limit") || complaint.contains("expand to more than"),
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
    assert!(read > 100, "only {read} of the texts were read and matched");
}

#[test]
fn texts_without_rules_for_sops_are_reported() {
    for text in [
        "",
        "# nothing\n",
        "---\n...\n",
        "\u{feff}",
        "~",
        "creation_rules:\n",
        "stores: {json: {indent: 2}}\nx: [1, {2: 3}]\n",
    ] {
        let config = parse(text).expect(text);
        assert!(
            matches!(config.creation_rule_for(Path::new("a.yaml")), Ok(None)),
            "{text:?}"
        );
    }
}

#[test]
fn the_first_rule_that_matches_wins() {
    // Each path with the text that `sops` 3.13.3 matches, for a configuration in `/repo`.
    let names = [
        ("/repo", "a.yaml", "a.yaml"),
        ("/repo/sub", "a.yaml", "sub/a.yaml"),
        ("/repo", "/repo/sub/../b.yaml", "b.yaml"),
        ("/repo", "./sub//b.yaml", "sub/b.yaml"),
        ("/repo", "../out/f.yaml", "/out/f.yaml"),
        ("/repo", "/repository/f.yaml", "/repository/f.yaml"),
        ("/elsewhere", "f.yaml", "/elsewhere/f.yaml"),
    ];
    for (working_dir, path, name) in names {
        let text = format!(
            "creation_rules:\n- path_regex: ^other$\n- path_regex: '^{}$'\n  age: [one]\n- age: [two]\n",
            name.replace('.', "\\.")
        );
        let config = Config::parse(
            text.as_bytes(),
            Path::new("/repo/.sops.yaml"),
            Path::new(working_dir),
        )
        .expect("the text is valid");
        let rule = config
            .creation_rule_for(Path::new(path))
            .expect("a rule")
            .expect("a rule");
        assert_eq!(
            rule.key_groups[0][0].to_string(),
            "one",
            "{path} in {working_dir}"
        );
    }
}

#[test]
fn a_configuration_in_the_root_directory_matches_absolute_paths() {
    let text = b"creation_rules: [{path_regex: ^/a/b$}]";
    let config =
        Config::parse(text, Path::new("/.sops.yaml"), Path::new("/a")).expect("the text is valid");
    assert!(config.creation_rule_for(Path::new("b")).is_ok());
}

#[test]
fn no_matching_rule_is_an_error() {
    let long = "x".repeat(90);
    for (text, path, expected) in [
        (
            "creation_rules: []".to_owned(),
            "sub/a.yaml",
            "`sub/a.yaml`, the path relative to the directory of the configuration: `creation_rules` is empty; add a rule that matches, or a final rule without `path_regex`".to_owned(),
        ),
        (
            "creation_rules: [{path_regex: ^nope$}]".to_owned(),
            "sub/a.yaml",
            "`sub/a.yaml`, the path relative to the directory of the configuration: the only rule does not match; add a rule that matches, or a final rule without `path_regex`\ncreation_rules[0].path_regex: ^nope$"
                .to_owned(),
        ),
        (
            format!("creation_rules: [{{path_regex: {long}}}, {{path_regex: \"\\n1m\"}}]"),
            "/a.yaml",
            format!(
                "`/a.yaml`, the full path, because it is outside the directory of the configuration: none of the 2 rules matches; add a rule that matches, or a final rule without `path_regex`\n\
                 creation_rules[0].path_regex: {}…\ncreation_rules[1].path_regex: \\n1m",
                &long[..80]
            ),
        ),
    ] {
        let config = parse(&text).expect(&text);
        let error = config
            .creation_rule_for(Path::new(path))
            .expect_err(&text)
            .to_string();
        let start = "/repo/.sops.yaml: no matching creation rules found for ";
        assert_eq!(error.strip_prefix(start), Some(&*expected), "{error}");
    }
    let many = format!("creation_rules: [{}]", "{path_regex: ^x}, ".repeat(12));
    let error = parse(&many)
        .expect("the text is valid")
        .creation_rule_for(Path::new("a"))
        .expect_err("no rule matches")
        .to_string();
    assert!(
        error.ends_with("creation_rules[9].path_regex: ^x\nand 2 more"),
        "{error}"
    );
}

#[test]
fn invalid_keys_are_reported_with_their_location() {
    const GOOD: &str = "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w";
    let identity = include_str!("../../../testdata/keys/x25519.txt");
    let identity = identity.lines().last().expect("a key file has lines");
    let cases = [
        (
            "creation_rules:\n- age: bogus\n",
            "2:8 creation_rules[0].age: recipient `bogus`: ",
        ),
        (
            "creation_rules:\n- age:\n  - GOOD\n  - age1bogus\n",
            "4:5 creation_rules[0].age[1]: recipient `age1bogus`: ",
        ),
        (
            "creation_rules:\n- age: GOOD,age1bogus\n",
            "2:71 creation_rules[0].age: key 2 of 2: recipient `age1bogus`: ",
        ),
        (
            "creation_rules:\n- age: >-\n    GOOD,\n    GOODx, age1\n",
            "4:5 creation_rules[0].age: key 2 of 3: recipient `GOODx`: ",
        ),
        (
            "creation_rules:\n- age: >-\n    GOOD,\n    age1\n",
            "4:5 creation_rules[0].age: key 2 of 2: recipient `age1`: ",
        ),
        (
            "creation_rules: [{path_regex: ^b, age: age1bogus}, {age: GOOD, pgp: '85D7 77'}]",
            "1:127 creation_rules[1].pgp: master key pgp 85D777: this is not a fingerprint",
        ),
        (
            "creation_rules: [{key_groups: [{age: [GOOD]}, {pgp: [85D7]}]}]",
            "1:112 creation_rules[0].key_groups[1].pgp[0]: master key pgp 85D7: this is no",
        ),
        (
            "creation_rules: [{key_groups: [{merge: [{age: [age1]}]}]}]",
            "1:48 creation_rules[0].key_groups[0].merge[0].age[0]: recipient `age1`: ",
        ),
        (
            "x: &x age1bogus\ncreation_rules:\n- age: [GOOD, *x]\n",
            "1:7 creation_rules[0].age[1]: recipient `age1bogus`: ",
        ),
        (
            "x: &x {age: [GOOD, age1bogus]}\ncreation_rules:\n- <<: *x\n",
            "1:78 creation_rules[0].<<.age[1]: recipient `age1bogus`: ",
        ),
        (
            "creation_rules: [{azure_keyvault: 'https://v.vault.azure.net/keys/k'}]",
            "1:35 creation_rules[0].azure_keyvault: master key azure_kv https://v.vault.azure.net/keys/k/: it has no version",
        ),
        (
            "creation_rules: [{key_groups: [{azure_keyvault: [{vaultUrl: 'https://v', key: k}]}]}]",
            "1:18 creation_rules[0]: master key azure_kv https://v/keys/k/: it has no version",
        ),
        (
            "creation_rules:\n- age: [GOOD, IDENTITY]\n",
            "2:73 creation_rules[0].age[1]: this is a private key, not a recipient; replace it with its public key",
        ),
        (
            "creation_rules:\n- pgp: 'IDENTITY'\n",
            "2:8 creation_rules[0].pgp: this is a private key, not a recipient; ",
        ),
        (
            "creation_rules:\n- encrypted_regex: x\n",
            "2:3 creation_rules[0]: the rule has no keys; add one",
        ),
        (
            "creation_rules:\n- key_groups: [{age: [GOOD]}, {}]\n",
            "2:3 creation_rules[0]: key_groups[1] has no keys; ",
        ),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let filled = |text: &str| text.replace("GOOD", GOOD).replace("IDENTITY", identity);
        let config = parse(&filled(text)).expect(text);
        let rule = config
            .creation_rule_for(Path::new("a.yaml"))
            .expect("the text matches")
            .expect("there are rules");
        let Err(Error::Config {
            location: Some(at),
            message,
            ..
        }) = config.check_keys(rule)
        else {
            panic!("{text}: {:?}", config.check_keys(rule));
        };
        let complaint = format!("{}:{} {message}", at.line, at.column);
        if !complaint.starts_with(&filled(expected)) || message.contains(&identity[20..40]) {
            wrong.push((text, expected, complaint));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn probable_mistakes_are_warnings() {
    let text = "creation_rules:\n  - path_regex: a\n    age: x\n  - path_regex: a\n    age: y\n  - path_regex: .*\n    age: z\n    key_groups: \
                [{age: [z]}]\n  - path_regex: b\n    age: x\n";
    let config = parse(text).expect("the text is valid");
    let warnings: Vec<_> = config.warnings().iter().map(Warning::to_string).collect();
    assert_eq!(
        warnings,
        [
            "/repo/.sops.yaml: line 4, column 5: this creation rule is never used because an earlier rule has the same `path_regex`",
            "/repo/.sops.yaml: line 6, column 5: this creation rule has `key_groups`, so its other keys are ignored; move them into \
             a group",
            "/repo/.sops.yaml: line 9, column 5: this creation rule is never used because rule 3 matches every path and the first match \
             wins; move it before",
        ]
    );
}

#[test]
fn harmless_unknown_keys_are_warnings() {
    for (text, wanted) in [
        (
            "creation_rules:\n  - age: age1x\n    é: 1\n",
            "line 3, column 5: unknown key `é` in a creation rule, which has no effect; the known keys are: path_regex, ",
        ),
        (
            "creation_rules: [{1: 2}]",
            "line 1, column 19: unknown key `1` in a creation rule, which has no effect; ",
        ),
        (
            "creation_rules:\n- key_groups:\n  - age: [a]\n    kms: [{arn: b, rol: c}]\n",
            "line 4, column 20: unknown key `rol` in an AWS KMS key, which has no effect; did you mean `role`?",
        ),
        (
            "stores: {yaml: {ident: 2}}",
            "line 1, column 17: unknown key `ident` in the settings of the YAML store, which has no effect; did you mean `indent`?",
        ),
        (
            "destination_rules: [{reencryption_rule: a}]",
            "line 1, column 22: unknown key `reencryption_rule` in a destination rule, which has no effect; did you mean `recreation_rule`?",
        ),
        (
            "destination_rule: []",
            "line 1, column 1: unknown key `destination_rule` in the configuration, which has no effect; did you mean `destination_rules`?",
        ),
        (
            "x: &x {note: 1}\ncreation_rules:\n- {<<: *x, age: y}\n- {<<: [*x], age: z, path_regex: b}\n",
            "line 1, column 8: unknown key `note` in a creation rule, which has no effect; ",
        ),
    ] {
        let config = parse(text).expect(text);
        let of_destinations = config.destination_warnings();
        let warnings = config.warnings().iter().chain(&of_destinations);
        let warnings: Vec<_> = warnings.map(Warning::to_string).collect();
        let start = format!("/repo/.sops.yaml: {wanted}");
        assert!(warnings[0].starts_with(&start), "{warnings:#?}");
        assert_eq!(
            warnings
                .iter()
                .filter(|text| text.contains("unknown key"))
                .count(),
            1
        );
    }
    let many: String = (0..100).map(|number| format!("a{number}: 1, ")).collect();
    let config = parse(&format!("stores: {{{many}}}")).expect("the text is valid");
    assert_eq!(config.warnings().len(), 20);
}

#[test]
fn keys_of_a_creation_rule_are_a_warning_elsewhere() {
    let rules = "creation_rules: [{age: y}]";
    for (text, wanted) in [
        (
            "encrypted_regex: ^a$",
            "line 2, column 1: `encrypted_regex` has no effect at the top level; put it into an item of `creation_rules`",
        ),
        (
            "key_groups:\n- age: [x]",
            "line 2, column 1: `key_groups` has no effect at the top level; put it into an item of `creation_rules`",
        ),
        (
            "rules:\n- path_regex: a\n  age: x",
            "line 2, column 1: `rules` has no effect; did you mean `creation_rules`?",
        ),
        (
            "sops:\n  creation_rules: [{age: x}]",
            "line 2, column 1: `creation_rules` has no effect under `sops`; put it at the top level",
        ),
    ] {
        let config = parse(&format!("{rules}\n{text}\n")).expect(text);
        let warnings: Vec<_> = config.warnings().iter().map(Warning::to_string).collect();
        assert_eq!(warnings, [format!("/repo/.sops.yaml: {wanted}")]);
    }
}

#[test]
fn keys_whose_anchors_are_used_are_the_users_own() {
    for text in [
        "age: &a y\ncreation_rules: [{age: *a}]\n",
        "key_groups: &a [{age: [x]}]\ncreation_rules: [{key_groups: *a}]\n",
        "rules:\n- &a {age: x}\ncreation_rules:\n- <<: *a\n",
        "keys:\n- x\nusers: {a: {age: x}}\ncreation_rules: [{age: y}]\n",
    ] {
        let config = parse(text).expect(text);
        assert!(
            config.warnings().is_empty(),
            "{text}: {:?}",
            config.warnings()
        );
    }
}

#[test]
fn destination_rules_are_read_completely_and_do_not_stop_other_commands() {
    let config = parse(
        "destination_rules:\n- {path_regex: '^a/', directory: out, omit_extensions: true, recreation_rule: {age: x}}\n\
         - {path_regex: '[', s3_bucket: b}\n- {s3_bucket: b, s3_prefix: p/, gcs_bucket: g, vault_path: v, vault_kv_version: 1}\n",
    )
    .expect("the text is valid");
    let rule = config
        .destination_rule_for(Path::new("a/b.yaml"))
        .expect("a rule matches");
    let path = PathBuf::from("out");
    assert_eq!(rule.destinations, [Destination::Directory { path }]);
    assert!(rule.omit_extensions && rule.recreation_rule.key_groups[0].len() == 1);
    assert_eq!(config.destination_rules()[2].destinations.len(), 3);
    assert_eq!(config.directory(), Path::new("/repo"));
    let error = config.destination_rule_for(Path::new("/repo/a/b.yaml"));
    let error = error.expect_err("the second one is invalid").to_string();
    assert!(
        error.contains("destination_rules[1].path_regex: "),
        "{error}"
    );
    let config =
        parse("destination_rules: [{path_regex: b, directory: c}]").expect("the text is valid");
    let error = config
        .destination_rule_for(Path::new("a"))
        .expect_err("no rule matches");
    assert!(
        error
            .to_string()
            .contains("no matching destination found in config for `a`")
    );
}

#[test]
fn globs_are_a_warning_and_are_listed_if_no_rule_matches() {
    let config =
        parse("creation_rules: [{path_regex: vars/*.yaml, age: x}]").expect("the text is valid");
    let warning = config.warnings()[0].to_string();
    assert!(
        warning.ends_with(r"must be a regular expression; write `^vars/[^/]*\.yaml$`"),
        "{warning}"
    );
    let error = config.creation_rule_for(Path::new("vars/a.yaml"));
    let error = error.expect_err("no rule matches").to_string();
    let wanted =
        r"path_regex: vars/*.yaml (a regular expression, not a glob; write `^vars/[^/]*\.yaml$`)";
    assert!(error.ends_with(wanted), "{error}");
}

#[test]
fn a_threshold_of_one_for_several_groups_is_reported_with_its_location() {
    let text = "creation_rules:\n- shamir_threshold: 1\n  key_groups:\n  - age: [x]\n  - age: [y]\n- {age: z, shamir_threshold: 1}\n";
    let config = parse(text).expect("the text is valid");
    let rules = config.creation_rules().unwrap_or_default();
    match config.check_threshold(&rules[0]) {
        Err(Error::Config {
            location: Some(at),
            message,
            ..
        }) => {
            assert_eq!((at.line, at.column), (2, 21));
            assert!(
                message.starts_with("creation_rules[0].shamir_threshold: "),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(config.check_threshold(&rules[1]).is_ok());
}

#[test]
fn expressions_for_other_path_spellings_are_a_warning() {
    for (pattern, is_warned) in [
        ("^/secrets/", true),
        (r"^\./secrets/", true),
        ("^./secrets/", true),
        (r"secrets\\.*\.yaml$", true),
        ("^secrets/", false),
        (r"secrets[/\\].*", false),
        ("/secrets/", false),
        ("^.*/secrets/", false),
        (r"\.yaml$", false),
    ] {
        let text = format!("creation_rules: [{{path_regex: '{pattern}', age: x}}]");
        let config = parse(&text).expect("the text is valid");
        assert_eq!(!config.warnings().is_empty(), is_warned, "{pattern}");
    }
}

#[test]
fn unused_rules_can_be_moved_first() {
    let config = |text: &str| parse(text).expect("the text is valid");
    let text = "creation_rules:\n- {path_regex: ^a/, age: x}\n- {age: y}\n- {path_regex: ^b/, age: z}\n- {path_regex: .*, age: z}\n";
    let config_of_text = config(text);
    let reordered = config_of_text
        .with_unused_rules()
        .expect("a name is unused");
    let expression = |config: &Config, path: &str| {
        let rule = config
            .creation_rule_for(Path::new(path))
            .expect("the text is valid");
        rule.and_then(|rule| rule.path_regex.clone())
    };
    for (path, before, after) in [
        ("/repo/a/x", Some("^a/"), Some("^a/")),
        ("/repo/b/x", None, Some("^b/")),
        ("/repo/c/x", None, None),
    ] {
        assert_eq!(expression(&config_of_text, path).as_deref(), before);
        assert_eq!(expression(reordered, path).as_deref(), after);
    }
    for text in [
        "creation_rules:\n- {path_regex: ^a/, age: x}\n- {age: y}\n",
        "creation_rules:\n- {age: x}\n- {age: y}\n",
        "creation_rules: []\n",
        "stores: {}\n",
    ] {
        assert!(config(text).with_unused_rules().is_none(), "{text}");
    }
}

#[test]
fn stores_have_the_values_that_sops_reads() {
    for (text, yaml_indent, json_indent, json_binary_indent) in [
        ("", None, None, None),
        (
            "stores: {yaml: {indent: 2}, json: {indent: 0}, json_binary: {indent: 3}}",
            Some(2),
            Some(0),
            Some(3),
        ),
        (
            "stores: {yaml: {indent: 0}, json: {indent: -1}, dotenv: {}, ini: }",
            None,
            None,
            None,
        ),
    ] {
        let stores = Stores {
            yaml_indent,
            json_indent,
            json_binary_indent,
        };
        assert_eq!(parse(text).expect(text).stores(), stores, "{text}");
    }
}
