//! The hook of the framework `pre-commit`, which must be on the PATH: without it this fails.

use std::path::Path;

use test_support::environment::{Run, TestEnvironment, program, recipient};

fn run(environment: &TestEnvironment, program_name: &str, arguments: &[&str]) -> Run {
    let mut command = environment.command_of(Path::new(program_name), arguments);
    let folder = program().parent().expect("it is in a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder).chain(std::env::split_paths(&path));
    command
        .env(
            "PATH",
            std::env::join_paths(paths).expect("paths have no colon"),
        )
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
    environment.finish(command)
}

#[test]
fn the_framework_refuses_a_commit_with_plaintext() {
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
        .expect("it is there");
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
    run(&environment, "pre-commit", &["install"]).succeeds();
    let commit = git(&["commit", "-q", "-m", "harmless"]);
    assert_eq!(commit.code, Some(0), "{commit}");
    environment.write(
        "a.yaml",
        "kind: Secret\nstringData:\n  password: correct-horse\n",
    );
    git(&["add", "."]).succeeds();
    let commit = git(&["commit", "-q", "-m", "plaintext"]);
    assert_eq!(commit.code, Some(1), "{commit}");
    let said = commit.stdout.clone() + &commit.stderr;
    assert!(
        said.contains("SL010") && !said.contains("correct-horse"),
        "{commit}"
    );
}
