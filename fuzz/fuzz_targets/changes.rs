//! A change of any YAML gives the document that has it, and is what it was in all else.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| sops_fuzz::change(text));
