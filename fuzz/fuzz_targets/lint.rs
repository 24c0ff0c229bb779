//! Lint finishes on any bytes with any name, no finding points outside the file, and a fixed file
//! parses.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sops_core::{Format, parse_document};
use sops_lint::{Fix, Input, Linter, Settings};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    let names = [
        "a.yaml",
        "a.json",
        "a.env",
        "a.ini",
        "Dockerfile",
        "a.bin",
        ".sops.yaml",
    ];
    let name = names[usize::from(*kind) % names.len()];
    let linted = Linter::new(Settings::default())
        .expect("the default settings are valid")
        .lint(&Input::new(
            name,
            &Path::new("/repository").join(name),
            bytes,
        ));
    for finding in &linted.findings {
        assert!(finding.location.offset <= bytes.len() && finding.end <= bytes.len());
    }
    let fixes = linted
        .findings
        .iter()
        .filter_map(|finding| match &finding.fix {
            Some(Fix::Entry(entry)) => Some(entry),
            _ => None,
        });
    let entries: Vec<_> = fixes.collect();
    let format = Format::from_path(Path::new(name));
    if let Ok(document) = parse_document(bytes, format) {
        let (repaired, is_set) = document.with_entries(&entries);
        assert_eq!(is_set.len(), entries.len());
        let parsed = parse_document(&*repaired, format);
        assert!(parsed.is_ok(), "{:?}", parsed.err());
    }
});
