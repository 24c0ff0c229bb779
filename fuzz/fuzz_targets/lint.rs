//! Any bytes of any name are looked at to the end, and no finding shows a place that is not there.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sops_lint::{Input, Linter, NoTree, Settings};

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
        .lint(&Input {
            name,
            path: &Path::new("/repository").join(name),
            bytes,
            config: None,
            tree: &NoTree,
        });
    for finding in linted.findings {
        assert!(finding.location.offset <= bytes.len() && finding.end <= bytes.len());
    }
});
