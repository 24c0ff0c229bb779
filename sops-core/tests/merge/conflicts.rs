//! Values and comments that both sides changed.

use sops_core::Format;
use sops_core::merge::{Choices, Markers, OpenMerge, SideName, Versions};

use crate::support::{Repository, paths};

/// The conflicts, and the lines of the marked file without ciphertext and metadata.
#[track_caller]
fn conflicts(
    format: Format,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
) -> (Vec<String>, Vec<String>) {
    let repository = Repository::new(format);
    let (base, ours, theirs) = match base {
        Some(base) => {
            let base = repository.encrypt(base);
            let (ours, theirs) = (repository.edit(&base, ours), repository.edit(&base, theirs));
            (Some(base), ours, theirs)
        }
        None => (None, repository.encrypt(ours), repository.encrypt(theirs)),
    };
    let outcome = repository.merge(base.as_deref(), &ours, &theirs);
    let text = String::from_utf8(outcome.text.clone()).expect("the file is text");
    for value in ["hunter", "secret"] {
        assert!(!text.contains(value), "{text}");
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        if line
            .trim_start_matches(['"', '\t', ' '])
            .starts_with("sops")
            || line == "[sops]"
        {
            break;
        }
        let line = match line.find("ENC[") {
            Some(at) => format!("{}ENC", &line[..at]),
            None => line.to_owned(),
        };
        lines.push(line);
    }
    (paths(&outcome), lines)
}

#[test]
fn only_the_values_that_both_sides_changed_have_markers() {
    let (paths, lines) = conflicts(
        Format::Yaml,
        Some("a: hunter1\nb: hunter2\nc: hunter3\n"),
        "a: hunter1o\nb: hunter2o\nc: hunter3\n",
        "a: hunter1t\nb: hunter2\nc: hunter3t\n",
    );
    assert_eq!(paths, ["[\"a\"]"]);
    assert_eq!(
        lines,
        [
            "<<<<<<< HEAD",
            "a: ENC",
            "=======",
            "a: ENC",
            ">>>>>>> topic",
            "b: ENC",
            "c: ENC"
        ]
    );
}

#[test]
fn conflicts_are_named_by_key_path() {
    for (format, base, ours, theirs, expected) in [
        (
            Format::Yaml,
            Some("a:\n  b: secret1\n"),
            "a:\n  b: secret2\n",
            "a: {}\n",
            vec!["[\"a\"][\"b\"]"],
        ),
        (
            Format::Yaml,
            Some("a: [x, y]\n"),
            "a: [x, z, v]\n",
            "a: [x, w]\n",
            vec!["[\"a\"]"],
        ),
        // Each side may have meant its new list to be complete.
        (
            Format::Yaml,
            Some("b: 1\n"),
            "b: 1\na: [x]\n",
            "b: 1\na: [y]\n",
            vec!["[\"a\"]"],
        ),
        // The same items in another order, and one name twice.
        (
            Format::Yaml,
            Some("a: [x]\n"),
            "a: [x, y, z]\n",
            "a: [x, z, y]\n",
            vec!["[\"a\"]"],
        ),
        // Scalars are known by their positions alone.
        (
            Format::Yaml,
            Some("a: [x, y, z]\n"),
            "a: [x, y, v]\n",
            "a: [w, x, y, z]\n",
            vec!["[\"a\"]"],
        ),
        (
            Format::Yaml,
            Some("a: {b: [x, y, z]}\n"),
            "a: {b: [y, x, z]}\n",
            "a: {b: [x, z, y]}\n",
            vec!["[\"a\"][\"b\"]"],
        ),
        (
            Format::Yaml,
            Some("a: [x]\n"),
            "a: [x, {name: n, b: 1}]\n",
            "a: [x, {name: n, b: 2}, y]\n",
            vec!["[\"a\"]"],
        ),
        // A changed comment on an entry that the other side removed.
        (
            Format::Yaml,
            Some("# one\na: 1\nb: 1\n"),
            "# two\na: 1\nb: 1\n",
            "b: 1\n",
            vec!["[\"a\"]"],
        ),
        (
            Format::Yaml,
            Some("a: {c: 1}\nb: 1\n"),
            "b: 1\n",
            "a:\n  c: 1 # new\nb: 1\n",
            vec!["[\"a\"]"],
        ),
        (
            Format::Yaml,
            Some("# one\na: 1\nb: 1\n"),
            "a: 1\nb: 1\n",
            "b: 1\n",
            vec![],
        ),
        (
            Format::Yaml,
            Some("a: 1\n"),
            "a: 1 # new\n",
            "a: |\n  x\n",
            vec!["[\"a\"]"],
        ),
        (
            Format::Yaml,
            Some("a:\n- k: x\n"),
            "a:\n- k: y\n",
            "a:\n- k: z\n",
            vec!["[\"a\"][0][\"k\"]"],
        ),
        (
            Format::Yaml,
            Some("a: 1\n"),
            "a: 1.5\n",
            "a: '1'\n",
            vec!["[\"a\"]"],
        ),
        (
            Format::Yaml,
            Some("a: 1\nb: 1 # x\n"),
            "a: 1\nb: 1 # y\n",
            "a: 1\nb: 1 # z\n",
            vec!["[\"b\"]"],
        ),
        (Format::Yaml, None, "a: 1\nb: 2\n", "a: 1\nc: 3\n", vec![]),
        (Format::Yaml, None, "a: 1\n", "a: 2\n", vec!["[\"a\"]"]),
        (
            Format::Json,
            Some("{\"a\": \"secret\"}"),
            "{\"a\": \"secret1\"}",
            "{\"a\": \"secret2\"}",
            vec!["[\"a\"]"],
        ),
        (
            Format::Dotenv,
            Some("A=secret\n"),
            "A=secret1\n",
            "B=secret\n",
            vec!["[\"A\"]"],
        ),
        (
            Format::Ini,
            Some("[s]\na = secret\n"),
            "[s]\na = secret1\n",
            "[s]\na = secret2\n",
            vec!["[\"s\"][\"a\"]"],
        ),
        (
            Format::Binary,
            Some("secret"),
            "secret1",
            "secret2",
            vec!["everything"],
        ),
    ] {
        // With two data keys, recipients and values are merged all the same.
        let (paths, _) = conflicts(format, base, ours, theirs);
        assert_eq!(paths, expected, "{format:?} {ours:?} {theirs:?}");
    }
}

#[test]
fn a_resolution_takes_sides_by_key_path() {
    let repository = Repository::new(Format::Yaml);
    let base = repository.encrypt("a: 1\nb: 1\nc: 1\n");
    let ours = repository.edit(&base, "a: o\nb: o\nc: 1\n");
    let theirs = repository.edit(&base, "a: t\nb: t\nc: t\n");
    let versions = Versions {
        base: Some(base.as_bytes()),
        ours: ours.as_bytes(),
        theirs: theirs.as_bytes(),
        format: Format::Yaml,
    };
    let open = OpenMerge::open(&versions, &repository.ann.identities).expect("Ann has a key");
    let choose = |conflict: &sops_core::merge::Conflict| {
        let path = conflict.path.as_ref()?.to_string();
        (path == "[\"a\"]").then_some(SideName::Theirs)
    };
    let mut choices = Choices::default();
    choices.values = Some(&choose);
    let markers = Markers::default().with_size(3).with_labels("", "x");
    let (text, conflicts) = open
        .marked_plaintext(&choices, &markers)
        .expect("the text is valid");
    assert_eq!(
        String::from_utf8_lossy(&text),
        "a: t\n<<<\nb: o\n===\nb: t\n>>> x\nc: t\n"
    );
    assert_eq!(conflicts.len(), 1);
}

/// The result of `--ours` or `--theirs` is never a mixture that neither side had.
#[test]
fn a_side_of_a_list_of_scalars_is_the_whole_list_of_that_side() {
    let repository = Repository::new(Format::Yaml);
    for (base, ours, theirs) in [
        ("[a, b, c]", "[b, a, c]", "[a, c, b]"),
        ("[a, b, c]", "[x, a, b, d]", "[a, y, b, c]"),
        ("[a, b, c, d]", "[b, c, d, x]", "[a, y, c, d]"),
        ("[a, b]", "[x, y, a, z, b]", "[y, x, a, b, v]"),
        ("[a]", "[]", "[b, a]"),
    ] {
        let [base, ours, theirs] = [base, ours, theirs].map(|list| format!("l: {list}\nk: 1\n"));
        let encrypted = repository.encrypt(&base);
        let (in_ours, in_theirs) = (
            repository.edit(&encrypted, &ours),
            repository.edit(&encrypted, &theirs),
        );
        let versions = Versions {
            base: Some(encrypted.as_bytes()),
            ours: in_ours.as_bytes(),
            theirs: in_theirs.as_bytes(),
            format: Format::Yaml,
        };
        let open = OpenMerge::open(&versions, &repository.ann.identities).expect("Ann has a key");
        for (side, expected) in [(SideName::Ours, &ours), (SideName::Theirs, &theirs)] {
            let mut paths = std::cell::RefCell::new(Vec::new());
            let choose = |conflict: &sops_core::merge::Conflict| {
                let path = conflict.path.as_ref().map(ToString::to_string);
                paths.borrow_mut().extend(path);
                Some(side)
            };
            let mut choices = Choices::default();
            choices.values = Some(&choose);
            let text = open.marked_plaintext(&choices, &Markers::default());
            let (text, _) = text.expect("the text is valid");
            assert_eq!(String::from_utf8_lossy(&text), **expected);
            let paths = paths.get_mut();
            paths.dedup();
            assert_eq!(*paths, ["[\"l\"]"], "{ours} {theirs}");
        }
    }
}
