//! A side in plaintext: it is never merged, and never gets into the working tree.

use crate::git_merge::{OURS, Repository, THEIRS};

const FILE: &str = "secret.yaml";

#[test]
fn a_branch_that_committed_plaintext_is_a_conflict() {
    for is_theirs in [true, false] {
        let repository = Repository::new().diverged(
            FILE,
            |of| match is_theirs {
                true => of.0.write(FILE, THEIRS),
                false => of.edit(FILE, THEIRS),
            },
            |of| match is_theirs {
                true => of.edit(FILE, OURS),
                false => of.0.write(FILE, OURS),
            },
        );
        let run = repository.conflicts();
        let message = "in plaintext, but another version of the file is encrypted";
        let repair = "`sops-rs encrypt -i secret.yaml`, `git commit -m Repair -- secret.yaml`";
        assert!(run.stderr.contains(message), "{run}");
        assert!(run.stderr.contains(repair), "{run}");
        repository.is_marked(FILE);
    }
}

/// Every format, with plaintext in place of one version or two.
#[test]
fn plaintext_in_any_version_and_format_conflicts() {
    for (name, texts) in [
        (
            "a.env",
            ["A=correct-horse\n", "A=battery-staple\n", "A=open-sesame\n"],
        ),
        (
            "a.ini",
            [
                "[s]\na = correct-horse\n",
                "[s]\na = battery-staple\n",
                "[s]\na = open-sesame\n",
            ],
        ),
        ("secret", ["correct-horse", "battery-staple", "open-sesame"]),
        (
            "a.json",
            [
                "{\"a\": \"correct-horse\"}",
                "{\"a\": \"battery-staple\"}",
                "{\"a\": \"open-sesame\"}",
            ],
        ),
    ] {
        for plain in [&[0][..], &[1], &[2], &[0, 1], &[0, 2]] {
            let repository = Repository::new();
            repository
                .0
                .write(".git/info/attributes", format!("{name} merge=sops\n"));
            let write = |number: usize| {
                repository.0.write(name, texts[number]);
                if !plain.contains(&number) {
                    repository.0.run(&["encrypt", "-i", name]).succeeds();
                }
                repository.commit_all();
            };
            write(0);
            repository.branch("topic");
            write(2);
            repository.checkout("main");
            write(1);
            repository.conflicts();
            let text = repository.0.read(name);
            // Plaintext that a branch committed does not get into the working tree.
            assert!(!text.contains("open-sesame"), "{name} {plain:?}: {text}");
        }
    }
}

#[test]
fn a_file_that_both_sides_decrypted_is_marked_with_our_text_alone() {
    let repository = Repository::new().diverged(
        FILE,
        |of| of.0.write(FILE, "user: theirs\n"),
        |of| of.0.write(FILE, "user: ours\n"),
    );
    repository.conflicts();
    let text = repository.is_marked(FILE);
    assert!(
        text.contains("user: ours") && !text.contains("user: theirs"),
        "{text}"
    );
}
