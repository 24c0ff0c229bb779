//! Compatibility without `sops` itself: the vectors record what it wrote and read.

use std::collections::HashSet;
use std::time::SystemTime;

use serde::Deserialize;
use sops_core::keys::age::generate_x25519;
use sops_core::keys::{self, Family, Identities, MasterKey};
use sops_core::{EncryptedDocument, Error, Format, MacCheck, decrypt};
use sops_test_support::same_except_comments;

/// One line of `testdata/vectors/golden.jsonl`.
#[derive(Deserialize)]
struct Golden {
    by: String,
    format: String,
    source: String,
    encrypted: String,
    decrypted: String,
}

/// A file of `testdata/vectors/master-keys.jsonl`, as `sops` wrote it.
#[derive(Deserialize)]
struct MasterKeys {
    format: String,
    encrypted: String,
    decrypted: String,
    shamir_threshold: Option<usize>,
    /// The keys of each group, as `sops updatekeys` names them.
    keys: Vec<Vec<String>>,
}

fn identities() -> Identities {
    let mut identities = Identities::new();
    let key = include_bytes!("../../testdata/keys/x25519.txt");
    identities
        .add_keys("the test key", key)
        .expect("the test key is valid");
    identities
}

#[test]
fn master_keys_of_all_families_are_named_and_kept() {
    let mut families = HashSet::new();
    for line in include_str!("../../testdata/vectors/master-keys.jsonl").lines() {
        let golden: MasterKeys = serde_json::from_str(line).expect("the line is a golden vector");
        let format = Format::from_name(&golden.format).expect("the format is known");
        let document =
            EncryptedDocument::parse(&golden.encrypted, format).expect("sops wrote the document");
        let metadata = document.metadata();
        let groups = metadata.master_keys();
        let ids = groups
            .iter()
            .map(|group| group.iter().map(MasterKey::id).collect::<Vec<_>>());
        assert_eq!(ids.collect::<Vec<_>>(), golden.keys);
        assert_eq!(metadata.shamir_threshold, golden.shamir_threshold);
        families.extend(groups.iter().flatten().map(MasterKey::family));
        assert_eq!(document.with_metadata(metadata), golden.encrypted);

        let key = document
            .data_key(&identities())
            .expect("the document has age keys");
        let open = document
            .open(key, MacCheck::Require)
            .expect("the MAC is valid");
        assert_eq!(open.plaintext(), golden.decrypted.as_bytes());
        let changed = golden.decrypted.replace("hunter2", "hunter3");
        let changed = open
            .encrypt(&changed, SystemTime::now())
            .expect("the document can be changed");
        let changed =
            EncryptedDocument::parse(&changed, format).expect("the document is encrypted");
        assert_eq!(changed.metadata().key_groups, metadata.key_groups);
    }
    assert_eq!(families.len(), Family::ALL.len());
}

/// A change of the keys of a file leaves the other keys alone, if possible.
#[test]
fn unusable_keys_stay_if_the_data_key_stays() {
    for line in include_str!("../../testdata/vectors/master-keys.jsonl").lines() {
        let golden: MasterKeys = serde_json::from_str(line).expect("the line is a golden vector");
        let format = Format::from_name(&golden.format).expect("the format is known");
        let document =
            EncryptedDocument::parse(&golden.encrypted, format).expect("sops wrote the document");
        let service = identities();
        let key = document
            .data_key(&service)
            .expect("the document has age keys");
        let mut groups = document.metadata().master_keys();
        groups[0].push(generate_x25519().recipient.into());
        let now = SystemTime::now();
        let threshold = golden.shamir_threshold;
        let changed = document.with_key_groups(&key, &groups, threshold, &service, now);
        if groups.len() > 1 {
            // Each key gets a new share, and no service can encrypt for the keys of other families.
            assert!(matches!(
                changed,
                Err(Error::Keys(keys::Error::NoKeyService { .. }))
            ));
            continue;
        }
        let changed = changed.expect("only an age key is new");
        let changed =
            EncryptedDocument::parse(&changed, format).expect("the document is encrypted");
        let (new, old) = (
            &changed.metadata().key_groups[0],
            &document.metadata().key_groups[0],
        );
        assert_eq!(new.keys.len(), old.keys.len() + 1);
        assert!(old.keys.iter().all(|key| new.keys.contains(key)));

        let open = document
            .open(key, MacCheck::Require)
            .expect("sops wrote the document");
        let rotated = open.rotate(&groups, &service, now);
        assert!(matches!(
            rotated,
            Err(Error::Keys(keys::Error::NoKeyService { .. }))
        ));
    }
}

#[test]
fn golden_documents_are_decrypted_as_sops_decrypts_them() {
    let identities = identities();
    let (mut ours, mut theirs) = (0, 0);
    for line in include_str!("../../testdata/vectors/golden.jsonl").lines() {
        let golden: Golden = serde_json::from_str(line).expect("the line is a golden vector");
        let format = Format::from_name(&golden.format).expect("the format is known");
        let decrypted = decrypt(&golden.encrypted, format, &identities)
            .unwrap_or_else(|error| panic!("{error} in\n{}", golden.encrypted));
        let decrypted = String::from_utf8_lossy(&decrypted);
        if golden.by == "sops" {
            theirs += 1;
            match format {
                Format::Json | Format::Dotenv | Format::Ini | Format::Binary => {
                    assert_eq!(decrypted, golden.decrypted);
                }
                _ => same_except_comments(&decrypted, &golden.decrypted)
                    .unwrap_or_else(|difference| panic!("{difference}\nin\n{}", golden.decrypted)),
            }
        } else {
            ours += 1;
            assert_eq!(decrypted, golden.source);
            assert!(
                !golden.decrypted.contains("ENC[AES256_GCM"),
                "{}",
                golden.source
            );
        }
    }
    assert!(
        ours > 40 && theirs > 40,
        "{ours} of ours, {theirs} of theirs"
    );
}
