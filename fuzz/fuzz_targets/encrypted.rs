//! A damaged file is refused in words, whatever is wrong with it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sops_core::keys::Identities;
use sops_core::{EncryptedDocument, Format, MacCheck};

const IDENTITY: &str = include_str!("../../testdata/keys/x25519.txt");

static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    let mut identities = Identities::new();
    identities.add_keys("the test key", IDENTITY.as_bytes()).expect("the test key is valid");
    identities
});

fuzz_target!(|text: &str| {
    for format in [Format::Yaml, Format::Json] {
        let Ok(document) = EncryptedDocument::parse(text, format) else { continue };
        let Ok(key) = document.data_key(&IDENTITIES) else { continue };
        for check in [MacCheck::Require, MacCheck::Ignore] {
            let _ = document.decrypt(&key, check);
        }
    }
});
