//! `encrypt --over`, with which other programs write encrypted files.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

const PLAINTEXT: &str = "# settings\nuser: web\npassword: correct-horse\nports: [80, 81]\n";

fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    environment
}

fn over(environment: &TestEnvironment, name: &str, plaintext: &str) -> Run {
    let run = environment.run_with_input(&["encrypt", "--over", name], plaintext);
    run.keeps(&["correct-horse", "battery-staple"])
}

/// The lines that differ, by number.
fn changed_lines(before: &str, after: &str) -> Vec<usize> {
    assert_eq!(before.lines().count(), after.lines().count(), "{after}");
    let lines = before.lines().zip(after.lines()).enumerate();
    lines
        .filter(|(_, (before, after))| before != after)
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn one_changed_value_changes_the_lines_of_value_mac_and_time() {
    let environment = repository();
    over(&environment, "a.yaml", PLAINTEXT).succeeds();
    let before = environment.read("a.yaml");
    // The metadata has the time in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let changed = PLAINTEXT.replace("correct-horse", "battery-staple");
    over(&environment, "a.yaml", &changed).succeeds();
    let after = environment.read("a.yaml");
    let lines = changed_lines(&before, &after);
    let keys: Vec<&str> = lines
        .iter()
        .map(|number| {
            after
                .lines()
                .nth(*number)
                .expect("the file has the line")
                .trim_start()
        })
        .map(|line| line.split(':').next().unwrap_or_default())
        .collect();
    assert_eq!(keys, ["password", "lastmodified", "mac"], "{after}");
    assert_eq!(environment.decrypt("a.yaml"), changed);
}

#[test]
fn the_same_plaintext_does_not_change_the_file() {
    let environment = repository();
    for (name, text) in [
        ("a.yaml", PLAINTEXT),
        ("a.json", "{\"a\": 1}\n"),
        ("a.env", "A=correct-horse\n"),
        ("a.ini", "[a]\nb = correct-horse\n"),
        ("a.bin", "correct-horse"),
        ("crlf.yaml", "a: correct-horse\r\nb: 1\r\n"),
    ] {
        over(&environment, name, text).succeeds();
        let (before, time) = (environment.bytes(name), modified(&environment, name));
        over(&environment, name, text).succeeds();
        assert_eq!(environment.bytes(name), before, "{name}");
        assert_eq!(modified(&environment, name), time, "{name}");
        let decrypted = environment.run(&["decrypt", name]).succeeds();
        assert_eq!(decrypted.stdout, text, "{name}");
        let changed = text
            .replace('1', "2")
            .replace("correct-horse", "battery-staple");
        over(&environment, name, &changed).succeeds();
        let decrypted = environment.run(&["decrypt", name]).succeeds();
        assert_eq!(decrypted.stdout, changed, "{name}");
    }
}

fn modified(environment: &TestEnvironment, name: &str) -> std::time::SystemTime {
    let metadata = environment.path(name).metadata().expect("the file exists");
    metadata.modified().expect("the time is known")
}

#[test]
fn the_file_keeps_its_recipients_rule_and_options_with_a_warning() {
    let environment = repository();
    let flags = ["--encrypted-regex", "^password$", "--mac-only-encrypted"];
    environment.encrypt_with("a.yaml", PLAINTEXT, &flags);
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- age: {}\n  encrypted_regex: ^password$\n  mac_only_encrypted: true\n",
            other_recipient()
        ),
    );
    let changed = PLAINTEXT.replace("correct-horse", "battery-staple");
    let run = over(&environment, "a.yaml", &changed).succeeds();
    assert!(run.stderr.contains("sops-rs updatekeys a.yaml"), "{run}");
    let after = environment.read("a.yaml");
    assert!(after.contains(&recipient()) && !after.contains(&other_recipient()));
    assert!(after.contains("user: web\n") && after.contains("mac_only_encrypted: true"));
    assert_eq!(environment.decrypt("a.yaml"), changed);
}

#[test]
fn a_value_that_the_creation_rule_encrypts_does_not_stay_in_plaintext() {
    let environment = repository();
    environment.encrypt_with("a.yaml", PLAINTEXT, &["--encrypted-regex", "^password$"]);
    let before = environment.bytes("a.yaml");
    let changed = format!("{PLAINTEXT}token: battery-staple\n");
    let run = over(&environment, "a.yaml", &changed);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(
        run.stderr.contains("`token` would be written in plaintext"),
        "{run}"
    );
    assert_eq!(environment.bytes("a.yaml"), before);
    let allowed = ["encrypt", "--over", "a.yaml", "--allow-plaintext"];
    let run = environment.run_with_input(&allowed, &changed).succeeds();
    assert!(run.stderr.contains("`token`"), "{run}");
}

#[test]
fn a_failed_write_does_not_change_the_file() {
    let environment = repository();
    over(&environment, "a.yaml", PLAINTEXT).succeeds();
    let encrypted = environment.read("a.yaml");
    let value = encrypted
        .lines()
        .find_map(|line| line.strip_prefix("password: "));
    let value = format!(
        "password: {}\n",
        value.expect("the document has an encrypted value")
    );
    for (text, reason) in [
        (&*encrypted, "already encrypted"),
        (&*value, "already encrypted"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a: [correct-horse\n", "standard input:"),
        ("sops: {a: correct-horse}\n", "`sops`"),
    ] {
        let run = over(&environment, "a.yaml", text);
        assert_ne!(run.code, Some(0), "{text}: {run}");
        assert!(run.stderr.contains(reason), "{reason}: {run}");
        assert_eq!(environment.read("a.yaml"), encrypted, "{text}");
    }
    // A changed value must not get a valid MAC.
    let altered = encrypted.replace("lastmodified: \"2", "lastmodified: \"1");
    environment.write("a.yaml", &altered);
    over(&environment, "a.yaml", "user: other\n").fails_with(51);
    assert_eq!(environment.read("a.yaml"), altered);
    // `--over` needs an encrypted file.
    environment.write("plain.yaml", PLAINTEXT);
    let run = over(&environment, "plain.yaml", "user: other\n");
    assert!(run.stderr.contains("encrypt the file first"), "{run}");
    assert_eq!(environment.read("plain.yaml"), PLAINTEXT);
}

/// The output of a program that failed does not replace the values.
#[test]
fn a_text_without_values_does_not_change_the_file() {
    let environment = repository();
    for (name, text, replacements) in [
        (
            "a.yaml",
            PLAINTEXT,
            &[
                "{}\n",
                "---\n",
                "# a\n",
                "null\n",
                "a: {}\n",
                "a: {b: []}\n",
                "a: null\n",
                "--- {}\n",
            ][..],
        ),
        (
            "a.json",
            "{\"a\": \"correct-horse\"}\n",
            &["{}", "{\"a\": {}}", "{\"a\": null}"],
        ),
        ("a.env", "A=correct-horse\n", &["# a\n"]),
        ("a.ini", "[a]\nb = correct-horse\n", &["[a]\n", "; a\n"]),
    ] {
        over(&environment, name, text).succeeds();
        let encrypted = environment.bytes(name);
        for replacement in replacements {
            let run = over(&environment, name, replacement);
            assert_ne!(run.code, Some(0), "{name}: {replacement}: {run}");
            assert_eq!(environment.bytes(name), encrypted, "{name}: {replacement}");
        }
    }
    let run = over(&environment, "a.yaml", "{}\n");
    let message = "standard input has no values, so the file would lose all its values";
    assert!(run.stderr.contains(message), "{run}");
    // Values that are false, zero or empty are values.
    for text in ["a: false\n", "a: 0\n", "a: ''\n"] {
        over(&environment, "a.yaml", text).succeeds();
    }
    // A file without values cannot lose any.
    environment.encrypt_with("b.yaml", "a: null\n", &["--allow-plaintext"]);
    over(&environment, "b.yaml", "a: {}\n").succeeds();
}

#[test]
fn flags_that_an_existing_file_ignores_are_named() {
    let environment = repository();
    over(&environment, "a.yaml", PLAINTEXT).succeeds();
    let (first, second) = (recipient(), other_recipient());
    for (flags, kept) in [
        (&["--age", &*second][..], Some("recipients")),
        (&["--encrypted-regex", "^a$"], Some("selection rule")),
        (
            &["--mac-only-encrypted"],
            Some("`mac_only_encrypted` setting"),
        ),
        (
            &["--shamir-secret-sharing-threshold", "2"],
            Some("key group threshold"),
        ),
        (&["--age", &*first], None),
    ] {
        for text in [PLAINTEXT, "user: other\n"] {
            let words = [&["encrypt", "--over", "a.yaml"], flags].concat();
            let run = environment.run_with_input(&words, text).succeeds();
            let warning = kept.map(|kept| format!("the file exists, so it keeps its {kept}"));
            match warning {
                Some(warning) => assert!(run.stderr.contains(&warning), "{run}"),
                None => assert!(!run.stderr.contains("keeps its"), "{run}"),
            }
        }
        let text = environment.read("a.yaml");
        assert!(text.contains(&first) && !text.contains(&second), "{text}");
    }
    // These flags apply to a new file.
    let words = [
        "encrypt",
        "--over",
        "b.yaml",
        "--encrypted-regex",
        "^password$",
    ];
    let run = environment.run_with_input(&words, PLAINTEXT).succeeds();
    assert!(!run.stderr.contains("keeps its"), "{run}");
    assert!(environment.read("b.yaml").contains("user: web"));
}

#[test]
fn without_a_key_the_file_does_not_change() {
    let environment = repository();
    over(&environment, "a.yaml", PLAINTEXT).succeeds();
    let before = environment.bytes("a.yaml");
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    over(&environment, "a.yaml", "user: other\n").fails_with(128);
    assert_eq!(environment.bytes("a.yaml"), before);
}

#[test]
fn a_missing_file_is_created_by_its_creation_rule() {
    let environment = repository();
    environment.write("plain.json", "{\"password\": \"correct-horse\"}\n");
    let words = [
        "encrypt",
        "--over",
        "a.yaml",
        "--input-type",
        "json",
        "plain.json",
    ];
    let run = environment.run(&words).succeeds();
    assert_eq!(run.stderr, "a.yaml: created\n");
    assert_eq!(environment.decrypt("a.yaml"), "password: correct-horse\n");
    environment.write("plain.json", "{\"password\": \"battery-staple\"}\n");
    environment.run(&words).succeeds();
    assert_eq!(environment.decrypt("a.yaml"), "password: battery-staple\n");
    let encrypted = environment.bytes("a.yaml");
    environment.run(&words).succeeds();
    assert_eq!(environment.bytes("a.yaml"), encrypted);
    for (name, text) in [("b.yaml", ""), ("b.env", "\n"), ("b.bin", "")] {
        let run = over(&environment, name, text);
        assert!(run.stderr.contains("is empty"), "{run}");
        assert!(!environment.path(name).exists());
    }
    environment.write(".sops.yaml", "creation_rules: []\n");
    assert_ne!(over(&environment, "c.yaml", PLAINTEXT).code, Some(0));
    assert!(!environment.path("c.yaml").exists());
}

#[test]
fn a_text_with_the_same_values_in_another_layout_keeps_their_ciphertexts() {
    let environment = repository();
    over(&environment, "a.yaml", PLAINTEXT).succeeds();
    let before = environment.read("a.yaml");
    over(
        &environment,
        "a.yaml",
        &format!("{PLAINTEXT}\n# more\nextra: 1\n"),
    )
    .succeeds();
    let after = environment.read("a.yaml");
    for line in before.lines().take_while(|line| *line != "sops:") {
        assert!(after.contains(line), "{line}: {after}");
    }
    assert!(Path::new(&environment.path("a.yaml")).exists());
}
