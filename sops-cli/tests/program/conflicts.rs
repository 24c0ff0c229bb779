//! Unresolved merge conflicts: every command reports them, in every format.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment};

const FORMATS: [(&str, &str); 4] = [
    ("x.yaml", "a: hunter2\nb: hunter3\n"),
    (
        "x.json",
        "{\n\t\"a\": \"hunter2\",\n\t\"b\": \"hunter3\"\n}\n",
    ),
    ("x.env", "a=hunter2\nb=hunter3\n"),
    ("x.ini", "[s]\na = hunter2\nb = hunter3\n"),
];

/// The text with a conflict about its second line.
fn conflicting(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let line = lines[1];
    lines.splice(
        1..2,
        ["<<<<<<< HEAD", line, "=======", line, ">>>>>>> topic"],
    );
    lines.join("\n") + "\n"
}

#[test]
fn every_command_names_the_conflict_and_its_line() {
    for (name, text) in FORMATS {
        let environment = TestEnvironment::new();
        environment.encrypt(name, text);
        let encrypted = conflicting(&environment.read(name));
        environment.write(name, &encrypted);
        for arguments in [
            &["decrypt", name][..],
            &["edit", name],
            &["set", name, "[\"a\"]", "\"b\""],
            &["unset", name, "[\"a\"]"],
            &["rotate", name],
            &["rotate", "-i", name],
            &["exec-env", name, "true"],
            &["exec-file", name, "true"],
            &["decrypt", "-i", name],
        ] {
            let mut command = environment.command(arguments);
            command.env("EDITOR", "true");
            let run = environment.finish(command);
            assert_ne!(run.code, Some(0), "{run}");
            let message = "the file has an unresolved merge conflict";
            assert!(run.stderr.contains(message), "{arguments:?}: {run}");
            let place = format!("{name}:2:1");
            assert!(run.stderr.contains(&place), "{arguments:?}: {run}");
            let help = format!("`sops-rs resolve {name}`");
            assert!(run.stderr.contains(&help), "{arguments:?}: {run}");
            assert!(!run.stderr.contains("git checkout"), "{arguments:?}: {run}");
            assert_eq!(environment.read(name), encrypted);
        }
        let plaintext = conflicting(text);
        environment.write(name, &plaintext);
        let run = environment.run(&[
            "encrypt",
            "-i",
            "--age",
            &sops_test_support::environment::recipient(),
            name,
        ]);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("unresolved merge conflict"), "{run}");
        assert!(!run.stderr.contains("sops-rs resolve"), "{run}");
        assert!(run.stderr.contains("keep the lines that you want"), "{run}");
        assert!(!run.stderr.contains("hunter"), "{run}");
    }
}

#[test]
fn lint_names_the_conflict() {
    let environment = TestEnvironment::new();
    let encrypted = |name, text| {
        environment.encrypt(name, text);
        conflicting(&environment.read(name))
    };
    for (name, text) in FORMATS {
        let text = encrypted(name, text);
        environment.write(name, text);
    }
    environment.write(
        "config.yaml",
        conflicting("kind: ConfigMap\ndata: {a: b}\n"),
    );
    // In JSON on one line, the markers surround the whole file, whatever its name.
    environment.encrypt("line.json", "{\"a\": \"hunter2\"}\n");
    let line = environment.read("line.json");
    assert_eq!(line.lines().count(), 1, "{line}");
    let marked = format!("<<<<<<< HEAD\n{line}=======\n{line}>>>>>>> topic\n");
    for name in ["line.json", "line.enc", "line.json.orig"] {
        environment.write(name, &marked);
    }
    for command in ["lint", "verify"] {
        let run = environment.run(&[command]);
        assert_eq!(run.code, Some(1), "{run}");
        let count = run.stdout.matches("unresolved merge conflict").count();
        let expected = if command == "lint" { 8 } else { 7 };
        assert_eq!(count, expected, "{run}");
        let said = run.stdout.replace('\n', " ");
        for name in ["x.env", "line.json", "line.enc"] {
            let help = format!("`sops-rs resolve {name}`");
            assert!(said.contains(&help), "{name}: {run}");
        }
        assert!(!said.contains("--ignore-mac"), "{run}");
        assert!(!said.contains("resolve line.json.orig"), "{run}");
    }
}

fn git(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let user = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    environment.finish(environment.command_of(Path::new("git"), &[&user, arguments].concat()))
}

/// A repository in which one branch rotated the file and the other set a value, in the middle of
/// their merge.
fn merging() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let git = |arguments: &[&str]| git(&environment, arguments).succeeds();
    git(&["init", "-q", "-b", "main"]);
    environment.encrypt("x.yaml", "a: hunter2\nb: hunter3\n");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "Add it"]);
    git(&["checkout", "-q", "-b", "set"]);
    environment
        .run(&["set", "x.yaml", "[\"b\"]", "\"new\""])
        .succeeds();
    git(&["commit", "-q", "-a", "-m", "Set it"]);
    git(&["checkout", "-q", "main"]);
    environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
    git(&["commit", "-q", "-a", "-m", "Rotate it"]);
    let run = self::git(&environment, &["merge", "-q", "set"]);
    assert_eq!(run.code, Some(1), "{run}");
    environment
}

#[test]
fn a_merge_with_a_rotated_file_takes_one_side_and_repeats_the_others_changes() {
    let environment = merging();
    for (side, stage, number, plaintext) in [
        ("--ours", ":3:./x.yaml", "\"new\"", "a: hunter2\nb: new\n"),
        (
            "--theirs",
            ":2:./x.yaml",
            "\"hunter3\"",
            "a: hunter2\nb: hunter3\n",
        ),
    ] {
        git(&environment, &["checkout", side, "x.yaml"]).succeeds();
        let other = git(&environment, &["show", stage]).succeeds().stdout;
        let run = environment.run_with_input(&["decrypt", "--filename-override", "x.yaml"], &other);
        assert_eq!(run.succeeds().stdout, plaintext);
        environment
            .run(&["set", "x.yaml", "[\"b\"]", number])
            .succeeds();
        assert_eq!(environment.decrypt("x.yaml"), plaintext);
    }
    git(&environment, &["add", "x.yaml"]).succeeds();
    git(&environment, &["commit", "-q", "-m", "Merge"]).succeeds();
}

#[test]
fn values_of_both_sides_of_a_rotation_are_refused_with_advice() {
    let environment = merging();
    let text = environment.read("x.yaml");
    assert_eq!(
        text.matches("enc: |").count(),
        1,
        "the metadata has a conflict in the MAC only: {text}"
    );
    let is_marker = |line: &str| {
        ["<<<<<<<", "=======", ">>>>>>>"]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    // The first side of each conflict, except one value of the other side.
    let mut side = 0;
    let mut kept = Vec::new();
    for line in text.lines() {
        match is_marker(line) {
            true => side = (side + 1) % 3,
            false if side == 0 || (side == 1) != line.starts_with("b:") => kept.push(line),
            false => {}
        }
    }
    environment.write("x.yaml", kept.join("\n") + "\n");
    let run = environment.run(&["decrypt", "x.yaml"]).fails_with(25);
    assert!(run.stderr.contains("merges both sides again"), "{run}");
}
