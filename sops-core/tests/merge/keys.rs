//! Recipients and data keys: removal wins, and no key is encrypted for a stranger.

use sops_core::keys::{Identities, MasterKey};
use sops_core::merge::{
    Approval, Choices, ConfiguredKeys, MergeNote, MergeOutcome, MergeProblem, OpenMerge, SideName,
    Versions,
};
use sops_core::{Format, MacCheck};

use crate::support::{Person, Repository, recipients};

/// What one side does with the recipients.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    Add(usize),
    Remove(usize),
    RemoveAndRotate(usize),
    Rotate,
    RotateAndAdd(usize),
}

struct People {
    repository: Repository,
    others: Vec<Person>,
}

impl People {
    fn new() -> Self {
        Self {
            repository: Repository::new(Format::Yaml),
            others: (0..4).map(|_| Person::new()).collect(),
        }
    }

    /// Ann, and the others with these numbers.
    fn keys(&self, numbers: &[usize]) -> Vec<&MasterKey> {
        let others = numbers.iter().map(|number| &self.others[*number].key);
        std::iter::once(&self.repository.ann.key)
            .chain(others)
            .collect()
    }

    fn change(&self, encrypted: &str, members: &[usize], change: Change) -> String {
        let repository = &self.repository;
        let without = |removed: usize| -> Vec<usize> {
            members
                .iter()
                .copied()
                .filter(|number| *number != removed)
                .collect()
        };
        let with = |added: usize| [members, &[added]].concat();
        match change {
            Change::Nothing => encrypted.to_owned(),
            Change::Add(added) => repository.update_keys(encrypted, &self.keys(&with(added))),
            Change::Remove(removed) => {
                repository.update_keys(encrypted, &self.keys(&without(removed)))
            }
            Change::RemoveAndRotate(removed) => {
                repository.rotate(encrypted, &self.keys(&without(removed)))
            }
            Change::Rotate => repository.rotate(encrypted, &self.keys(members)),
            Change::RotateAndAdd(added) => repository.rotate(encrypted, &self.keys(&with(added))),
        }
    }
}

/// The data key of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum KeyOf {
    Base,
    Ours,
    New,
}

fn data_key(people: &People, text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("the file is text");
    let document = people.repository.parse(&text);
    let key = document
        .data_key(&people.repository.ann.identities)
        .expect("Ann has a key");
    document
        .decrypt(&key, MacCheck::Require)
        .expect("the MAC is right");
    key.as_bytes().to_vec()
}

/// Merges changes of values and recipients. The base is for Ann and the others 0 and 1.
fn merge(people: &People, ours: Change, theirs: Change, named: &[usize]) -> (MergeOutcome, KeyOf) {
    let members = [0, 1];
    let repository = &people.repository;
    let base = repository.encrypt_for("a: 1\nb: 1\n", &people.keys(&members), |settings| settings);
    let ours = repository.edit(&people.change(&base, &members, ours), "a: 2\nb: 1\n");
    let theirs = repository.edit(&people.change(&base, &members, theirs), "a: 1\nb: 2\n");
    let outcome = repository.merge_with(Some(&base), &ours, &theirs, &people.keys(named));
    if !outcome.problems.is_empty() {
        return (outcome, KeyOf::New);
    }
    assert_eq!(repository.decrypt(&outcome.text), "a: 2\nb: 2\n");
    let key = data_key(people, &outcome.text);
    let known = [(KeyOf::Base, &base), (KeyOf::Ours, &ours)];
    let same = known
        .into_iter()
        .find(|(_, text)| data_key(people, text.as_bytes()) == key);
    let key_of = same.map_or(KeyOf::New, |(name, _)| name);
    (outcome, key_of)
}

#[test]
fn removal_wins_and_the_data_key_is_safe() {
    use Change::{Add, Nothing, Remove, RemoveAndRotate, Rotate};
    for (ours, theirs, members, key) in [
        (Nothing, Nothing, &[0, 1][..], KeyOf::Base),
        (Add(2), Nothing, &[0, 1, 2], KeyOf::Base),
        (Nothing, Add(2), &[0, 1, 2], KeyOf::Base),
        (Add(2), Add(3), &[0, 1, 2, 3], KeyOf::Base),
        // A plain `updatekeys` keeps the data key.
        (Remove(0), Nothing, &[1], KeyOf::Base),
        (Nothing, Remove(0), &[1], KeyOf::Base),
        (Remove(0), Remove(1), &[], KeyOf::Base),
        (Remove(0), Add(2), &[1, 2], KeyOf::Base),
        // A stranger may know a data key that only their side has.
        (Rotate, Nothing, &[0, 1], KeyOf::Ours),
        (Nothing, Rotate, &[0, 1], KeyOf::New),
        (Rotate, Rotate, &[0, 1], KeyOf::Ours),
        (RemoveAndRotate(0), Nothing, &[1], KeyOf::Ours),
        (Nothing, RemoveAndRotate(0), &[1], KeyOf::New),
        // The new key was encrypted for someone whom the other side removed.
        (Rotate, Remove(0), &[1], KeyOf::New),
        (Remove(0), Rotate, &[1], KeyOf::New),
        (RemoveAndRotate(0), Remove(1), &[], KeyOf::New),
        (RemoveAndRotate(0), RemoveAndRotate(1), &[], KeyOf::New),
        // Our data key stays if it was never encrypted for the removed key.
        (Rotate, RemoveAndRotate(0), &[1], KeyOf::New),
        (RemoveAndRotate(0), Rotate, &[1], KeyOf::Ours),
        // The new data key is encrypted for the recipients in the configuration.
        (Rotate, Add(2), &[0, 1, 2], KeyOf::Ours),
        (Add(2), RemoveAndRotate(0), &[1, 2], KeyOf::New),
    ] {
        let people = People::new();
        let (outcome, key_of) = merge(&people, ours, theirs, &[0, 1, 2, 3]);
        assert_eq!(outcome.problems, []);
        let expected: Vec<MasterKey> = people.keys(members).into_iter().cloned().collect();
        assert_eq!(recipients(&people.repository, &outcome.text), expected);
        assert_eq!(key_of, key, "{members:?}");
        for number in 0..4 {
            let can_decrypt = sops_core::decrypt(
                &outcome.text,
                Format::Yaml,
                &people.others[number].identities,
            );
            assert_eq!(can_decrypt.is_ok(), members.contains(&number));
        }
    }
}

#[test]
fn a_removal_that_keeps_the_data_key_is_noted() {
    let people = People::new();
    let (outcome, _) = merge(&people, Change::Nothing, Change::Remove(0), &[1]);
    let removed = vec![people.others[0].key.clone()];
    assert_eq!(outcome.notes, [MergeNote::RemovedWithoutRotation(removed)]);
    let (outcome, _) = merge(&people, Change::Rotate, Change::Remove(0), &[1]);
    let reads_ours = MergeNote::ReadsOurs(vec![people.others[0].key.clone()]);
    assert_eq!(outcome.notes, [MergeNote::NewDataKey, reads_ours]);
}

#[test]
fn a_data_key_is_not_encrypted_for_a_key_that_the_configuration_does_not_name() {
    use Change::{Add, Remove, Rotate, RotateAndAdd};
    for (ours, theirs, named, unapproved) in [
        // A stranger whom a branch added would get the new data key.
        (Rotate, Add(2), &[0, 1][..], Some(&[2][..])),
        (Rotate, RotateAndAdd(2), &[0, 1], Some(&[2])),
        (Add(2), Rotate, &[0, 1], Some(&[2])),
        (Rotate, Remove(0), &[0], Some(&[1])),
        (Rotate, Remove(0), &[1], None),
        // The `enc` of the key is copied, because the data key stays.
        (Change::Nothing, Add(2), &[0, 1], None),
    ] {
        let people = People::new();
        let (outcome, _) = merge(&people, ours, theirs, named);
        let expected: Vec<MergeProblem> = unapproved
            .map(|numbers| {
                let keys = numbers
                    .iter()
                    .map(|number| people.others[*number].key.clone());
                MergeProblem::Unapproved(keys.collect())
            })
            .into_iter()
            .collect();
        assert_eq!(outcome.problems, expected);
        if unapproved.is_none() {
            continue;
        }
        let text = String::from_utf8(outcome.text).expect("the file is text");
        assert!(text.contains("<<<<<<< HEAD\n"), "{text}");
    }
}

#[test]
fn a_key_that_a_side_added_and_the_configuration_does_not_name_is_noted() {
    use Change::{Add, Nothing};
    // In a rebase, our side is the fetched branch.
    for (ours, theirs) in [(Nothing, Add(2)), (Add(2), Nothing)] {
        let people = People::new();
        let (outcome, _) = merge(&people, ours, theirs, &[0, 1]);
        let added = vec![people.others[2].key.clone()];
        assert_eq!(outcome.notes, [MergeNote::Unnamed(added)]);
    }
    // Both sides add the file.
    let people = People::new();
    let repository = &people.repository;
    let ours = repository.encrypt_for("a: 1\n", &people.keys(&[0, 2]), |settings| settings);
    let theirs = repository.encrypt_for("a: 1\nb: 2\n", &people.keys(&[0]), |settings| settings);
    let outcome = repository.merge_with(None, &ours, &theirs, &people.keys(&[0]));
    let added = vec![people.others[2].key.clone()];
    assert_eq!(outcome.notes, [MergeNote::Unnamed(added)]);
}

/// A branch can remove everyone, and add a recipient whose `enc` is worthless.
#[test]
fn a_merge_that_locks_out_its_user_is_a_conflict() {
    let people = People::new();
    let repository = &people.repository;
    let base = repository.encrypt_for("a: 1\nb: 1\n", &people.keys(&[0]), |settings| settings);
    let ours = repository.edit(&base, "a: 2\nb: 1\n");
    let theirs = repository.edit(&base, "a: 1\nb: 2\n");
    let stranger = &people.others[1].key;
    for kept in [&[stranger][..], &[&people.others[0].key]] {
        let theirs = repository.update_keys(&theirs, kept);
        let outcome = repository.merge_with(Some(&base), &ours, &theirs, kept);
        assert_eq!(outcome.problems, [MergeProblem::LockedOut]);
        let text = String::from_utf8(outcome.text).expect("the file is text");
        assert!(text.contains("<<<<<<< HEAD\n"), "{text}");

        let versions = Versions {
            base: Some(base.as_bytes()),
            ours: ours.as_bytes(),
            theirs: theirs.as_bytes(),
            format: Format::Yaml,
        };
        let service = &repository.ann.identities;
        let open = OpenMerge::open(&versions, service).expect("Ann has a key");
        let mut choices = Choices::default();
        let mut encrypt = |approval: &Approval<'_>, side| {
            choices.key_groups = side;
            let (text, now) = (b"a: 2\nb: 2\n", repository.tick());
            open.encrypt(text, &choices, approval, service, now)
        };
        let named = || ConfiguredKeys::default();
        let result = encrypt(&Approval::Configured(&named), Some(SideName::Theirs));
        let problems = result.err().expect("Ann would lose access");
        assert_eq!(problems, [MergeProblem::LockedOut]);
        let result = encrypt(&Approval::Configured(&named), Some(SideName::Ours));
        let file = result.expect("Ann keeps access");
        assert_eq!(repository.decrypt(&file.text), "a: 2\nb: 2\n");
        assert!(encrypt(&Approval::Given, None).is_ok());
    }
    // Removing someone else locks no one out.
    let theirs = repository.update_keys(&theirs, &people.keys(&[]));
    let outcome = repository.merge_with(Some(&base), &ours, &theirs, &people.keys(&[]));
    assert_eq!(outcome.problems, []);
}

#[test]
fn a_data_key_that_a_stranger_chose_is_not_used() {
    // A public key is enough to encrypt a new file, and its author can remove the `enc` for their
    // own key.
    let people = People::new();
    let repository = &people.repository;
    let base = repository.encrypt_for("a: 1\n", &people.keys(&[0]), |settings| settings);
    let ours = repository.edit(&base, "a: 1\nnew: secret\n");
    let forged = repository.encrypt_for("a: 1\nb: 2\n", &people.keys(&[0]), |settings| settings);
    let outcome = repository.merge_with(Some(&base), &ours, &forged, &people.keys(&[0]));
    assert_eq!(outcome.problems, []);
    assert_eq!(outcome.notes, [MergeNote::NewDataKey]);
    let merged = data_key(&people, &outcome.text);
    assert_ne!(merged, data_key(&people, forged.as_bytes()));
    assert_ne!(merged, data_key(&people, base.as_bytes()));
}

#[test]
fn key_groups_are_merged_as_a_whole() {
    let people = People::new();
    let repository = &people.repository;
    let groups = |others: &[usize]| -> Vec<Vec<MasterKey>> {
        let ann = repository.ann.key.clone();
        let group = |number: &usize| vec![ann.clone(), people.others[*number].key.clone()];
        others.iter().map(group).collect()
    };
    let with_groups = |encrypted: &str, others: &[usize]| {
        let document = repository.parse(encrypted);
        let key = document
            .data_key(&repository.ann.identities)
            .expect("Ann has a key");
        let groups = groups(others);
        document
            .with_key_groups(
                &key,
                &groups,
                Some(2),
                &Identities::new(),
                repository.tick(),
            )
            .expect("the keys are changed")
    };
    let base = with_groups(&repository.encrypt("a: 1\nb: 1\n"), &[0, 1]);
    let ours = repository.edit(&base, "a: 2\nb: 1\n");
    let theirs = repository.edit(&base, "a: 1\nb: 2\n");
    for (ours, theirs, expected) in [
        (ours.clone(), theirs.clone(), &[0, 1][..]),
        (with_groups(&ours, &[0, 1, 2]), theirs.clone(), &[0, 1, 2]),
        (ours.clone(), with_groups(&theirs, &[0, 1, 2]), &[0, 1, 2]),
    ] {
        let configured = || ConfiguredKeys {
            groups: groups(expected),
            threshold: Some(2),
        };
        let outcome = repository.merge_configured(Some(&base), &ours, &theirs, &configured);
        assert_eq!(outcome.problems, []);
        assert_eq!(repository.decrypt(&outcome.text), "a: 2\nb: 2\n");
        let text = String::from_utf8(outcome.text).expect("the file is text");
        let metadata = repository.parse(&text).metadata().clone();
        assert_eq!(metadata.master_keys(), groups(expected));
        assert_eq!(metadata.shamir_threshold, Some(2));
    }
    let outcome = repository.merge(
        Some(&base),
        &with_groups(&ours, &[0, 1, 2]),
        &with_groups(&theirs, &[0, 1, 3]),
    );
    assert_eq!(outcome.problems, [MergeProblem::KeyGroups]);
    // Their groups, which the configuration does not have, could let one key open the file.
    let weaker = repository.update_keys(&theirs, &people.keys(&[0, 1]));
    for theirs in [weaker, with_groups(&theirs, &[0, 1, 2])] {
        let outcome = repository.merge(Some(&base), &ours, &theirs);
        assert_eq!(outcome.problems, [MergeProblem::KeyGroups]);
    }
}
