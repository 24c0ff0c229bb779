//! Rotations on one or both sides: the merged file never has the old data key again.

use super::enc;
use crate::git_merge::{BASE, MERGED, OTHER, OURS, Repository, THEIRS};

const FILE: &str = "apps/secret.yaml";

/// What a branch does with the file, in one commit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Rotate,
    Change,
}

use Step::{Change, Rotate};

/// A repository whose branches took these steps.
fn repository(ours: &[Step], theirs: &[Step]) -> Repository {
    let take = |repository: &Repository, steps: &[Step], plaintext: &str| {
        for step in steps {
            match step {
                Rotate => drop(repository.0.run(&["rotate", "-i", FILE]).succeeds()),
                Change => repository.edit(FILE, plaintext),
            }
            repository.commit_all();
        }
    };
    Repository::new().diverged(
        FILE,
        |of| take(of, theirs, THEIRS),
        |of| take(of, ours, OURS),
    )
}

fn merged(ours: &[Step], theirs: &[Step]) -> &'static str {
    match [ours, theirs].map(|steps| steps.contains(&Change)) {
        [true, true] => MERGED,
        [true, false] => OURS,
        [false, true] => THEIRS,
        [false, false] => BASE,
    }
}

#[test]
fn branches_that_rotated_the_data_key_are_merged() {
    for (ours, theirs) in [
        (&[Rotate][..], &[Rotate][..]),
        (&[Rotate], &[Change]),
        (&[Change], &[Rotate]),
        (&[Rotate, Change], &[Rotate, Change]),
        (&[Change, Rotate], &[Rotate, Change]),
        (&[Change], &[Change, Rotate]),
    ] {
        for way in [
            &["merge", "-q", "--no-edit", "topic"][..],
            &["rebase", "-q", "--empty=drop", "topic"],
            // A rotation of a file that was rotated changes nothing.
            &["cherry-pick", "--keep-redundant-commits", "main..topic"],
        ] {
            let repository = repository(ours, theirs);
            let start = repository.git(&["merge-base", "main", "topic"]).stdout;
            let base = repository.git(&["show", &format!("{}:{FILE}", start.trim())]);
            repository.git(way).succeeds();
            let context = format!("{ours:?} {theirs:?} {way:?}");
            let plaintext = repository.0.run(&["decrypt", FILE]).succeeds().stdout;
            assert_eq!(plaintext, merged(ours, theirs), "{context}");
            assert_eq!(repository.git(&["status", "--short"]).stdout, "");
            repository.0.run(&["verify"]).succeeds();
            assert!(!base.stdout.contains(&enc(&repository, FILE)), "{context}");
        }
    }
}

#[test]
fn a_conflict_of_branches_that_rotated_the_data_key_is_resolved() {
    let rotated = |of: &Repository, plaintext: &str| {
        of.edit(FILE, plaintext);
        of.0.run(&["rotate", "-i", FILE]).succeeds();
    };
    let repository =
        Repository::new().diverged(FILE, |of| rotated(of, OTHER), |of| rotated(of, OURS));
    for (side, plaintext) in [
        (
            "--ours",
            "user: web\npassword: battery-staple\nport: 8080\n",
        ),
        ("--theirs", OTHER),
    ] {
        repository.conflicts();
        repository.is_marked(FILE);
        repository.0.run(&["resolve", FILE, side]).succeeds();
        repository.git(&["add", FILE]).succeeds();
        repository.is_merged(FILE, plaintext);
        repository.git(&["merge", "--abort"]).succeeds();
    }
}
