//! Repositories of strangers: links, attributes of any kind, and crafted contents.

use std::fs;
use std::os::unix::fs::symlink;

use super::{OTHER, OURS, Repository, SECRETS, THEIRS};

const FILE: &str = "apps/secret.yaml";

/// A repository with a conflict of the passwords in this file.
fn in_conflict(name: &str) -> Repository {
    let repository = Repository::with_changes(name, OURS, OTHER);
    repository.conflicts();
    repository
}

#[test]
fn a_file_below_a_link_is_not_resolved() {
    let repository = in_conflict(FILE);
    let elsewhere = repository.0.path("../elsewhere");
    fs::rename(repository.0.path("apps"), &elsewhere).expect("the directory is ours");
    symlink(&elsewhere, repository.0.path("apps")).expect("the directory is writable");
    let before = fs::read(elsewhere.join("secret.yaml")).expect("the file was moved");
    let run = repository.0.run(&["resolve", FILE, "--ours"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("is a symbolic link"), "{run}");
    let after = fs::read(elsewhere.join("secret.yaml")).expect("the file exists");
    assert_eq!(before, after);
    // A link to the repository is fine.
    fs::remove_file(repository.0.path("apps")).expect("the link is ours");
    fs::rename(&elsewhere, repository.0.path("apps")).expect("the directory is ours");
    let link = repository.0.path("../link");
    symlink(repository.0.path(""), &link).expect("the directory is writable");
    let mut resolve = repository.0.command(&["resolve", "secret.yaml", "--ours"]);
    resolve
        .current_dir(link.join("apps"))
        .env("PWD", link.join("apps"));
    repository.0.finish(resolve).succeeds();
}

#[test]
fn attributes_of_any_kind_break_no_merge() {
    for attributes in [
        "*.yaml conflict-marker-size=2147483647",
        "*.yaml conflict-marker-size=-5",
        "*.yaml conflict-marker-size=99999999999999999999",
        "*.yaml text eol=crlf",
        "*.yaml ident",
        "*.yaml binary merge=sops",
        "*.yaml filter=missing diff=missing",
        "* merge=sops",
    ] {
        let repository = Repository::with_changes(FILE, OURS, OTHER);
        repository
            .0
            .write(".git/info/attributes", format!("{attributes}\n"));
        let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{attributes}: {run}");
        let marked = repository.is_marked(FILE);
        assert!(marked.len() < 20_000, "{attributes}");
        repository
            .0
            .run(&["resolve", FILE, "--theirs"])
            .keeps(&SECRETS)
            .succeeds();
        repository.commit_resolved(FILE);
        assert_eq!(repository.0.decrypt(FILE), OTHER, "{attributes}");
    }
}

/// Values that look like the markers of a conflict.
#[test]
fn markers_inside_values_are_values() {
    let value = "|\n  <<<<<<< HEAD\n  a\n  =======\n  b\n  >>>>>>> topic\n";
    let text = |user: &str, port: &str| format!("user: {user}\nkey: {value}port: {port}\n");
    let repository = Repository::with_changes(
        FILE,
        &format!("{OURS}key: {value}"),
        &format!("{THEIRS}other: {value}"),
    );
    repository.merges();
    let merged = repository.0.decrypt(FILE);
    assert_eq!(merged.matches("<<<<<<< HEAD").count(), 2, "{merged}");
    // The values stay when another value is resolved, with or without an editor.
    for script in ["exit 1", "sed -i '/^<<<</d; /^====/,/^>>>>/d' \"$1\""] {
        let repository = Repository::with_changes(FILE, &text("a", "1"), &text("b", "1"));
        repository.conflicts();
        let flags = match script {
            "exit 1" => &["resolve", FILE, "--ours"][..],
            _ => &["resolve", FILE],
        };
        let mut resolve = repository.0.command(flags);
        resolve.env("EDITOR", repository.0.editor(script));
        repository.0.finish(resolve).succeeds();
        assert_eq!(repository.0.decrypt(FILE), text("a", "1"));
    }
}
