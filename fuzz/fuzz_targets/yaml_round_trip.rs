//! Any accepted YAML round-trips byte for byte.
#![no_main]

use sops_core::Format;

libfuzzer_sys::fuzz_target!(|text: &[u8]| sops_fuzz::round_trip(text, Format::Yaml));
