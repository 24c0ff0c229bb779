//! Changing the recipients in `.sops.yaml`.

use std::fs;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

/// The recipient that is added, and not in the files.
const NEW: &str = "age19q5t26z7p4m36yzaseu2nc90t02g84g6hkkvr6kqwy7q064zd9fscea9nj";

/// Configurations in many forms. `ANN` and `BOB` stand for recipients.
fn configurations() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops_yaml");
    let entries = fs::read_dir(directory).expect("the directory exists");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("the directory is readable").path();
            let name = path
                .file_stem()
                .expect("the path has a file name")
                .to_string_lossy();
            let text = fs::read_to_string(&path).expect("the text is UTF-8");
            let text = text
                .replace("ANN", &recipient())
                .replace("BOB", &other_recipient());
            (name.into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

/// The text with short names for recipients and visible line endings.
fn readable(text: &str) -> String {
    text.replace(&recipient(), "ANN")
        .replace(&other_recipient(), "BOB")
        .replace(NEW, "NEW")
        .replace('\r', "␍")
        .replace('\u{feff}', "<BOM>")
}

#[test]
fn only_the_lines_of_recipients_change() {
    let configurations = configurations();
    assert!(configurations.len() >= 30);
    let mut report = String::new();
    for (name, text) in &configurations {
        let environment = TestEnvironment::new();
        environment.write(".sops.yaml", text);
        let run = environment.run(&["recipients", "add", NEW, "--name", "new"]);
        let run = run.succeeds();
        let added = environment.read(".sops.yaml");
        report += &format!("━━━ {name}\n{}", readable(&run.stdout));
        // Every line stays, or continues with the new recipient.
        let before = text.lines().filter(|line| !readable(line).contains("ANN"));
        let before =
            before.filter(|line| !readable(line).contains("BOB") && !line.trim().is_empty());
        for line in before {
            assert!(
                added.lines().any(|kept| kept == line),
                "{name}: {line}\n{added}"
            );
        }
        environment.run(&["recipients", "remove", NEW]).succeeds();
        let restored = environment.read(".sops.yaml");
        // A single recipient becomes a list, in which each has a line for its name.
        if !name.starts_with("one-") {
            assert_eq!(readable(&restored), readable(text), "{name}");
        }
        environment.write(".sops.yaml", text);
        let run = environment.run(&["recipients", "remove", &other_recipient()]);
        report += &readable(&run.stdout);
        let removed = environment.read(".sops.yaml");
        match run.code {
            Some(0) => {
                let rules = removed.split("creation_rules").nth(1).unwrap_or(&removed);
                let is_definition = name.starts_with("anchored-keys");
                assert!(
                    is_definition || !rules.contains(&other_recipient()),
                    "{name}:\n{removed}"
                );
            }
            _ => {
                report += &format!("{}\n", readable(&run.stderr));
                assert_eq!(removed, *text, "{name}");
            }
        }
    }
    insta::assert_snapshot!(report);
}

#[test]
fn names_are_the_comments_of_lines() {
    let environment = TestEnvironment::new();
    let (ann, bob) = (recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!(
            "keys:\n  - &bob {bob} # Bob in the keys\ncreation_rules:\n  - path_regex: ^apps/\n    age:\n      - {ann} # Ann \u{202e}x\n      - *bob\n  - age: {ann},{bob} # the team\n"
        ),
    );
    let run = environment.run(&["recipients", "list"]).succeeds();
    assert_eq!(
        run.stdout,
        format!(
            ".sops.yaml\n  rule 1 (^apps/)\n    {ann}  Ann \\u{{202e}}x\n    {bob}  Bob in the keys\n  rule 2 (every file)\n    {ann}\n    {bob}\n"
        )
    );
    let run = environment
        .run(&["recipients", "list", "--for", "x.yaml"])
        .succeeds();
    assert!(!run.stdout.contains("rule 1"), "{run}");
}

#[test]
fn a_teammate_is_added_and_removed() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n  - age:\n      - {} # ann\n", recipient());
    environment.write(".sops.yaml", &rule);
    environment.write("a.yaml", "a: hunter2\n");
    environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    let run = environment.run(&["recipients", "add", NEW, "--name", "new", "--dry-run"]);
    assert!(
        run.succeeds()
            .stdout
            .contains(&format!("+      - {NEW} # new\n"))
    );
    assert_eq!(environment.read(".sops.yaml"), rule);
    let add = ["recipients", "add", NEW, "--name", "new", "--update"];
    let run = environment.run(&add).succeeds();
    assert!(
        run.stderr.contains("Added new (age19q5t26z7…cea9nj)"),
        "{run}"
    );
    assert_eq!(
        environment.read(".sops.yaml"),
        format!("{rule}      - {NEW} # new\n")
    );
    let encrypted = environment.read("a.yaml");
    assert!(encrypted.contains(NEW), "{encrypted}");
    let run = environment.run(&add).succeeds();
    assert!(run.stderr.contains("already names"), "{run}");
    let run = environment.run(&["recipients", "remove", "new", "--rotate"]);
    let run = run.succeeds();
    // The configuration no longer has the name.
    assert!(
        run.stdout.contains("    --- new (age19q5t26z7…cea9nj)\n"),
        "{run}"
    );
    assert_eq!(environment.read(".sops.yaml"), rule);
    let rotated = environment.read("a.yaml");
    assert!(!rotated.contains(NEW), "{rotated}");
    let value = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    assert_ne!(value(&rotated), value(&encrypted), "{run}");
    assert!(run.stderr.contains("at its source"), "{run}");
    let run = environment.run(&["recipients", "remove", "new"]);
    assert!(run.fails_with(1).stderr.contains("no rule names `new`"));
}

#[test]
fn the_last_recipient_and_private_keys_are_refused() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n  - age:\n      - {} # ann\n", recipient());
    environment.write(".sops.yaml", &rule);
    for (arguments, message) in [
        (&["remove", "ann"][..], "no recipients left"),
        (&["add", "age1invalid"], "age1invalid"),
        (&["add", NEW, "--name", "a\nb"], "control characters"),
        (&["remove", "carol"], "no rule names"),
    ] {
        let run = environment.run(&[&["recipients"], arguments].concat());
        assert!(run.code == Some(1) && run.stderr.contains(message), "{run}");
        assert_eq!(environment.read(".sops.yaml"), rule);
    }
    let private = sops_test_support::environment::identity();
    let run = environment.run(&["recipients", "add", &private]);
    assert!(run.keeps(&[&private]).code == Some(1));
}

#[test]
fn one_rule_is_changed_on_its_own() {
    let environment = TestEnvironment::new();
    let ann = recipient();
    let rules = format!(
        "creation_rules:\n  - path_regex: ^a\n    age:\n      - {ann}\n  - path_regex: ^b\n    age:\n      - {ann}\n"
    );
    environment.write(".sops.yaml", &rules);
    environment
        .run(&["recipients", "add", NEW, "--for", "b.yaml"])
        .succeeds();
    assert_eq!(
        environment.read(".sops.yaml"),
        format!("{rules}      - {NEW}\n")
    );
    let shared = format!(
        "creation_rules:\n  - path_regex: ^a\n    age: &team\n      - {ann}\n  - path_regex: ^b\n    age: *team\n"
    );
    environment.write(".sops.yaml", &shared);
    let run = environment.run(&["recipients", "add", NEW, "--for", "b.yaml"]);
    assert!(
        run.fails_with(1)
            .stderr
            .contains("uses the same list of recipients")
    );
    assert_eq!(environment.read(".sops.yaml"), shared);
    let groups = format!(
        "creation_rules:\n  - key_groups:\n      - age:\n          - {ann}\n      - age:\n          - {}\n",
        other_recipient()
    );
    environment.write(".sops.yaml", &groups);
    let run = environment.run(&["recipients", "add", NEW]);
    assert!(run.fails_with(8).stderr.contains("`--group`"));
    environment
        .run(&["recipients", "add", NEW, "--group", "2"])
        .succeeds();
    assert_eq!(
        environment.read(".sops.yaml"),
        format!("{groups}          - {NEW}\n")
    );
}

#[test]
fn a_recipient_is_removed_by_the_form_that_messages_show() {
    let environment = TestEnvironment::new();
    let rule = format!(
        "creation_rules:\n  - age:\n      - {}\n      - {NEW}\n",
        recipient()
    );
    environment.write(".sops.yaml", &rule);
    let run = environment
        .run(&["recipients", "remove", "age19q5"])
        .fails_with(1);
    assert!(
        run.stderr.contains("at least the first 8 characters"),
        "{run}"
    );
    for form in ["age19q5t26z7…cea9nj", "age19q5t"] {
        environment.write(".sops.yaml", &rule);
        environment.run(&["recipients", "remove", form]).succeeds();
        assert!(!environment.read(".sops.yaml").contains(NEW), "{form}");
    }
    // Running it again updates the files, which may still have the recipient.
    environment.encrypt_with(
        "a.yaml",
        "a: 1\n",
        &["--age", &format!("{},{NEW}", recipient())],
    );
    let run = environment.run(&["recipients", "remove", "--update", NEW]);
    assert!(
        run.succeeds().stderr.contains("does not name"),
        "it is idempotent"
    );
    assert!(!environment.read("a.yaml").contains(NEW));
    environment
        .run(&["recipients", "remove", NEW])
        .fails_with(1);
}

#[test]
fn a_recipient_gets_a_name_or_another_one() {
    let environment = TestEnvironment::new();
    let (ann, bob) = (recipient(), other_recipient());
    for (before, after) in [
        (
            format!("  - age: {ann}\n"),
            Some(format!("  - age: {ann} # ann\n")),
        ),
        (
            format!("  - age:\n      - {ann}  # old\n      - {bob}\n"),
            Some(format!("  - age:\n      - {ann}  # ann\n      - {bob}\n")),
        ),
        (
            format!("  - path_regex: x\n    age: [{bob}, {ann}]\n  - age: &a\n      - {ann}\n"),
            Some(format!(
                "  - path_regex: x\n    age: [{bob}, {ann}]\n  - age: &a\n      - {ann} # ann\n"
            )),
        ),
        (format!("  - age: {ann},{bob} # the team\n"), None),
    ] {
        let head = "creation_rules:\n";
        environment.write(".sops.yaml", format!("{head}{before}"));
        let run = environment
            .run(&["recipients", "add", "--name", "ann", &ann])
            .succeeds();
        let is_changed = run.stderr.contains("Changed the name of ann (age1");
        assert_eq!(is_changed, after.is_some(), "{run}");
        let expected = format!("{head}{}", after.unwrap_or(before));
        assert_eq!(environment.read(".sops.yaml"), expected);
    }
}

#[test]
fn nothing_changes_for_someone_who_cannot_update_the_files() {
    let environment = TestEnvironment::without_key();
    let rule = format!("creation_rules:\n  - age:\n      - {} # ann\n", recipient());
    environment.write(".sops.yaml", &rule);
    environment.write("a.yaml", "a: 1\n");
    environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    for (arguments, next) in [
        (
            &["add", "--update", "--name", "new", NEW][..],
            format!("run `sops-rs recipients add --update --name new {NEW}`"),
        ),
        (
            &["remove", "--rotate", "ann"],
            format!(
                "run `sops-rs recipients remove --update --rotate {}`",
                recipient()
            ),
        ),
    ] {
        let run = environment
            .run(&[&["recipients"], arguments].concat())
            .fails_with(128);
        let message = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(message.contains(&next), "{run}");
        assert_eq!(environment.read(".sops.yaml"), rule);
    }
    environment.run(&["recipients", "add", NEW]).succeeds();
}

#[test]
fn a_recipient_that_no_rule_gets_is_an_error() {
    let environment = TestEnvironment::new();
    for (rules, says) in [
        (
            "- pgp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4",
            "no creation rule has age recipients",
        ),
        ("  []", "the configuration has no creation rules"),
    ] {
        let text = format!("creation_rules:\n{rules}\n");
        environment.write(".sops.yaml", &text);
        let run = environment.run(&["recipients", "add", NEW]).fails_with(1);
        assert!(run.stderr.contains(says), "{run}");
        assert_eq!(environment.read(".sops.yaml"), text);
    }
}
