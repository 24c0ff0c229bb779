//! The block reader builds the same tape as the parser crate alone.
#![no_main]

use sops_core::document::yaml::compare_readers;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    if let Ok(text) = str::from_utf8(text) {
        compare_readers(text);
    }
});
