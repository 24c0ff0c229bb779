//! The output of `sops-rs diff` for two versions.

use serde_json::Value as Json;
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

/// Compares two encrypted files without Git.
fn compared(old: &str, new: &str, flags: &[&str]) -> Run {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", old);
    environment.encrypt("new.yaml", new);
    compare(&environment, flags)
}

fn compare(environment: &TestEnvironment, flags: &[&str]) -> Run {
    environment.run(&[&["diff", "--no-index"], flags, &["old.yaml", "new.yaml"]].concat())
}

/// The lines about the values of two files with the same data key.
fn lines(old: &str, new: &str, flags: &[&str]) -> Vec<String> {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", old);
    environment.write("new.yaml", environment.read("old.yaml"));
    environment.write("text", new);
    let mut command = environment.command(&["edit", "new.yaml"]);
    command.env("EDITOR", environment.editor("cat text > \"$1\""));
    environment.finish(command).succeeds();
    let run = compare(&environment, flags).succeeds();
    let mut lines = run.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("different: old.yaml and new.yaml"),
        "{run}"
    );
    lines.map(str::to_owned).collect()
}

#[test]
fn values_are_masked_unless_they_are_asked_for() {
    let (old, new) = (
        "a: hunter2\nb: [x, y, z]\nc: 1\n",
        "a: correct-horse\nb: [z, x, y]\nd: null\n",
    );
    let masked = [
        "  ~ a: ***",
        "  - c: ***",
        "  > b[0] (before: b[2])",
        "  + d: null",
    ];
    let mut found = lines(old, new, &[]);
    found.sort();
    let mut expected = masked.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let shown = lines(old, new, &["--show-values"]);
    for line in [
        "  ~ a",
        "      - hunter2",
        "      + correct-horse",
        "  - c: 1",
    ] {
        assert!(shown.iter().any(|found| found == line), "{line}: {shown:?}");
    }
    let names = lines(old, new, &["--names-only"]);
    assert!(
        names.contains(&"  ~ a".to_owned()) && names.contains(&"  - c".to_owned()),
        "{names:?}"
    );
    let all = [masked.join("\n"), found.join("\n"), names.join("\n")].concat();
    assert!(!all.contains("hunter2") && !all.contains("correct-horse"));
}

#[test]
fn values_of_several_lines_are_compared_line_by_line() {
    let text = |middle: &str| format!("a: |\n  one\n  {middle}\n  three\n");
    assert_eq!(
        lines(&text("two"), &text("2"), &["--show-values"]),
        [
            "  ~ a",
            "        one",
            "      - two",
            "      + 2",
            "        three"
        ]
    );
    assert_eq!(
        lines("b: 1\n", "b: 1\na: |\n  one\n  two\n", &["--show-values"]),
        ["  + a:", "      + one", "      + two"]
    );
    let masked = lines(&text("two"), &text("2"), &[]);
    assert_eq!(masked, ["  ~ a: ***"]);
}

#[test]
fn control_characters_and_bytes_are_escaped() {
    assert_eq!(
        lines(
            "a: x\n",
            "a: \"\\e[2Jy\\u202e\"\n\"k\\e[1m\": z\n",
            &["--show-values"]
        ),
        [
            "  ~ a",
            "      - x",
            r"      + \u{1b}[2Jy\u{202e}",
            r"  + k\u{1b}[1m: z",
        ]
    );
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: 1\n");
    for (name, bytes) in [("a.bin", &b"\0\xff"[..]), ("b.bin", b"text\n")] {
        environment.encrypt(name, bytes);
    }
    let run = environment
        .run(&["diff", "--no-index", "--show-values", "a.bin", "b.bin"])
        .succeeds();
    let expected = "  ~ the content\n      - 2 bytes, which are not text\n      + text\\n\n";
    assert!(run.stdout.ends_with(expected), "{run}");
}

#[test]
fn only_differences_are_reported() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: 1\nb: 2\n");
    environment.write("new.yaml", environment.read("old.yaml"));
    let is_same = |flags: &[&str]| {
        let run = compare(&environment, &[flags, &["--exit-code"]].concat());
        run.stdout.is_empty()
    };
    assert!(is_same(&[]));
    // Only the time and the MAC differ.
    let touched = environment.run(&["set", "new.yaml", r#"["a"]"#, "3"]);
    touched.succeeds();
    assert!(!is_same(&[]));
    environment
        .run(&["set", "new.yaml", r#"["a"]"#, "1"])
        .succeeds();
    assert!(is_same(&[]));
    environment.run(&["rotate", "-i", "new.yaml"]).succeeds();
    let run = compare(&environment, &[]).succeeds();
    assert!(run.stdout.ends_with("\n  ~ data key: different\n"), "{run}");
    assert_eq!(
        lines("a: 1\n", "a:   1\n", &[]),
        ["  ~ only comments, order or layout"]
    );
}

#[test]
fn what_is_in_plaintext_in_only_one_file_is_reported() {
    let environment = TestEnvironment::new();
    let text = "data: correct-horse\nmore: x\n";
    environment.encrypt_with("old.yaml", text, &["--encrypted-regex", "^(data|more)$"]);
    environment.encrypt_with("new.yaml", text, &["--encrypted-regex", "^data$"]);
    let run = compare(&environment, &[]).succeeds();
    let expected = "  ~ selection rule: encrypted_regex: ^(data|more)$ -> encrypted_regex: ^data$\n  \
                    ~ data key: different\n  ! more is in plaintext in the second file only\n  ~ more: ***\n";
    assert!(run.stdout.ends_with(expected), "{run}");

    environment.write("new.yaml", text);
    let run = compare(&environment, &[])
        .succeeds()
        .keeps(&["correct-horse"]);
    assert!(
        run.stdout
            .contains("  ! only the second file is in plaintext\n"),
        "{run}"
    );
    assert!(
        !run.stdout.contains("more"),
        "equal values are no difference: {run}"
    );
    environment.write("new.yaml", environment.read("old.yaml"));
    environment.write("old.yaml", text);
    let run = compare(&environment, &[]).succeeds();
    assert!(
        run.stdout
            .contains("  ! only the second file is encrypted\n"),
        "{run}"
    );
}

#[test]
fn values_that_were_never_encrypted_are_shown() {
    let environment = TestEnvironment::new();
    for (file, replicas) in [("old.yaml", 1), ("new.yaml", 2)] {
        let text = format!("replicas: {replicas}\ndata: hunter{replicas}\n");
        environment.encrypt_with(file, text, &["--encrypted-regex", "^data$"]);
    }
    let run = compare(&environment, &[]).succeeds().keeps(&["hunter"]);
    let expected = "  ~ replicas\n      - 1\n      + 2\n  ~ data: ***\n";
    assert!(run.stdout.ends_with(expected), "{run}");
}

#[test]
fn recipients_need_no_key() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: 1\n");
    environment.write("new.yaml", environment.read("old.yaml"));
    let recipients = format!("{},{}", recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {recipients}\n"),
    );
    environment
        .run(&["updatekeys", "-y", "new.yaml"])
        .succeeds();
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    let run = compare(&environment, &["--recipients"]).succeeds();
    let expected = format!(
        "different: old.yaml and new.yaml\n  + recipient {}\n",
        other_recipient()
    );
    assert_eq!(run.stdout, expected);
    let mut command =
        environment.command(&["diff", "--no-index", "--recipients", "new.yaml", "old.yaml"]);
    command.env("HOME", "/nonexistent");
    let run = environment.finish(command).succeeds();
    assert!(
        run.stdout
            .ends_with(&format!("  - recipient {}\n", other_recipient())),
        "{run}"
    );
}

#[test]
fn without_a_key_paths_differ_by_their_ciphertext() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: 1\nb: [x, y]\nc: z\n");
    environment.write("new.yaml", environment.read("old.yaml"));
    environment
        .run(&["set", "new.yaml", r#"["b"][1]"#, "\"w\""])
        .succeeds();
    environment
        .run(&["unset", "new.yaml", r#"["c"]"#])
        .succeeds();
    let keys = environment.home().join(".config/sops/age/keys.txt");
    let moved = environment.home().join("keys.txt");
    std::fs::rename(&keys, &moved).expect("the file can be renamed");
    let run = compare(&environment, &["--names-only"]).succeeds();
    assert_eq!(
        run.stdout,
        "different: old.yaml and new.yaml\n  ~ b[1]\n  - c\n"
    );
    let run = compare(&environment, &["--show-values"]).succeeds();
    let note = "  ! the file was compared without a private key, so secret values are not shown\n";
    assert!(
        run.stdout.contains(note) && run.stdout.ends_with("  ~ b[1]: ***\n  - c: ***\n"),
        "{run}"
    );
    // With another data key, all ciphertexts differ.
    std::fs::rename(&moved, &keys).expect("the file can be renamed");
    environment.run(&["rotate", "-i", "new.yaml"]).succeeds();
    std::fs::rename(&keys, &moved).expect("the file can be renamed");
    let run = compare(&environment, &["--names-only"]).succeeds();
    assert!(
        run.stdout
            .contains("no private key can decrypt both versions"),
        "{run}"
    );
    assert!(!run.stdout.contains("b[1]"), "{run}");
}

#[test]
fn a_file_that_was_changed_by_hand_is_reported() {
    let environment = TestEnvironment::new();
    let rule = ["--encrypted-regex", "^data$"];
    environment.encrypt_with("old.yaml", "data: x\nreplicas: 1\n", &rule);
    let changed = environment
        .read("old.yaml")
        .replace("replicas: 1", "replicas: 2");
    environment.write("new.yaml", changed);
    let run = compare(&environment, &[]).succeeds();
    let expected = "  ! the file was changed without its data key: its MAC does not match\n  \
                    ~ replicas\n      - 1\n      + 2\n";
    assert!(run.stdout.ends_with(expected), "{run}");
}

#[test]
fn json_output_is_for_programs() {
    let run = compared(
        "a: hunter2\nb: 1\n",
        "a: correct-horse\nb: 1\n",
        &["--format", "json"],
    );
    let json: Json = serde_json::from_str(&run.keeps(&["hunter2", "correct-horse"]).stdout)
        .expect("the text is JSON");
    let file = &json["files"][0];
    assert_eq!(
        file["values"],
        serde_json::json!([{"path": ["a"], "change": "changed"}])
    );
    assert_eq!(file["access"]["data_key"], "different");
    let flags = ["--format", "json", "--show-values"];
    let run = compared("a: [hunter2]\n", "a: [correct-horse]\n", &flags).succeeds();
    let json: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let expected = serde_json::json!([
        {"path": ["a", 0], "change": "changed", "old": "hunter2", "new": "correct-horse"}
    ]);
    assert_eq!(json["files"][0]["values"], expected);
}

#[test]
fn comments_and_order_are_reported_in_addition_to_values() {
    let (old, new) = ("# correct-horse\na: 1\nb: 2\n", "# battery\na: 3\nb: 2\n");
    let count = "  ~ comments: 1 removed, 1 added";
    assert_eq!(lines(old, new, &[]), ["  ~ a: ***", count]);
    assert_eq!(lines(old, new, &["--names-only"]), ["  ~ a", count]);
    let shown = lines(old, new, &["--show-values"]);
    let texts = [count, "      - # correct-horse", "      + # battery"];
    assert_eq!(shown[3..], texts);
    assert_eq!(
        lines("a: 1 # x\n", "a: 1 # y\n", &[]),
        ["  ~ only comments, order or layout", count]
    );
    let order = "  ~ order of keys or comments";
    assert_eq!(
        lines("a: 1\nb: 2\nc: 3\n", "b: 2\na: 1\nc: 4\n", &[]),
        ["  ~ c: ***", order]
    );
    assert_eq!(
        lines("# x\na: 1\nb: 2\n", "a: 1\n# x\nb: 3\n", &[]),
        ["  ~ b: ***", order]
    );
    for (flags, comments) in [
        (
            &[][..],
            serde_json::json!([{"change": "removed"}, {"change": "added"}]),
        ),
        (
            &["--show-values"],
            serde_json::json!([
                {"change": "removed", "text": "# correct-horse"},
                {"change": "added", "text": "# battery"},
            ]),
        ),
    ] {
        let run = compared(old, new, &[&["--format", "json"], flags].concat()).succeeds();
        let json: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
        assert_eq!(json["files"][0]["comments"], comments);
        assert_eq!(json["files"][0]["reordered"], false);
        assert_eq!(json["files"][0]["layout_only"], false);
    }
}

/// SOPS encrypts neither null nor an empty string.
#[test]
fn an_empty_value_is_not_in_plaintext() {
    let full = "a: hunter2\nb: x\n";
    for empty in ["null", "\"\""] {
        let text = format!("a: {empty}\nb: x\n");
        assert_eq!(lines(full, &text, &[]), ["  ~ a: ***"]);
        assert_eq!(lines(&text, full, &[]), ["  ~ a: ***"]);
    }
}

#[test]
fn a_value_of_a_file_in_plaintext_is_not_encrypted_now() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: \"\"\nb: hunter2\n");
    environment.write("new.yaml", "a: correct-horse\nb: hunter3\n");
    let run = compare(&environment, &[]).succeeds();
    assert!(
        run.stdout.contains("only the second file is in plaintext"),
        "{run}"
    );
    assert!(!run.stdout.contains("encrypted now"), "{run}");
    let run = compare(&environment, &["--format", "json"]).succeeds();
    let json: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    assert_eq!(json["files"][0]["became"], "plaintext");
    for value in json["files"][0]["values"]
        .as_array()
        .expect("the value is a list")
    {
        assert!(value.get("became").is_none(), "{value}");
    }
}

#[test]
fn values_of_another_type_look_different() {
    for (old, new, expected) in [
        ("1", "\"1\"", ["      - 1", "      + \"1\""]),
        ("true", "\"true\"", ["      - true", "      + \"true\""]),
        ("\"null\"", "null", ["      - \"null\"", "      + null"]),
        ("true", "false", ["      - true", "      + false"]),
        ("1", "1.5", ["      - 1", "      + 1.5"]),
    ] {
        let text = |value: &str| format!("a: {value}\n");
        let shown = lines(&text(old), &text(new), &["--show-values"]);
        assert_eq!(shown[1..], expected, "{old} {new}");
    }
    let flags = ["--format", "json", "--show-values"];
    let run = compared("a: 1\nb: true\n", "a: \"1\"\nb: \"true\"\n", &flags).succeeds();
    let json: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let expected = serde_json::json!([
        {"path": ["a"], "change": "changed", "old": 1, "new": "1"},
        {"path": ["b"], "change": "changed", "old": true, "new": "true"},
    ]);
    assert_eq!(json["files"][0]["values"], expected);
}

#[test]
fn a_file_that_was_changed_by_hand_is_reported_without_a_key() {
    let environment = TestEnvironment::new();
    let rule = ["--encrypted-regex", "^data$"];
    environment.encrypt_with("old.yaml", "data: x\nreplicas: 1\n", &rule);
    let changed = environment
        .read("old.yaml")
        .replace("replicas: 1", "replicas: 2");
    environment.write("new.yaml", changed);
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    let run = compare(&environment, &["--names-only"]).succeeds();
    let problem = "  ! the file was changed without its data key: its values differ, but its MAC is unchanged\n";
    assert!(run.stdout.contains(problem), "{run}");
    assert!(run.stdout.contains("  ~ replicas\n"), "{run}");
}

#[test]
fn recipients_of_a_file_with_conflict_markers_are_not_compared() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: hunter2\n");
    let text = environment.read("old.yaml");
    let line = text.lines().next().expect("the file has lines");
    let conflict = format!("<<<<<<< ours\n{line}\n=======\n{line}\n>>>>>>> theirs\n");
    environment.write(
        "new.yaml",
        text.replacen(&format!("{line}\n"), &conflict, 1),
    );
    for flags in [&[][..], &["--recipients"], &["--names-only"]] {
        for names in [["old.yaml", "new.yaml"], ["new.yaml", "old.yaml"]] {
            let run = environment.run(&[&["diff", "--no-index"], flags, &names].concat());
            let run = run.succeeds();
            assert!(!run.stdout.contains("recipient"), "{run}");
            assert!(
                flags == ["--recipients"] || run.stdout.contains("conflict markers"),
                "{run}"
            );
        }
    }
}

#[test]
fn diff_has_the_exit_codes_of_git_diff() {
    let environment = TestEnvironment::new();
    environment.encrypt("old.yaml", "a: 1\n");
    environment.encrypt("new.yaml", "a: 2\n");
    let code = |words: &[&str]| {
        let run = environment.run(&[&["diff"], words].concat());
        assert!(
            !words.contains(&"--quiet") || run.stdout.is_empty(),
            "{run}"
        );
        run.code
    };
    let two = ["--no-index", "old.yaml", "new.yaml"];
    let same = ["--no-index", "old.yaml", "old.yaml"];
    assert_eq!(code(&two), Some(0));
    assert_eq!(code(&[&["--exit-code"], &two[..]].concat()), Some(1));
    assert_eq!(code(&[&["--quiet"], &two[..]].concat()), Some(1));
    assert_eq!(code(&[&["--exit-code"], &same[..]].concat()), Some(0));
    assert_eq!(
        code(&["--exit-code", "--no-index", "old.yaml", "missing"]),
        Some(2)
    );
    assert_eq!(code(&["--no-index", "old.yaml"]), Some(2));
    // Outside a repository, there is nothing to compare with.
    assert_eq!(code(&["--exit-code"]), Some(2));
}

#[test]
fn recipients_have_names_and_equal_changes_are_joined() {
    let repository = super::GitClone::new();
    let rules = |lines: &str| {
        let rule = format!(
            "creation_rules:\n- age:\n  - {} # ann\n{lines}",
            recipient()
        );
        repository.environment.write(".sops.yaml", rule);
    };
    rules("");
    for name in ["a.yaml", "b.yaml"] {
        repository.environment.write(name, "a: b\n");
        repository
            .environment
            .run(&["encrypt", "-i", name])
            .succeeds();
    }
    repository.commit_all();
    rules(&format!("  - {} # ben\n", other_recipient()));
    repository
        .environment
        .run(&["updatekeys", "-y", "."])
        .succeeds();
    let expected = |mark: char| {
        format!(
            "modified: a.yaml\nmodified: b.yaml\n  {mark} recipient ben (age1an299pul…a64tqx)\n"
        )
    };
    let run = repository
        .environment
        .run(&["diff", "--recipients"])
        .succeeds();
    assert_eq!(run.stdout, expected('+'));
    repository.commit_all();
    // The name is only in the old configuration.
    rules("");
    repository
        .environment
        .run(&["updatekeys", "-y", "."])
        .succeeds();
    let run = repository
        .environment
        .run(&["diff", "--recipients"])
        .succeeds();
    assert_eq!(run.stdout, expected('-'));
}
