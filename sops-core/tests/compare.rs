//! Who can decrypt two versions of a file, and which values are encrypted in them.

use std::time::SystemTime;

use sops_core::compare::{AccessChanges, ChangeKind, Contents, DataKeyChange, compare_values};
use sops_core::keys::age::generate_x25519;
use sops_core::keys::{DataKey, Identities, MasterKey, Recipient};
use sops_core::rules::EncryptionRule;
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, encrypt};

const TEXT: &str = "a: 1\nb: [x, y]\n";

/// Three recipients, with the private key of the first.
struct People {
    keys: [MasterKey; 3],
    first: Identities,
}

impl People {
    fn new() -> Self {
        let pairs = [(); 3].map(|()| generate_x25519());
        let keys = pairs.each_ref().map(|pair| pair.recipient.clone().into());
        let [first, ..] = pairs;
        Self {
            keys,
            first: Identities::from(first.identity),
        }
    }

    fn encrypted(&self) -> String {
        let MasterKey::Age { recipient } = &self.keys[0] else {
            panic!("the keys are of age");
        };
        let recipient = recipient
            .parse::<Recipient>()
            .expect("the recipient is valid");
        encrypt(TEXT, Format::Yaml, &Encryption::to([recipient]))
            .expect("the document can be encrypted")
    }

    fn with_groups(&self, text: &str, groups: &[&[usize]], threshold: Option<usize>) -> String {
        let document = parsed(text);
        let groups = groups
            .iter()
            .map(|group| group.iter().map(|index| self.keys[*index].clone()));
        let groups: Vec<Vec<MasterKey>> = groups.map(Iterator::collect).collect();
        let changed = document.with_key_groups(
            &self.key(text),
            &groups,
            threshold,
            &self.first,
            SystemTime::now(),
        );
        changed.expect("the groups are valid")
    }

    fn key(&self, text: &str) -> DataKey {
        parsed(text)
            .data_key(&self.first)
            .expect("the key opens it")
    }

    fn rotated(&self, text: &str) -> String {
        let document = parsed(text);
        let open = document
            .open(self.key(text), MacCheck::Require)
            .expect("the input is valid");
        let groups = document.metadata().master_keys();
        open.rotate(&groups, &self.first, SystemTime::now())
            .expect("the document can be rotated")
    }
}

fn parsed(text: &str) -> EncryptedDocument<'_> {
    EncryptedDocument::parse(text, Format::Yaml).expect("the document is encrypted")
}

fn access(old: &str, new: &str) -> AccessChanges {
    let (old, new) = (parsed(old), parsed(new));
    AccessChanges::between(Some(old.metadata()), Some(new.metadata()), None)
}

#[test]
fn recipients_are_added_and_removed_under_the_same_data_key() {
    let people = People::new();
    let alone = people.encrypted();
    let both = people.with_groups(&alone, &[&[0, 1]], None);
    let changes = access(&alone, &both);
    assert_eq!(changes.added, people.keys[1..2]);
    assert!(changes.removed.is_empty() && changes.is_change());
    assert_eq!(changes.data_key, DataKeyChange::Same);
    let changes = access(&both, &alone);
    assert_eq!(changes.removed, people.keys[1..2]);
    assert_eq!(changes.data_key, DataKeyChange::Same);
    let swapped = people.with_groups(&both, &[&[1, 0]], None);
    assert!(
        !access(&both, &swapped).is_change(),
        "the order means nothing"
    );
    let new = AccessChanges::between(None, Some(parsed(&both).metadata()), None);
    assert_eq!(new.added, people.keys[..2]);
}

#[test]
fn a_new_data_key_is_known_with_the_keys() {
    let people = People::new();
    let old = people.encrypted();
    let new = people.rotated(&old);
    assert_eq!(access(&old, &new).data_key, DataKeyChange::Unknown);
    let (old_key, new_key) = (people.key(&old), people.key(&new));
    let between = |old_key: &DataKey, new_key: &DataKey| {
        let (old, new) = (parsed(&old), parsed(&new));
        let keys = Some((old_key, new_key));
        AccessChanges::between(Some(old.metadata()), Some(new.metadata()), keys).data_key
    };
    assert_eq!(between(&old_key, &new_key), DataKeyChange::Changed);
    assert_eq!(between(&old_key, &old_key), DataKeyChange::Same);
}

#[test]
fn groups_and_thresholds_match_sops() {
    let people = People::new();
    let alone = people.encrypted();
    let all = people.with_groups(&alone, &[&[0], &[1], &[2]], None);
    let some = people.with_groups(&alone, &[&[0], &[1], &[2]], Some(2));
    assert_eq!(access(&all, &some).threshold, Some((3, 2)));
    assert_eq!(access(&alone, &some).threshold, Some((1, 2)));
    // The shares are made again, so the metadata does not say whether the data key is the same.
    assert_eq!(access(&all, &some).data_key, DataKeyChange::Unknown);
    assert_eq!(access(&some, &some).data_key, DataKeyChange::Same);
    let regrouped = people.with_groups(&alone, &[&[0], &[2], &[1]], Some(2));
    let changes = access(&some, &regrouped);
    assert!(changes.is_regrouped && changes.added.is_empty() && changes.threshold.is_none());
}

#[test]
fn rules_and_options() {
    let pair = generate_x25519();
    let encryption = Encryption::to([pair.recipient]);
    let old = encrypt(TEXT, Format::Yaml, &encryption).expect("the document can be encrypted");
    let rule = EncryptionRule::EncryptedRegex("^a$".into());
    let encryption = encryption
        .with_rule(rule.clone())
        .with_mac_only_encrypted(true);
    let new = encrypt(TEXT, Format::Yaml, &encryption).expect("the document can be encrypted");
    let changes = access(&old, &new);
    assert_eq!(changes.rule.map(|(_, new)| new), Some(rule));
    assert_eq!(changes.mac_only_encrypted, Some((false, true)));
}

#[test]
fn a_value_that_is_in_plaintext_now_differs_even_if_it_is_equal() {
    let people = People::new();
    let MasterKey::Age { recipient } = &people.keys[0] else {
        panic!("the keys are of age");
    };
    let recipient = recipient
        .parse::<Recipient>()
        .expect("the recipient is valid");
    let encryption =
        Encryption::to([recipient]).with_rule(EncryptionRule::EncryptedRegex("^a$".into()));
    let narrow = encrypt(TEXT, Format::Yaml, &encryption).expect("the document can be encrypted");
    let contents = |text: &str| {
        let document = parsed(text);
        Contents::of_decrypted(&document, TEXT.as_bytes()).expect("the text is YAML")
    };
    let (old, new) = (contents(&people.encrypted()), contents(&narrow));
    let changes = compare_values(&old, &new);
    let paths: Vec<String> = changes
        .iter()
        .map(|change| change.path.to_string())
        .collect();
    assert_eq!(paths, ["b[0]", "b[1]"]);
    for change in changes {
        let ChangeKind::Changed { old, new } = change.kind else {
            panic!("the values are in both");
        };
        assert!(old.is_secret() && !new.is_secret());
    }
}

#[test]
fn ciphertexts_differ_where_values_do_under_the_same_data_key() {
    let people = People::new();
    let old = people.encrypted();
    let document = parsed(&old);
    let open = document
        .open(people.key(&old), MacCheck::Require)
        .expect("the input is valid");
    let new = open
        .encrypt(b"a: 1\nb: [x, z]\n", SystemTime::now())
        .expect("the document can be encrypted");
    let (old, new) = (
        Contents::of_ciphertext(&document),
        Contents::of_ciphertext(&parsed(&new)),
    );
    let changes = compare_values(&old, &new);
    let paths: Vec<String> = changes
        .iter()
        .map(|change| change.path.to_string())
        .collect();
    assert_eq!(paths, ["b[1]"]);
}
