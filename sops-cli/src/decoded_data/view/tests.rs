//! Laws of the decoded view, for random Secrets.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

fn viewed(text: &str) -> (DecodedView, String) {
    let view = DecodedView::new(text.as_bytes(), Format::Yaml);
    let shown = String::from_utf8(view.text().to_vec()).expect("the text is UTF-8");
    (view, shown)
}

fn restored(view: &DecodedView, text: &str) -> String {
    let restored = view.restore(text.as_bytes()).expect(text);
    String::from_utf8(restored.text.to_vec()).expect("the text is UTF-8")
}

#[test]
fn values_are_shown_as_text_and_encoded_again() {
    let head = "apiVersion: v1\nkind: Secret\n";
    for (fields, shown, edited, expected) in [
        (
            "data:\n  a: YQ==\n",
            "data:\n  a: a\n",
            "data:\n  a: b\n",
            "data:\n  a: Yg==\n",
        ),
        (
            "data:\n  a: 'YQ=='\n",
            "data:\n  a: 'a'\n",
            "data:\n  a: b\n",
            "data:\n  a: 'Yg=='\n",
        ),
        (
            "data:\n  a: YQo=\n",
            "data:\n  a: |\n    a\n",
            "data:\n  a: a\n",
            "data:\n  a: YQ==\n",
        ),
        (
            "data: {}\n",
            "data: {}\n",
            "data: {a: 80}\n",
            "data: {a: ODA=}\n",
        ),
        (
            "data:\n  a: /w==\n",
            "data:\n  a: base64:/w==\n",
            "data:\n  a: base64:/g==\n",
            "data:\n  a: /g==\n",
        ),
        (
            "data:\n  a: ${A}\n",
            "data:\n  a: ${A}\n",
            "data:\n  a: ${A}\n  b: x\n",
            "data:\n  a: ${A}\n  b: eA==\n",
        ),
        (
            "data:\n  a: YTo=\n",
            "data:\n  a: 'a:'\n",
            "data:\n  a: 'a:'\n# x\n",
            "data:\n  a: YTo=\n# x\n",
        ),
        (
            "data:\n  a: YQ== # c\n",
            "data:\n  a: a # c\n",
            "data:\n  a: bcd # c\n",
            "data:\n  a: YmNk # c\n",
        ),
    ] {
        let (view, text) = viewed(&format!("{head}{fields}"));
        assert_eq!(text, format!("{head}{shown}"));
        assert_eq!(
            restored(&view, &format!("{head}{edited}")),
            format!("{head}{expected}")
        );
    }
}

#[test]
fn digits_stay_a_string() {
    let (view, text) = viewed("kind: Secret\napiVersion: v1\ndata:\n  a: YQ==\n");
    // The base64 of these bytes is `1234`, a number.
    let edited = text.replace("a: a", "a: base64:1234");
    assert!(restored(&view, &edited).ends_with("a: \"1234\"\n"));
}

#[test]
fn unclear_values_are_pointed_out() {
    let text = "apiVersion: v1\nkind: Secret\ndata:\n  a: YQo=\n  b: WVZoV2RHVnlNZz09\n  c: ${C}\n";
    let (view, _) = viewed(text);
    let notes = view.notes().join("\n");
    assert!(notes.contains("line break: data.a\n"), "{notes}");
    assert!(notes.ends_with("as they are: data.c"), "{notes}");
    let (view, text) = viewed("apiVersion: v1\nkind: Secret\ndata:\n  a: YQ==\n");
    let edited = text.replace("a: a", "a: aHVudGVyMg==");
    let restored = view.restore(edited.as_bytes()).expect("the input is valid");
    assert_eq!(restored.warnings.len(), 1);
    let edited = text.replace("a: a", "a: base64:hunter2");
    let error = view
        .restore(edited.as_bytes())
        .err()
        .expect("the value is not base64");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

/// Random text, a binary value, or base64 of base64.
fn value(random: &mut StdRng) -> Vec<u8> {
    let words = [
        "",
        "hunter2",
        "a b",
        "x: y",
        "# no comment",
        "- item",
        "\"quoted\"",
        "it's",
        "true",
        "007",
        "1e3",
        "null",
        "~",
        "{a: b}",
        "line 1\nline 2",
        "line\n",
        "\n",
        "\n\n",
        " indented\n  more\n",
        "trailing \n",
        "tab\t",
        "äöü 漢字 😀",
        "-----BEGIN X-----\nabc\n-----END X-----\n",
        "base64:YQ==",
        "a\r\nb",
        "\u{7f}",
        "\u{feff}",
        "%",
        "@at",
        "`",
        "!tag",
        "&anchor",
        "*alias",
        "[",
        "?",
        "|",
        ">",
        "=",
        "<<",
        "a\u{2028}b",
        "\\n",
        "---",
        "...",
        "x\n---\ny\n",
    ];
    match random.random_range(0..10) {
        0 => (0..random.random_range(0..40))
            .map(|_| random.random())
            .collect(),
        1 => "long line ".repeat(random.random_range(1..40)).into_bytes(),
        2 => secret_data::encode(b"encoded twice").as_bytes().to_vec(),
        _ => words[random.random_range(0..words.len())]
            .as_bytes()
            .to_vec(),
    }
}

/// A value of `data` as users and programs write it.
fn spelled(random: &mut StdRng, base64: &str, indent: &str) -> String {
    let folded = || {
        let (start, end) = base64.split_at(base64.len() / 2);
        format!("{indent}    {start}\n{indent}    {end}")
    };
    match random.random_range(0..9) {
        0 => format!("'{base64}'"),
        1 => format!("\"{base64}\""),
        2 if base64.len() > 3 => format!("|\n{}", folded()),
        3 if base64.len() > 3 => format!(">-\n{}", folded()),
        4 if !base64.is_empty() => format!("|-\n{indent}    {base64}"),
        5 if is_plain_string(base64) => format!("{base64}   # {base64}"),
        6 => format!("!!str \"{base64}\""),
        7 => format!("&anchor{} '{base64}'", random.random_range(0..u32::MAX)),
        _ if is_plain_string(base64) => base64.to_owned(),
        _ => format!("\"{base64}\""),
    }
}

/// A manifest with Secrets, and the text of their values.
fn manifest(random: &mut StdRng) -> String {
    let mut text = String::new();
    for document in 0..random.random_range(1..3) {
        if document > 0 {
            text += "---\n";
        }
        let is_list = random.random_range(0..4) == 0;
        let (first, indent) = if is_list {
            text += "apiVersion: v1\nkind: List\nitems:\n";
            ("- ", "  ")
        } else {
            ("", "")
        };
        text += &format!(
            "{first}apiVersion: v1\n{indent}kind: Secret\n{indent}metadata: {{name: s{document}}}\n"
        );
        if random.random() {
            text += &format!("{indent}# about the data\n");
        }
        if random.random_range(0..5) == 0 {
            let base64 = secret_data::encode(&value(random));
            text += &format!(
                "{indent}data: {{flow: \"{0}\", more: '{0}'}}\n",
                base64.as_str()
            );
        } else {
            text += &format!("{indent}data:\n");
            for index in 0..random.random_range(1..6) {
                if random.random_range(0..6) == 0 {
                    text += &format!("{indent}  # a comment\n\n");
                }
                let base64 = match random.random_range(0..12) {
                    0 => Zeroizing::new("${VARIABLE}".to_owned()),
                    1 => Zeroizing::new("not base64!".to_owned()),
                    _ => secret_data::encode(&value(random)),
                };
                let spelling = spelled(random, &base64, indent);
                text += &format!("{indent}  key{index}: {spelling}\n");
            }
        }
        if random.random() {
            text += &format!("{indent}stringData:\n{indent}  plain: text\n");
        }
        if random.random_range(0..6) == 0 {
            text += &format!("{indent}type: Opaque # end\n\n");
        }
    }
    match random.random_range(0..6) {
        0 => text.replace('\n', "\r\n"),
        1 => text.trim_end().to_owned(),
        _ => text,
    }
}

/// The values under `data`, by path.
fn values(text: &str) -> Vec<(EntryPath, Option<String>)> {
    let document = parse_document(text, Format::Yaml).expect(text);
    let entries = entries(&document).into_iter();
    entries
        .map(|entry| {
            (
                entry.path.clone(),
                entry.node.scalar_text().map(str::to_owned),
            )
        })
        .collect()
}

#[test]
fn only_values_that_changed_are_encoded_again() {
    let count = std::env::var("SOPS_RS_SECRETS").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(300);
    let seed = std::env::var("SOPS_RS_SEED").ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("SOPS_RS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut decoded, mut all) = (0, 0);
    for _ in 0..count {
        let text = manifest(&mut random);
        let (view, shown) = viewed(&text);
        // Without a change, every byte is the same.
        assert_eq!(restored(&view, &shown), text);
        let old = values(&text);
        all += old.len();
        decoded += view.shown.len();
        let Some((path, _)) = old.get(random.random_range(0..old.len().max(1))) else {
            continue;
        };
        // Change one value in the view, as the user would.
        let document = parse_document(&shown, Format::Yaml).expect("the input is valid");
        let entry = entries(&document)
            .into_iter()
            .find(|entry| entry.path == *path);
        let entry = entry.expect("the view has the same keys");
        if !entry.is_own() {
            continue;
        }
        let new = value(&mut random);
        let Ok(new) = String::from_utf8(new) else {
            continue;
        };
        if new.starts_with(BINARY) {
            continue;
        }
        let change = entry.data.new_entry(&path.key, Node::from(new.as_str()));
        let (edited, is_set) = document.with_entries(&[&change]);
        let edited = edited.as_str();
        if is_set != [true] {
            continue;
        }
        let result = restored(&view, edited);
        let changed = values(&result);
        assert_eq!(changed.len(), old.len());
        for ((path, old), (same, new_value)) in old.iter().zip(&changed) {
            assert_eq!(path, same);
            if path != &entry.path {
                assert_eq!(old, new_value, "{text}\n{edited}");
            }
        }
        let own = changed.iter().find(|(path, _)| *path == entry.path);
        let own = own
            .and_then(|(_, value)| value.as_deref())
            .expect("the variable has a value");
        let is_same_text = view
            .shown
            .get(&entry.path)
            .is_some_and(|known| *known.shown == new);
        if !is_same_text {
            assert_eq!(
                secret_data::decode(own).as_deref().map(Vec::as_slice),
                Some(new.as_bytes()),
                "{text}\n{edited}"
            );
        }
        // Lines outside the changed value stay.
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (lines(&text), lines(&result));
        let kept = before
            .iter()
            .zip(&after)
            .take_while(|(old, new)| old == new)
            .count();
        let rest = before.iter().rev().zip(after.iter().rev());
        let kept_end = rest.take_while(|(old, new)| old == new).count();
        let touched = before.len().saturating_sub(kept + kept_end);
        assert!(touched <= 4, "{touched} lines changed:\n{text}\n{result}");
    }
    assert!(
        decoded * 10 >= all * 9,
        "only {decoded} of {all} values are decoded"
    );
}
