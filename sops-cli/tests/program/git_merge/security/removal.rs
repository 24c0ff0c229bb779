//! Removed recipients: they stay removed, and get no later data key, with and without a rotation.

use sops_test_support::environment::{other_recipient, recipient};

use super::enc;
use crate::git_merge::{CAROL, MERGED, OURS, Repository, THEIRS, rules};

const FILE: &str = "secret.yaml";

/// What a branch does with the recipients.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Rotate,
    Remove(Who),
    RemoveAndRotate(Who),
}

use Change::{Nothing, Remove, RemoveAndRotate, Rotate};

/// A recipient who may be removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Ben,
    Carol,
}

use Who::{Ben, Carol};

impl Who {
    fn recipient(self) -> String {
        match self {
            Ben => other_recipient(),
            Carol => CAROL.to_owned(),
        }
    }
}

impl Change {
    fn removed(self) -> Option<Who> {
        match self {
            Remove(who) | RemoveAndRotate(who) => Some(who),
            Nothing | Rotate => None,
        }
    }

    fn make(self, repository: &Repository) {
        if let Some(removed) = self.removed() {
            let others = [Ben, Carol].into_iter().filter(|who| *who != removed);
            let mut recipients = vec![recipient()];
            recipients.extend(others.map(Who::recipient));
            let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
            repository.0.write(".sops.yaml", rules(&recipients));
            repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
        }
        if matches!(self, Rotate | RemoveAndRotate(_)) {
            repository.0.run(&["rotate", "-i", FILE]).succeeds();
        }
    }
}

/// The data key of the merged file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DataKey {
    Base,
    Ours,
    New,
}

use DataKey::{Base, New, Ours};

#[test]
fn removed_recipients_stay_removed_and_get_no_later_data_key() {
    for (ours, theirs, key) in [
        // `updatekeys` alone keeps the data key.
        (Nothing, Remove(Ben), Base),
        (Remove(Ben), Nothing, Base),
        (Remove(Ben), Remove(Ben), Base),
        (Remove(Ben), Remove(Carol), Base),
        (Nothing, RemoveAndRotate(Ben), New),
        (RemoveAndRotate(Ben), Nothing, Ours),
        // One side rotates while the other removes: the new data key was for everyone.
        (Rotate, Remove(Ben), New),
        (Remove(Ben), Rotate, New),
        (Rotate, RemoveAndRotate(Ben), New),
        (RemoveAndRotate(Ben), Rotate, Ours),
        (RemoveAndRotate(Ben), RemoveAndRotate(Ben), Ours),
        (RemoveAndRotate(Ben), RemoveAndRotate(Carol), New),
        (RemoveAndRotate(Ben), Remove(Carol), New),
        (Remove(Ben), RemoveAndRotate(Carol), New),
    ] {
        let context = format!("{ours:?} {theirs:?}");
        let repository = Repository::new();
        repository.keep_our_configuration();
        let everyone = [recipient(), Ben.recipient(), Carol.recipient()];
        let everyone: Vec<&str> = everyone.iter().map(String::as_str).collect();
        repository.0.write(".sops.yaml", rules(&everyone));
        let repository = repository.diverged(
            FILE,
            |of| {
                of.edit(FILE, THEIRS);
                theirs.make(of);
            },
            |of| {
                of.edit(FILE, OURS);
                ours.make(of);
            },
        );
        let of_ours = enc(&repository, FILE);
        let base = repository.git(&["show", &format!("main~1:{FILE}")]).stdout;
        let of_theirs = repository.git(&["show", &format!("topic:{FILE}")]).stdout;
        let run = repository.merges();
        repository.is_merged(FILE, MERGED);
        let merged = repository.0.read(FILE);
        let removed = [ours, theirs].map(Change::removed);
        for who in [Ben, Carol] {
            let is_recipient = merged.contains(&who.recipient());
            assert_eq!(is_recipient, !removed.contains(&Some(who)), "{context}");
        }
        let of_merged = enc(&repository, FILE);
        let found = match () {
            () if base.contains(&of_merged) => Base,
            () if of_merged == of_ours => Ours,
            () => New,
        };
        assert_eq!(found, key, "{context}");
        let is_theirs = key != Base && of_theirs.contains(&of_merged);
        assert!(!is_theirs, "{context}: only the branch had this data key");
        let note = match key {
            Base => "these recipients were removed, but can still decrypt the file",
            New => "has a new data key",
            Ours => "",
        };
        assert!(run.stderr.contains(note), "{context}: {run}");
        assert_eq!(run.stderr.is_empty(), note.is_empty(), "{context}: {run}");
        let is_of_theirs = theirs
            .removed()
            .is_some_and(|who| ours.removed() != Some(who));
        let said = run.stderr.replace('\n', " ");
        let is_said = said.contains("they can decrypt the values in your own commits");
        assert_eq!(is_said, key != Base && is_of_theirs, "{context}: {run}");
    }
}
