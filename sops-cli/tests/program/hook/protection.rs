//! Commits that take protection away: a creation rule, or the whole configuration.

use std::fs;

use test_support::environment::recipient;

use super::{HARMLESS, PLAIN, Repository, refused};

const VALUES: &str = "api_key: correct-horse\n";

fn configuration() -> String {
    format!(
        "creation_rules:\n- path_regex: ^secrets/\n  age: {0}\n- path_regex: \\.env$\n  age: {0}\n",
        recipient()
    )
}

/// A repository in which a rule covers a directory.
fn repository() -> Repository {
    let repository = Repository::new();
    repository.add(".sops.yaml", &configuration());
    repository.0.write("secrets/a.yaml", VALUES);
    repository
        .sops_rs(&["encrypt", "-i", "secrets/a.yaml"])
        .succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository
}

#[test]
fn plaintext_is_judged_by_the_rule_that_its_commit_takes_away() {
    let without_rule = format!(
        "creation_rules:\n- path_regex: \\.env$\n  age: {}\n",
        recipient()
    );
    let selecting = configuration().replacen("  age", "  encrypted_regex: ^passwd$\n  age", 1);
    let misspelt = configuration().replacen("path_regex", "path_regx", 1);
    let changes: [&dyn Fn(&Repository); 8] = [
        &|repository| drop(repository.git(&["rm", "-q", ".sops.yaml"]).succeeds()),
        &|repository| {
            drop(
                repository
                    .git(&["rm", "-q", "--cached", ".sops.yaml"])
                    .succeeds(),
            )
        },
        &|repository| {
            drop(
                repository
                    .git(&["mv", ".sops.yaml", ".sops.yml"])
                    .succeeds(),
            )
        },
        &|repository| repository.add(".sops.yaml", ""),
        &|repository| repository.add("secrets/.sops.yaml", "creation_rules: []\n"),
        &|repository| {
            let text = format!(
                "creation_rules:\n- path_regex: other$\n  age: {}\n",
                recipient()
            );
            repository.add("secrets/.sops.yaml", &text);
        },
        &|repository| repository.add(".sops.yaml", &without_rule),
        &|repository| repository.add(".sops.yaml", &selecting),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        // Files that stay encrypted lose nothing.
        let repository = repository();
        change(&repository);
        let run = repository.commit();
        let is_other_rule = number == 7;
        assert_eq!(run.code, Some(i32::from(is_other_rule)), "{number}: {run}");
        if is_other_rule {
            repository
                .git(&["commit", "-q", "--allow-empty", "-n", "-m", "x"])
                .succeeds();
        }
        repository
            .git(&["reset", "-q", "--hard", "HEAD^"])
            .succeeds();

        repository.add("secrets/b.yaml", VALUES);
        repository.refuses("a creation rule covers this file");
        change(&repository);
        let run = repository.commit();
        let expected: &[&str] = match is_other_rule {
            // The new rule covers the file too.
            true => &["leaves what looks like a secret in plaintext"],
            false => &["this commit takes away the creation rule", "alone first"],
        };
        refused(&run, expected);
    }
    let repository = repository();
    repository.add("secrets/b.yaml", VALUES);
    repository.add(".sops.yaml", &misspelt);
    assert_ne!(repository.commit().code, Some(0));
}

#[test]
fn a_rule_may_go_with_its_files_or_leave_some_out() {
    let repository = repository();
    repository.git(&["rm", "-q", "-r", "secrets"]).succeeds();
    repository.git(&["rm", "-q", ".sops.yaml"]).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();

    // The help of the finding suggests a narrower expression.
    let repository = self::repository();
    repository.add("secrets/b.yaml", VALUES);
    repository.refuses("a creation rule covers this file");
    let narrower = configuration().replace("^secrets/", "^secrets/a");
    repository.add(".sops.yaml", &narrower);
    repository.commit().succeeds();

    // So does the help of a commit that is refused for its change of the rules.
    let repository = self::repository();
    repository.git(&["rm", "-q", ".sops.yaml"]).succeeds();
    repository.commit().succeeds();
    repository.add("secrets/b.yaml", VALUES);
    repository.commit().succeeds();
}

#[test]
fn the_annotation_of_kubectl_is_refused_in_an_encrypted_secret() {
    let repository = Repository::new();
    let annotation = "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"password\":\"correct-horse\"}}\n";
    repository
        .0
        .write("a.yaml", PLAIN.replace("metadata:\n", annotation));
    let run = repository.sops_rs(&["encrypt", "-i", "a.yaml"]);
    assert!(run.stderr.contains("remove the annotation"), "{run}");
    assert_ne!(run.code, Some(0), "{run}");
    repository
        .sops_rs(&["encrypt", "--allow-plaintext", "-i", "a.yaml"])
        .succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.refuses("the annotation of `kubectl apply` holds the whole Secret");
}

#[test]
fn whatever_refuses_a_commit_is_an_error() {
    let repository = Repository::new();
    let key = format!("AGE-SECRET-KEY-1{}\n", "Q".repeat(58));
    repository.add("key.txt", &key);
    let run = repository.commit();
    refused(
        &run,
        &[
            "error[SL014",
            "sops-rs: allow private-key",
            "The commit is refused",
        ],
    );
    assert!(!run.stdout.contains("warning"), "{run}");
}

#[test]
fn one_command_updates_the_keys_of_several_files() {
    let repository = Repository::with_encrypted(&["a.yaml", "b.yaml"]);
    repository.add(".sops.yaml", &super::rules(&super::both()));
    repository.refuses("sops-rs updatekeys -y .");
    repository.sops_rs(&["updatekeys", "-y", "."]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
}

#[test]
fn the_output_of_the_installation_says_what_is_checked() {
    let repository = Repository::without_hook();
    repository
        .0
        .write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    let run = repository.sops_rs(&["hook", "install"]).fails_with(1);
    assert!(
        run.stderr
            .contains("Git now refuses merges and pushes with"),
        "{run}"
    );
    assert!(
        run.stderr.contains("Git does not check commits yet"),
        "{run}"
    );
    let run = repository.sops_rs(&["hook", "uninstall"]).succeeds();
    assert!(!run.stderr.contains("No sops-rs hooks"), "{run}");
    let run = repository.sops_rs(&["hook", "uninstall"]).succeeds();
    assert!(run.stderr.contains("No sops-rs hooks"), "{run}");
    fs::remove_file(repository.0.path(".git/hooks/pre-commit")).expect("the test owns it");
    let run = repository.sops_rs(&["hook", "install"]).succeeds();
    assert!(
        run.stderr
            .contains("Git now refuses commits, merges and pushes with"),
        "{run}"
    );
    assert!(run.stderr.contains("`sops-rs lint` does"), "{run}");
}
