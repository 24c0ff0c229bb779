//! A damaged encrypted file never causes a panic.
#![no_main]

use sops_core::{EncryptedDocument, Format, MacCheck};
use sops_fuzz::IDENTITIES;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for format in [
        Format::Yaml,
        Format::Json,
        Format::Dotenv,
        Format::Ini,
        Format::Binary,
    ] {
        let Ok(document) = EncryptedDocument::parse(text, format) else {
            continue;
        };
        let Ok(key) = document.data_key(&*IDENTITIES) else {
            continue;
        };
        for check in [MacCheck::Require, MacCheck::Ignore] {
            let _ = document.decrypt(&key, check);
        }
    }
});
