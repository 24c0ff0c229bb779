//! Any JSON that is accepted comes back byte for byte.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sops_core::keys::{Identities, Recipient};
use sops_core::{Encryption, Format, decrypt, encrypt};

const IDENTITY: &str = include_str!("../../testdata/keys/x25519.txt");

static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| Identities::parse(IDENTITY).unwrap());
static HOW: LazyLock<Encryption> = LazyLock::new(|| Encryption::to([RECIPIENT.trim().parse::<Recipient>().unwrap()]));

fuzz_target!(|text: &str| {
    if let Ok(encrypted) = encrypt(text, Format::Json, &HOW) {
        let back = decrypt(&encrypted, Format::Json, &IDENTITIES).expect("what was encrypted can be decrypted");
        assert_eq!(*back, text);
    }
});
