//! Files and commits that the user or the pre-commit framework names.

use std::path::Path;

use sops_test_support::environment::Run;

use super::{HARMLESS, PLAIN, Repository, refused};

/// Runs the hook like the pre-commit framework.
fn framework(repository: &Repository, variables: &[(&str, &str)], files: &[&str]) -> Run {
    let arguments = [&["hook", "run", "--"], files].concat();
    let mut command = repository.0.command(&arguments);
    command.env("PRE_COMMIT", "1");
    command.envs(
        variables
            .iter()
            .map(|(name, value)| (format!("PRE_COMMIT_{name}"), value)),
    );
    repository.0.finish(command)
}

#[test]
fn all_tracked_files_are_checked_and_not_only_what_is_staged() {
    let repository = Repository::without_hook();
    repository.add("a.yaml", PLAIN);
    repository.add("sub/b.yaml", PLAIN);
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.sops_rs(&["hook", "run"]).succeeds();
    let run = repository.sops_rs(&["hook", "run", "--all-files"]);
    refused(&run, &["a.yaml:6", "sub/b.yaml:6", "The check failed"]);
    // The hook checks the content in the index, as for a commit.
    repository.0.write("a.yaml", HARMLESS);
    repository.0.write("c.yaml", PLAIN);
    let run = repository.sops_rs(&["hook", "run", "--all-files"]);
    refused(&run, &["a.yaml:6"]);
    assert!(!run.stdout.contains("c.yaml"), "{run}");
    repository
        .git(&["rm", "-q", "-f", "a.yaml", "sub/b.yaml"])
        .succeeds();
    repository
        .sops_rs(&["hook", "run", "--all-files"])
        .succeeds();
}

#[test]
fn an_invalid_configuration_fails_the_check_of_all_files() {
    let repository = Repository::without_hook();
    repository.add("sub/.sops.yaml", "creation_rules: [");
    repository.add("sub/a.yaml", HARMLESS);
    repository.commit().succeeds();
    let run = repository.sops_rs(&["hook", "run", "--all-files"]);
    refused(&run, &["sub/.sops.yaml:1:"]);
}

#[test]
fn named_files_are_checked_in_addition_to_what_is_staged() {
    let repository = Repository::without_hook();
    repository.add("a.yaml", PLAIN);
    repository.add("sub/-b.yaml", PLAIN);
    repository.add("sub-more.yaml", PLAIN);
    repository.commit().succeeds();
    repository.add("c.yaml", PLAIN);
    repository.add("d.yaml", HARMLESS);
    refused(&framework(&repository, &[], &["d.yaml"]), &["c.yaml:6"]);
    repository.git(&["reset", "-q"]).succeeds();
    framework(&repository, &[], &["d.yaml"]).succeeds();
    refused(
        &framework(&repository, &[], &["a.yaml", "d.yaml"]),
        &["a.yaml:6"],
    );
    let run = framework(&repository, &[], &["sub"]);
    refused(&run, &["sub/-b.yaml:6"]);
    assert!(!run.stdout.contains("sub-more"), "{run}");
    // An untracked file is checked as it is in the working tree.
    refused(&framework(&repository, &[], &["c.yaml"]), &["c.yaml:6"]);
    let mut command = repository
        .0
        .command(&["hook", "run", "--", "-b.yaml", "../c.yaml"]);
    command.current_dir(repository.0.path("sub"));
    refused(
        &repository.0.finish(command),
        &["> -b.yaml:6", "../c.yaml:6"],
    );
    framework(&repository, &[], &["missing.yaml"]).succeeds();
}

#[test]
fn a_range_of_commits_is_checked_including_files_that_a_later_commit_encrypts() {
    let repository = Repository::without_hook();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let base = repository.head();
    repository.add("a.yaml", PLAIN);
    repository.commit().succeeds();
    let plain = repository.head();
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let encrypted = repository.head();

    let place = format!("{plain}:a.yaml:6");
    let given = ["hook", "run", "--from-ref", &base];
    refused(&repository.sops_rs(&given), &[&place]);
    let given = ["hook", "run", "--from-ref", &plain, "--to-ref", "HEAD"];
    repository.sops_rs(&given).succeeds();
    let given = ["hook", "run", "--from-ref", &base, "--to-ref", &base];
    repository.sops_rs(&given).succeeds();

    refused(
        &framework(
            &repository,
            &[("FROM_REF", &base), ("TO_REF", "HEAD")],
            &["a.yaml"],
        ),
        &[&place],
    );
    // In this case, staged files do not matter.
    repository.add("b.yaml", PLAIN);
    framework(
        &repository,
        &[("FROM_REF", &plain), ("TO_REF", &encrypted)],
        &["a.yaml"],
    )
    .succeeds();

    let missing = "1".repeat(40);
    for (from, to) in [(&*missing, "HEAD"), (&*base, "nothing"), ("--all", "HEAD")] {
        let from = format!("--from-ref={from}");
        let run = repository.sops_rs(&["hook", "run", &from, "--to-ref", to]);
        let run = run.fails_with(2);
        assert!(
            run.stderr.contains("is not a commit of this repository"),
            "{run}"
        );
    }
}

#[test]
fn the_first_push_of_a_branch_through_the_framework_is_checked() {
    let repository = Repository::without_hook();
    repository.add("a.yaml", PLAIN);
    repository.commit().succeeds();
    let first = repository.head();
    repository.git(&["rm", "-q", "-f", "a.yaml"]).succeeds();
    repository.commit().succeeds();
    let push = [
        ("REMOTE_NAME", "origin"),
        ("REMOTE_URL", "x"),
        ("LOCAL_BRANCH", "refs/heads/main"),
        ("REMOTE_BRANCH", "refs/heads/main"),
    ];
    let run = framework(&repository, &push, &[]);
    refused(&run, &[&format!("{first}:a.yaml:6")]);
}

#[test]
fn without_a_working_tree_the_message_says_so() {
    let environment = sops_test_support::environment::TestEnvironment::new();
    let commands: [&[&str]; 5] = [
        &["install"],
        &["uninstall"],
        &["run"],
        &["run", "--all-files"],
        &["run", "--from-ref", "HEAD"],
    ];
    for command in commands {
        let run = environment
            .run(&[&["hook"], command].concat())
            .fails_with(2);
        assert!(
            run.stderr.starts_with("error: not a git repository"),
            "{run}"
        );
    }
    let repository = Repository::without_hook();
    repository
        .git(&["init", "-q", "--bare", "../bare"])
        .succeeds();
    for directory in ["../bare", ".git", ".git/hooks"] {
        for command in &commands[..4] {
            let mut run = repository.0.command(&[&["hook"], *command].concat());
            run.current_dir(repository.0.path(directory));
            let run = repository.0.finish(run).fails_with(2);
            assert!(
                run.stderr.contains("there is no working tree here"),
                "{run}"
            );
        }
    }
    let mut command = repository.0.command_of(Path::new("git"), &["status"]);
    command.current_dir(repository.0.path(""));
    repository.0.finish(command).succeeds();
}

#[test]
fn a_bare_repository_that_was_committed_runs_no_program() {
    let repository = Repository::without_hook();
    let inner = repository.0.path("inner");
    let ran = repository.0.path("ran");
    repository
        .git(&["init", "-q", "--bare", "inner"])
        .succeeds();
    repository.0.write("inner/a/b", "");
    let evil = repository.0.editor(&format!("touch {}", ran.display()));
    for settings in ["bare = true", "bare = false\nworktree = .."] {
        let text = format!(
            "[core]\nrepositoryformatversion = 0\n{settings}\nfsmonitor = {}\n",
            evil.trim_matches('\'')
        );
        std::fs::write(inner.join("config"), text).expect("the file can be written");
        for arguments in [
            &["hook", "run"][..],
            &["hook", "run", "--all-files"],
            &["hook", "run", "--from-ref", "HEAD"],
            &["hook", "install"],
            &["lint", "."],
        ] {
            for directory in ["inner", "inner/a"] {
                let mut command = repository.0.command(arguments);
                command.current_dir(repository.0.path(directory));
                let run = repository.0.finish(command);
                assert!(!ran.exists(), "{arguments:?}: {run}");
                if arguments[0] == "hook" {
                    let run = run.fails_with(2);
                    assert!(run.stderr.contains("its configuration"), "{run}");
                }
            }
        }
    }
    repository.git_in(&inner, &["status"]).succeeds();
    assert!(ran.exists(), "Git runs it");
}
