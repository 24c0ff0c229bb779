//! Setting and removing single values.

use sops_test_support::environment::{TestEnvironment, recipient};

const TEXT: &str = "\
# Kept.
password: 'hunter2' # here
list:
  - one
  - two
other: 1.50
";

fn values(encrypted: &str) -> Vec<String> {
    let lines = encrypted
        .lines()
        .take_while(|line| !line.starts_with("sops:"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_value_is_set_and_nothing_else_changes() {
    let environment = TestEnvironment::new();
    let set = |arguments: &[&str], expected: &str| {
        environment.encrypt("x.yaml", TEXT);
        let old = values(&environment.read("x.yaml"));
        environment.run(arguments).succeeds();
        assert_eq!(environment.decrypt("x.yaml"), expected, "{arguments:?}");
        let new = values(&environment.read("x.yaml"));
        let kept = new.iter().filter(|line| old.contains(line)).count();
        assert!(
            kept + 1 >= old.len(),
            "{arguments:?} changes other ciphertexts"
        );
    };
    let changed = TEXT.replace("hunter2", "it is 3");
    for arguments in [
        &["set", "x.yaml", r#"["password"]"#, r#""it is 3""#][..],
        &[
            "set",
            "--idempotent",
            "x.yaml",
            "['password']",
            r#""it is 3""#,
        ],
        &["--set", r#"["password"] "it is 3""#, "x.yaml"],
        &["x.yaml", "--set", r#"["password"] "it is 3""#],
    ] {
        set(arguments, &changed);
    }
    set(
        &["set", "x.yaml", r#"["other"]"#, "-5"],
        &TEXT.replace("1.50", "-5"),
    );
    set(
        &["set", "x.yaml", r#"["list"][1]"#, "true"],
        &TEXT.replace("two", "true"),
    );
    set(
        &["set", "x.yaml", r#"["list"][9]"#, r#""three""#],
        &TEXT.replace("  - two\n", "  - two\n  - three\n"),
    );
    set(
        &["set", "x.yaml", r#"["new"]"#, r#"{"a": [1]}"#],
        &format!("{TEXT}new:\n  a:\n    - 1\n"),
    );
}

#[test]
fn a_path_that_leads_too_deep_is_refused() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    let deep = r#"["a"]"#.repeat(20_000);
    for (path, code) in [(&deep[..], 1), (&deep[..deep.len() - 1], 7)] {
        let run = environment
            .run(&["set", "x.yaml", path, "1"])
            .fails_with(code);
        assert!(run.stderr.len() < 400, "{run}");
        assert_eq!(environment.read("x.yaml"), old);
    }
}

#[test]
fn a_value_can_come_from_a_file_or_standard_input() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write("value", "\"from a file\"\n");
    environment
        .run(&["set", "--value-file", "x.yaml", r#"["password"]"#, "value"])
        .succeeds();
    assert_eq!(
        environment.decrypt("x.yaml"),
        TEXT.replace("hunter2", "from a file")
    );
    environment
        .run_with_input(
            &["set", "x.yaml", r#"["password"]"#, "--value-stdin"],
            "\"from input\"",
        )
        .succeeds();
    assert_eq!(
        environment.decrypt("x.yaml"),
        TEXT.replace("hunter2", "from input")
    );
}

#[test]
fn a_value_is_removed() {
    let environment = TestEnvironment::new();
    for (path, expected) in [
        (r#"["list"][0]"#, TEXT.replace("  - one\n", "")),
        (r#"["list"]"#, TEXT.replace("list:\n  - one\n  - two\n", "")),
        (r#"["other"]"#, TEXT.replace("other: 1.50\n", "")),
    ] {
        environment.encrypt("x.yaml", TEXT);
        environment.run(&["unset", "x.yaml", path]).succeeds();
        assert_eq!(environment.decrypt("x.yaml"), expected, "{path}");
    }
}

#[test]
fn idempotent_changes_do_not_write_the_file() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    environment
        .run(&[
            "set",
            "--idempotent",
            "x.yaml",
            r#"["password"]"#,
            r#""hunter2""#,
        ])
        .succeeds();
    environment
        .run(&["unset", "x.yaml", r#"["none"]"#, "--idempotent"])
        .succeeds();
    assert_eq!(environment.read("x.yaml"), old);
    environment
        .run(&["set", "x.yaml", r#"["password"]"#, r#""hunter2""#])
        .succeeds();
    assert_eq!(
        values(&environment.read("x.yaml")),
        values(&old),
        "not even the ciphertext changes"
    );
}

/// `sops` has no message for this.
#[test]
fn a_value_that_stays_in_plaintext_is_reported() {
    let environment = TestEnvironment::new();
    let text = "kind: Secret\nstringData:\n  password: hunter2\n";
    let flags = ["--encrypted-regex", "^stringData$"];
    environment.encrypt_with("a.yaml", text, &flags);
    for (path, value, is_warned) in [
        (r#"["metadata"]["name"]"#, "\"correct-horse\"", true),
        (r#"["type"]"#, "\"correct-horse\"", true),
        (r#"["stringdata"]"#, "\"\"", false),
        (r#"["stringData"]["other"]"#, "\"correct-horse\"", false),
        (r#"["stringData"]"#, "{\"a\": [\"correct-horse\"]}", false),
    ] {
        let run = environment.run(&["set", "a.yaml", path, value]).succeeds();
        let warning = format!("`{path}` was written in plaintext");
        assert_eq!(run.stderr.contains(&warning), is_warned, "{run}");
        assert!(!run.stderr.contains("correct-horse"), "{run}");
    }
}

#[test]
fn an_empty_value_is_reported_as_empty() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    for input in ["", "\n"] {
        let run = environment
            .run_with_input(&["set", "--value-stdin", "x.yaml", "[\"a\"]"], input)
            .fails_with(7);
        assert!(run.stderr.contains("error: the value is empty\n"), "{run}");
    }
    environment
        .run(&["set", "x.yaml", "[\"a\"]", "\"\""])
        .succeeds();
    assert_eq!(environment.decrypt("x.yaml"), "a: \"\"\n");
}

#[test]
fn aliases_of_a_value_that_is_set_keep_the_old_one_with_a_warning() {
    let environment = TestEnvironment::new();
    let text = "db_pass: &p old\napp1:\n  pass: *p\napp2:\n  pass: *p\n";
    environment.encrypt("x.yaml", text);
    let run = environment
        .run(&["set", "x.yaml", r#"["db_pass"]"#, r#""new""#])
        .succeeds()
        .keeps(&["old\n"]);
    assert!(
        run.stderr.contains(
            r#"warning: x.yaml: only `["db_pass"]` was changed, and aliases still have the old value at `["app1"]["pass"]`, `["app2"]["pass"]`"#
        ),
        "{run}"
    );
    assert_eq!(
        environment.decrypt("x.yaml"),
        "db_pass: &p new\napp1:\n  pass: old\napp2:\n  pass: old\n"
    );
    let run = environment
        .run(&["set", "x.yaml", r#"["db_pass"]"#, r#""newer""#])
        .succeeds();
    assert_eq!(run.stderr, "x.yaml: changed\n");
}

#[test]
fn aliases_of_a_value_that_is_removed_keep_it_with_a_warning() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: &p old\nb: *p\nc: 1\n");
    let run = environment
        .run(&["unset", "x.yaml", r#"["a"]"#])
        .succeeds()
        .keeps(&["old\n"]);
    let warning =
        r#"warning: x.yaml: only `["a"]` was removed, and aliases still have its value at `["b"]`"#;
    assert!(run.stderr.contains(warning), "{run}");
    assert_eq!(environment.decrypt("x.yaml"), "b: old\nc: 1\n");
    for (arguments, expected) in [
        (&["unset", "x.yaml", r#"["b"]"#][..], "x.yaml: changed\n"),
        (
            &["unset", "--idempotent", "x.yaml", r#"["b"]["deeper"]"#],
            "",
        ),
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stderr, expected, "{arguments:?}");
    }
}

#[test]
fn a_raw_value_is_plain_text() {
    let environment = TestEnvironment::new();
    let pem = "-----BEGIN X-----\nabc \"1\" \\n\n-----END X-----\n";
    environment.write("key.pem", pem);
    for (name, plaintext) in [("x.yaml", "a: b\n"), ("x.json", "{\"a\": \"b\"}\n")] {
        for arguments in [
            &["set", "--value-raw", "--value-stdin", name, r#"["k"]"#][..],
            &[
                "set",
                "--value-raw",
                "--value-file",
                name,
                r#"["k"]"#,
                "key.pem",
            ],
            &["set", "--value-raw", name, r#"["k"]"#, pem],
        ] {
            environment.encrypt(name, plaintext);
            environment.run_with_input(arguments, pem).succeeds();
            let extract = ["decrypt", "--extract", r#"["k"]"#, name];
            assert_eq!(environment.run(&extract).succeeds().stdout, pem);
        }
    }
    for (value, shown) in [
        ("", "k: \"\"\n"),
        ("1", "k: \"1\"\n"),
        ("{\"a\": 1}", "k: '{\"a\": 1}'\n"),
    ] {
        environment.encrypt("x.yaml", "a: b\n");
        environment
            .run(&["set", "--value-raw", "x.yaml", r#"["k"]"#, value])
            .succeeds();
        assert_eq!(environment.decrypt("x.yaml"), format!("a: b\n{shown}"));
    }
    let run = environment.run_with_input(&["set", "--value-stdin", "x.yaml", r#"["k"]"#], pem);
    assert!(run.fails_with(7).stderr.contains("`--text`"));
    let latin = "caf\u{e9}"
        .chars()
        .map(|character| character as u8)
        .collect::<Vec<_>>();
    environment.write("latin", latin);
    let run = environment.run(&[
        "set",
        "--value-raw",
        "--value-file",
        "x.yaml",
        r#"["k"]"#,
        "latin",
    ]);
    assert!(run.fails_with(7).stderr.contains("not UTF-8"));
}

#[test]
fn a_value_is_written_as_given() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.json", "{\"u\":\"x\"}\n");
    environment.encrypt("x.yaml", "u: x\n");
    for (name, expected) in [
        ("x.json", "{\"u\":\"User <u@example.com> & co 😀\"}\n"),
        ("x.yaml", "u: User <u@example.com> & co 😀\n"),
    ] {
        let value = r#""User <u@example.com> & co 😀""#;
        environment
            .run(&["set", name, r#"["u"]"#, value])
            .succeeds();
        assert_eq!(environment.decrypt(name), expected);
        environment.run(&["rotate", "-i", name]).succeeds();
        assert_eq!(environment.decrypt(name), expected);
    }
}

#[test]
fn a_key_that_dotenv_cannot_hold_is_named() {
    let environment = TestEnvironment::new();
    for (name, path, message) in [
        (
            "x.env",
            r#"["C=D"]"#,
            "C=D: a dotenv key ends at the first `=`, so it cannot contain one",
        ),
        (
            "x.env",
            "[\"C\nD\"]",
            "a dotenv key cannot contain a line break",
        ),
        (
            "x.env",
            r##"["#C"]"##,
            "#C: a dotenv line that begins with `#` is a comment",
        ),
        (
            "x.ini",
            "[\"DEFAULT\"][\"C\nD\"]",
            "an INI key cannot contain a line break",
        ),
    ] {
        environment.encrypt(name, "A=1\n");
        let old = environment.read(name);
        let run = environment
            .run(&["set", name, path, r#""hunter2""#])
            .fails_with(4);
        assert!(run.stderr.contains(message), "{run}");
        run.keeps(&["hunter2"]);
        assert_eq!(environment.read(name), old);
    }
}

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
data:
  user: YWRtaW4= # admin
stringData:
  password: old
";

/// A Secret that is encrypted by the rule for manifests.
fn with_secret() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let flags = ["--encrypted-regex", "^(data|stringData)$"];
    environment.encrypt_with("secret.yaml", SECRET, &flags);
    environment
}

/// Runs `set` on the Secret and returns the line with `key` afterwards.
fn set_in_secret(arguments: &[&str], input: &str, key: &str) -> String {
    let environment = with_secret();
    let arguments = [&["set", "secret.yaml"], arguments].concat();
    let run = environment.run_with_input(&arguments, input).succeeds();
    assert_eq!(run.stdout, "");
    let text = environment.decrypt("secret.yaml");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.trim_start().strip_prefix(&format!("{key}: ")));
    line.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn the_values_of_a_secret_are_not_replaced_by_mistake() {
    let environment = with_secret();
    let before = environment.read("secret.yaml");
    for arguments in [
        &["data", "--text", "hello"][..],
        &["stringData", r#""hello""#],
        &["data", "--generate", "12"],
    ] {
        let run = environment.run(&[&["set", "secret.yaml"], arguments].concat());
        let run = run.fails_with(1);
        assert!(run.stderr.contains(".KEY`"), "{run}");
    }
    assert_eq!(environment.read("secret.yaml"), before);
    let run = environment.run(&["set", "secret.yaml", "data", "{}"]);
    let said = run.succeeds().stderr;
    assert!(
        said.contains("data replaced a mapping of 1 value"),
        "{said}"
    );
}

#[test]
fn the_same_value_leaves_the_file_as_it_is() {
    let environment = with_secret();
    let before = environment.read("secret.yaml");
    let set = ["set", "secret.yaml", "stringData.password", "--text", "old"];
    environment.run(&set).succeeds();
    assert_eq!(environment.read("secret.yaml"), before);
}

#[test]
fn an_empty_file_is_not_a_value() {
    let environment = with_secret();
    environment.write("empty.txt", "");
    let set = ["set", "secret.yaml", "stringData.password"];
    let run = environment.run(&[&set[..], &["--from-file", "empty.txt"]].concat());
    let run = run.fails_with(100);
    assert!(run.stderr.contains("empty.txt is empty"), "{run}");
    let create = [
        "secret",
        "create",
        "generic",
        "p",
        "--from-file",
        "empty.txt",
    ];
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    let run = environment.run(&create).fails_with(1);
    assert!(
        run.stderr.contains("every value of the Secret is empty"),
        "{run}"
    );
    // Empty literals are intended. They fail only if the rule encrypts nothing else.
    let literal = ["secret", "create", "generic", "p", "--from-literal", "a="];
    environment.run(&literal).succeeds();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- age: {}\n  encrypted_regex: ^data$\n",
            recipient()
        ),
    );
    let literal = ["secret", "create", "generic", "q", "--from-literal", "a="];
    let run = environment.run(&literal);
    assert_eq!(
        run.code != Some(0),
        run.stderr.contains("every value of the Secret is empty"),
        "{run}"
    );
}

#[test]
fn only_a_mapping_replaces_all_values_of_a_secret() {
    let environment = with_secret();
    let before = environment.read("secret.yaml");
    for value in ["[]", "[\"a\"]", "null", "\"a\""] {
        let run = environment.run(&["set", "secret.yaml", "stringData", value]);
        assert_ne!(run.code, Some(0), "{value}");
        assert!(run.stderr.contains("is a mapping of values"), "{run}");
    }
    assert_eq!(environment.read("secret.yaml"), before);
    let set = ["set", "secret.yaml", "stringData", "{\"a\": \"b\"}"];
    environment.run(&set).succeeds();
}

#[test]
fn plaintext_does_not_replace_another_encrypted_file() {
    let environment = with_secret();
    environment.encrypt("other.yaml", "a: b\n");
    let before = environment.read("other.yaml");
    let decrypt = ["decrypt", "--output", "other.yaml", "secret.yaml"];
    let run = environment.run(&decrypt).fails_with(3);
    assert!(run.stderr.contains("another encrypted file"), "{run}");
    assert_eq!(environment.read("other.yaml"), before);
    // A large file counts too.
    environment.encrypt("large.yaml", format!("a: {}\n", "x".repeat(4 << 20)));
    let decrypt = ["decrypt", "--output", "large.yaml", "secret.yaml"];
    let run = environment.run(&decrypt).fails_with(3);
    assert!(run.stderr.contains("another encrypted file"), "{run}");
    environment.write("plain.yaml", "old: plaintext\n");
    let decrypt = ["decrypt", "--output", "plain.yaml", "secret.yaml"];
    environment.run(&decrypt).succeeds();
}

#[test]
fn the_line_break_of_a_file_with_one_line_is_noted() {
    let environment = with_secret();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    let texts = ["one line\n", "no end", "two\nlines\n"];
    for (index, (text, is_noted)) in texts.into_iter().zip([true, false, false]).enumerate() {
        environment.write("value.txt", text);
        let arguments = ["stringData.password", "--from-file", "value.txt"];
        let set = environment.run(&[&["set", "secret.yaml"], &arguments[..]].concat());
        let set = set.succeeds().keeps(&[text.trim_end()]);
        assert_eq!(
            set.stderr.contains("ends with a line break"),
            is_noted,
            "{set}"
        );
        let create = environment.run(&[
            "secret",
            "create",
            "generic",
            "api",
            "--from-file",
            "password=value.txt",
            "--output",
            &format!("api{index}.yaml"),
        ]);
        let create = create.succeeds();
        assert_eq!(
            create.stderr.contains("ends with a line break"),
            is_noted,
            "{create}"
        );
    }
}

#[test]
fn text_from_standard_input_needs_no_flag() {
    let random = "q7yN1Vb0c2m5/zKq+o8P0m1dWq3E2xRt";
    for arguments in [
        &["stringData.password"][..],
        &[".stringData.password"],
        &[".stringData[\"password\"]"],
        &["[\"stringData\"][\"password\"]"],
        &["stringData.password", "-"],
        &["--text", "--value-stdin", "stringData.password"],
        &["stringData.password", "--from-file", "-", "--text"],
    ] {
        // Only files keep the line break after a single line.
        let end = if arguments.contains(&"--from-file") {
            ""
        } else {
            "\n"
        };
        let value = set_in_secret(arguments, &format!("{random}{end}"), "password");
        assert_eq!(value, random, "{arguments:?}");
    }
    let environment = with_secret();
    let pem = "-----BEGIN X-----\nabc\n-----END X-----\n";
    environment
        .run_with_input(&["set", "secret.yaml", "stringData[\"tls.key\"]"], pem)
        .succeeds();
    let extract = [
        "decrypt",
        "--extract",
        "stringData['tls.key']",
        "secret.yaml",
    ];
    assert_eq!(environment.run(&extract).succeeds().stdout, pem);
}

#[test]
fn text_on_the_command_line_needs_a_flag() {
    for (arguments, expected) in [
        (
            &["--text", "stringData.password", "a \"b\" 1"][..],
            "a \"b\" 1",
        ),
        (&["--text", "stringData.password", "1"], "\"1\""),
        (&["stringData.password", "\"json\""], "json"),
    ] {
        assert_eq!(set_in_secret(arguments, "", "password"), expected);
    }
    let environment = with_secret();
    let run = environment.run(&["set", "secret.yaml", "stringData.password", "text"]);
    assert!(run.fails_with(7).stderr.contains("`--text`"));
}

#[test]
fn several_values_are_set_at_once() {
    let environment = with_secret();
    environment
        .run(&[
            "set",
            "secret.yaml",
            "--text",
            "stringData.password",
            "one",
            "stringData.user",
            "two",
        ])
        .succeeds();
    let expected = SECRET.replace("password: old\n", "password: one\n  user: two\n");
    assert_eq!(environment.decrypt("secret.yaml"), expected);
    environment.write("a", "from a");
    environment.write("b", [0xff, 0x00]);
    environment
        .run(&[
            "set",
            "secret.yaml",
            "--encode",
            "data.a",
            "data[\"b.bin\"]",
            "--from-file",
            "a",
            "--from-file",
            "b",
        ])
        .succeeds();
    let data = "admin\n  a: ZnJvbSBh\n  b.bin: /wA=\n";
    let expected = expected.replace("admin\n", data);
    assert_eq!(environment.decrypt("secret.yaml"), expected);
    let old = environment.read("secret.yaml");
    for arguments in [
        &["a", "1", "b"][..],
        &["a", "b", "--from-file", "a"],
        &["--generate", "32"],
        &[],
    ] {
        let arguments = [&["set", "secret.yaml"], arguments].concat();
        environment.run(&arguments).fails_with(100);
        assert_eq!(environment.read("secret.yaml"), old);
    }
}

#[test]
fn random_values_are_generated() {
    let environment = with_secret();
    environment
        .run(&[
            "set",
            "secret.yaml",
            "--generate",
            "40:hex",
            "stringData.password",
            "data.token",
        ])
        .succeeds();
    let text = environment.decrypt("secret.yaml");
    let line = |key: &str| {
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let is_hex = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hex(&line("password")), "{text}");
    // Under `data`, random text is always encoded.
    assert!(
        line("token").len() == 56 && !line("token").contains(&line("password")),
        "{text}"
    );
    let run = environment.run(&["set", "secret.yaml", "--generate", "4", "stringData.pin"]);
    assert!(run.succeeds().stderr.contains("23 bits"));
    for wrong in ["0", "x", "32:none"] {
        let run = environment.run(&["set", "secret.yaml", "--generate", wrong, "stringData.pin"]);
        run.fails_with(1);
    }
}

#[test]
fn values_under_data_are_base64() {
    assert_eq!(
        set_in_secret(&["--encode", "--text", "data.user", "root"], "", "user"),
        "cm9vdA== # admin"
    );
    assert_eq!(
        set_in_secret(&["--encode", "data.user"], "root\n", "user"),
        "cm9vdA== # admin"
    );
    // Base64 in JSON stays as it is.
    assert_eq!(
        set_in_secret(&["data.user", "\"cm9vdA==\""], "", "user"),
        "cm9vdA== # admin"
    );
    let environment = with_secret();
    let old = environment.read("secret.yaml");
    for (arguments, message) in [
        (&["data.user", "\"root!\""][..], "add `--text`"),
        (&["data", "{\"user\": \"root!\"}"], "add `--text`"),
        (&["data.user", "1234"], "add `--text`"),
        (&["stringData.user", "true"], "add `--text`"),
        (&["--text", "data.us er", "x"], "not a valid key"),
        (
            &["--text", "data.tls.key", "cm9vdA=="],
            "`data[\"tls.key\"]`",
        ),
    ] {
        let arguments = [&["set", "secret.yaml"], arguments].concat();
        let run = environment.run(&arguments).keeps(&["root!"]);
        assert!(run.code != Some(0) && run.stderr.contains(message), "{run}");
        assert_eq!(environment.read("secret.yaml"), old);
    }
    for (arguments, warning) in [
        (&["--encode", "data.user"][..], "already base64"),
        (&["data.user"], "already base64"),
    ] {
        let arguments = [&["set", "secret.yaml"], arguments].concat();
        let run = environment.run_with_input(&arguments, "aHVudGVyMg==\n");
        let run = run.succeeds().keeps(&["aHVudGVyMg", "hunter2"]);
        assert!(run.stderr.contains(warning), "{run}");
    }
}

#[test]
fn text_under_data_is_encoded_whatever_its_source() {
    for (arguments, input, expected) in [
        (&["data.user"][..], "root!\n", "cm9vdCE="),
        (&["data.user", "-"], "root!\n", "cm9vdCE="),
        (&["--text", "data.user", "root!"], "", "cm9vdCE="),
        (&["--value-raw", "data.user", "root!"], "", "cm9vdCE="),
        // The line break at the end of a file is part of the value, as in `kubectl`.
        (&["data.user", "--from-file", "-"], "root!\n", "cm9vdCEK"),
    ] {
        let value = set_in_secret(arguments, input, "user");
        assert_eq!(value, format!("{expected} # admin"), "{arguments:?}");
    }
}

#[test]
fn a_key_in_both_fields_of_a_secret_is_a_warning() {
    for (path, other, used) in [
        ("stringData.user", "`data.user`", "uses the new value"),
        (
            "data.password",
            "`stringData.password`",
            "uses it instead of the new value",
        ),
    ] {
        let environment = with_secret();
        let run = environment.run_with_input(&["set", "secret.yaml", path], "hunter2\n");
        let run = run.succeeds().keeps(&["hunter2"]);
        assert!(
            run.stderr.contains(other) && run.stderr.contains(used),
            "{run}"
        );
    }
    let environment = with_secret();
    let run = environment.run_with_input(&["set", "secret.yaml", "data.user"], "root");
    assert_eq!(run.succeeds().stderr, "secret.yaml: changed\n");
}

#[test]
fn the_help_of_a_wrong_command_line_names_what_was_typed() {
    let environment = with_secret();
    environment.write("plain.txt", "x");
    for (arguments, input, code, message) in [
        (
            &["data.user", "secret.yaml"][..],
            "x",
            2,
            "`sops-rs set secret.yaml PATH`",
        ),
        (
            &["secret.yaml"],
            "",
            100,
            "`sops-rs set secret.yaml data.password`",
        ),
        (
            &["secret.yaml", "data.user"],
            "",
            100,
            "standard input is empty",
        ),
        (
            &["missing.yaml", "data.user"],
            "x",
            2,
            "cannot read missing.yaml",
        ),
        (
            &["secret.yaml", "data.user", "--from-file", "secret.yaml"],
            "",
            203,
            "is encrypted",
        ),
    ] {
        let arguments = [&["set"], arguments].concat();
        let run = environment
            .run_with_input(&arguments, input)
            .fails_with(code);
        assert!(run.stderr.contains(message), "{run}");
    }
    let run = environment.run(&["propose", "secret.yaml"]).fails_with(100);
    assert!(
        run.stderr
            .contains("`sops-rs propose secret.yaml data.password`"),
        "{run}"
    );
}
