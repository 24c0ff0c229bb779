use std::borrow::Cow;

use granit_parser::{Event, Parser};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sops_test_support::vectors;

use super::*;

#[derive(serde::Deserialize)]
struct Strings {
    value: String,
    map: String,
    nested: String,
    seq: String,
    seqmap: String,
}

/// A value, and the contexts in which the spelling of SOPS does not read back as it.
#[derive(serde::Deserialize)]
struct Unreadable {
    value: String,
    places: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Numbers {
    plaintext: String,
    spelled: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The scalars of a document, `None` if it does not parse.
fn scalars(text: &str) -> Option<Vec<String>> {
    let mut scalars = Vec::new();
    for event in Parser::new_from_str(text) {
        if let Event::Scalar(content, ..) = event.ok()?.0 {
            scalars.push(content.into_owned());
        }
    }
    Some(scalars)
}

/// Whether a reader of YAML 1.2 sees the same lines in `text` as `yaml.v3`.
fn has_lines_of_one_kind(text: &str) -> bool {
    !text.contains(['\u{2028}', '\u{2029}'])
}

#[test]
fn strings_are_spelled_as_in_sops_if_that_reads_back() {
    let places = [
        ("map", "k: ", ParentKind::Mapping, 0),
        ("nested", "o:\n    k: ", ParentKind::Mapping, 4),
        ("seq", "k:\n    - ", ParentKind::Sequence, 4),
        ("seqmap", "o:\n    - k: ", ParentKind::Mapping, 6),
    ];
    let unreadable = vectors::read::<Unreadable>("yaml-spell-unreadable.jsonl");
    let is_unreadable = |text: &str, context: &str| {
        unreadable
            .iter()
            .any(|vector| vector.value == text && vector.places.iter().any(|name| name == context))
    };
    for vector in vectors::read::<Strings>("yaml-spell-strings.jsonl") {
        let text = &vector.value;
        let spelled_by_sops = [&vector.map, &vector.nested, &vector.seq, &vector.seqmap];
        for ((name, before, container, column), expected) in places.into_iter().zip(spelled_by_sops)
        {
            let value = Value {
                kind: Type::Str,
                bytes: Cow::Borrowed(text.as_bytes()),
            };
            let mut spelled = before.to_owned();
            spell(
                &mut spelled,
                Some(&value),
                ScalarContext {
                    container,
                    column,
                    step: 4,
                },
            );
            spelled.push('\n');
            if is_unreadable(text, name) {
                assert_ne!(spelled, *expected);
                let read = scalars(&spelled).and_then(|mut scalars| scalars.pop());
                assert!(
                    read.as_ref() == Some(text) || !has_lines_of_one_kind(text),
                    "{spelled:?}"
                );
            } else if !expected.ends_with('\n') {
                // SOPS leaves out the line break here, since Go reads the line separator as one.
                assert_eq!(
                    spelled,
                    format!(
                        "{before}\"{}\"\n",
                        text.replace('\n', "\\n").replace('\u{2028}', "\\L")
                    )
                );
            } else {
                assert_eq!(spelled, *expected);
            }
        }
    }
}

#[test]
fn spelled_values_read_back_in_every_context() {
    const CHARACTERS: [&str; 44] = [
        "a", "b", "Z", "0", "1", "9", " ", " ", " ", "\n", "\n", "\n", "\n", "\t", ":", "#", "-",
        "?", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`", "~", "\\",
        ".", "é", "漢", "😀", "\u{a0}", "\r", "\u{85}", "\0", "\u{feff}",
    ];
    let seed = 7;
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..3_000 {
        // Half of the strings have only letters and white space, on which block scalars depend.
        let kinds = if round % 2 == 0 { 14 } else { CHARACTERS.len() };
        let length = random.random_range(0..10);
        let text: String = (0..length)
            .map(|_| CHARACTERS[random.random_range(0..kinds)])
            .collect();
        let value = Value {
            kind: Type::Str,
            bytes: Cow::Borrowed(text.as_bytes()),
        };
        let (column, step) = (random.random_range(1..8), random.random_range(2..=9));
        let margin = " ".repeat(column);
        for (container, before, after) in [
            (
                ParentKind::Mapping,
                format!("o:\n{margin}k: "),
                format!("\n{margin}z: end\n"),
            ),
            (
                ParentKind::Sequence,
                format!("o:\n{margin}- "),
                format!("\n{margin}- end\n"),
            ),
            (
                ParentKind::Flow,
                "o: {k: ".to_owned(),
                ", z: end}\n".to_owned(),
            ),
            (ParentKind::Flow, "o: [".to_owned(), ", end]\n".to_owned()),
        ] {
            let mut document = before;
            spell(
                &mut document,
                Some(&value),
                ScalarContext {
                    container,
                    column,
                    step,
                },
            );
            document.push_str(&after);
            let read = scalars(&document).unwrap_or_default();
            let read = read
                .iter()
                .filter(|scalar| !matches!(scalar.as_str(), "o" | "k" | "z"))
                .collect::<Vec<_>>();
            assert_eq!(read, [&text, "end"], "seed {seed}: {document:?}");
        }
    }
}

#[test]
fn bytes_that_are_not_text_are_base64() {
    for (length, spelled) in [
        (3, "!!binary /wD/".to_owned()),
        (51, format!("!!binary {}", "/wD/".repeat(17))),
        (
            54,
            format!("!!binary |\n    {}/w\n    D/", "/wD/".repeat(17)),
        ),
    ] {
        let bytes = [0xff, 0, 0xff].repeat(length / 3);
        let value = Value {
            kind: Type::Str,
            bytes: Cow::Owned(bytes),
        };
        let mut out = String::new();
        spell(
            &mut out,
            Some(&value),
            ScalarContext {
                container: ParentKind::Mapping,
                column: 0,
                step: 4,
            },
        );
        assert_eq!(out, spelled);
    }
}

#[test]
fn a_block_reports_where_its_header_ends() {
    for (text, form) in [
        ("a\nb", SpelledForm::MultiLine { first_line_end: 2 }),
        (" a\n\n", SpelledForm::MultiLine { first_line_end: 3 }),
        ("a", SpelledForm::Line),
    ] {
        let value = Value {
            kind: Type::Str,
            bytes: Cow::Borrowed(text.as_bytes()),
        };
        let context = ScalarContext {
            container: ParentKind::Mapping,
            column: 0,
            step: 4,
        };
        assert_eq!(
            spell(&mut String::new(), Some(&value), context),
            form,
            "{text:?}"
        );
    }
}

#[test]
fn other_types_are_spelled_as_sops_spells_them() {
    for vector in vectors::read::<Numbers>("yaml-spell-numbers.jsonl") {
        let kind = Type::from_name(&vector.kind).expect("the vectors name types of SOPS");
        let value = Value {
            kind,
            bytes: Cow::Borrowed(vector.plaintext.as_bytes()),
        };
        let mut spelled = String::new();
        spell(
            &mut spelled,
            Some(&value),
            ScalarContext {
                container: ParentKind::Mapping,
                column: 0,
                step: 4,
            },
        );
        assert_eq!(
            spelled, vector.spelled,
            "{} {}",
            vector.kind, vector.plaintext
        );
    }
}
