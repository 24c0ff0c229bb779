use super::{json, path, set, unset};
use crate::error::Error;
use crate::format::Format;

#[test]
fn setting_the_current_value_changes_nothing() {
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
fn a_path_that_does_not_match_is_named_in_the_error() {
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
            "`[\"a\"][1][\"b\"]` is a single value, so it has nothing at `[\"c\"]`",
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
            Ok(_) => panic!("{at} was removed"),
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
            format!("`{at}` is under the merge key `<<`, which allows only mappings")
        );
    }
    let sops = set(text, Format::Yaml, &path(r#"["sops"]["x"]"#), &json("7"));
    assert!(matches!(sops, Err(Error::Reserved { .. })));
}
