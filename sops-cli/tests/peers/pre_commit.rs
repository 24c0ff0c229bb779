//! The hook for the framework `pre-commit`, which must be on the PATH: without it, these tests
//! fail.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};

fn run(environment: &TestEnvironment, program_name: &str, arguments: &[&str]) -> Run {
    let mut command = environment.command_of(Path::new(program_name), arguments);
    let directory = program()
        .parent()
        .expect("the path has a parent directory")
        .to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(directory).chain(std::env::split_paths(&path));
    command
        .env(
            "PATH",
            std::env::join_paths(paths).expect("paths have no colon"),
        )
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
    environment.finish(command)
}

const PLAIN: &str = "kind: Secret\nstringData:\n  password: correct-horse\n";

/// A repository whose `pre-commit` configuration has the hook of this project.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let git = |arguments: &[&str]| run(&environment, "git", arguments);
    // A repository with the hooks of this project, as the framework clones it.
    environment.write(
        "../hooks/.pre-commit-hooks.yaml",
        include_bytes!("../../../.pre-commit-hooks.yaml"),
    );
    git(&["-C", "../hooks", "init", "-q", "-b", "main"]).succeeds();
    git(&["-C", "../hooks", "add", "."]).succeeds();
    git(&["-C", "../hooks", "commit", "-q", "-m", "x"]).succeeds();
    let revision = git(&["-C", "../hooks", "rev-parse", "HEAD"])
        .succeeds()
        .stdout;
    git(&["init", "-q", "-b", "main"]).succeeds();
    let hooks = environment
        .path("../hooks")
        .canonicalize()
        .expect("the path exists");
    environment.write(
        ".pre-commit-config.yaml",
        format!(
            "repos:\n- repo: {}\n  rev: {}  hooks:\n  - id: sops-rs\n",
            hooks.display(),
            revision
        ),
    );
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n", recipient()),
    );
    git(&["add", "."]).succeeds();
    let install = [
        "install",
        "-t",
        "pre-commit",
        "-t",
        "pre-merge-commit",
        "-t",
        "pre-push",
    ];
    run(&environment, "pre-commit", &install).succeeds();
    let commit = git(&["commit", "-q", "-m", "harmless"]);
    assert_eq!(commit.code, Some(0), "{commit}");
    git(&["init", "-q", "--bare", "../remote"]).succeeds();
    git(&["remote", "add", "origin", "../remote"]).succeeds();
    git(&["push", "-q", "origin", "main"]).succeeds();
    environment
}

#[track_caller]
fn is_refused(run: &Run) {
    assert_eq!(run.code, Some(1), "{run}");
    let said = run.stdout.clone() + &run.stderr;
    assert!(
        said.contains("SL010") && !said.contains("correct-horse"),
        "{run}"
    );
}

#[test]
fn the_framework_refuses_commits_and_merges_with_plaintext() {
    let environment = repository();
    let git = |arguments: &[&str]| run(&environment, "git", arguments);
    git(&["checkout", "-q", "-b", "feature"]).succeeds();
    environment.write("a.yaml", PLAIN);
    git(&["add", "."]).succeeds();
    is_refused(&git(&["commit", "-q", "-m", "plaintext"]));
    git(&["commit", "-q", "--no-verify", "-m", "plaintext"]).succeeds();
    git(&["checkout", "-q", "main"]).succeeds();
    git(&["commit", "-q", "--allow-empty", "-m", "more"]).succeeds();
    is_refused(&git(&["merge", "-q", "--no-edit", "feature"]));
}

#[test]
fn the_framework_refuses_plaintext_that_is_committed() {
    let environment = repository();
    let git = |arguments: &[&str]| run(&environment, "git", arguments);
    let framework = |arguments: &[&str]| run(&environment, "pre-commit", arguments);
    framework(&["run", "--all-files"]).succeeds();
    environment.write("a.yaml", PLAIN);
    git(&["add", "."]).succeeds();
    git(&["commit", "-q", "--no-verify", "-m", "plaintext"]).succeeds();
    framework(&["run"]).succeeds();
    is_refused(&framework(&["run", "--all-files"]));
    is_refused(&framework(&[
        "run",
        "--from-ref",
        "HEAD~1",
        "--to-ref",
        "HEAD",
    ]));
    framework(&["run", "--from-ref", "HEAD", "--to-ref", "HEAD"]).succeeds();
    is_refused(&git(&["push", "-q", "origin", "main"]));
    is_refused(&git(&["push", "-q", "origin", "main:new"]));
    // The first push of all commits.
    git(&["init", "-q", "--bare", "../other"]).succeeds();
    is_refused(&git(&["push", "-q", "../other", "main"]));
    // A deletion names no file.
    git(&["rm", "-q", "a.yaml"]).succeeds();
    git(&["commit", "-q", "-m", "deletion"]).succeeds();
}
