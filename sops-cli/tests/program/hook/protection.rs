//! Commits that remove protection: a creation rule, or the whole configuration.

use std::fs;

use sops_test_support::environment::recipient;

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
    repository.0.write("secrets/a.yaml", "api_key: staple\n");
    repository
        .sops_rs(&["encrypt", "-i", "secrets/a.yaml"])
        .succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository
}

#[test]
fn plaintext_is_checked_by_the_rule_that_its_commit_removes() {
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
        assert_eq!(run.code, Some(0), "{number}: {run}");
        repository
            .git(&["reset", "-q", "--hard", "HEAD^"])
            .succeeds();

        repository.add("secrets/b.yaml", VALUES);
        repository.refuses("a creation rule covers this file");
        change(&repository);
        let run = repository.commit();
        let expected: &[&str] = match number {
            // A configuration without a rule for the file leaves the one above in force.
            4 | 5 => &["a creation rule covers this file"],
            // The new rule covers the file too.
            7 => &["leaves what looks like a secret in plaintext"],
            _ => &["removes the creation rule", "alone first"],
        };
        refused(&run, expected);
    }
    // An earlier rule without `path_regex` takes the files of the rules after it.
    let front = format!("creation_rules:\n- age: {}\n", recipient());
    let front = configuration().replacen("creation_rules:\n", &front, 1);
    let repository = self::repository();
    repository.add("secrets/b.yaml", VALUES);
    repository.add(".sops.yaml", &front);
    refused(&repository.commit(), &["removes the creation rule"]);
    // An expression that matches nothing has the same effect.
    for nothing in [
        configuration().replace("^secrets/", "^nothing$"),
        configuration().replace("^secrets/", "^secrets/b-not"),
        configuration().replace("^secrets/", "^secrets/c"),
    ] {
        let repository = self::repository();
        repository.add("secrets/b.yaml", VALUES);
        repository.add(".sops.yaml", &nothing);
        refused(
            &repository.commit(),
            &["removes the creation rule", "alone first"],
        );
    }
    let repository = self::repository();
    repository.add("secrets/b.yaml", VALUES);
    repository.add(".sops.yaml", &misspelt);
    assert_ne!(repository.commit().code, Some(0));
}

#[test]
fn a_nearer_configuration_without_a_rule_for_a_file_does_not_hide_the_next_one() {
    let other = format!(
        "creation_rules:\n- path_regex: ^other/\n  age: {}\n",
        recipient()
    );
    let stores = "stores:\n  yaml:\n    indent: 2\n";
    for text in [
        &*configuration(),
        &other,
        "",
        "{}",
        "creation_rules: []\n",
        stores,
    ] {
        let repository = repository();
        repository.add("secrets/team-b/.sops.yaml", text);
        repository.add("secrets/team-b/c.yaml", "");
        repository.commit().succeeds();
        repository.add("secrets/team-b/d/x.yaml", VALUES);
        repository.refuses("a creation rule covers this file");
        repository
            .sops_rs(&["encrypt", "-i", "secrets/team-b/d/x.yaml"])
            .succeeds();
        repository.git(&["add", "."]).succeeds();
        repository.commit().succeeds();
        repository.add("elsewhere/.sops.yaml", text);
        repository.add("elsewhere/y.yaml", "api_key: another-battery\n");
        repository.commit().succeeds();
    }
    // A configuration with a rule for the file governs the file.
    let repository = repository();
    let own = format!("creation_rules:\n- age: {}\n", recipient());
    repository.add("secrets/team-b/.sops.yaml", &own);
    repository.commit().succeeds();
    repository.add("secrets/team-b/x.yaml", VALUES);
    repository.commit().succeeds();
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

    // If a commit is refused because it changes the rules, the help suggests this too.
    let repository = self::repository();
    repository.git(&["rm", "-q", ".sops.yaml"]).succeeds();
    repository.commit().succeeds();
    repository.add("secrets/b.yaml", VALUES);
    repository.commit().succeeds();
}

#[test]
fn a_push_is_judged_by_the_rules_before_each_commit() {
    let nothing = configuration().replace("^secrets/", "^nothing$");
    let narrower = configuration().replace("^secrets/", "^secrets/a");
    let taken_away: [&dyn Fn(&Repository); 3] = [
        &|repository| drop(repository.git(&["rm", "-q", ".sops.yaml"]).succeeds()),
        &|repository| repository.add(".sops.yaml", &nothing),
        &|repository| {
            drop(
                repository
                    .git(&["mv", ".sops.yaml", ".sops.yml"])
                    .succeeds(),
            )
        },
    ];
    for (number, take_away) in taken_away.into_iter().enumerate() {
        let repository = self::repository();
        repository.add_remote("origin");
        let push = || repository.git(&["push", "-q", "origin", "main"]);
        push().succeeds();
        let start = repository.git(&["rev-parse", "HEAD"]).succeeds().stdout;
        let back = || {
            let reset = ["reset", "-q", "--hard", start.trim()];
            repository.git(&reset).succeeds();
        };
        for in_one_commit in [true, false] {
            repository.add("secrets/b.yaml", VALUES);
            if !in_one_commit {
                repository.commit_unchecked();
            }
            take_away(&repository);
            repository.commit_unchecked();
            repository.add("c.yaml", HARMLESS);
            repository.commit().succeeds();
            let run = push();
            let reasons = [
                "secrets/b.yaml:1",
                "removes the creation rule",
                "The push is refused",
            ];
            refused(&run, &reasons);
            back();
        }
        // A separate commit may remove the rule.
        repository.add("d.yaml", HARMLESS);
        repository.commit().succeeds();
        take_away(&repository);
        repository.commit().succeeds();
        repository.add("secrets/b.yaml", VALUES);
        repository.commit().succeeds();
        let run = push();
        assert_eq!(run.code, Some(0), "{number}: {run}");
    }
    // A later commit may leave the file out.
    let repository = self::repository();
    repository.add_remote("origin");
    repository.add("secrets/b.yaml", VALUES);
    repository.commit_unchecked();
    repository.add(".sops.yaml", &narrower);
    repository.commit().succeeds();
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
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
    repository.refuses("the annotation of `kubectl apply` contains the whole Secret");
}

#[test]
fn every_finding_that_refuses_a_commit_is_an_error() {
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
fn the_installation_reports_what_the_hooks_check() {
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
    fs::remove_file(repository.0.path(".git/hooks/pre-commit")).expect("the file can be removed");
    let run = repository.sops_rs(&["hook", "install"]).succeeds();
    assert!(
        run.stderr
            .contains("Git now refuses commits, merges and pushes with"),
        "{run}"
    );
    let said = "do not search other files for secrets; `sops-rs lint` does";
    assert!(run.stderr.contains(said), "{run}");
}

#[test]
fn a_configuration_that_the_environment_names_does_not_replace_the_rules() {
    let repository = repository();
    repository.0.write(
        "../elsewhere.yaml",
        format!(
            "creation_rules:\n- path_regex: none$\n  age: {}\n",
            recipient()
        ),
    );
    repository.add_remote("origin");
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
    for (key, value) in [("user.name", "t"), ("user.email", "t@example.com")] {
        repository.git(&["config", key, value]).succeeds();
    }
    repository.add("secrets/b.yaml", VALUES);
    for elsewhere in ["../elsewhere.yaml", "missing.yaml"] {
        let with_variable = |program: &str, arguments: &[&str]| {
            let program = match program {
                "git" => "git".into(),
                _ => sops_test_support::environment::program(),
            };
            let mut command = repository.0.command_of(&program, arguments);
            command.env("SOPS_CONFIG", elsewhere);
            repository.0.finish(command)
        };
        let run = with_variable("git", &["commit", "-q", "-m", "x"]);
        refused(
            &run,
            &["secrets/b.yaml:1", "a creation rule covers this file"],
        );
        let run = with_variable("sops-rs", &["hook", "run"]);
        refused(&run, &["secrets/b.yaml:1"]);
        repository.commit_unchecked();
        let run = with_variable("git", &["push", "-q", "origin", "main"]);
        refused(&run, &["secrets/b.yaml:1", "The push is refused"]);
        repository
            .git(&["reset", "-q", "--soft", "HEAD^"])
            .succeeds();
    }
    // The flag replaces the rules.
    let flag = ["hook", "run", "--config", "../elsewhere.yaml"];
    repository.sops_rs(&flag).succeeds();
    let flag = ["--config", "../elsewhere.yaml", "hook", "run"];
    repository.sops_rs(&flag).succeeds();
}

#[test]
fn plaintext_is_judged_by_the_settings_before_its_commit() {
    let start = || {
        let repository = repository();
        repository.add("b.yaml", "kind: Namespace\n");
        repository.commit().succeeds();
        repository
    };
    for settings in ["ignore: [SL010]\n", "exclude: ['**']\n"] {
        let repository = start();
        repository.add("secrets/b.yaml", VALUES);
        repository.add(".sops-lint.yaml", settings);
        refused(
            &repository.commit(),
            &[
                "secrets/b.yaml:1",
                "a change to the settings",
                "alone first",
            ],
        );
        // If the settings are committed first, they apply.
        repository
            .git(&["rm", "-q", "--cached", "secrets/b.yaml"])
            .succeeds();
        repository.commit().succeeds();
        repository.add("secrets/b.yaml", VALUES);
        repository.commit().succeeds();
    }
    let repository = start();
    repository.add("secrets/b.yaml", VALUES);
    repository.sops_rs(&["lint", "--write-baseline", "base.json"]);
    repository.add(".sops-lint.yaml", "baseline: base.json\n");
    repository.git(&["add", "."]).succeeds();
    refused(&repository.commit(), &["a change to the settings"]);
    // Settings that allow nothing new change nothing.
    let repository = start();
    repository.add("d.yaml", HARMLESS);
    repository.add(".sops-lint.yaml", "exclude: ['x/**']\n");
    repository.commit().succeeds();
}

/// The configuration of `sops-rs init`, with rules after it that are never used.
fn configuration_with_unused_rules() -> String {
    format!(
        "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {0}\n- path_regex: ^secrets/\n  age: {0}\n- path_regex: \\.yaml$\n  age: {0}\n",
        recipient()
    )
}

#[test]
fn plaintext_that_an_unused_rule_would_cover_is_refused() {
    let unused = [
        "`.sops.yaml` has a creation rule for this file that is never used",
        "path_regex: ^secrets/",
    ];
    let repository = Repository::new();
    repository.add_remote("origin");
    repository.add(".sops.yaml", &configuration_with_unused_rules());
    let run = repository.commit().succeeds();
    assert!(run.stderr.contains(".sops.yaml:4: "), "{run}");
    assert!(run.stderr.contains("never used"), "{run}");
    for (name, text) in [
        ("secrets/a.yaml", VALUES),
        ("secrets/.env", "A=correct-horse\n"),
        ("secrets/token", "correct-horse\n"),
    ] {
        repository.add(name, text);
        refused(&repository.commit(), &unused);
        repository.commit_unchecked();
        refused(&repository.git(&["push", "-q", "origin", "main"]), &unused);
        repository
            .git(&["reset", "-q", "--hard", "HEAD^"])
            .succeeds();
    }
    // The last rule is for all files with the extension, so no one relies on it.
    for (name, text) in [
        ("values.yaml", "a: b\n"),
        ("secrets/README.md", "# Encrypt these files.\n"),
        ("secrets/kustomization.yaml", "resources: [a.yaml]\n"),
        (
            "secrets/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n",
        ),
    ] {
        repository.add(name, text);
    }
    repository.commit().succeeds();
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
}

#[test]
fn the_hooks_warn_of_a_configuration_without_effect() {
    let impossible = format!(
        "creation_rules:\n- path_regex: ^/secrets/\n  age: {}\n",
        recipient()
    );
    for (name, text, warning) in [
        (
            ".sops.yaml",
            &*impossible,
            "this `path_regex` probably matches no file",
        ),
        (
            ".sops.yaml",
            &configuration_with_unused_rules(),
            "this creation rule is never used",
        ),
        (".sops.yml", &configuration(), ".sops.yml is not read"),
    ] {
        let repository = Repository::without_hook();
        repository.0.write(name, text);
        let run = repository.sops_rs(&["hook", "install"]).succeeds();
        assert!(run.stderr.contains(warning), "{run}");
        repository.git(&["add", "."]).succeeds();
        let run = repository.commit().succeeds();
        assert!(run.stderr.contains(warning), "{run}");
        repository.add("b.yaml", HARMLESS);
        let run = repository.commit().succeeds();
        assert!(!run.stderr.contains(warning), "{run}");
    }
}
