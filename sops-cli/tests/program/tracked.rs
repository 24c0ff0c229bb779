//! Files that Git tracks are checked, even if an ignore file matches them.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, recipient};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n";

fn git(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let command = environment.command_of(Path::new("git"), arguments);
    environment.finish(command).succeeds()
}

/// A repository with a Secret in `a/s.yaml`.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    git(&environment, &["init", "-q"]);
    environment.write("a/s.yaml", SECRET);
    environment
}

#[track_caller]
fn has_findings(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let run = environment.run(arguments);
    assert_eq!(run.code, Some(1), "{run}");
    run
}

#[track_caller]
fn finds(environment: &TestEnvironment, arguments: &[&str]) {
    let run = has_findings(environment, arguments);
    assert!(run.stdout.contains("a/s.yaml:4"), "{run}");
    assert_eq!(run.stdout.matches("SL010").count(), 1, "{run}");
    assert!(run.stderr.contains("1 error"), "{run}");
}

#[track_caller]
fn looks_at_nothing(environment: &TestEnvironment) {
    let run = environment.run(&["lint", "a"]).succeeds();
    assert!(run.stderr.contains("warning: no file was checked"), "{run}");
}

#[test]
fn only_ignore_files_that_git_reads_hide_a_file() {
    for list in ["../.gitignore", ".ignore", "a/.ignore"] {
        let environment = repository();
        environment.write(list, "*\n");
        finds(&environment, &["lint"]);
        finds(&environment, &["lint", "a"]);
    }
    for list in [".gitignore", "a/.gitignore", ".git/info/exclude"] {
        let environment = repository();
        environment.write(list, "*\n");
        looks_at_nothing(&environment);
    }
    // Ignore files of other programs may have any content.
    let environment = repository();
    environment.write(".ignore", vec![b'\n'; 5 << 20]);
    finds(&environment, &["lint"]);
}

#[test]
fn a_tracked_file_is_not_ignored() {
    for (list, text) in [
        (".gitignore", "*\n"),
        (".gitignore", "a/\n"),
        ("a/.gitignore", "*.yaml\n"),
        (".git/info/exclude", "*.yaml\n"),
    ] {
        let environment = repository();
        environment.write(list, text);
        environment.write("a/other.yaml", SECRET);
        let run = environment.run(&["lint"]);
        assert!(!run.stdout.contains("a/s.yaml"), "{run}");
        git(&environment, &["add", "-f", "a/s.yaml"]);
        finds(&environment, &["lint"]);
        // A named directory is checked even if it is ignored.
        if text != "a/\n" {
            finds(&environment, &["lint", "a"]);
        }
        finds(&environment, &["lint", "--select", "SL010", "."]);
        // The settings still exclude files.
        for exclude in ["a", "a/**", "'*/s.yaml'"] {
            environment.write(".sops-lint.yaml", format!("exclude: [{exclude}]\n"));
            environment.run(&["lint"]).succeeds();
        }
    }
}

#[test]
fn a_tracked_file_that_is_missing_or_a_link_is_skipped() {
    let environment = repository();
    environment.write(".gitignore", "*\n");
    environment.write("b/s.yaml", SECRET);
    environment.write("c.yaml", "a: b\n");
    git(&environment, &["add", "-f", "."]);
    environment.write("../outside/s.yaml", SECRET);
    std::fs::remove_dir_all(environment.path("a")).expect("the directory can be removed");
    std::fs::remove_dir_all(environment.path("b")).expect("the directory can be removed");
    std::os::unix::fs::symlink("../outside", environment.path("b"))
        .expect("the link can be created");
    environment.run(&["lint"]).succeeds();
}

#[test]
fn commands_for_directories_take_tracked_files_too() {
    let environment = repository();
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: {}}}]\n", recipient()),
    );
    environment.write(".gitignore", "*.yaml\n");
    environment.write("a/other.yaml", SECRET);
    git(&environment, &["add", "-f", "a/s.yaml"]);
    environment.run(&["encrypt", "-i", "."]).succeeds();
    assert!(environment.read("a/s.yaml").contains("ENC["));
    assert_eq!(environment.read("a/other.yaml"), SECRET);
    environment.run(&["decrypt", "-i", "a"]).succeeds();
    assert_eq!(environment.read("a/s.yaml"), SECRET);
}

#[test]
fn a_kustomization_may_name_a_tracked_file() {
    let environment = TestEnvironment::new();
    git(&environment, &["init", "-q"]);
    environment.write(
        "kustomization.yaml",
        "secretGenerator:\n- name: a\n  envs: [a.env]\n",
    );
    environment.write("a.env", "PASSWORD=hunter2\n");
    environment.write(".gitignore", "*.env\n");
    environment.run(&["lint"]).succeeds();
    git(&environment, &["add", "-f", "a.env"]);
    let run = has_findings(&environment, &["lint"]);
    assert!(run.stdout.contains("a.env"), "{run}");
}

#[test]
fn there_is_a_warning_if_git_cannot_list_the_tracked_files() {
    let environment = repository();
    git(&environment, &["add", "."]);
    environment.write(".git/index", "not an index");
    let run = has_findings(&environment, &["lint"]);
    assert!(
        run.stderr.contains("Git cannot list the tracked files"),
        "{run}"
    );
    assert!(run.stdout.contains("a/s.yaml:4"), "{run}");
}

#[test]
fn a_creation_rule_for_files_outside_a_sparse_checkout_is_not_unused() {
    let recipient = recipient();
    let environment = TestEnvironment::new();
    git(&environment, &["init", "-q"]);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- path_regex: ^a/\n  age: {recipient}\n"),
    );
    environment.write("b/c.yaml", "kind: ConfigMap\n");
    environment.write("a/b.yaml", "a: b\n");
    environment.run(&["encrypt", "-i", "a/b.yaml"]).succeeds();
    git(&environment, &["add", "-A"]);
    let commit = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "commit",
        "-qm",
        "a",
    ];
    git(&environment, &commit);
    git(&environment, &["sparse-checkout", "set", "b"]);
    environment.run(&["lint"]).succeeds();
    // An unused rule is reported if all files are checked.
    git(&environment, &["sparse-checkout", "disable"]);
    environment.run(&["lint"]).succeeds();
    std::fs::remove_dir_all(environment.path("a")).expect("the directory can be removed");
    let run = has_findings(&environment, &["lint"]);
    assert!(run.stdout.contains("SL016"), "{run}");
}
