//! Plaintexts that cannot be encrypted.

use std::fmt::Write as _;

use super::Input::Encrypted;
use super::{Case, case, json, yaml};

pub(crate) fn plaintexts() -> Vec<Case> {
    let deep = format!("password: hunter2\na: {}", "[".repeat(10_000));
    let deep_json = format!("{{\"password\": \"hunter2\", \"a\": {}", "[".repeat(10_000));
    let mut bomb = "password: hunter2\na0: &a0 [x, x]\n".to_owned();
    for level in 1..30 {
        let _ = writeln!(bomb, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}]", level - 1);
    }
    vec![
        yaml(
            "YAML with an unclosed flow collection",
            "a: [hunter2\nb: hunter2\n",
            2,
        ),
        yaml("YAML with two values", "a: hunter2: hunter2\n", 2),
        yaml(
            "YAML with a quote that is never closed",
            "a: 1\npassword: \"hunter2\n",
            2,
        ),
        yaml("YAML with a tab", "a:\n\tpassword: hunter2\n", 2),
        yaml(
            "YAML with a duplicate key",
            "password: 1\nb: 2\npassword: hunter2\n",
            2,
        ),
        yaml("YAML with a number as a key", "b: x\n1: hunter2\n", 23),
        yaml("YAML with null as a key", "b: x\n~: hunter2\n", 23),
        yaml(
            "YAML with a date as a key",
            "b: x\n2001-01-01: hunter2\n",
            23,
        ),
        yaml("YAML with a list as a key", "? [hunter2]\n: x\n", 2),
        yaml(
            "YAML with a value that does not match its tag",
            "a: !!int hunter2\n",
            2,
        ),
        yaml("YAML with a list at the top", "- hunter2\n", 2),
        yaml("YAML with a string at the top", "hunter2\n", 2),
        yaml("an empty YAML file", "", 92),
        yaml("YAML with nothing but a comment", "# hunter2\n", 2),
        yaml(
            "YAML with an alias without an anchor",
            "a: hunter2\nb: *hunter\n",
            2,
        ),
        yaml(
            "YAML with an integer out of range",
            "a: hunter2\nb: 18446744073709551615\n",
            23,
        ),
        yaml("YAML nested 10,000 deep", deep, 2),
        yaml("YAML with an alias bomb", bomb, 2),
        yaml(
            "YAML that is not UTF-8",
            b"a: hunter2\npassword: hunter2 \xff\n",
            2,
        ),
        yaml(
            "YAML that merges a string",
            "a: hunter2\nb:\n  <<: hunter2\n",
            2,
        ),
        yaml(
            "YAML that merges a list of lists",
            "a: &a {b: hunter2}\nc: {<<: [*a, [*a]]}\n",
            2,
        ),
        yaml(
            "YAML that merges an alias of a list",
            "a: &a [{b: hunter2}]\nc:\n  <<: *a\n",
            2,
        ),
        yaml(
            "YAML with a key `sops` in a later document",
            "a: hunter2\n---\nsops: hunter2\n",
            203,
        ),
        yaml("YAML with a key `sops`", "a: hunter2\nsops: hunter2\n", 203),
        json(
            "JSON with an extra comma",
            "{\n  \"password\": \"hunter2\",\n}\n",
            2,
        ),
        json(
            "JSON with a string that is never closed",
            "{\"password\": \"hunter2}\n",
            2,
        ),
        json(
            "JSON with a word",
            "{\"a\": 1,\n \"password\": hunter2}\n",
            2,
        ),
        json(
            "JSON that ends in the middle",
            "{\"password\": \"hunter2\"",
            2,
        ),
        json(
            "JSON followed by text",
            "{\"password\": \"hunter2\"} hunter2",
            2,
        ),
        json(
            "JSON with a duplicate key",
            "{\"password\": 1, \"password\": \"hunter2\"}",
            2,
        ),
        json("JSON with a list at the top", "[\"hunter2\"]", 2),
        json("JSON with a string at the top", "\"hunter2\"", 2),
        json("an empty JSON file", "", 2),
        json(
            "JSON with a byte order mark",
            "\u{feff}{\"password\": \"hunter2\"}",
            2,
        ),
        json("JSON nested 10,000 deep", deep_json, 2),
        json(
            "JSON that is not UTF-8",
            b"{\"password\": \"hunter2 \xff\"}",
            2,
        ),
        case("an encrypted file", Encrypted, "encrypt -i --age R F", 203),
    ]
}
