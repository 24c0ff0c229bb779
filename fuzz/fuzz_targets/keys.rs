//! Any recipient, key file, SSH key or age file is read or rejected with an error.
#![no_main]

use sops_fuzz::IDENTITIES;
use sops_keys::age::Identity;
use sops_keys::{Identities, Recipient};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let mut identities = Identities::new();
    let _ = identities.add_keys("keys", text);
    let _ = identities.add_ssh_key("a key", text);
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Ok(identity) = text.parse::<Identity>() {
        let _ = Identities::from(identity).recipients();
    }
    // Other recipients would run plugins.
    let is_native = |text: &str| {
        text.starts_with("ssh-") || text.starts_with("age1pq1") || text.matches('1').count() == 1
    };
    if let Ok(recipient) = text.parse::<Recipient>()
        && is_native(text.trim())
    {
        let _ = recipient.wrap(b"a data key");
    }
    let _ = IDENTITIES.unwrap("age1", text);
    let _ = identities.sources();
    let _ = identities.recipients();
});
