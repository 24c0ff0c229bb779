//! Merges of branches that changed the data key.

use super::{BASE, MERGED, OTHER, OURS, Repository, THEIRS};

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
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    let take = |steps: &[Step], plaintext: &str| {
        for step in steps {
            match step {
                Rotate => {
                    repository.0.run(&["rotate", "-i", FILE]).succeeds();
                    repository.commit_all();
                }
                Change => repository.commit_secret(FILE, plaintext),
            }
        }
    };
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    take(theirs, THEIRS);
    repository.git(&["checkout", "-q", "main"]).succeeds();
    take(ours, OURS);
    repository
}

fn merged(ours: &[Step], theirs: &[Step]) -> &'static str {
    match [ours, theirs].map(|steps| steps.contains(&Change)) {
        [true, true] => MERGED,
        [true, false] => OURS,
        [false, true] => THEIRS,
        [false, false] => BASE,
    }
}

/// The `enc` of the file's only recipient.
fn enc(repository: &Repository) -> String {
    let text = repository.0.read(FILE);
    let enc = text.split("enc: |").nth(1).expect("the file has a key");
    enc.split("-----END").next().unwrap_or_default().to_owned()
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
            &["rebase", "-q", "topic"],
            // A rotation of a file that was rotated changes nothing.
            &["cherry-pick", "--keep-redundant-commits", "main..topic"],
        ] {
            let repository = repository(ours, theirs);
            let base = repository.git(&["show", &format!("topic~{}:{FILE}", theirs.len())]);
            repository.git(way).succeeds();
            let context = format!("{ours:?} {theirs:?} {way:?}");
            let plaintext = repository.0.run(&["decrypt", FILE]).succeeds().stdout;
            assert_eq!(plaintext, merged(ours, theirs), "{context}");
            assert_eq!(repository.git(&["status", "--short"]).stdout, "");
            repository.0.run(&["verify"]).succeeds();
            // The old data key is not in use again.
            let is_rotated = ours.contains(&Rotate) || theirs.contains(&Rotate);
            assert!(
                is_rotated && !base.stdout.contains(&enc(&repository)),
                "{context}"
            );
        }
    }
}

#[test]
fn a_conflict_of_branches_that_rotated_the_data_key_is_resolved() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    for (branch, plaintext) in [("topic", OTHER), ("main", OURS)] {
        if branch == "topic" {
            repository.git(&["checkout", "-q", "-b", branch]).succeeds();
        } else {
            repository.git(&["checkout", "-q", branch]).succeeds();
        }
        repository.edit(FILE, plaintext);
        repository.0.run(&["rotate", "-i", FILE]).succeeds();
        repository.commit_all();
    }
    for (side, plaintext) in [
        (
            "--ours",
            "user: web\npassword: battery-staple\nport: 8080\n",
        ),
        ("--theirs", OTHER),
    ] {
        let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{run}");
        repository.is_marked(FILE);
        repository.0.run(&["resolve", FILE, side]).succeeds();
        repository.git(&["add", FILE]).succeeds();
        repository.is_merged(FILE, plaintext);
        repository.git(&["merge", "--abort"]).succeeds();
    }
}
