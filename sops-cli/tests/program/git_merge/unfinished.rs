//! Merges that the driver cannot finish: whatever happens, the file does not look merged.

use std::fs;
use std::process::Command;

use sops_test_support::environment::program;

use super::{OURS, Repository, THEIRS};

const FILE: &str = "apps/secret.yaml";

fn merge(repository: &Repository) -> Command {
    repository.git_command(
        &repository.0.path(""),
        &["merge", "-q", "--no-edit", "topic"],
    )
}

/// Merges, and asserts that the driver fails with this message.
fn fails(repository: &Repository, environment: &[(&str, &str)], message: &str) {
    let mut command = merge(repository);
    command.envs(environment.iter().copied());
    let run = repository.0.finish(command).keeps(&super::SECRETS);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains(message), "{run}");
    let hint = format!("`sops-rs resolve {FILE}");
    assert!(run.stderr.contains(&hint), "{run}");
    let text = repository.is_marked(FILE);
    assert!(text.contains("ENC["), "{text}");
    // `verify` reports the file if it is added anyway.
    repository.git(&["add", FILE]).succeeds();
    let run = repository.0.run(&["verify"]);
    assert!(run.stdout.contains("unresolved merge conflict"), "{run}");
    repository
        .git(&["checkout", "-q", "--merge", "--", FILE])
        .succeeds();
}

#[test]
fn a_driver_that_cannot_start_its_key_services_marks_the_file() {
    let repository = Repository::with_changes(FILE, OURS, THEIRS);
    let driver = repository.git(&["config", "merge.sops.driver"]).stdout;
    let driver = driver.replace("git merge-driver", "--keyservice bogus git merge-driver");
    repository
        .git(&["config", "merge.sops.driver", driver.trim()])
        .succeeds();
    fails(&repository, &[], "bogus");
    // The cause is gone.
    repository.0.run(&["resolve", FILE]).succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.is_merged(FILE, super::MERGED);
}

#[test]
fn a_missing_or_broken_key_marks_the_file() {
    let key_file = [("SOPS_AGE_KEY_FILE", "broken.txt")];
    for content in ["", "AGE-SECRET-KEY-1\n", "\u{0}\n"] {
        let repository = Repository::with_changes(FILE, OURS, THEIRS);
        fs::remove_dir_all(repository.0.home().join(".config")).expect("the key can be removed");
        repository.0.write("broken.txt", content);
        fails(&repository, &key_file, FILE);
    }
}

/// One of the versions has no MAC, no metadata, or is cut off.
#[test]
fn a_damaged_version_marks_the_file() {
    let damages: [fn(&str) -> String; 4] = [
        |text| text.replace("mac: ENC[", "mac: ENT["),
        |text| text[..text.find("sops:").expect("the file has metadata")].to_owned(),
        |text| text[..text.len() / 2].to_owned(),
        |text| text.replace("user: ", "user: ["),
    ];
    for damage in damages {
        for damaged in ["topic", "main"] {
            let repository = Repository::with_changes(FILE, OURS, THEIRS);
            repository.checkout(damaged);
            repository.0.write(FILE, damage(&repository.0.read(FILE)));
            repository.commit_all();
            repository.checkout("main");
            fails(&repository, &[], "cannot be used");
            let run = repository.0.run(&["resolve", FILE]);
            let flag = match damaged {
                "topic" => "--ours",
                _ => "--theirs",
            };
            let hint = format!("`sops-rs resolve {FILE} {flag}` takes");
            assert!(run.stderr.contains(&hint), "{run}");
        }
    }
}

/// A driver that is killed leaves what it wrote first.
#[test]
fn a_driver_that_is_killed_leaves_a_marked_file() {
    let repository = Repository::with_changes(FILE, OURS, THEIRS);
    fs::remove_dir_all(repository.0.home().join(".config")).expect("the key can be removed");
    // The command that prints the key kills its parent.
    let command = repository.0.editor("kill -9 $PPID");
    let mut merge = merge(&repository);
    merge.env("SOPS_AGE_KEY_CMD", command);
    let run = repository.0.finish(merge).keeps(&super::SECRETS);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(!run.stderr.contains("sops-rs resolve"), "{run}");
    // Newer versions of Git end the merge and restore the file.
    if repository
        .git(&["ls-files", "--unmerged"])
        .stdout
        .is_empty()
    {
        assert!(!repository.0.path(".git/MERGE_HEAD").exists());
    } else {
        repository.is_marked(FILE);
    }
}

/// An update may have moved the program.
#[test]
fn a_program_that_is_gone_leaves_a_marked_file() {
    let repository = Repository::new();
    repository.0.run(&["git", "install"]).succeeds();
    let repository = repository.changed(FILE, OURS, THEIRS);
    let driver = repository.git(&["config", "merge.sops.driver"]).stdout;
    let program = program().display().to_string();
    assert!(driver.contains(&program), "{driver}");
    let gone = driver.trim().replace(&program, "/gone/sops-rs");
    repository
        .git(&["config", "merge.sops.driver", &gone])
        .succeeds();
    let run = repository.0.finish(merge(&repository));
    assert_eq!(run.code, Some(1), "{run}");
    let said = "run `sops-rs git install` and then `sops-rs resolve`";
    assert!(run.stderr.contains(said), "{run}");
    repository.is_marked(FILE);
    repository.0.run(&["git", "status"]).fails_with(1);
    repository.0.run(&["git", "install"]).succeeds();
    repository.0.run(&["resolve", FILE]).succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.is_merged(FILE, super::MERGED);
}

#[test]
fn without_a_key_the_values_merge_and_the_file_stays_marked() {
    let repository = Repository::with_changes(FILE, OURS, THEIRS);
    std::fs::remove_dir_all(repository.0.home().join(".config")).expect("the key can be removed");
    let run = repository.conflicts();
    assert!(
        run.stderr
            .contains("only someone whose key can decrypt the file can finish the merge"),
        "{run}"
    );
    let text = repository.is_marked(FILE);
    let values = text.split("sops:").next().unwrap_or_default();
    assert!(!values.contains("<<<<<<<"), "{text}");
    assert!(values.contains("token: ENC["), "{text}");
}

/// `git rerere` passes the conflict that it remembers, with its markers, as a version.
#[test]
fn a_version_with_conflict_markers_is_named_as_such() {
    let repository = Repository::with_changes(FILE, OURS, super::OTHER);
    let ours = repository.0.read(FILE);
    repository.conflicts();
    for name in ["base", "theirs"] {
        repository.0.write(name, &ours);
    }
    let marked = repository.0.read(FILE);
    repository.0.write("ours", marked);
    let arguments = ["git", "merge-driver", "--", "base", "ours", "theirs", FILE];
    let run = repository.0.run(&arguments);
    assert_eq!(run.code, Some(1), "{run}");
    let message = "our version has unresolved conflict markers";
    assert!(run.stderr.contains(message), "{run}");
    assert!(!run.stderr.contains("cannot be used"), "{run}");
}
