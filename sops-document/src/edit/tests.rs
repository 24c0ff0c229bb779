use zeroize::Zeroizing;

use crate::document::Document;
use crate::error::{Error, Result};
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

/// Each line: the text, the path, the value (`-` to unset), and what comes out.
fn check(format: Format, cases: &[(&str, &str, &str, &str)]) {
    let mut failures = Vec::new();
    for (text, at, value, expected) in cases {
        let result = match *value {
            "-" => unset(text, format, &path(at)),
            value => set(text, format, &path(at), &json(value)).map(|changed| {
                changed.unwrap_or_else(|| panic!("{at} of {text:?} has this value already"))
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

#[test]
fn a_replaced_scalar_keeps_its_style_where_that_fits() {
    check(
        Format::Yaml,
        &[
            ("a: 1\nb: 2 # c\n", r#"["b"]"#, "3", "a: 1\nb: 3 # c\n"),
            ("a: 'x'\n", r#"["a"]"#, r#""it's""#, "a: 'it''s'\n"),
            ("a: \"x\"\n", r#"["a"]"#, r#""y\nz""#, "a: \"y\\nz\"\n"),
            ("a: \"5\"   # c\n", r#"["a"]"#, "6", "a: 6   # c\n"),
            ("a: x\n", r#"["a"]"#, r#""yes""#, "a: \"yes\"\n"),
            ("a: x\n", r#"["a"]"#, r#""true""#, "a: \"true\"\n"),
            ("a: 'x'\n", r#"["a"]"#, "null", "a: null\n"),
            (
                "a: |  # c\n  x\n  y\nb: 1\n",
                r#"["a"]"#,
                r#""z\nw\n""#,
                "a: |  # c\n  z\n  w\nb: 1\n",
            ),
            (
                "a: |  # c\n  x\n  y\nb: 1\n",
                r#"["a"]"#,
                r#""z\nw""#,
                "a: |-  # c\n  z\n  w\nb: 1\n",
            ),
            (
                "a: |- # c\n  x\n\nb: 1\n",
                r#"["a"]"#,
                "5",
                "a: 5 # c\n\nb: 1\n",
            ),
            (
                "a: >-\n  x\n  y\n",
                r#"["a"]"#,
                r#""p\nq""#,
                "a: >-\n  p\n\n  q\n",
            ),
            (
                "a: x # c\nb: 1\n",
                r#"["a"]"#,
                r#""y\nz\n""#,
                "a: | # c\n    y\n    z\nb: 1\n",
            ),
            (
                "a: x\n\nb: 1\n",
                r#"["a"]"#,
                r#""y\n\n""#,
                "a: \"y\\n\\n\"\n\nb: 1\n",
            ),
            ("a: x", r#"["a"]"#, r#""z""#, "a: z"),
            ("a: x", r#"["a"]"#, r#""y\nz\n""#, "a: |\n    y\n    z\n"),
            ("a: x", r#"["a"]"#, r#""y\nz""#, "a: |-\n    y\n    z"),
            (
                "a: b\n  c\n  d\ne: f\n",
                r#"["a"]"#,
                r#""g""#,
                "a: g\ne: f\n",
            ),
            (
                "a: \"b\n  c\" # d\n",
                r#"["a"]"#,
                r#""g""#,
                "a: \"g\" # d\n",
            ),
            (
                "a:\n  # why\n  x\nb: 1\n",
                r#"["a"]"#,
                r#""z""#,
                "a:\n  # why\n  z\nb: 1\n",
            ),
            (
                "a: 1\r\nb: x\r\nc: 3\r\n",
                r#"["b"]"#,
                r#""y\nz""#,
                "a: 1\r\nb: |-\r\n    y\r\n    z\r\nc: 3\r\n",
            ),
            (
                "a: {b: 1, c: 'x'}\n",
                r#"["a"]["c"]"#,
                r#""y""#,
                "a: {b: 1, c: 'y'}\n",
            ),
            ("a: !!int '5'\n", r#"["a"]"#, r#""z""#, "a: z\n"),
            ("a: !!str 5\n", r#"["a"]"#, r#""6""#, "a: !!str \"6\"\n"),
            ("a: !!str 5\n", r#"["a"]"#, "6", "a: 6\n"),
            ("a: &x 5\n", r#"["a"]"#, "6", "a: &x 6\n"),
        ],
    );
}

#[test]
fn null_gets_a_value() {
    check(
        Format::Yaml,
        &[
            ("a:\nb: 1\n", r#"["a"]"#, "5", "a: 5\nb: 1\n"),
            ("a: \nb: 1\n", r#"["a"]"#, "5", "a: 5\nb: 1\n"),
            ("a:   # c\nb: 1\n", r#"["a"]"#, "5", "a: 5   # c\nb: 1\n"),
            ("a: ~ # c\n", r#"["a"]"#, "5", "a: 5 # c\n"),
            ("a: &x\nb: 1\n", r#"["a"]"#, "5", "a: &x 5\nb: 1\n"),
            ("a:", r#"["a"]"#, "5", "a: 5"),
            ("a:\n-\n- x\n", r#"["a"][0]"#, "5", "a:\n- 5\n- x\n"),
            ("a:\n-  # c\n-\n", r#"["a"][0]"#, "5", "a:\n- 5  # c\n-\n"),
            ("a:\n-  # c\n-\n", r#"["a"][1]"#, "5", "a:\n-  # c\n- 5\n"),
            ("? a\n? b\n", r#"["b"]"#, "-", "? a\n"),
            ("{a, b: , c: }\n", r#"["a"]"#, "5", "{a: 5, b: , c: }\n"),
            ("{a, b: , c: }\n", r#"["b"]"#, "5", "{a, b: 5, c: }\n"),
            ("{a, b: , c: }\n", r#"["c"]"#, "5", "{a, b: , c: 5}\n"),
            (
                "a: # c\nb: 1\n",
                r#"["a"]["x"]["y"]"#,
                "5",
                "a: # c\n    x:\n        \"y\": 5\nb: 1\n",
            ),
            (
                "a:\nb:\n  c: 1\n",
                r#"["a"]["x"]"#,
                "[1]",
                "a:\n  x:\n    - 1\nb:\n  c: 1\n",
            ),
        ],
    );
}

#[test]
fn values_become_collections_and_collections_values() {
    check(
        Format::Yaml,
        &[
            (
                "a: 1 # c\nb: 2\n",
                r#"["a"]"#,
                r#"{"x": 1, "z": [1, {"p": 2}]}"#,
                "a: # c\n    x: 1\n    z:\n        - 1\n        - p: 2\nb: 2\n",
            ),
            (
                "a: 1\nb:\n- 2\n",
                r#"["a"]"#,
                "[1, 2]",
                "a:\n- 1\n- 2\nb:\n- 2\n",
            ),
            (
                "a:\n- 1 # c\n- 2\n",
                r#"["a"][0]"#,
                r#"{"x": 1, "z": 2}"#,
                "a:\n- x: 1 # c\n  z: 2\n- 2\n",
            ),
            (
                "a:\n- &q 1\n- 2\n",
                r#"["a"][0]"#,
                r#"{"x": 1, "z": 2}"#,
                "a:\n- &q\n  x: 1\n  z: 2\n- 2\n",
            ),
            (
                "a: # c\n  # d\n  b: 1 # e\n  # f\n\n# g\nc: 2\n",
                r#"["a"]"#,
                "5",
                "a: 5 # c\n\n# g\nc: 2\n",
            ),
            (
                "a:\n  b: 1\nc: 2\n",
                r#"["a"]"#,
                r#"{"z": 1, "w": "p\nq\n"}"#,
                "a:\n  z: 1\n  w: |\n    p\n    q\nc: 2\n",
            ),
            (
                "a:\n- b\nc: 2\n",
                r#"["a"]"#,
                r#"{"z": 1}"#,
                "a:\n    z: 1\nc: 2\n",
            ),
            ("a:\n- b\nc: 2\n", r#"["a"]"#, "[3]", "a:\n- 3\nc: 2\n"),
            (
                "a:\n- b: 1\n  c: 2 # d\n- 3\n",
                r#"["a"][0]"#,
                r#""x""#,
                "a:\n- x\n- 3\n",
            ),
            (
                "a:\n- b: 1\n  c: 2\n- 3\n",
                r#"["a"][0]"#,
                "[7, 8]",
                "a:\n- - 7\n  - 8\n- 3\n",
            ),
            ("a: {b: 1} # c\n", r#"["a"]"#, "{}", "a: {} # c\n"),
            (
                "a: {b: 1} # c\n",
                r#"["a"]"#,
                r#"{"x": 1}"#,
                "a: # c\n    x: 1\n",
            ),
            (
                "a: [x, {b: 1}]\n",
                r#"["a"][1]"#,
                r#"{"x": [1, "y, z"]}"#,
                "a: [x, {x: [1, 'y, z']}]\n",
            ),
            // A comment below that is as deep as a block scalar would be part of it.
            (
                "a: 1\n\n    # c\nb: 2\n",
                r#"["a"]"#,
                r#""p\nq\n""#,
                "a: \"p\\nq\\n\"\n\n    # c\nb: 2\n",
            ),
            (
                "a: 1\n   # c\nb: 2\n",
                r#"["a"]"#,
                r#""p\nq\n""#,
                "a: |\n    p\n    q\n   # c\nb: 2\n",
            ),
            (
                "a: {}\n        # c\n",
                r#"["a"]"#,
                r#"{"x": "p\nq\n"}"#,
                "a:\n    x: \"p\\nq\\n\"\n        # c\n",
            ),
            (
                "{}\n    # c\n",
                r#"["a"]"#,
                r#""p\nq\n""#,
                "a: \"p\\nq\\n\"\n    # c\n",
            ),
            (
                "a: x\n",
                r#"["a"]["b"][3]"#,
                "1",
                "a:\n    b:\n        - 1\n",
            ),
            (
                "a: |\n  x\nb: 1\n",
                r#"["a"]"#,
                r#"{"x": 1}"#,
                "a:\n    x: 1\nb: 1\n",
            ),
        ],
    );
}

#[test]
fn entries_are_appended_below_their_neighbours() {
    check(
        Format::Yaml,
        &[
            ("a: 1\n", r#"["b"]"#, "2", "a: 1\nb: 2\n"),
            ("a: 1", r#"["b"]"#, "2", "a: 1\nb: 2"),
            (
                "a: 1",
                r#"["b"]"#,
                r#""x\ny\n""#,
                "a: 1\nb: |\n    x\n    y\n",
            ),
            ("a: |\n  x", r#"["b"]"#, "2", "a: |-\n  x\nb: 2"),
            ("a: |\n  x\n\n\n", r#"["b"]"#, "2", "a: |\n  x\nb: 2\n\n\n"),
            ("a: |+\n  x\n\n", r#"["b"]"#, "2", "a: |+\n  x\n\nb: 2\n"),
            ("a: |2\n     \n\nc: 1\n", r#"["a"]"#, "2", "a: 2\n\nc: 1\n"),
            ("a: |2\n     \n", r#"["b"]"#, "2", "a: |2\n     \nb: 2\n"),
            (
                "a:\n  b: |2\n       \n",
                r#"["c"]"#,
                "2",
                "a:\n  b: |2\n       \nc: 2\n",
            ),
            (
                "a:\n   b: 1 # x\n\nc: 2\n",
                r#"["a"]["d"]"#,
                "2",
                "a:\n   b: 1 # x\n   d: 2\n\nc: 2\n",
            ),
            (
                "a:\n   b: 1\n\n   # x\n\n# y\nc: 2\n",
                r#"["a"]["d"]"#,
                r#"{"e": 1}"#,
                "a:\n   b: 1\n\n   # x\n   d:\n      e: 1\n\n# y\nc: 2\n",
            ),
            ("a: 1\n# end\n", r#"["d"]"#, "2", "a: 1\n# end\nd: 2\n"),
            (
                "a: 1\n---\nb: 2\n",
                r#"["d"]"#,
                "2",
                "a: 1\nd: 2\n---\nb: 2\n",
            ),
            ("a: 1\n...\n", r#"["d"]"#, "2", "a: 1\nd: 2\n...\n"),
            (
                "a:\n- 1\n- x: 1\n  # q\n",
                r#"["a"][9]"#,
                "2",
                "a:\n- 1\n- x: 1\n  # q\n- 2\n",
            ),
            (
                "a:\n  - 1\nb: 2\n",
                r#"["a"][1]"#,
                r#"{"x": {"z": 1}}"#,
                "a:\n  - 1\n  - x:\n      z: 1\nb: 2\n",
            ),
            (
                "a:\n  - - 1\n    - 2\n  - - 3\n",
                r#"["a"][1][1]"#,
                "4",
                "a:\n  - - 1\n    - 2\n  - - 3\n    - 4\n",
            ),
            (
                "a:\n  - b: 1\nc: 2\n",
                r#"["a"][0]["d"]"#,
                "2",
                "a:\n  - b: 1\n    d: 2\nc: 2\n",
            ),
            (
                "a:\r\n  b: 1\r\n",
                r#"["a"]["c"]"#,
                "[1]",
                "a:\r\n  b: 1\r\n  c:\r\n    - 1\r\n",
            ),
            ("a: {b: 1}\n", r#"["a"]["c"]"#, "[1]", "a: {b: 1, c: [1]}\n"),
            ("a: { b: 1 }\n", r#"["a"]["c"]"#, "2", "a: { b: 1, c: 2 }\n"),
            ("a: [1,2]\n", r#"["a"][2]"#, "3", "a: [1,2,3]\n"),
            ("a: [1, 2, ]\n", r#"["a"][2]"#, "3", "a: [1, 2, 3, ]\n"),
            (
                "a: [\n  1, # x\n  2 # y\n]\n",
                r#"["a"][2]"#,
                "3",
                "a: [\n  1, # x\n  2, # y\n  3\n]\n",
            ),
            (
                "a: [\n  1, # x\n  2, # y\n  # z\n]\n",
                r#"["a"][2]"#,
                "3",
                "a: [\n  1, # x\n  2, # y\n  # z\n  3,\n]\n",
            ),
            (
                "a: [b: 1, 2]\n",
                r#"["a"][0]["c"]"#,
                "3",
                "a: [{b: 1, c: 3}, 2]\n",
            ),
            ("a: {b}\n", r#"["a"]["c"]"#, "3", "a: {b, c: 3}\n"),
            (
                "a: {} # x\nb: 1\n",
                r#"["a"]["c"]"#,
                "3",
                "a: # x\n    c: 3\nb: 1\n",
            ),
            (
                "a: [] # x\nb: 1\n",
                r#"["a"][0]"#,
                "3",
                "a: # x\n    - 3\nb: 1\n",
            ),
            ("a: [{}]\n", r#"["a"][0]["b"]"#, "3", "a: [{b: 3}]\n"),
            ("{}\n", r#"["a"]"#, "3", "a: 3\n"),
            (
                "--- {} # x\n",
                r#"["a"]["b"]"#,
                "3",
                "--- # x\na:\n    b: 3\n",
            ),
            ("---\n# c\n", r#"["a"]"#, "3", "---\na: 3\n# c\n"),
            (
                "---\n---\nb: 1\n",
                r#"["a"]"#,
                "3",
                "---\na: 3\n---\nb: 1\n",
            ),
            ("\u{feff}a: 1\n", r#"["b"]"#, "3", "\u{feff}a: 1\nb: 3\n"),
        ],
    );
}

#[test]
fn an_entry_goes_with_its_lines_and_leaves_comments() {
    check(
        Format::Yaml,
        &[
            ("a: 1\nb: 2\nc: 3\n", r#"["b"]"#, "-", "a: 1\nc: 3\n"),
            (
                "a: 1\n\n# x\nb: 2 # y\n\nc: 3\n",
                r#"["b"]"#,
                "-",
                "a: 1\n\n# x\n# y\n\nc: 3\n",
            ),
            ("a: 1\nb: 2", r#"["b"]"#, "-", "a: 1"),
            ("a: |\n  x\nb: 2", r#"["b"]"#, "-", "a: |\n  x\n"),
            ("a: 1\n", r#"["a"]"#, "-", "{}\n"),
            (
                "# x\na: 1 # y\n# z\n",
                r#"["a"]"#,
                "-",
                "# x\n{} # y\n# z\n",
            ),
            ("a: 1\n---\nb: 2\n", r#"["a"]"#, "-", "{}\n---\nb: 2\n"),
            (
                "a:\n  b: 1\n  # x\n# y\nc: 2\n",
                r#"["a"]"#,
                "-",
                "# y\nc: 2\n",
            ),
            (
                "a: # x\n  # z\n  b: 1 # y\nc: 2\n",
                r#"["a"]"#,
                "-",
                "# x\nc: 2\n",
            ),
            (
                "a: # x\n  # w\n  b: 1 # y\n  # z\nc: 2\n",
                r#"["a"]["b"]"#,
                "-",
                "a: {} # x\n  # w\n  # y\n  # z\nc: 2\n",
            ),
            (
                "a:\n- x # y\nb: 1\n",
                r#"["a"][0]"#,
                "-",
                "a: []\n# y\nb: 1\n",
            ),
            (
                "a:\n- b: 1\n  c: 2\n- 3\n",
                r#"["a"][0]["b"]"#,
                "-",
                "a:\n- c: 2\n- 3\n",
            ),
            (
                "a:\n- b: 1 # x\n  # y\n  c: 2\n- 3\n",
                r#"["a"][0]["b"]"#,
                "-",
                "a:\n- # x\n  # y\n  c: 2\n- 3\n",
            ),
            (
                "a:\n- b: 1\n  # y\n  c: 2\n",
                r#"["a"][0]["b"]"#,
                "-",
                "a:\n-\n  # y\n  c: 2\n",
            ),
            (
                "a:\n- b: 1\n  c: 2\n- 3\n",
                r#"["a"][0]["c"]"#,
                "-",
                "a:\n- b: 1\n- 3\n",
            ),
            (
                "a:\n- b: 1 # x\n- 3\n",
                r#"["a"][0]["b"]"#,
                "-",
                "a:\n- {} # x\n- 3\n",
            ),
            ("a:\n- b: 1\n- 3\n", r#"["a"][0]"#, "-", "a:\n- 3\n"),
            ("a:\n- - 1\n  - 2\n", r#"["a"][0][0]"#, "-", "a:\n- - 2\n"),
            (
                "a:\n- 0\n- - 1\n  - 2\n",
                r#"["a"][1][0]"#,
                "-",
                "a:\n- 0\n- - 2\n",
            ),
            (
                "a:\n- 0\n- - 1\n  - 2\n",
                r#"["a"][1][1]"#,
                "-",
                "a:\n- 0\n- - 1\n",
            ),
            ("a: |\n  x\n\nb: 1\n", r#"["a"]"#, "-", "\nb: 1\n"),
            ("a: | # c\n  x\nb: 1\n", r#"["a"]"#, "-", "# c\nb: 1\n"),
            ("a: &q\n  b: 1\n", r#"["a"]["b"]"#, "-", "a: &q {}\n"),
            (
                "a: {b: 1, c: 2, d: 3}\n",
                r#"["a"]["b"]"#,
                "-",
                "a: {c: 2, d: 3}\n",
            ),
            (
                "a: {b: 1, c: 2, d: 3}\n",
                r#"["a"]["c"]"#,
                "-",
                "a: {b: 1, d: 3}\n",
            ),
            (
                "a: {b: 1, c: 2, d: 3}\n",
                r#"["a"]["d"]"#,
                "-",
                "a: {b: 1, c: 2}\n",
            ),
            ("a: {b, c: , d}\n", r#"["a"]["c"]"#, "-", "a: {b, d}\n"),
            ("a: { b: 1 }\n", r#"["a"]["b"]"#, "-", "a: {}\n"),
            ("a: [b: 1]\n", r#"["a"][0]["b"]"#, "-", "a: [{}]\n"),
            ("a: [1, 2,]\n", r#"["a"][1]"#, "-", "a: [1,]\n"),
            ("a: [1,]\n", r#"["a"][0]"#, "-", "a: []\n"),
            (
                "a: [\n  1, # x\n  2, # y\n  3 # z\n]\n",
                r#"["a"][1]"#,
                "-",
                "a: [\n  1, # x\n  # y\n  3 # z\n]\n",
            ),
            (
                "a: [\n  1, # x\n  2, # y\n  3 # z\n]\n",
                r#"["a"][2]"#,
                "-",
                "a: [\n  1, # x\n  2 # y\n  # z\n]\n",
            ),
            (
                "a: [\n  1,\n  2,\n  3\n]\n",
                r#"["a"][2]"#,
                "-",
                "a: [\n  1,\n  2\n]\n",
            ),
            (
                "a: [\n  1,\n  2,\n  3\n]\n",
                r#"["a"][1]"#,
                "-",
                "a: [\n  1,\n  3\n]\n",
            ),
            (
                "a: [1, 2, # x\n 3]\n",
                r#"["a"][1]"#,
                "-",
                "a: [1, # x\n 3]\n",
            ),
            ("? a\n: 1\n? b\n: 2\n", r#"["a"]"#, "-", "? b\n: 2\n"),
            ("? |\n  k\n: 1\nb: 2\n", "[\"k\n\"]", "-", "b: 2\n"),
            (
                "? |\n  k\n: 1\nb: 2\n",
                "[\"k\n\"]",
                "5",
                "? |\n  k\n: 5\nb: 2\n",
            ),
        ],
    );
}

#[test]
fn aliases_keep_their_values() {
    check(
        Format::Yaml,
        &[
            (
                "a: &x 1\nb: *x\nc: 2\n",
                r#"["a"]"#,
                "5",
                "a: 5\nb: 1\nc: 2\n",
            ),
            (
                "a: &x 1\nb: *x # y\nc: *x\n",
                r#"["a"]"#,
                "5",
                "a: 5\nb: &x 1 # y\nc: *x\n",
            ),
            (
                "a: &x 1\nb: *x\nc: [*x]\n",
                r#"["a"]"#,
                "-",
                "b: &x 1\nc: [*x]\n",
            ),
            (
                "a: &x\n  p: 1\n  q: 2\nb:\n  <<: *x\n  r: 3\nc: *x\n",
                r#"["a"]["p"]"#,
                "5",
                "a:\n  p: 5\n  q: 2\nb:\n  <<: &x\n    p: 1\n    q: 2\n  r: 3\nc: *x\n",
            ),
            (
                "a: &x {p: 1}\nb: {<<: *x}\n",
                r#"["a"]"#,
                "5",
                "a: 5\nb: {<<: {p: 1}}\n",
            ),
            (
                "a: &x {p: 1}\nb: *x\n",
                r#"["b"]["p"]"#,
                "5",
                "a: &x {p: 1}\nb:\n    p: 5\n",
            ),
            (
                "a: &x {p: 1}\nb: *x\n",
                r#"["b"]["p"]"#,
                "-",
                "a: &x {p: 1}\nb: {}\n",
            ),
            ("a: &x {p: 1}\nb: *x\n", r#"["b"]"#, "-", "a: &x {p: 1}\n"),
            (
                "a: &x {p: 1}\nb: [*x, *x]\n",
                r#"["a"]["q"]"#,
                "2",
                "a: {p: 1, q: 2}\nb: [&x {p: 1}, *x]\n",
            ),
            (
                "a: &x {p: &y 1}\nb: *x\nc: *y\n",
                r#"["a"]"#,
                "2",
                "a: 2\nb:\n    p: 1\nc: 1\n",
            ),
            (
                "a: &x\n  p: &y 1\n  q: *y\nb: *x\n",
                r#"["a"]["p"]"#,
                "2",
                "a:\n  p: 2\n  q: 1\nb:\n  p: 1\n  q: 1\n",
            ),
            (
                "a: &x\n- 1\nb:\n- *x\n- *x\n",
                r#"["a"][0]"#,
                "2",
                "a:\n- 2\nb:\n- &x\n  - 1\n- *x\n",
            ),
        ],
    );
}

#[test]
fn json_keeps_its_layout() {
    let pretty = "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x\"\n  }\n}\n";
    check(
        Format::Json,
        &[
            (
                pretty,
                r#"["a"]"#,
                "2",
                "{\n  \"a\": 2,\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x\"\n  }\n}\n",
            ),
            (
                pretty,
                r#"["a"]"#,
                "-",
                "{\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x\"\n  }\n}\n",
            ),
            (
                pretty,
                r#"["b"]["d"]"#,
                "-",
                "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": []\n  }\n}\n",
            ),
            (pretty, r#"["b"]"#, "-", "{\n  \"a\": 1\n}\n"),
            (
                pretty,
                r#"["b"]["c"][0]"#,
                "1",
                "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [\n      1\n    ],\n    \"d\": \"x\"\n  }\n}\n",
            ),
            (
                pretty,
                r#"["b"]["e"]"#,
                r#"{"f": [1]}"#,
                "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x\",\n    \"e\": {\n      \"f\": [\n        1\n      ]\n    }\n  }\n}\n",
            ),
            (
                pretty,
                r#"["a"]"#,
                "[]",
                "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x\"\n  }\n}\n",
            ),
            (
                r#"{"a":1,"b":[1,2]}"#,
                r#"["b"][2]"#,
                r#"{"x":[1,2]}"#,
                r#"{"a":1,"b":[1,2,{"x":[1,2]}]}"#,
            ),
            (
                r#"{"a":1,"b":[1,2]}"#,
                r#"["c"]"#,
                "3",
                r#"{"a":1,"b":[1,2],"c":3}"#,
            ),
            (
                r#"{"a": 1, "b": [1, 2]}"#,
                r#"["c"]"#,
                "[1, 2]",
                r#"{"a": 1, "b": [1, 2], "c": [1, 2]}"#,
            ),
            (r#"{"a":1}"#, r#"["a"]"#, "-", "{}"),
            (r#"{"b":[1]}"#, r#"["b"][0]"#, "-", r#"{"b":[]}"#),
            (r#"{"b":[]}"#, r#"["b"][0]"#, "1", r#"{"b":[1]}"#),
            (
                r#"{"a":"<"}"#,
                r#"["a"]"#,
                r#""<é""#,
                "{\"a\":\"\\u003cé\"}",
            ),
            (
                "{}\n",
                r#"["a"]["b"]"#,
                "1",
                "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n",
            ),
            (
                "{\r\n\t\"a\": 1\r\n}",
                r#"["b"]"#,
                "1",
                "{\r\n\t\"a\": 1,\r\n\t\"b\": 1\r\n}",
            ),
            (
                "{\n\"a\": [1, 2]\n}",
                r#"["a"][1]"#,
                "-",
                "{\n\"a\": [1]\n}",
            ),
        ],
    );
}

#[test]
fn a_value_that_is_there_already_changes_nothing() {
    for (text, at, value) in [
        ("a: 0x10\n", r#"["a"]"#, "16"),
        ("a: &x {p: [1]}\nb: *x\n", r#"["b"]"#, r#"{"p": [1]}"#),
        ("a: &x {p: [1]}\nb: *x\n", r#"["b"]["p"][0]"#, "1"),
        ("a:\n", r#"["a"]"#, "null"),
    ] {
        let result = set(text, Format::Yaml, &path(at), &json(value));
        assert!(matches!(result, Ok(None)), "{text}");
    }
}

#[test]
fn a_path_that_does_not_fit_is_refused_by_name() {
    let text = "a: [1, {b: x}]\nc: &x {d: 1}\ne: *x\n";
    for (at, set_message, unset_message) in [
        (
            r#"["a"]["x"]"#,
            "`[\"a\"]` is a sequence with 2 items: `[\"x\"]` must be an index from 0, such as [0]",
            "",
        ),
        (
            r#"["a"][1][0]"#,
            "`[\"a\"][1]` is a mapping: `[0]` must be a key, such as [\"name\"]",
            "",
        ),
        (
            "[0]",
            "the top level is a mapping: `[0]` must be a key, such as [\"name\"]",
            "",
        ),
        (
            r#"["e"][0]"#,
            "`[\"e\"]` is a mapping: `[0]` must be a key, such as [\"name\"]",
            "",
        ),
        (r#"["z"]"#, "-", "the top level has no key `z`"),
        (r#"["e"]["z"]"#, "-", "`[\"e\"]` has no key `z`"),
        (r#"["a"][2]"#, "-", "`[\"a\"]` has no item 2"),
        (
            r#"["a"][1]["b"]["c"]"#,
            "-",
            "`[\"a\"][1][\"b\"]` is a value: there is nothing in it at `[\"c\"]`",
        ),
    ] {
        let changed = set(text, Format::Yaml, &path(at), &json("7"));
        match changed {
            Ok(_) => assert_eq!(set_message, "-", "{at}"),
            Err(error) => assert_eq!(error.to_string(), set_message, "{at}"),
        }
        let unset_message = if unset_message.is_empty() {
            set_message
        } else {
            unset_message
        };
        match unset(text, Format::Yaml, &path(at)) {
            Ok(_) => panic!("{at} is removed"),
            Err(error) => {
                assert_eq!(error.to_string(), unset_message);
                let not_found = unset_message.contains(" has no ");
                assert_eq!(matches!(error, Error::NotFound { .. }), not_found);
            }
        }
    }
    let text = "a: &x {d: 1}\nb: {<<: [*x]}\nc:\n  <<: *x\n";
    for (at, value) in [
        (r#"["c"]["<<"]"#, "1"),
        (r#"["b"]["<<"][0]"#, "[]"),
        (r#"["b"]["<<"][1]"#, "1"),
    ] {
        let error = set(text, Format::Yaml, &path(at), &json(value)).expect_err(at);
        assert_eq!(
            error.to_string(),
            format!("`{at}` is under the merge key `<<`, where only mappings can stand")
        );
    }
    let sops = set(text, Format::Yaml, &path(r#"["sops"]["x"]"#), &json("7"));
    assert!(matches!(sops, Err(Error::Reserved { .. })));
}
