use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::error::Error;

fn value(text: &str) -> serde_json::Value {
    from_document(text, Format::Yaml).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn scalars_have_the_types_that_sops_reads() {
    assert_eq!(
        value(
            "a: 010\nb: yes\nc: 1e3\nd: ~\ne: True\nf: '5'\ng: 2020-01-02\nh: 1_000\ni: |\n  x\n"
        ),
        json!({"a": 8, "b": "yes", "c": 1000.0, "d": null, "e": true, "f": "5", "g": "2020-01-02T00:00:00Z", "h": 1000, "i": "x\n"})
    );
    assert_eq!(value("---\n"), json!({}));
    let json: serde_json::Value = from_document(r#"{"<<": {"a": [1.0]}}"#, Format::Json)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(json, json!({"<<": {"a": [1.0]}}));
}

#[test]
fn own_and_earlier_entries_take_precedence_over_merged_ones() {
    assert_eq!(
        value(
            "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4, <<: {w: 5, y: 6}}\nc: {<<: *b, y: 7}\nd: {<<: [*a, *b]}\ne: *a\nf: {'<<': 8}\n"
        ),
        json!({
            "a": {"x": 1, "y": 2},
            "b": {"y": 3, "z": 4, "w": 5},
            "c": {"y": 7, "z": 4, "w": 5},
            "d": {"x": 1, "y": 2, "z": 4, "w": 5},
            "e": {"x": 1, "y": 2},
            "f": {"<<": 8},
        })
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    host: String,
    #[serde(default)]
    port: Option<u16>,
    mode: Mode,
    #[serde(default)]
    address: Option<IpAddr>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Off,
    Fixed(f64),
    Range(i64, i64),
    Named { name: String },
}

fn servers(text: &str) -> Result<BTreeMap<String, Vec<Server>>> {
    from_document(text, Format::Yaml)
}

#[test]
fn documents_are_deserialized() {
    let text = "a:\n- {host: x, port: 1, mode: off}\n- {host: x, mode: {fixed: 2}, port: ~}\n\
        b:\n- {host: x, mode: {range: [1, 2]}, address: '::1'}\n- {host: x, mode: {named: {name: q}}}\n";
    let server = |port, mode, address| Server {
        host: "x".into(),
        port,
        mode,
        address,
    };
    let expected = BTreeMap::from([
        (
            "a".to_owned(),
            vec![
                server(Some(1), Mode::Off, None),
                server(None, Mode::Fixed(2.0), None),
            ],
        ),
        (
            "b".to_owned(),
            vec![
                server(
                    None,
                    Mode::Range(1, 2),
                    Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
                ),
                server(None, Mode::Named { name: "q".into() }, None),
            ],
        ),
    ]);
    assert_eq!(
        servers(text).unwrap_or_else(|error| panic!("{error}")),
        expected
    );
    let all: Vec<BTreeMap<String, i64>> = from_documents("a: 1\n---\n---\nb: 2\n", Format::Yaml)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        all,
        [
            BTreeMap::from([("a".into(), 1)]),
            BTreeMap::new(),
            BTreeMap::from([("b".into(), 2)])
        ]
    );
}

/// The message with its location.
fn message(error: &Error) -> String {
    match error {
        Error::Value {
            location: Some(at), ..
        } => format!("{at}: {error}"),
        _ => error.to_string(),
    }
}

#[test]
fn an_error_shows_the_location_but_not_the_value() {
    for (text, expected) in [
        (
            "a:\n- host: 31337\n  mode: off\n",
            "line 2, column 9: a[0].host: expected a string, found an integer",
        ),
        (
            "a:\n- host: x\n  port: 31337000\n  mode: off\n",
            "line 3, column 9: a[0].port: expected u16, found an integer with an invalid value",
        ),
        (
            "a:\n- host: x\n  port: s3cret\n  mode: off\n",
            "line 3, column 9: a[0].port: expected u16, found a string",
        ),
        (
            "a:\n- host: x\n  mode: s3cret\n",
            "line 3, column 9: a[0].mode: expected one of off, fixed, range, named",
        ),
        (
            "a:\n- host: x\n  mode: {fixed: s3cret}\n",
            "line 3, column 17: a[0].mode.fixed: expected f64, found a string",
        ),
        (
            "a:\n- host: x\n  mode: {range: [1, s3cret]}\n",
            "line 3, column 21: a[0].mode.range[1]: expected i64, found a string",
        ),
        (
            "a:\n- host: x\n  mode: off\n  address: s3cret\n",
            "line 4, column 12: a[0].address: unexpected value",
        ),
        (
            "a:\n- host: x\n",
            "line 2, column 3: a[0]: the key `mode` is missing",
        ),
        (
            "a:\n- host: x\n  hots: s3cret\n",
            "line 3, column 9: a[0].hots: unknown key `hots`; expected one of host, port, mode, address",
        ),
        (
            "a: s3cret\n",
            "line 1, column 4: a: expected a sequence, found a string",
        ),
    ] {
        let error = servers(text).expect_err(text);
        assert_eq!(self::message(&error), expected);
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    let error =
        from_document::<String>("a: 1\n", Format::Yaml).expect_err("a mapping is not a string");
    assert_eq!(
        message(&error),
        "line 1, column 1: the top level: expected a string, found a mapping"
    );
}
