//! Fields of a Secret that Kubernetes does not know. If a value would stay in plaintext under them,
//! the file is refused; otherwise there is a warning.

use sops_test_support::environment::{TestEnvironment, recipient};

const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n";
const REGEX: &str = "^(data|stringData)$";

/// Fields with a value that `REGEX` does not select.
const LEAKS: [&str; 9] = [
    "stringDatas:\n  password: correct-horse\n",
    "stringdata:\n  password: correct-horse\n",
    "password: correct-horse\n",
    "spec:\n  password: correct-horse\n",
    "x: &x\n  password: correct-horse\nstringData: *x\n",
    "x: &x\n  password: correct-horse\nstringData:\n  <<: *x\n",
    "immutable: &x correct-horse\nstringData:\n  password: *x\n",
    "stringData:\n  password: &x correct-horse\nimmutable: *x\n",
    "stringData: &x\n  password: correct-horse\nspec:\n  labels: *x\n",
];

/// Fields that Kubernetes refuses, and in which nothing stays in plaintext.
const MISTAKES: [&str; 5] = [
    "stringData:\n  app:\n    password: correct-horse\n",
    "stringData:\n- correct-horse\n",
    "stringData: correct-horse\n",
    "stringData: {a: correct-horse}\nstringDatas: {a: ''}\n",
    "data: {a: correct-horse}\n",
];

fn environment() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let rules = format!(
        "creation_rules:\n- encrypted_regex: {REGEX}\n  age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rules);
    environment
}

#[test]
fn encrypt_refuses_values_that_would_stay_in_plaintext() {
    for fields in LEAKS {
        let environment = environment();
        let text = format!("{HEAD}{fields}");
        environment.write("a.yaml", &text);
        for arguments in [
            &["encrypt", "a.yaml"][..],
            &["encrypt", "-i", "a.yaml"],
            &["encrypt", "-i", "."],
        ] {
            let run = environment.run(arguments);
            assert_ne!(run.code, Some(0), "{fields}: {run}");
            assert!(!run.stderr.contains("correct-horse"), "{run}");
            assert_eq!(environment.read("a.yaml"), text);
        }
        environment
            .run(&["encrypt", "-i", "--allow-plaintext", "a.yaml"])
            .succeeds();
        // Without a rule that excludes the field, none of its values is in plaintext.
        environment.write("a.yaml", &text);
        let all = [
            "encrypt",
            "-i",
            "--config",
            "/dev/null",
            "--age",
            &recipient(),
            "a.yaml",
        ];
        environment.run(&all).succeeds();
        assert!(
            !environment.read("a.yaml").contains("correct-horse"),
            "{fields}"
        );
    }
}

#[test]
fn encrypt_warns_about_fields_that_kubernetes_refuses() {
    for fields in MISTAKES {
        let environment = environment();
        environment.write("a.yaml", format!("{HEAD}{fields}"));
        let run = environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
        assert!(run.stderr.contains("warning: a.yaml: "), "{run}");
        assert!(
            !environment.read("a.yaml").contains("correct-horse"),
            "{fields}"
        );
    }
}

#[test]
fn edit_opens_the_editor_again_and_writes_nothing() {
    let environment = environment();
    let plain = format!("{HEAD}stringData:\n  password: old\n");
    environment.write("a.yaml", plain);
    environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    let encrypted = environment.read("a.yaml");
    let edit = |name: &str, script: &str| {
        let mut command = environment.command(&["edit", name]);
        command.env("EDITOR", environment.editor(script));
        environment.finish(command)
    };
    let add = "grep -q stringDatas \"$1\" || echo 'stringDatas: {a: b-c}' >> \"$1\"";
    let run = edit("a.yaml", add);
    assert_ne!(run.code, Some(0), "{run}");
    let warning = "a Secret has no field `stringDatas`";
    assert!(run.stderr.contains(warning), "{run}");
    assert_eq!(environment.read("a.yaml"), encrypted);
    edit("a.yaml", "sed -i 's/old/new/' \"$1\"").succeeds();

    let encrypted = environment.read("a.yaml");
    let repeat = "sed -i 's/: new$/: \\&x new/' \"$1\"; grep -q immutable \"$1\" || echo 'immutable: *x' >> \"$1\"";
    let run = edit("a.yaml", repeat);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("this alias would repeat"), "{run}");
    assert_eq!(environment.read("a.yaml"), encrypted);

    let script = format!("printf '%s' '{HEAD}stringDatas: {{a: b-c}}' > \"$1\"");
    let run = edit("new.yaml", &script);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(!environment.path("new.yaml").exists());

    // If a value was in plaintext before, other values can still be changed.
    environment.write(
        "b.yaml",
        format!("{HEAD}stringData: {{a: old}}\nstringDatas: {{a: b-c}}\n"),
    );
    environment
        .run(&["encrypt", "-i", "--allow-plaintext", "b.yaml"])
        .succeeds();
    let run = edit("b.yaml", "sed -i 's/old/new/' \"$1\"").succeeds();
    assert!(run.stderr.contains(warning), "{run}");
}

#[test]
fn set_checks_only_the_values_that_it_writes() {
    let environment = environment();
    environment.write(
        "a.yaml",
        format!("{HEAD}stringData:\n  password: old\nstringDatas:\n  a: correct-horse\n"),
    );
    environment
        .run(&["encrypt", "-i", "--allow-plaintext", "a.yaml"])
        .succeeds();
    environment
        .run(&["set", "a.yaml", r#"["stringData"]["password"]"#, "\"new\""])
        .succeeds();
    let before = environment.read("a.yaml");
    for path in [r#"["stringDatas"]["b"]"#, r#"["password"]"#] {
        let run = environment.run(&["set", "a.yaml", path, "\"correct-horse\""]);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("a Secret has no field"), "{run}");
        assert!(!run.stderr.contains("correct-horse"), "{run}");
        assert_eq!(environment.read("a.yaml"), before);
    }
    let run = environment
        .run(&["set", "a.yaml", r#"["stringData"]["b"]"#, "{\"c\": \"d\"}"])
        .succeeds();
    let says = "every value under `stringData` of a Secret must be a string";
    assert!(run.stderr.contains(says), "{run}");
}

#[test]
fn edit_warns_about_values_under_data_that_are_not_base64() {
    let environment = environment();
    environment.write("a.yaml", format!("{HEAD}data:\n  password: b2xk\n"));
    environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    let edit = |script: &str| {
        let mut command = environment.command(&["edit", "a.yaml"]);
        command.env("EDITOR", environment.editor(script));
        environment.finish(command).succeeds()
    };
    let warning = "the value of `data.password` is not base64";
    let run = edit("sed -i 's/b2xk/correct-horse/' \"$1\"");
    let message = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(message.contains(warning), "{run}");
    let run = edit("sed -i 's/correct-horse/bmV3/' \"$1\"");
    assert!(!run.stderr.contains("base64"), "{run}");
}
