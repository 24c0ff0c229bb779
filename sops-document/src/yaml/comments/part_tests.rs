//! A document and its parts have the same items, with the comments in the same containers.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use sops_test_support::vectors;

use super::Tail;
use crate::yaml::{parse_part, parse_with_tail, parts};
use crate::{Document, Item, Leaf, PathId, ROOT};

/// The items below the top level, in the order of the tape.
fn items(document: &Document<'_>) -> Vec<String> {
    let keys = |path: PathId| -> Vec<String> {
        let ancestry = document.paths.ancestry(path).into_iter();
        let key = |path| {
            format!(
                "{} {}",
                document.paths.key(path),
                document.paths.key_offset(path)
            )
        };
        ancestry.map(key).collect()
    };
    let item = |item: &Item<'_>| match item {
        Item::Document { .. } | Item::Open { path: ROOT, .. } => None,
        Item::Close { open } => match &document.tape[*open as usize] {
            Item::Document { .. } | Item::Open { path: ROOT, .. } => None,
            _ => Some("close".to_owned()),
        },
        Item::Open {
            kind,
            flow,
            path,
            span,
            ..
        } => Some(format!("{kind:?} {flow} {span:?} {:?}", keys(*path))),
        Item::Alias { path, span, .. } => Some(format!("alias {span:?} {:?}", keys(*path))),
        Item::Leaf(Leaf {
            path,
            span,
            style,
            flow,
            value,
        }) => {
            let value = value.as_ref().map(|value| (value.kind, &value.bytes));
            Some(format!(
                "{span:?} {style:?} {flow} {value:?} {:?}",
                keys(*path)
            ))
        }
        Item::Comment { path, span, lost } => {
            Some(format!("comment {span:?} {lost} {:?}", keys(*path)))
        }
    };
    document.tape.iter().filter_map(item).collect()
}

/// Compares the parts of `text`, at each length, with the whole. Returns how many divisions were
/// compared.
fn compare(text: &str) -> usize {
    let mut compared = 0;
    for tail in [Tail::Nothing, Tail::Reserved] {
        let Ok(whole) = parse_with_tail(text, Some("sops"), tail) else {
            continue;
        };
        let mut last = Vec::new();
        for length in 1..text.len() {
            let ranges = parts(text, "sops", length);
            if ranges == last {
                continue;
            }
            last.clone_from(&ranges);
            // A part does not know the reserved entry of another one.
            let tail = match whole.reserved.is_empty() {
                true => tail,
                false => Tail::Nothing,
            };
            let parsed = ranges.iter();
            let parsed: Option<Vec<Document<'_>>> = parsed
                .map(|part| parse_part(text, part.clone(), Some("sops"), tail))
                .collect();
            let Some(parsed) = parsed.filter(|parsed| !parsed.is_empty()) else {
                continue;
            };
            let joined: Vec<String> = parsed.iter().flat_map(items).collect();
            assert_eq!(joined, items(&whole), "{tail:?} {ranges:?}\n{text}");
            let reserved = |document: &Document<'_>| format!("{:?}", document.reserved);
            let found = parsed.iter().find(|part| !part.reserved.is_empty());
            assert_eq!(
                found.map_or("[]".to_owned(), reserved),
                reserved(&whole),
                "{ranges:?}\n{text}"
            );
            compared += 1;
        }
    }
    compared
}

#[test]
fn parts_have_the_items_of_the_whole() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
    }
    let mut compared = 0;
    for file in ["yaml-comments.jsonl", "yaml-comments-block.jsonl"] {
        let texts = vectors::read::<Vector>(file);
        compared += texts.iter().map(|text| compare(&text.yaml)).sum::<usize>();
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn random_parts_have_the_items_of_the_whole() {
    // Complete entries, and lines that may or may not fit what is around them.
    let entries = [
        "a: 1",
        "b: 2 # line",
        "c:\n  x: 1\n  # in\n",
        "d: # of key\n  - i\n    # deep",
        "e: |\n  text\n\n",
        "f: >+\n  text\n\n\n",
        "g: {h: 1} # flow",
        "h: [ # of flow\n  # in flow\n  ]",
        "i: &p q\nj: *p",
        "'k': v",
        "sops:\n  mac: x # of mac",
        "l: !!str",
        "m:\n- k\n# below\n- - # of dash\n    1",
        "n: |2-\n    text",
        "o:\n  y: # of y\n    z: 1\n   # odd\n",
        "é: ü # ö",
        "p: \"x\\\n  y\"",
        "q: &q {r: s}\nt:\n  <<: *q\n# left",
    ];
    let others = [
        "# top",
        "# top",
        "# other",
        "",
        "",
        "",
        "  # in",
        "    # deep",
        " # odd",
        "  x: 1",
        "- k",
        "  text",
        "   ",
        "\t# tab",
        "---",
        "s: 'x",
        "u: |",
    ];
    let mut random = StdRng::seed_from_u64(7);
    let mut compared = 0;
    for _ in 0..12_000 {
        let mut text = String::new();
        for _ in 0..random.random_range(3..9) {
            let lines = match random.random_bool(0.6) {
                true => &entries[..],
                false => &others[..],
            };
            let line = lines.choose(&mut random).expect("there are lines");
            // A key appears once in a mapping.
            if line.starts_with(['#', ' ', '-', '\t']) || line.is_empty() || !text.contains(line) {
                text.push_str(line);
                text.push_str(match random.random_range(0..60) {
                    0 => "\r\n",
                    _ => "\n",
                });
            }
        }
        if random.random_bool(0.1) {
            text.pop();
        }
        compared += compare(&text);
    }
    assert!(compared > 2_000, "{compared}");
}
