//! Configurations in the working tree that are not in Git's index.

use sops_test_support::environment::recipient;

use super::{Repository, refused};

const ENV: &str = "DB_PASSWORD=correct-horse\n";

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: correct-horse}\n";

fn rule(expression: &str) -> String {
    format!(
        "creation_rules:\n- path_regex: {expression}\n  age: {}\n",
        recipient()
    )
}

/// A repository with a plaintext file staged.
fn repository(configuration: &str, expression: &str) -> Repository {
    let repository = Repository::new();
    std::fs::remove_file(repository.0.path(".sops.yaml")).expect("the file can be removed");
    repository.0.write(configuration, rule(expression));
    repository.add("app/secrets/a.env", ENV);
    repository
}

#[test]
fn an_untracked_configuration_covers_staged_files() {
    for (configuration, expression) in [
        (".sops.yaml", "(^|/)secrets/"),
        ("app/.sops.yaml", "^secrets/"),
        ("app/secrets/.sops.yaml", "a"),
    ] {
        for preparation in [
            &[][..],
            &["add", "-N", configuration],
            &["config", "core.excludesFile", "../ignored"],
        ] {
            let repository = repository(configuration, expression);
            repository.0.write("../ignored", ".sops.yaml\n");
            if !preparation.is_empty() {
                repository.git(preparation).succeeds();
            }
            let run = repository.commit();
            let reasons = [
                "app/secrets/a.env:1",
                "you have not added",
                "`git add` the `.sops.yaml`",
                "The commit is refused",
            ];
            refused(&run, &reasons);
            let run = repository.sops_rs(&["hook", "run", "--all-files"]);
            refused(&run, &reasons[..2]);
            repository.sops_rs(&["encrypt", "-i", "app/secrets/a.env"]);
        }
    }
    // A rule of `init`, which names no files, has its own help.
    let repository = self::repository(".sops.yaml", "other");
    let text = rule("other").replacen("- path_regex: other\n  ", "- ", 1);
    repository.0.write(".sops.yaml", text);
    repository.add("secret.yaml", SECRET);
    let run = repository.commit();
    refused(
        &run,
        &[
            "`git add` the `.sops.yaml` too",
            "help: sops-rs encrypt -i secret.yaml",
        ],
    );
    assert!(!run.stderr.contains("add a creation rule"), "{run}");
    // Files that the rule does not cover pass, and so do encrypted and excluded files.
    let repository = self::repository(".sops.yaml", "^other/");
    repository.commit().succeeds();
    let repository = self::repository(".sops.yaml", "(^|/)secrets/");
    repository
        .sops_rs(&["encrypt", "-i", "app/secrets/a.env"])
        .succeeds();
    repository.git(&["add", "app"]).succeeds();
    repository.commit().succeeds();
    let repository = self::repository(".sops.yaml", "(^|/)secrets/");
    repository.add(".sops-lint.yaml", "exclude: ['**/*.env']\n");
    repository.commit().succeeds();
}

#[test]
fn a_rule_that_is_not_staged_covers_staged_files_too() {
    let repository = repository(".sops.yaml", "^other/");
    repository.git(&["add", ".sops.yaml"]).succeeds();
    repository.0.write(".sops.yaml", rule("(^|/)secrets/"));
    let run = repository.commit();
    refused(&run, &["app/secrets/a.env:1", "you have not added"]);
    repository.0.write(".sops.yaml", rule("^other/"));
    repository.commit().succeeds();
    // The nearest configuration governs a file.
    repository.add("app/.sops.yaml", &rule("^other/"));
    repository.add("app/secrets/b.env", ENV);
    repository
        .git(&["rm", "-q", "--cached", ".sops.yaml"])
        .succeeds();
    repository.commit().succeeds();
}

#[test]
fn a_configuration_above_the_repository_only_warns() {
    let repository = repository("../.sops.yaml", "secrets/");
    repository.add("app/secrets/b.env", ENV);
    let run = repository.commit().succeeds();
    assert!(
        run.stderr
            .contains("covers plaintext: app/secrets/a.env and 1 more; "),
        "{run}"
    );
    repository.add(".sops.yaml", &rule("^other/"));
    repository.add("app/secrets/c.env", ENV);
    let run = repository.commit().succeeds();
    assert!(!run.stderr.contains("warning"), "{run}");
}

#[test]
fn an_invalid_configuration_that_is_not_added_warns() {
    let repository = repository(".sops.yaml", "a");
    repository.0.write(".sops.yaml", "creation_rules: [");
    let run = repository.commit().succeeds();
    assert!(run.stderr.contains("warning"), "{run}");
}

#[test]
fn a_push_is_judged_by_an_untracked_configuration() {
    for is_ignored in [false, true] {
        let repository = repository(".sops.yaml", "(^|/)secrets/");
        repository.add_remote("origin");
        repository.0.write("../ignored", ".sops.yaml\n");
        if is_ignored {
            let ignore = ["config", "core.excludesFile", "../ignored"];
            repository.git(&ignore).succeeds();
        }
        let commit = repository.commit_unchecked();
        let push = || repository.git(&["push", "-q", "origin", "main"]);
        refused(
            &push(),
            &[
                &format!("{commit}:app/secrets/a.env:1"),
                "you have not added",
                "The push is refused",
            ],
        );
        // A later commit does not change this.
        repository
            .git(&["rm", "-q", "app/secrets/a.env"])
            .succeeds();
        repository.add("b.txt", "b");
        repository.commit_unchecked();
        refused(&push(), &["app/secrets/a.env:1", "you have not added"]);
    }
    // Files that the rule does not cover pass, and so do encrypted files.
    let repository = repository(".sops.yaml", "^other/");
    repository.add_remote("origin");
    repository.commit().succeeds();
    let push = ["push", "-q", "origin", "HEAD:refs/heads/main"];
    repository.git(&push).succeeds();
    repository.0.write(".sops.yaml", rule("(^|/)secrets/"));
    repository.0.write("app/secrets/b.env", ENV);
    repository
        .sops_rs(&["encrypt", "-i", "app/secrets/b.env"])
        .succeeds();
    repository.git(&["add", "app"]).succeeds();
    repository.commit().succeeds();
    repository.git(&push).succeeds();
    // A configuration that another branch has is tracked.
    repository.add(".sops.yaml", &rule("(^|/)secrets/"));
    repository.commit_unchecked();
    repository.git(&["branch", "other", "HEAD^"]).succeeds();
    repository
        .git(&["worktree", "add", "-q", "../tree", "other"])
        .succeeds();
    let tree = repository.0.path("../tree");
    let another = "CACHE_PASSWORD=w0r1d-of-tom0rr0w\n";
    std::fs::write(tree.join("app/secrets/c.env"), another).expect("the file can be written");
    repository.git_in(&tree, &["add", "."]).succeeds();
    let commit = ["commit", "-q", "--no-verify", "-m", "x"];
    repository.git_in(&tree, &commit).succeeds();
    repository
        .git(&["push", "-q", "origin", "other"])
        .succeeds();
}
