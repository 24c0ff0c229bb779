//! Any YAML that is accepted comes back byte for byte.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sops_core::keys::Identities;
use sops_core::{Encryption, Format, decrypt, encrypt};

const IDENTITY: &str = include_str!("../../testdata/keys/x25519.txt");

static KEYS: LazyLock<(Encryption, Identities)> = LazyLock::new(|| {
    let mut identities = Identities::new();
    identities.add_keys("the test key", IDENTITY.as_bytes()).expect("the test key is valid");
    let how = Encryption { allow_plaintext: true, ..Encryption::to(identities.recipients()) };
    (how, identities)
});

fuzz_target!(|text: &str| {
    if let Ok(encrypted) = encrypt(text, Format::Yaml, &KEYS.0) {
        let back = decrypt(&encrypted, Format::Yaml, &KEYS.1).expect("what was encrypted can be decrypted");
        assert_eq!(*back, text);
    }
});
