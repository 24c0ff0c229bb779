//! Merges of three versions of a file.

use std::time::SystemTime;

use sops_core::merge::{Approval, ConfiguredKeys, Markers, MergeOutcome, Versions, merge};
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, decrypt, encrypt};

use crate::IDENTITIES;

/// Checks a merge of three inputs, in two ways: as they are, like the files of an untrusted branch,
/// and as the plaintext of files that the user encrypted.
///
/// A merge never panics. Its result is a file with a correct MAC, or has conflict markers. If one
/// side changed nothing, it is the other side.
pub fn merge_texts(texts: [&[u8]; 3], format: Format) {
    let [base, ours, theirs] = texts;
    if let Some(outcome) = merged(texts, format) {
        check(&outcome, format);
    }
    let recipients = IDENTITIES.recipients();
    let Ok(encrypted) = encrypt(base, format, &Encryption::to(recipients)) else {
        return;
    };
    let Ok(document) = EncryptedDocument::parse(&encrypted, format) else {
        panic!("an encrypted file cannot be read");
    };
    let changed = |plaintext| {
        let key = document
            .data_key(&*IDENTITIES)
            .expect("the file is for this key");
        let open = document
            .open(key, MacCheck::Require)
            .expect("the MAC matches");
        open.encrypt(plaintext, SystemTime::now())
    };
    let (Ok(our_file), Ok(their_file)) = (changed(ours), changed(theirs)) else {
        return;
    };
    let files = [&encrypted, &our_file, &their_file].map(|text| text.as_bytes());
    let outcome = merged(files, format).expect("the files are encrypted");
    check(&outcome, format);
    for (texts, expected) in [
        ([files[0], files[0], files[2]], theirs),
        ([files[0], files[1], files[0]], ours),
    ] {
        let outcome = merged(texts, format).expect("the files are encrypted");
        assert_eq!(outcome.problems, []);
        let plaintext =
            decrypt(&outcome.text, format, &*IDENTITIES).expect("the file is for this key");
        assert_eq!(*plaintext, expected);
    }
}

fn merged(texts: [&[u8]; 3], format: Format) -> Option<MergeOutcome> {
    let [base, ours, theirs] = texts;
    let versions = Versions {
        base: Some(base),
        ours,
        theirs,
        format,
    };
    let named = || ConfiguredKeys {
        groups: vec![
            IDENTITIES
                .recipients()
                .into_iter()
                .map(Into::into)
                .collect(),
        ],
        threshold: None,
    };
    let approval = Approval::Configured(&named);
    let (markers, now) = (Markers::default(), SystemTime::now());
    merge(&versions, &*IDENTITIES, &approval, &markers, now)
}

fn check(outcome: &MergeOutcome, format: Format) {
    if outcome.problems.is_empty() {
        decrypt(&outcome.text, format, &*IDENTITIES).expect("a clean merge has a MAC");
    }
}
