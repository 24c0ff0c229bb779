//! Unresolved merge conflicts: every command says what is in the way, in every format.

use test_support::environment::TestEnvironment;

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
            let told = "the file has an unresolved merge conflict";
            assert!(run.stderr.contains(told), "{arguments:?}: {run}");
            let place = format!("{name}:2:1");
            assert!(run.stderr.contains(&place), "{arguments:?}: {run}");
            assert!(run.stderr.contains("--ignore-mac"), "{arguments:?}: {run}");
            assert_eq!(environment.read(name), encrypted);
        }
        let plaintext = conflicting(text);
        environment.write(name, &plaintext);
        let run = environment.run(&[
            "encrypt",
            "-i",
            "--age",
            &test_support::environment::recipient(),
            name,
        ]);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("unresolved merge conflict"), "{run}");
        assert!(!run.stderr.contains("--ignore-mac"), "{run}");
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
    let run = environment.run(&["lint"]);
    assert_eq!(run.code, Some(1), "{run}");
    let count = run.stdout.matches("unresolved merge conflict").count();
    assert_eq!(count, 5, "{run}");
}
