//! A directory whose `.sops.yaml` is nearer to a file than that of the working directory, and files
//! that no creation rule covers.

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

use crate::as_sops::as_sops;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  a: b\n";

const WARNING: &str = "production/.sops.yaml is nearer to production/db.yaml, but sops-rs uses .sops.yaml for a file on the command line";

/// A root configuration for the user, and one in `production` for the other recipient too.
fn nested() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let (own, other) = (recipient(), other_recipient());
    environment.write(".sops.yaml", format!("creation_rules:\n- age: {own}\n"));
    environment.write(
        "production/.sops.yaml",
        format!("creation_rules:\n- path_regex: ^db\n  age: {own},{other}\n"),
    );
    environment
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_named_from_above_gets_a_warning_about_the_nearer_configuration() {
    let environment = nested();
    environment.write("production/db.yaml", SECRET);
    for arguments in [
        &["config", "explain", "production/db.yaml"][..],
        &["encrypt", "production/db.yaml"],
        &["encrypt", "-i", "production/db.yaml"],
        &["updatekeys", "-y", "production/db.yaml"],
        &[
            "updatekeys",
            "-y",
            "production/db.yaml",
            "production/db.yaml",
        ],
    ] {
        let run = environment.run(arguments).succeeds();
        let stderr = joined(&run.stderr);
        assert_eq!(stderr.matches(WARNING).count(), 1, "{arguments:?}: {run}");
        assert!(
            stderr.contains("add `--config production/.sops.yaml`"),
            "{run}"
        );
    }
    let config = ["--config", "production/.sops.yaml"];
    let arguments = [&config[..], &["updatekeys", "-y", "production/db.yaml"]].concat();
    let run = environment.run(&arguments).succeeds();
    assert!(!run.stderr.contains("nearer"), "{run}");
    let text = environment.read("production/db.yaml");
    assert!(text.contains(&other_recipient()), "{text}");
    // In a directory, the nearest one applies.
    let run = environment.run(&["updatekeys", "-y", "."]).succeeds();
    assert!(!run.stderr.contains("nearer"), "{run}");
}

#[test]
fn a_new_file_in_the_editor_gets_the_warning() {
    let environment = nested();
    let editor = environment.editor(&format!("printf '%s' '{SECRET}' > \"$1\""));
    let mut command = environment.command(&["edit", "production/db.yaml"]);
    command.env("EDITOR", editor).env("SOPS_RS_ALLOW_DISK", "1");
    let run = environment.finish(command).succeeds();
    assert!(joined(&run.stderr).contains(WARNING), "{run}");
}

#[test]
fn the_name_sops_has_no_warning_of_its_own() {
    let environment = nested();
    environment.write("production/db.yaml", SECRET);
    let run = as_sops(&environment, &["encrypt", "production/db.yaml"]).succeeds();
    assert!(!run.stderr.contains("nearer"), "{run}");
}

#[test]
fn a_new_secret_uses_the_nearest_configuration() {
    let environment = nested();
    let arguments = [
        "secret",
        "create",
        "generic",
        "db",
        "--generate",
        "a=20",
        "--output",
        "production/db.yaml",
    ];
    let run = environment.run(&arguments).succeeds();
    assert!(!run.stderr.contains("nearer"), "{run}");
    let text = environment.read("production/db.yaml");
    assert!(text.contains(&other_recipient()), "{text}");
}

#[test]
fn files_without_a_rule_are_named_as_skipped() {
    let environment = TestEnvironment::new();
    environment.encrypt("legacy/a.yaml", "a: b\n");
    environment.encrypt("apps/b.yaml", "a: b\n");
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- path_regex: ^apps/\n  age: {both}\n"),
    );
    for arguments in [
        &["updatekeys", "--dry-run", "."][..],
        &["updatekeys", "-y", "."],
        &["updatekeys", "-y", "."],
    ] {
        let run = environment.run(arguments).succeeds();
        assert!(
            run.stderr
                .contains("1 file skipped, because no creation rule matches: ./legacy/a.yaml"),
            "{run}"
        );
    }
    let run = as_sops(&environment, &["updatekeys", "-y", "."]).succeeds();
    assert!(!run.stderr.contains("skipped"), "{run}");
}
