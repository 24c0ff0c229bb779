//! Three versions of a file are merged, or conflict. The first byte of the input selects the
//! format, and zero bytes separate the versions.
#![no_main]

use sops_core::Format;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let formats = [
        Format::Yaml,
        Format::Json,
        Format::Dotenv,
        Format::Ini,
        Format::Binary,
    ];
    let [first, texts @ ..] = input else { return };
    let texts: Vec<&[u8]> = texts.splitn(3, |byte| *byte == 0).collect();
    if let [base, ours, theirs] = texts[..] {
        let format = formats[usize::from(*first) % formats.len()];
        sops_fuzz::merge_texts([base, ours, theirs], format);
    }
});
