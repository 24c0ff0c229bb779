//! Files whose selection rule someone replaced, so that new values would stay in plaintext.

use std::os::unix::process::CommandExt;

use sops_test_support::environment::{Run, TestEnvironment, recipient};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  user: admin\n";

const WARNING: &str = "the file was encrypted with `encrypted_regex: ^user$`, but the creation rule says `encrypted_regex: ^(data|stringData)$`";

/// An encrypted Secret whose rule was narrowed afterwards.
fn narrowed() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  mac_only_encrypted: true\n  age: {}\n",
            recipient()
        ),
    );
    environment.write("t.yaml", SECRET);
    environment.run(&["encrypt", "-i", "t.yaml"]).succeeds();
    narrow(&environment);
    environment
}

fn narrow(environment: &TestEnvironment) {
    let file = environment.read("t.yaml");
    let narrow = file.replace(
        "encrypted_regex: ^(data|stringData)$",
        "encrypted_regex: ^user$",
    );
    assert_ne!(narrow, file);
    environment.write("t.yaml", narrow);
}

fn edit(environment: &TestEnvironment, script: &str, arguments: &[&str]) -> Run {
    let mut command = environment.command(&[&["edit"], arguments, &["t.yaml"]].concat());
    command.env("EDITOR", environment.editor(script));
    environment.finish(command)
}

const ADD: &str = "grep -q hunter2 \"$1\" || echo '  password: hunter2' >> \"$1\"";

#[test]
fn an_edit_does_not_write_what_the_creation_rule_would_encrypt() {
    let environment = narrowed();
    let before = environment.read("t.yaml");
    let run = edit(&environment, ADD, &[]);
    assert_eq!(run.code, Some(200), "{run}");
    for part in [
        "`stringData.password` would be written in plaintext",
        WARNING,
        "SL013 t.yaml",
    ] {
        assert!(run.stderr.contains(part), "{run}");
    }
    assert_eq!(environment.read("t.yaml"), before);
    // These lines have a value of another kind, or a comment.
    for line in ["  password: 1", "  # hunter2", "  user_2: hunter2"] {
        let run = edit(&environment, &format!("echo '{line}' >> \"$1\""), &[]);
        assert_ne!(run.code, Some(0), "{line}: {run}");
        assert_eq!(environment.read("t.yaml"), before);
    }
    // Values that the rule of the file selects are encrypted. Values that neither rule selects may
    // be written.
    edit(&environment, "sed -i 's/admin/ann/' \"$1\"", &[]).succeeds();
    edit(&environment, "sed -i 's/name: a/name: b/' \"$1\"", &[]).succeeds();

    let run = edit(&environment, ADD, &["--allow-plaintext"]).succeeds();
    let says = format!("warning: t.yaml: `stringData.password` is in plaintext: {WARNING}; apply");
    assert!(run.stderr.contains(&says), "{run}");
    assert!(!run.stderr.contains("--allow-plaintext"), "{run}");
    assert!(environment.read("t.yaml").contains("password: hunter2"));
    // The value was in plaintext before, so other changes are not refused because of it.
    edit(&environment, "sed -i 's/ann/bob/' \"$1\"", &[]).succeeds();
    let run = edit(&environment, "sed -i 's/hunter2/hunter3/' \"$1\"", &[]);
    assert_ne!(run.code, Some(0), "{run}");
}

#[test]
fn a_rule_that_encrypts_everything_counts_too() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    environment.write("t.yaml", "user: admin\n");
    environment.run(&["encrypt", "-i", "t.yaml"]).succeeds();
    let file = environment.read("t.yaml");
    let narrow = file.replace(
        "unencrypted_suffix: _unencrypted",
        "unencrypted_suffix: word",
    );
    assert_ne!(narrow, file);
    environment.write("t.yaml", &narrow);
    let run = edit(&environment, "echo 'password: hunter2' >> \"$1\"", &[]);
    assert_eq!(run.code, Some(200), "{run}");
    assert_eq!(environment.read("t.yaml"), narrow);
}

#[test]
fn without_a_creation_rule_the_rule_of_the_file_counts() {
    let environment = narrowed();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: other\n  age: {}\n",
            recipient()
        ),
    );
    edit(&environment, ADD, &[]).succeeds();
    environment
        .run(&["set", "t.yaml", "[\"stringData\"][\"b\"]", "\"hunter3\""])
        .succeeds();
    std::fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    environment
        .run(&["set", "t.yaml", "[\"stringData\"][\"c\"]", "\"hunter3\""])
        .succeeds();
    // The file needs no configuration.
    environment.write(".sops.yaml", "creation_rules: 1\n");
    let run = edit(&environment, "sed -i 's/admin/ann/' \"$1\"", &[]).succeeds();
    assert!(
        run.stderr.contains(
            "cannot compare the selection rule of t.yaml with a creation rule: .sops.yaml:1:17: "
        ),
        "{run}"
    );
}

#[test]
fn set_does_not_write_a_value_in_plaintext() {
    let environment = narrowed();
    let before = environment.read("t.yaml");
    let password = [
        "set",
        "t.yaml",
        "[\"stringData\"][\"password\"]",
        "\"hunter2\"",
    ];
    let run = environment.run(&password);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains(WARNING), "{run}");
    // A line of the plaintext means nothing to the user.
    assert!(run.stderr.contains("--> t.yaml\n"), "{run}");
    assert_eq!(environment.read("t.yaml"), before);
    for (path, value) in [
        ("[\"stringData\"][\"user\"]", "\"ann\""),
        ("[\"metadata\"][\"name\"]", "\"b\""),
    ] {
        environment.run(&["set", "t.yaml", path, value]).succeeds();
    }
    environment
        .run(&["lint", "--fix", "--select", "SL013", "t.yaml"])
        .succeeds();
    environment.run(&password).succeeds();
    assert!(!environment.read("t.yaml").contains("hunter2"));
}

#[test]
fn commands_that_change_keys_warn_about_the_rule() {
    for arguments in [
        &["rotate", "-i", "t.yaml"][..],
        &["rotate", "t.yaml"],
        &["rotate", "-i", "."],
        &["updatekeys", "-y", "t.yaml"],
        &["updatekeys", "-y", "."],
    ] {
        let environment = narrowed();
        let run = environment.run(arguments).succeeds();
        assert_eq!(
            run.stderr.matches(WARNING).count(),
            1,
            "{arguments:?}: {run}"
        );
        environment
            .run(&["lint", "--fix", "--select", "SL013", "t.yaml"])
            .succeeds();
        let run = environment.run(arguments).succeeds();
        assert!(
            !run.stderr.contains("creation rule says"),
            "{arguments:?}: {run}"
        );
    }
}

#[test]
fn under_the_name_sops_no_message_names_a_command_that_sops_lacks() {
    let environment = narrowed();
    let mut command = environment.command(&["edit", "t.yaml"]);
    command.env("EDITOR", environment.editor(ADD)).arg0("sops");
    let run = environment.finish(command).succeeds();
    assert!(run.stderr.contains(WARNING), "{run}");
    assert!(!run.stderr.contains("lint"), "{run}");
}
