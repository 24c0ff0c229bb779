//! Property tests: laws that hold for every merge of plaintexts.

use sops_document::Format;
use sops_test_support::Features;

use super::SideName;
use super::plaintext::{Ancestor, MergedText, Plaintexts, merge_plaintexts};
use crate::metadata_entry::{is_encrypted, parse_document};

/// How many documents of each kind are tried.
const DOCUMENTS: u64 = 200;

/// Documents of one kind, by seed.
type Generate = fn(u64) -> String;

const KINDS: [(Format, Generate); 5] = [
    (Format::Yaml, |seed| {
        sops_test_support::yaml(seed, Features::ALL)
    }),
    (Format::Yaml, sops_test_support::yaml_in_flow_style),
    (Format::Json, sops_test_support::json),
    (Format::Dotenv, sops_test_support::dotenv),
    (Format::Ini, sops_test_support::ini),
];

fn is_valid(text: &str, format: Format) -> bool {
    parse_document(text, format).is_ok_and(|document| !is_encrypted(&document))
}

fn merge(format: Format, texts: [&str; 3], side: SideName) -> MergedText {
    let [base, ours, theirs] = texts.map(str::as_bytes);
    let texts = Plaintexts {
        base: Ancestor::Known(Some(base)),
        ours,
        theirs,
    };
    let merged = merge_plaintexts(texts, format, &|_| side);
    merged.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_change_of_one_side_is_taken_byte_by_byte() {
    for (format, generate) in KINDS {
        for seed in 0..DOCUMENTS {
            let (base, changed) = (generate(seed), generate(seed + 1));
            if !is_valid(&base, format) || !is_valid(&changed, format) {
                continue;
            }
            for texts in [
                [&base, &changed, &base],
                [&base, &base, &changed],
                [&base, &changed, &changed],
                [&changed, &changed, &changed],
            ] {
                let merged = merge(format, texts.map(String::as_str), SideName::Ours);
                assert!(merged.conflicts.is_empty(), "{format:?} {seed}");
                let text = String::from_utf8_lossy(&merged.text);
                assert_eq!(text, changed, "{format:?} {seed}");
            }
        }
    }
}

#[test]
fn a_merge_of_any_documents_is_a_document() {
    for (format, generate) in KINDS {
        let (mut tried, mut whole) = (0, 0);
        for seed in 0..DOCUMENTS {
            let texts = [0, 1, 2].map(|number| generate(seed + number));
            if !texts.iter().all(|text| is_valid(text, format)) {
                continue;
            }
            let texts = texts.each_ref().map(String::as_str);
            let mirrored = [texts[0], texts[2], texts[1]];
            let of_ours = merge(format, texts, SideName::Ours);
            let text = String::from_utf8_lossy(&of_ours.text);
            assert!(is_valid(&text, format), "{format:?} {seed}: {text}");
            let of_theirs = merge(format, mirrored, SideName::Theirs);
            let is_whole = |merged: &MergedText| {
                merged
                    .conflicts
                    .iter()
                    .any(|conflict| conflict.path.is_none())
            };
            tried += 1;
            // Pieces that do not fit together in one order may fit in the other.
            if is_whole(&of_ours) || is_whole(&of_theirs) {
                whole += 1;
                continue;
            }
            let conflicts = of_ours.conflicts.len();
            assert_eq!(
                conflicts,
                of_theirs.conflicts.len(),
                "{format:?} {seed}: {texts:#?}"
            );
        }
        // The documents have nothing in common.
        assert!(whole * 3 < tried * 2, "{format:?}: {whole} of {tried}");
    }
}
