//! Conflict markers, and conflicts that someone resolved by hand.

use sops_test_support::environment::recipient;

use super::{PLAIN, Repository, refused};

/// A repository with a remote that has its commits.
fn pushed(repository: Repository) -> Repository {
    repository.add_remote("origin");
    repository
        .git(&["push", "-q", "-u", "origin", "main"])
        .succeeds();
    repository
}

/// Markers around a file that is JSON on one line, in whatever file.
#[test]
fn conflict_markers_around_a_whole_file_are_refused() {
    let repository = Repository::new();
    repository.0.write("a.json", "{\"a\": \"correct-horse\"}\n");
    // No creation rule matches the name.
    let recipient = recipient();
    let rules = ["--config", "/dev/null", "--age", &recipient];
    let encrypt = [&["encrypt", "-i"][..], &rules, &["a.json"]].concat();
    repository.sops_rs(&encrypt).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let repository = pushed(repository);
    let line = repository.0.read("a.json");
    let marked = format!("<<<<<<< HEAD\n{line}=======\n{line}>>>>>>> topic\n");
    repository.add("a.json", &marked);
    repository.add("a.enc", &marked);
    let reasons = [
        "unresolved merge conflict",
        "a.enc",
        "`sops-rs resolve a.json`",
    ];
    refused(&repository.commit(), &reasons);
    repository.commit_unchecked();
    refused(&repository.git(&["push", "-q"]), &reasons);
}

/// A repository in which a rebase has committed the password of one side with the MAC of the other.
fn resolved_by_hand() -> Repository {
    let repository = pushed(Repository::with_encrypted(&["a.yaml", "b.yaml"]));
    let set = |password: &str| {
        let path = "[\"stringData\"][\"password\"]";
        let value = format!("\"{password}\"");
        repository
            .sops_rs(&["set", "a.yaml", path, &value])
            .succeeds();
        let commit = ["commit", "-q", "-a", "-m", password];
        repository.git(&commit).succeeds();
        let text = repository.0.read("a.yaml");
        let line = text.lines().find(|line| line.contains("password:"));
        line.expect("the file has a password").to_owned()
    };
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    let theirs = set("theirs");
    repository.git(&["checkout", "-q", "main"]).succeeds();
    let ours = set("ours");
    repository.git(&["push", "-q"]).succeeds();
    let run = repository.git(&["rebase", "-q", "main", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    repository
        .git(&["checkout", "-q", "--ours", "a.yaml"])
        .succeeds();
    let text = repository.0.read("a.yaml").replace(&ours, &theirs);
    repository.add("a.yaml", &text);
    let go_on = ["-c", "core.editor=true", "rebase", "--continue"];
    repository.git(&go_on).succeeds();
    repository
}

#[test]
fn a_push_of_values_with_the_mac_of_another_commit_is_refused() {
    let repository = resolved_by_hand();
    let place = format!("{}:a.yaml", repository.head());
    let push = ["push", "-q", "origin", "topic"];
    let reasons = [
        "MAC",
        &*place,
        "`sops-rs edit --ignore-mac a.yaml`",
        "The push is refused",
    ];
    refused(&repository.git(&push), &reasons);
    let range = ["hook", "run", "--from-ref", "main"];
    refused(&repository.sops_rs(&range), &["MAC", &place]);

    // Only the last version of the file counts, and other files may change.
    let text = repository.git(&["show", "main:a.yaml"]).succeeds().stdout;
    repository.add("a.yaml", &text);
    repository.commit().succeeds();
    repository.git(&push).succeeds();
}

#[test]
fn without_a_key_a_push_is_compared_with_the_version_before() {
    let repository = resolved_by_hand();
    let keys = repository.0.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(&keys).expect("the file can be removed");
    let place = format!("{}:a.yaml", repository.head());
    let run = repository.git(&["push", "-q", "origin", "topic"]);
    refused(&run, &["which has the same MAC", &place]);
}

#[test]
fn a_push_of_files_that_only_sops_wrote_passes() {
    let repository = pushed(Repository::with_encrypted(&["a.yaml"]));
    repository.0.write("b.yaml", PLAIN);
    repository.sops_rs(&["encrypt", "-i", "b.yaml"]).succeeds();
    repository.sops_rs(&["rotate", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository.git(&["mv", "a.yaml", "c.yaml"]).succeeds();
    repository.commit().succeeds();
    repository.git(&["push", "-q"]).succeeds();
}
