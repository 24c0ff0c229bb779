//! The tape must be the one that the parser crate alone gives, or the crate must read the text. The
//! values must be those that libyaml reads.

use std::path::Path;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_yaml::Value as ByLibyaml;
use sops_test_support::vectors;

use super::comparison::compare_readers;
use crate::tree::Node;
use crate::value::Type;
use crate::yaml::parser::{Parser, Reading};

/// Compares the values that the block reader reads with those that libyaml reads. Returns whether
/// libyaml reads `text`: `serde_yaml` refuses duplicate keys.
fn check_values(text: &str) -> bool {
    let parsed = Parser::run_without_crate(text, Reading::Values);
    // Only one of the two applies merge keys.
    let Some(parsed) = parsed.filter(|_| !text.contains("<<")) else {
        return false;
    };
    let document = crate::yaml::document(text, parsed, None).expect("the text has a document");
    let documents = serde_yaml::Deserializer::from_str(text).map(ByLibyaml::deserialize);
    let by_libyaml = match documents.collect::<Result<Vec<_>, _>>() {
        Ok(documents) => documents,
        // `serde_yaml` refuses some input that libyaml accepts.
        Err(error) if error.to_string().contains("duplicate entry") => return false,
        Err(error) if error.to_string().contains("invalid type: integer") => return false,
        Err(error) => panic!("libyaml refuses this text: {error}\n{text}"),
    };
    let trees: Vec<Node> = document.trees().collect();
    assert_eq!(trees.len(), by_libyaml.len(), "{text}");
    for (tree, by_libyaml) in trees.iter().zip(&by_libyaml) {
        compare(tree, by_libyaml, text);
    }
    true
}

/// Types are resolved by different rules, so only their text is compared.
fn compare(node: &Node, by_libyaml: &ByLibyaml, text: &str) {
    match (node, by_libyaml) {
        (Node::Mapping(entries), ByLibyaml::Mapping(mapping)) => {
            assert_eq!(entries.len(), mapping.len(), "{text}");
            for (entry, (key, value)) in entries.iter().zip(mapping) {
                if let Some(key) = key.as_str() {
                    assert_eq!(entry.key, key, "{text}");
                }
                compare(&entry.value, value, text);
            }
        }
        (Node::Sequence(items), ByLibyaml::Sequence(sequence)) => {
            assert_eq!(items.len(), sequence.len(), "{text}");
            for (item, value) in items.iter().zip(sequence) {
                compare(item, value, text);
            }
        }
        (Node::Scalar(Some(value)), ByLibyaml::String(string)) if value.kind == Type::Str => {
            assert_eq!(value.bytes, string.as_bytes(), "{text}");
        }
        (Node::Scalar(value), by_libyaml) => {
            assert_eq!(value.is_none(), by_libyaml.is_null(), "{text}");
            let is_scalar = !by_libyaml.is_mapping() && !by_libyaml.is_sequence();
            assert!(is_scalar, "{text}");
        }
        _ => panic!("{node:?} is {by_libyaml:?} for libyaml\n{text}"),
    }
}

/// Starts of lines that are keys or items, and those that are often neither.
const KEYS: &[&str] = &[
    "a: ",
    "b:",
    "sops:",
    "k.-/1: ",
    "\"q\": ",
    "'it''s': ",
    "two words: ",
    "é: ",
    "- ",
    "-",
    "- - ",
    "- c: ",
    "- d:",
    "-  e: ",
    "<<: ",
    "true: ",
    "f:  ",
];
const OTHERS: &[&str] = &[
    "", "# ", "---", "--- ", "...", "? ", "a:: ", "a : ", "\t", "%",
];
/// Values that are often valid, and those that are often not.
const VALUES: &[&str] = &[
    "",
    "x",
    "x y",
    "1",
    "1.50",
    "~",
    "-1",
    "-x",
    "x:y",
    "x#y",
    "'x'",
    "'it''s'",
    "'a: b'",
    "\"x\"",
    "\"\\\"\"",
    "\"\\n\\u00e9 \"",
    "|",
    "|-",
    "|+",
    ">",
    ">-",
    ">+",
    "[]",
    "{}",
    "[a, b]",
    "[a, \"b\", [c], {d: e}]",
    "{a: 1, 'b': [x y]}",
    "&a x",
    "&a",
    "*a",
    "&b [x]",
    "&c |",
    "ENC[a,b:+/=]",
];
const ODD_VALUES: &[&str] = &[
    "?x",
    "x: y",
    "x:",
    "!!str 1",
    "\"\\/\"",
    "\"\\uD83D\"",
    "\"",
    "'",
    "x \"",
    "|2",
    "[a: b]",
    "{a}",
    "[a,]",
    "x\ty",
    "&a *b",
    "*b x",
    "\"x\\",
    "#c",
    "-",
    "- x",
    "é",
    "\u{a0}",
];
const ENDS: &[&str] = &[
    "\n", "\n", "\n", "\n", "\n", " \n", " # c\n", "  #c \n", "\n\n", "\n  \n",
];

fn random_text(random: &mut StdRng) -> String {
    let mut text = String::new();
    let mut indent = 0_usize;
    for number in 0..random.random_range(1..9) {
        indent = match random.random_range(0..7) {
            _ if number == 0 => 0,
            0 => 0,
            1 | 2 => indent + 2,
            3 => indent.saturating_sub(2),
            4 => random.random_range(0..5),
            _ => indent,
        };
        text.extend(std::iter::repeat_n(' ', indent));
        let is_odd = random.random_range(0..12) == 0;
        let parts = match (is_odd, random.random_range(0..2)) {
            (true, 0) => [OTHERS, VALUES, ENDS],
            (true, _) => [KEYS, ODD_VALUES, ENDS],
            (false, _) if random.random_range(0..5) == 0 => [&[""], VALUES, ENDS],
            (false, _) => [KEYS, VALUES, ENDS],
        };
        for part in parts {
            text += part.choose(random).expect("no list is empty");
        }
    }
    if random.random_range(0..8) == 0 {
        text.truncate(text.trim_end().len());
    }
    text
}

/// `SOPS_RS_TEXTS` sets the number of documents, and `SOPS_RS_SEED` changes the documents.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| {
        value.parse().expect("the text is a number")
    })
}

#[test]
fn the_tape_equals_that_of_the_parser_crate() {
    let count = number("SOPS_RS_TEXTS", 40_000);
    let mut random = StdRng::seed_from_u64(number("SOPS_RS_SEED", 1));
    let read = (0..count)
        .filter(|_| compare_readers(&random_text(&mut random)))
        .count();
    assert!(
        read as u64 > count / 12,
        "{read} of {count} documents were read line by line"
    );
}

#[test]
fn the_values_equal_those_of_libyaml() {
    let count = number("SOPS_RS_TEXTS", 40_000);
    let mut random = StdRng::seed_from_u64(number("SOPS_RS_SEED", 2));
    let texts = (0..count).map(|_| random_text(&mut random));
    let read = texts.filter(|text| check_values(text)).count();
    assert!(
        read as u64 > count / 20,
        "{read} of {count} documents were compared"
    );
}

/// The YAML files in a directory and those below it.
fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("the directory can be read");
    let mut texts = Vec::new();
    for entry in entries {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            texts.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
        {
            texts.extend(std::fs::read_to_string(&path));
        }
    }
    texts
}

/// `SOPS_RS_CORPUS` names a directory with more files, such as the test suite of YAML.
#[test]
fn files_are_read_as_by_the_crate_and_libyaml() {
    #[derive(Deserialize)]
    struct Golden {
        format: String,
        source: String,
        encrypted: String,
    }
    #[derive(Deserialize)]
    struct Commented {
        yaml: String,
    }
    let golden = vectors::read::<Golden>("golden.jsonl").into_iter();
    let golden = golden.filter(|vector| vector.format == "yaml");
    let commented = ["yaml-comments.jsonl", "yaml-comments-block.jsonl"];
    let commented = commented.into_iter().flat_map(vectors::read::<Commented>);
    let corpus = std::env::var_os("SOPS_RS_CORPUS");
    let texts = golden
        .flat_map(|vector| [vector.source, vector.encrypted])
        .chain(commented.map(|vector| vector.yaml))
        .chain(corpus.iter().flat_map(|corpus| files(Path::new(corpus))));
    let (mut all, mut read, mut compared) = (0, 0, 0);
    for text in texts {
        all += 1;
        read += usize::from(compare_readers(&text));
        compared += usize::from(check_values(&text));
    }
    println!("{read} of {all} files are read line by line, {compared} are compared with libyaml");
    assert!(read > all / 10 && compared > all / 20);
}

#[test]
fn common_yaml_is_read_by_the_block_reader() {
    for text in [
        "a:\nb: c\n",
        "a:",
        "a: # c\nb:  \n",
        "a:\n-\n- b\n-  # c\n",
        "---\na: b\n---\nb: c\n# d\n",
        "a: |\n  x\n\n\nb: |+\n  x\n\n  \n",
        "a: >\n  x\n  \n",
        "a: |\n  x\n  \n  \n",
        "a: >\n  x\n    y\n  z\n  \n\n",
        "a: 'b\n\n  c'\n",
        "# c \n\na: b\n\n# d\n",
        "a: >\n\n  x\n  y\n\n   z\n  w\nb: >-\n  x\n\n\n  y\n",
        "a: \"x  \n\n  y\\\n   z\"\n",
        "a: x\n  y\n\n  z\nb:\n- x\n  y\n",
        "a: [a, {b: c}] # d\n",
        "a: &x\n  b: c\nd: &y 1\ne: [x]\nf:\n  <<: *x\n  g: *y\n",
        // The crate reads the second entry.
        "a: b\nb: !x c\nc: d\n",
        "a: &x 1\nb: !x &y 2\nc: &z 3\nd:\n- *z\n",
    ] {
        assert!(compare_readers(text), "{text}");
    }
}

#[test]
fn unknown_yaml_is_left_to_the_parser_crate() {
    for text in [
        "",
        "# a\n",
        "- a\n",
        "x\n",
        "{a: b}\n",
        " a: b\n",
        "%YAML 1.1\n---\na: b\n",
        "a: b\r\n",
        "\u{feff}a: b\n",
        "a: \u{85}b\n",
        "a: \u{7f}\n",
        "a: b\n...\n",
        "a: b: c\n",
        "a: 'b\n",
        "a: |\nb\n",
        "a: b\n---\n",
        "a: &x 1\n---\nb: *x\n",
        "a: &x 1\nb: !x c\nd: *x\n",
        "a: &x 1\nb: &x !x c\nd: *x\n",
    ] {
        assert!(!compare_readers(text), "{text}");
    }
}
