//! The tape must be the one that the parser crate alone gives, or the crate must read the text.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::yaml::parser::{Parser, Reading};

const READINGS: [Reading; 3] = [
    Reading::Document(Some("sops")),
    Reading::Values,
    Reading::Lenient,
];

/// Everything that the parser makes of a text.
fn result(parser: &Parser<'_>) -> [String; 4] {
    [
        format!("{:?}", parser.tape),
        format!("{:?}", parser.paths),
        format!("{:?}", parser.comments),
        format!("{:?}", parser.reserved),
    ]
}

/// Compares the results. Returns whether the text was read line by line.
fn check(text: &str) -> bool {
    let mut is_read = false;
    for reading in READINGS {
        if let Some(by_lines) = Parser::run_by_lines(text, 0..text.len(), text, reading) {
            is_read = true;
            match Parser::run(text, reading) {
                Ok(by_crate) => assert_eq!(result(&by_lines), result(&by_crate), "{text}"),
                Err(error) => panic!("the crate refuses this text: {error}\n{text}"),
            }
        }
    }
    is_read
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

/// `SOPS_RS_TEXTS` sets the number of texts, `SOPS_RS_SEED` makes other ones.
#[test]
fn the_tape_equals_that_of_the_parser_crate() {
    let number = |name, default| {
        std::env::var(name).map_or(default, |value| value.parse().expect("it is a number"))
    };
    let count = number("SOPS_RS_TEXTS", 40_000);
    let mut random = StdRng::seed_from_u64(number("SOPS_RS_SEED", 1));
    let read = (0..count)
        .filter(|_| check(&random_text(&mut random)))
        .count();
    assert!(
        read as u64 > count / 12,
        "{read} of {count} texts were read line by line"
    );
}

#[test]
fn what_files_consist_of_is_read_line_by_line() {
    for text in [
        "a:\nb: c\n",
        "a:",
        "a: # c\nb:  \n",
        "a:\n-\n- b\n-  # c\n",
        "---\na: b\n---\nb: c\n# d\n",
        "a: |\n  x\n\n\nb: |+\n  x\n\n  \n",
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
        assert!(check(text), "{text}");
    }
}

#[test]
fn what_the_reader_does_not_know_is_left_to_the_crate() {
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
        assert!(!check(text), "{text}");
    }
}
