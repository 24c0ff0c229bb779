//! The golden vectors: documents encrypted by either program, and what `sops` decrypts them to.
//!
//! `SOPS_RS_WRITE_GOLDEN=1` writes them again; otherwise they are compared with the installed
//! `sops`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sops_core::Format;
use sops_test_support::{Features, written};

use crate::peer;

/// One line of `testdata/vectors/golden.jsonl`.
#[derive(Serialize, Deserialize)]
struct Golden {
    /// The program that encrypted it.
    by: String,
    format: String,
    source: String,
    encrypted: String,
    /// The output of `sops decrypt`.
    decrypted: String,
}

fn make() -> Vec<Golden> {
    let by_hand = written::ACCEPTED
        .iter()
        .map(|text| (Format::Yaml, (*text).to_owned()));
    let yaml = (1..=60).map(|seed| (Format::Yaml, sops_test_support::yaml(seed, Features::ALL)));
    let json = (1..=20).map(|seed| (Format::Json, sops_test_support::json(seed)));
    let mut golden = Vec::new();
    let dotenv = (1..=15).map(|seed| (Format::Dotenv, sops_test_support::dotenv(seed)));
    let ini = (1..=25).map(|seed| (Format::Ini, sops_test_support::ini(seed)));
    let binary = ["any text\nat all", "\0", "é\r\n", "{\"a\": 1}"]
        .map(|text| (Format::Binary, text.to_owned()));
    let flat = dotenv.chain(ini).chain(binary);
    for (format, source) in by_hand.chain(yaml).chain(json).chain(flat) {
        let ours = peer::encrypt(&source, format, |_| {}).ok();
        let theirs = peer::sops_encrypt(&source, format, &[]);
        for (by, encrypted) in [("sops-rs", ours), ("sops", theirs)] {
            let Some(encrypted) = encrypted else { continue };
            let Ok(decrypted) = peer::sops_decrypt(&encrypted, format) else {
                continue;
            };
            let (by, format) = (by.to_owned(), format.name().to_owned());
            golden.push(Golden {
                by,
                format,
                source: source.clone(),
                encrypted,
                decrypted,
            });
        }
    }
    golden
}

#[test]
fn sops_decrypts_the_golden_vectors_to_their_plaintext() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/vectors/golden.jsonl");
    if std::env::var_os("SOPS_RS_WRITE_GOLDEN").is_some() {
        let lines: Vec<String> = make()
            .iter()
            .map(|golden| serde_json::to_string(golden).expect("strings"))
            .collect();
        std::fs::write(&file, lines.join("\n") + "\n").expect("the vectors can be written");
    }
    let text = std::fs::read_to_string(&file).expect("the vectors are there");
    assert!(text.lines().count() > 100);
    for line in text.lines() {
        let golden: Golden = serde_json::from_str(line).expect("the line is a golden vector");
        let format = Format::from_name(&golden.format).expect("the vector names a format");
        assert_eq!(
            peer::sops_decrypt(&golden.encrypted, format).as_ref(),
            Ok(&golden.decrypted),
            "{}",
            golden.source
        );
    }
}
