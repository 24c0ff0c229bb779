use super::*;
use crate::key_path::KeyPath;

const TEXT: &str = "# top\ns: str\ni: 5\nf: 1.50\nbig: 1000000.0\nb: true\nn: null\nt: 2020-01-02\nml: \"a\\nb\\n\"\ne: \"\"\n\
    m:\n  x: 1\n  y: [1, 2]\nl:\n  - a\n  - b: 1\n    c: 2\n  - [1, [2, 3]]\nem: {}\nel: []\nanch: &q {z: 1}\nmg:\n  <<: *q\n  w: 1\nbin: !!binary /w==\n";

/// Measured with `sops decrypt --extract` 3.13.3.
#[test]
fn a_value_is_extracted_as_in_sops() {
    let document = Document::parse(TEXT, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
    for (path, yaml, json) in [
        (r#"["s"]"#, "str", "str"),
        (r#"["i"]"#, "5\n", "5"),
        (r#"["f"]"#, "1.5\n", "1.5"),
        (r#"["big"]"#, "1e+06\n", "1000000"),
        (r#"["b"]"#, "true\n", "true"),
        (r#"["n"]"#, "null\n", "null"),
        (
            r#"["t"]"#,
            "2020-01-02T00:00:00Z\n",
            "\"2020-01-02T00:00:00Z\"",
        ),
        (r#"["ml"]"#, "a\nb\n", "a\nb\n"),
        (r#"["e"]"#, "", ""),
        (
            r#"["m"]"#,
            "x: 1\n\"y\":\n    - 1\n    - 2\n",
            "{\n\t\"x\": 1,\n\t\"y\": [\n\t\t1,\n\t\t2\n\t]\n}\n",
        ),
        (r#"["m"]["y"]"#, "- 1\n- 2\n", "[\n\t1,\n\t2\n]"),
        (
            r#"["l"]"#,
            "- a\n- b: 1\n  c: 2\n- - 1\n  - - 2\n    - 3\n",
            "[\n\t\"a\",\n\t{\n\t\t\"b\": 1,\n\t\t\"c\": 2\n\t},\n\t[\n\t\t1,\n\t\t[\n\t\t\t2,\n\t\t\t3\n\t\t]\n\t]\n]",
        ),
        (r#"["em"]"#, "{}\n", "{}\n"),
        (r#"["el"]"#, "[]\n", "[]"),
        (r#"["mg"]["<<"]["z"]"#, "1\n", "1"),
        (
            r#"["mg"]"#,
            "!!merge <<:\n    z: 1\nw: 1\n",
            "{\n\t\"\\u003c\\u003c\": {\n\t\t\"z\": 1\n\t},\n\t\"w\": 1\n}\n",
        ),
    ] {
        for (to, expected) in [(Format::Yaml, yaml), (Format::Json, json)] {
            let path = path.parse().unwrap_or_else(|error| panic!("{error}"));
            let found = extract(&document, &path, to, &Indentation::default());
            let found = found.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(String::from_utf8_lossy(&found), expected, "{path}");
        }
    }
    let path = r#"["bin"]"#.parse().unwrap_or_else(|error| panic!("{error}"));
    let bytes = extract(&document, &path, Format::Yaml, &Indentation::default());
    assert_eq!(bytes.ok().as_deref().map(Vec::as_slice), Some(&b"\xff"[..]));
}

#[test]
fn a_missing_value_cannot_be_extracted() {
    let document = Document::parse(TEXT, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
    for (path, message) in [
        (r#"["zz"]"#, "the top level has no key `zz`"),
        (r#"["l"][9]"#, "`[\"l\"]` has no item 9"),
        (r#"["mg"]["z"]"#, "`[\"mg\"]` has no key `z`"),
        (
            r#"["s"]["x"]"#,
            "`[\"s\"]` is a single value, so it has nothing at `[\"x\"]`",
        ),
        (
            r#"["l"]["x"]"#,
            "`[\"l\"]` is a sequence with 3 items: `[\"x\"]` must be an index from 0, such as [0]",
        ),
        (
            r#"["m"][0]"#,
            "`[\"m\"]` is a mapping: `[0]` must be a key, such as [\"name\"]",
        ),
    ] {
        let path: KeyPath = path.parse().unwrap_or_else(|error| panic!("{error}"));
        let found = extract(&document, &path, Format::Yaml, &Indentation::default());
        let error = found.err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(message));
    }
}

#[test]
fn documents_are_converted_as_in_sops() {
    let indentation = |yaml_indent, json_indent| Indentation {
        yaml: yaml_indent,
        json: json_indent,
    };
    for (from, text, to, indentation, expected) in [
        (
            Format::Json,
            r#"{"a": [1, {"b": "x\ny"}]}"#,
            Format::Yaml,
            indentation(None, None),
            "a:\n    - 1\n    - b: |-\n        x\n        y\n",
        ),
        (
            Format::Json,
            r#"{"a": [1]}"#,
            Format::Yaml,
            indentation(Some(2), None),
            "a:\n  - 1\n",
        ),
        (
            Format::Json,
            "{}",
            Format::Yaml,
            indentation(None, None),
            "{}\n",
        ),
        (
            Format::Yaml,
            "a: [1]\n---\n---\nb: 2\n",
            Format::Yaml,
            indentation(None, None),
            "a:\n    - 1\n---\n{}\n---\nb: 2\n",
        ),
        (
            Format::Yaml,
            "a: [1]\n---\n",
            Format::Json,
            indentation(None, Some(1)),
            "{\n \"a\": [\n  1\n ]\n}\n",
        ),
    ] {
        let document = Document::parse(text, from).unwrap_or_else(|error| panic!("{error}"));
        let written =
            convert(&document, to, &indentation).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }
}

#[test]
fn a_value_that_the_format_cannot_hold_is_an_error() {
    let document =
        Document::parse(&b"a\xff\0"[..], Format::Binary).unwrap_or_else(|error| panic!("{error}"));
    for to in [Format::Json, Format::Dotenv] {
        let error = convert(&document, to, &Indentation::default())
            .expect_err("the value has no form in this format");
        assert!(
            error
                .to_string()
                .starts_with("data: the value is not UTF-8"),
            "{error}"
        );
    }
}

#[test]
fn a_key_that_the_format_cannot_hold_is_named() {
    for (json, to, path) in [
        (r#"{"a": 1, "b\nc": 2, "d": 3}"#, Format::Dotenv, "b\nc"),
        (r##"{"a": 1, "#b": 2}"##, Format::Dotenv, "#b"),
        (
            r#"{"s": {"a": 1, "b\nc": 2}, "t": {}}"#,
            Format::Ini,
            "s.b\nc",
        ),
    ] {
        let document =
            Document::parse(json, Format::Json).unwrap_or_else(|error| panic!("{error}"));
        match convert(&document, to, &Indentation::default()) {
            Err(Error::Unwritable { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{json}: {other:?}"),
        }
    }
}

#[test]
fn converting_several_documents_to_json_is_an_error() {
    let document = Document::parse("a: 1\n---\nb: 2\n", Format::Yaml)
        .unwrap_or_else(|error| panic!("{error}"));
    let error =
        convert(&document, Format::Json, &Indentation::default()).expect_err("two documents");
    assert!(
        error
            .to_string()
            .starts_with("line 3, column 1: another document begins here"),
        "{error}"
    );
}
