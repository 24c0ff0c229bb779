//! Any recipient, key file, SSH key and age file is read or refused in words.
#![no_main]

use sops_core::keys::{Identities, Recipient};
use sops_fuzz::IDENTITIES;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let mut identities = Identities::new();
    let _ = identities.add_keys("keys", text);
    let _ = identities.add_ssh_key("a key", text);
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Ok(recipient) = text.parse::<Recipient>()
        // Others may be plugins, which are programs to run.
        && text.trim().starts_with("ssh-")
    {
        let _ = recipient.wrap(b"a data key");
    }
    let _ = IDENTITIES.unwrap("age1", text);
    let _ = identities.sources();
    let _ = identities.recipients();
});
