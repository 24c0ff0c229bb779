//! Compares how the block reader and the parser crate read the same YAML, for tests and fuzzing.

use crate::Item;
use crate::yaml::parser::{Parser, Reading};

const READINGS: [Reading; 3] = [
    Reading::Document(Some("sops")),
    Reading::Values,
    Reading::Lenient,
];

/// Everything that the parser read. Values don't show their content.
fn result(parser: &Parser<'_>) -> [String; 5] {
    let values = parser.tape.iter().filter_map(|item| match item {
        Item::Leaf(leaf) => Some(leaf.value.as_ref().map(|value| &value.bytes)),
        _ => None,
    });
    [
        format!("{:?}", values.collect::<Vec<_>>()),
        format!("{:?}", parser.tape),
        format!("{:?}", parser.paths),
        format!("{:?}", parser.comments),
        format!("{:?}", parser.reserved),
    ]
}

/// Compares the results. Returns whether the text was read line by line.
///
/// # Panics
/// If they differ.
pub(crate) fn compare_readers(text: &str) -> bool {
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
