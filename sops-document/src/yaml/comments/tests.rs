//! Comments are assigned as in Go's library, and every document that parses keeps all of its
//! comments.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use sops_test_support::vectors;

use super::reader::TopSplit;
use super::{Tail, split_positions};
use crate::error::Error;
use crate::yaml::{parse_comments_apart, parse_with_tail};
use crate::{Document, Item, PathId, ROOT};

/// For each document of a stream, the comments in tape order, with the paths of their containers.
type Placed = Vec<Vec<(String, String)>>;

/// The comments that are not lost, and the number of lost ones.
fn placed(text: &str, tail: Tail) -> (Placed, usize) {
    let mut all_lost = 0;
    let document =
        parse_with_tail(text, Some("sops"), tail).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut documents: Placed = Vec::new();
    for item in &document.tape {
        match item {
            Item::Document { .. } => documents.push(Vec::new()),
            Item::Comment { lost: true, .. } => all_lost += 1,
            Item::Comment { path, span, .. } => {
                let comment = (document.source(*span).to_owned(), keys(&document, *path));
                documents
                    .last_mut()
                    .expect("a document is open")
                    .push(comment);
            }
            _ => {}
        }
    }
    (documents, all_lost)
}

/// A path as in the vectors: keys, each followed by a colon.
fn keys(document: &Document<'_>, path: PathId) -> String {
    let ancestry = document.paths.ancestry(path).into_iter();
    let keys = ancestry.map(|path| format!("{}:", document.paths.key(path)));
    keys.collect()
}

/// Compares the positions of comments with those that are found in two halves, at each split.
/// Returns the number of splits.
fn compare_splits(text: &str) -> usize {
    let Ok((document, comments)) = parse_comments_apart(text, Some("sops")) else {
        return 0;
    };
    let mut splits = 0;
    for tail in [Tail::Nothing, Tail::Reserved, Tail::ReservedAsWritten] {
        let whole = super::positions(&document, &comments, tail);
        let (mut index, mut last) = (0, 0);
        while let Some(split) = TopSplit::at(&document, index) {
            let halves = split_positions(&document, &comments, tail, split);
            assert_eq!(halves, whole, "{text}");
            (index, last) = (split.index + 1, last.max(split.index));
            splits += 1;
        }
        assert!(last < document.tape.len());
    }
    splits
}

#[test]
fn comments_have_the_same_positions_in_halves() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
    }
    let texts = vectors::read::<Vector>("yaml-comments.jsonl");
    let mut splits = texts
        .iter()
        .map(|text| compare_splits(&text.yaml))
        .sum::<usize>();
    let mut random = StdRng::seed_from_u64(11);
    let lines = [
        "# top",
        "# top",
        "",
        "",
        "  # in",
        "    # deep",
        " # odd",
        "a: 1",
        "b: 2 # line",
        "c:",
        "d: # of key",
        "  x: 1",
        "  y: # of y",
        "    z: 1",
        "  - i",
        "  - j: 1 # of j",
        "- k",
        "  - # of dash",
        "e: |",
        "f: >+",
        "  text",
        "g: {h: 1} # flow",
        "l: [",
        "m: [i, # in flow",
        "  ]",
        "&n n: 1",
        "o: &p q",
        "r: *p",
        "'s': t",
        "\"u\": v",
        "sops:",
        "  mac: x # of mac",
    ];
    for _ in 0..4_000 {
        let mut text = String::new();
        for _ in 0..random.random_range(3..14) {
            // A key appears once in a mapping.
            let line = lines.choose(&mut random).expect("there are lines");
            if line.starts_with(['#', ' ', '-']) || line.is_empty() || !text.contains(line) {
                text.push_str(line);
                text.push('\n');
            }
        }
        splits += compare_splits(&text);
    }
    assert!(splits > 4_000, "{splits}");
}

#[test]
fn comments_are_assigned_as_in_go() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
        comments: Placed,
    }
    let mut lost = 0;
    for Vector { yaml, comments } in vectors::read("yaml-comments.jsonl") {
        let (ours, ours_lost) = placed(&yaml, Tail::Nothing);
        lost += ours_lost;
        assert_eq!(ours, comments, "{yaml}");
    }
    assert_eq!(lost, 14);
}

#[test]
fn comments_are_assigned_as_in_go_if_a_block_follows() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
        comments: Placed,
        before_block: Placed,
    }
    let mut lost = 0;
    let mut differ = 0;
    for vector in vectors::read("yaml-comments-block.jsonl") {
        let Vector {
            yaml,
            comments,
            before_block,
        } = vector;
        differ += usize::from(comments != before_block);
        for (tail, theirs) in [(Tail::Nothing, comments), (Tail::Reserved, before_block)] {
            let (ours, ours_lost) = placed(&yaml, tail);
            lost += ours_lost;
            assert_eq!(ours, theirs, "{tail:?}: {yaml}");
        }
    }
    assert_eq!((lost, differ), (231, 138));
}

/// Each case lists the comments as `sops` assigns them, in its order.
#[test]
fn comments_move_to_their_position_in_go() {
    let cases = [
        ("after a value, before it", "a: v # 1\nb: v\n", ": 1"),
        ("after a key with a block", "a: # 1\n  b: v\n", ": 1"),
        (
            "after an anchor with a block",
            "a: &x # 1\n  b: v\n",
            "a: 1",
        ),
        ("after a flow collection", "a: [b] # 1\n", "a: 1"),
        (
            "after the header of a block scalar",
            "a:\n  b: | # 1\n    text\n",
            "a: 1",
        ),
        ("after a dash", "a:\n- # 1\n  b: v\n", "a: 1"),
        ("of an empty document", "# 1\n---\n# 2\n", ": 1, : 2"),
        (
            "below a block scalar that loses its blank lines when it is encrypted",
            "a:\n  b: |+\n    text\n\n # 1\n\nc: v\n",
            ": 1",
        ),
        (
            "in the copy of an alias",
            "a: &x\n  # 1\n  b: &y\n    c: v # 2\nd: *x # 3\n",
            "a: 1, a:b: 2, : 3, d: 1, d:b: 2",
        ),
        (
            "after an item that an alias copies",
            "a:\n- &x [v] # 1\nb: *x\n",
            "a: 1, b: 1",
        ),
        (
            "around a block in the middle",
            "# 1\na: v\n# 2\nsops:\n  mac: x\n# 3\nb: v\n",
            ": 1, : 2, : 3",
        ),
    ];
    for (name, text, expected) in cases {
        let found: Vec<String> = placed(text, Tail::Reserved)
            .0
            .concat()
            .into_iter()
            .map(|(comment, path)| {
                let path = if path.is_empty() { ":" } else { &path };
                format!("{path}{}", &comment[1..])
            })
            .collect();
        assert_eq!(found.join(", "), expected, "{name}");
    }
}

#[test]
fn aliases_repeat_no_more_comments_than_items() {
    let mut text = "a: &x\n".to_owned() + &"  # c\n".repeat(2_000) + "  b: v\n";
    for number in 0..1_000 {
        text.push_str(&format!("k{number}: *x\n"));
    }
    let result = parse_with_tail(&text, Some("sops"), Tail::Reserved);
    assert!(matches!(result, Err(Error::Limit { .. })));
}

/// Comments in many columns at the end of many collections: quadratic work would take hours.
#[test]
fn deep_documents_with_many_comments_take_linear_time() {
    let mut text = String::new();
    for depth in 0..900 {
        text.push_str(&format!("{:depth$}k:\n", ""));
    }
    text.push_str(&format!("{:1$}k: v\n", "", 900));
    for number in 0..100_000 {
        text.push_str(&format!("{:1$}# c\n", "", number % 7 * 2));
    }
    text.push_str("a: v\n");
    let (kept, lost) = placed(&text, Tail::Reserved);
    assert_eq!(kept.concat().len() + lost, 100_000);
}

/// After any edit that still parses, each comment is on the tape once, in the container that it
/// names.
#[test]
fn edited_texts_keep_their_comments() {
    #[derive(Deserialize)]
    struct Vector {
        yaml: String,
    }
    let texts: Vec<Vector> = ["yaml-comments.jsonl", "yaml-comments-block.jsonl"]
        .into_iter()
        .flat_map(vectors::read)
        .collect();
    let mut random = StdRng::seed_from_u64(1);
    let mut parsed = 0;
    for _ in 0..5_000 {
        let vector = texts.choose(&mut random).expect("the list is not empty");
        let text = edit(&vector.yaml, &mut random);
        for tail in [Tail::Reserved, Tail::Nothing] {
            if let Ok(document) = parse_with_tail(&text, Some("sops"), tail) {
                parsed += 1;
                check(&document, &text);
            }
        }
    }
    assert!(parsed > 1_000, "{parsed} documents parse");
}

/// Inserts pieces of YAML into `text`, removes some, and moves lines.
fn edit(text: &str, random: &mut StdRng) -> String {
    const PIECES: &[&str] = &[
        "#",
        " # e\n",
        "\n",
        "\r\n",
        "\t",
        "  ",
        "- ",
        ": ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!t ",
        "|\n",
        ">+\n",
        "'",
        "\"",
        "---\n",
        "...\n",
        "é",
        "\u{feff}",
        "sops:\n  a: b\n",
        "sops: {a: b}\n",
        "%YAML 1.1\n",
    ];
    let mut text = text.to_owned();
    for _ in 0..random.random_range(1..4) {
        let at = text.floor_char_boundary(random.random_range(0..=text.len()));
        match random.random_range(0..4) {
            0 => {
                let end =
                    text.floor_char_boundary((at + random.random_range(0..6)).min(text.len()));
                text.replace_range(at..end.max(at), "");
            }
            1 => {
                let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
                let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                text.insert_str(line, lines.choose(random).map_or("", String::as_str));
            }
            _ => text.insert_str(at, PIECES.choose(random).unwrap_or(&"")),
        }
    }
    text
}

fn check(document: &Document<'_>, text: &str) {
    let mut open = Vec::new();
    for (index, item) in document.tape.iter().enumerate() {
        let path = |open: &[usize]| match open.last().map(|at| &document.tape[*at]) {
            Some(Item::Open { path, .. } | Item::Alias { path, .. }) => *path,
            _ => ROOT,
        };
        match item {
            Item::Document { close, .. } | Item::Open { close, .. } | Item::Alias { close, .. } => {
                assert!(
                    matches!(document.tape[*close as usize], Item::Close { open } if open as usize == index)
                );
                open.push(index);
            }
            Item::Close { open: start } => assert_eq!(open.pop(), Some(*start as usize), "{text}"),
            Item::Comment { path: at, .. } => assert_eq!(*at, path(&open), "{text}"),
            Item::Leaf(_) => {}
        }
    }
    assert!(open.is_empty(), "{text}");
    let mut seen = Vec::new();
    for (_, item) in document.written_items() {
        if let Item::Comment { span, .. } = item {
            assert!(document.source(*span).starts_with('#'), "{text}");
            seen.push(span.start);
        }
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "{text}");
}
