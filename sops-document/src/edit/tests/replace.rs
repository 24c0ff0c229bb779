use super::check;
use crate::format::Format;

#[test]
fn a_replaced_scalar_keeps_its_style_if_possible() {
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
fn null_is_replaced() {
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
fn values_and_collections_replace_each_other() {
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
            // A block scalar would include a comment below it that has the same indentation.
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
