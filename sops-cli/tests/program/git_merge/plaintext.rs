//! A merge never brings plaintext, or values that were tampered with, into the working tree.

use super::{BASE, OURS, Repository, THEIRS};

const FILE: &str = "secret.yaml";

#[test]
fn a_branch_that_committed_plaintext_is_a_conflict() {
    for plaintext_is_theirs in [true, false] {
        let repository = Repository::new();
        repository.commit_secret(FILE, BASE);
        let commit = |encrypted: bool, text: &str| match encrypted {
            true => repository.commit_secret(FILE, text),
            false => {
                repository.0.write(FILE, text);
                repository.commit_all();
            }
        };
        repository
            .git(&["checkout", "-q", "-b", "topic"])
            .succeeds();
        commit(!plaintext_is_theirs, THEIRS);
        repository.git(&["checkout", "-q", "main"]).succeeds();
        commit(plaintext_is_theirs, OURS);
        let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr
                .contains("in plaintext, but the file is encrypted elsewhere"),
            "{run}"
        );
        repository.is_marked(FILE);
    }
}

#[test]
fn a_branch_whose_mac_is_wrong_is_a_conflict() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    let text = repository.0.read(FILE);
    let port = text
        .lines()
        .find(|line| line.starts_with("port: "))
        .expect("the file has a port");
    repository
        .0
        .write(FILE, text.replace(&format!("{port}\n"), ""));
    repository.commit_all();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.commit_secret(FILE, OURS);
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("their version cannot be used: MAC mismatch"),
        "{run}"
    );
    repository.is_marked(FILE);
}

#[test]
fn without_a_key_the_values_merge_and_the_file_stays_marked() {
    let repository = Repository::with_changes(FILE, OURS, THEIRS);
    std::fs::remove_dir_all(repository.0.home().join(".config")).expect("the key can be removed");
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("only someone with a key can finish the merge"),
        "{run}"
    );
    let text = repository.is_marked(FILE);
    let values = text.split("sops:").next().unwrap_or_default();
    assert!(!values.contains("<<<<<<<"), "{text}");
    assert!(values.contains("token: ENC["), "{text}");
}

/// Git's record of a conflict for the next time, and its messages about markers.
#[test]
fn rerere_remembers_ciphertext_and_git_finds_the_markers() {
    let repository = Repository::with_changes(FILE, OURS, super::OTHER);
    repository
        .git(&["config", "rerere.enabled", "true"])
        .succeeds();
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    let run = repository.git(&["diff", "--check"]);
    assert_eq!(run.code, Some(2), "{run}");
    repository.0.run(&["resolve", FILE, "--ours"]).succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.git(&["commit", "-q", "--no-edit"]).succeeds();
    let cache = repository.0.path(".git/rr-cache");
    let grep = ["-rlE", "correct-horse|battery-staple|open-sesame", "."];
    let mut command = repository.0.command_of("grep".as_ref(), &grep);
    command.current_dir(&cache);
    let run = repository.0.finish(command);
    assert_eq!(run.code, Some(1), "{run}");
    let entries = std::fs::read_dir(cache).expect("Git remembers conflicts");
    assert!(entries.count() > 0);
}

#[test]
fn an_unknown_label_is_not_shown() {
    let repository = Repository::new();
    let files = ["o", "a", "b"];
    for name in files {
        repository.0.write(name, "x\n");
    }
    repository.0.write("a", "y\n");
    repository.0.write("b", "z\n");
    let arguments = [
        "git",
        "merge-driver",
        "--marker-size",
        "9",
        "--ours-label",
        "%X",
        "--theirs-label",
        "-x",
        "--",
        "o",
        "a",
        "b",
        "--help",
    ];
    let run = repository.0.run(&arguments);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        repository.0.read("a"),
        "<<<<<<<<< ours\ny\n=========\nz\n>>>>>>>>> -x\n"
    );
}
