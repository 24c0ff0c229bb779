use super::check;
use crate::format::Format;

#[test]
fn json_has_no_escapes_that_only_html_needs() {
    check(
        Format::Json,
        &[
            (
                "{\"u\": \"x\"}",
                r#"["u"]"#,
                r#""User <u@example.com> & \\u003c \u0001 😀""#,
                "{\"u\": \"User <u@example.com> & \\\\u003c \\u0001 😀\"}",
            ),
            (
                "{}",
                r#"["<a>"]"#,
                r#"{"&": ["<"]}"#,
                "{\n\t\"<a>\": {\n\t\t\"&\": [\n\t\t\t\"<\"\n\t\t]\n\t}\n}",
            ),
        ],
    );
}

#[test]
fn yaml_keeps_characters_beyond_the_basic_plane() {
    check(
        Format::Yaml,
        &[
            ("u: x\n", r#"["u"]"#, r#""😀""#, "u: 😀\n"),
            ("u: 'x'\n", r#"["u"]"#, r#""it's 😀""#, "u: 'it''s 😀'\n"),
            ("u: \"x\"\n", r#"["u"]"#, r#""😀\t""#, "u: \"😀\\t\"\n"),
            ("u: 1\n", r#"["u"]"#, r#""😀: \u0007""#, "u: \"😀: \\a\"\n"),
            ("u: 1\n", r#"["u"]"#, "\"# 😀\"", "u: '# 😀'\n"),
            (
                "u: {a: 1}\n",
                r#"["u"]["k"]"#,
                r#""a, 😀""#,
                "u: {a: 1, k: 'a, 😀'}\n",
            ),
            (
                "u: 1\n",
                r#"["u"]"#,
                r#""a\n😀\n""#,
                "u: |\n    a\n    😀\n",
            ),
            (
                "u: 1\n",
                r#"["😀"]"#,
                r#"{"🦀": 1}"#,
                "u: 1\n😀:\n    🦀: 1\n",
            ),
            // Line breaks of YAML 1.1 are escaped, and then all other special characters too.
            (
                "u: 1\n",
                r#"["u"]"#,
                r#""é\u2028😀""#,
                "u: \"é\\L\\U0001F600\"\n",
            ),
            // A value that contains the stand-in is escaped.
            (
                "u: 1\n",
                r#"["u"]"#,
                r#""\ue0f0😀""#,
                "u: \"\u{e0f0}\\U0001F600\"\n",
            ),
        ],
    );
}
