//! A change to any YAML document is made as requested and changes nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| sops_fuzz::change(text));
