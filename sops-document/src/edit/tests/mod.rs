//! Tests of the text that `set` and `unset` produce, by topic.

mod aliases;
mod append;
mod as_given;
mod json;
mod paths;
mod remove;
mod replace;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::error::Result;
use crate::format::Format;
use crate::key_path::KeyPath;
use crate::tree::Node;

fn path(text: &str) -> KeyPath {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn json(text: &str) -> Node {
    match serde_json::from_str(text) {
        Ok(json) => Node::from_json(&json),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn parse(text: &str, format: Format) -> Result<Document<'_>> {
    Document::parse_reserving(text, format, "sops")
}

fn set(
    text: &str,
    format: Format,
    path: &KeyPath,
    value: &Node,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    parse(text, format)?.set(path, value)
}

fn unset(text: &str, format: Format, path: &KeyPath) -> Result<Zeroizing<Vec<u8>>> {
    parse(text, format)?.unset(path)
}

/// Checks cases of a text, a path, a value (`-` for unset) and the expected text.
fn check(format: Format, cases: &[(&str, &str, &str, &str)]) {
    let mut failures = Vec::new();
    for (text, at, value, expected) in cases {
        let result = match *value {
            "-" => unset(text, format, &path(at)),
            value => set(text, format, &path(at), &json(value)).map(|changed| {
                changed.unwrap_or_else(|| panic!("{text:?} already has this value at {at}"))
            }),
        };
        match result {
            Ok(changed) if *changed == expected.as_bytes() => {}
            Ok(changed) => failures.push(format!(
                "{at} = {value} of\n{text}\ngives\n{}\nnot\n{expected}",
                String::from_utf8_lossy(&changed)
            )),
            Err(error) => failures.push(format!("{at} = {value} of\n{text}\n{error}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n=====\n"));
}
