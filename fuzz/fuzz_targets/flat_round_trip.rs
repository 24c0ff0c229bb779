//! Any accepted dotenv, INI or binary file round-trips byte for byte. The first byte of the input
//! selects the format.
#![no_main]

use sops_core::Format;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let formats = [Format::Dotenv, Format::Ini, Format::Binary];
    if let [first, text @ ..] = input {
        sops_fuzz::round_trip(text, formats[usize::from(*first) % formats.len()]);
    }
});
