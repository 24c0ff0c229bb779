//! Merges without conflicts keep the text of both sides.

use sops_core::Format;

use crate::support::Repository;

#[track_caller]
fn check(format: Format, base: &str, ours: &str, theirs: &str, expected: &str) {
    let repository = Repository::new(format);
    assert_eq!(repository.merged(base, ours, theirs), expected);
    // If one side is unchanged, the result is the other side.
    assert_eq!(repository.merged(base, ours, base), ours);
    assert_eq!(repository.merged(base, base, theirs), theirs);
}

#[test]
fn keys_that_both_sides_add_in_the_same_position_do_not_conflict() {
    check(
        Format::Yaml,
        "a: 1\n",
        "a: 1\nb: 2 # why\n",
        "a: 1\n# new\nc: 'x'\n",
        "a: 1\nb: 2 # why\n# new\nc: 'x'\n",
    );
    check(
        Format::Yaml,
        "data:\n  a: 1\nz: 0\n",
        "data:\n  a: 1\n  b: 2\nz: 0\n",
        "data:\n  a: 1\n  c: |\n    x\n    y\nz: 0\n",
        "data:\n  a: 1\n  b: 2\n  c: |\n    x\n    y\nz: 0\n",
    );
    check(
        Format::Json,
        "{\n  \"a\": 1\n}\n",
        "{\n  \"a\": 1,\n  \"b\": [2]\n}\n",
        "{\n  \"a\": 1,\n  \"c\": {\"d\": 3}\n}\n",
        "{\n  \"a\": 1,\n  \"b\": [2],\n  \"c\": {\"d\": 3}\n}\n",
    );
    check(
        Format::Dotenv,
        "A=1\n",
        "A=1\nB=2\n",
        "A=1\n# new\nC=3\n",
        "A=1\nB=2\n# new\nC=3\n",
    );
    check(
        Format::Ini,
        "[a]\nx = 1\n",
        "[a]\nx = 1\ny = 2\n\n[b]\nz = 3\n",
        "[a]\nx = 1\nw = 4\n",
        "[a]\nx = 1\ny = 2\nw = 4\n\n[b]\nz = 3\n",
    );
}

#[test]
fn changes_of_neighbors_do_not_conflict() {
    check(
        Format::Yaml,
        "a: 1\nb: 2\nc: 3\n",
        "a: 10\nb: 2\n",
        "a: 1\nb: 20\nc: 3\nd: 4\n",
        "a: 10\nb: 20\nd: 4\n",
    );
    check(
        Format::Dotenv,
        "A=1\nB=2\nC=3\n",
        "A=x\nB=2\nC=3\n",
        "A=1\nB=y\nC=3\n",
        "A=x\nB=y\nC=3\n",
    );
    check(
        Format::Json,
        "{\"a\": 1, \"b\": {\"c\": 2, \"d\": 3}}",
        "{\"b\": {\"c\": 8, \"d\": 3}}",
        "{\"a\": 1, \"b\": {\"c\": 2, \"d\": 7}}",
        "{\"b\": {\"c\": 8, \"d\": 7}}",
    );
}

#[test]
fn comments_and_layout_of_both_sides_stay() {
    check(
        Format::Yaml,
        "# head\na: 1\n\nb:\n  - x\n  - y\n# end\n",
        "# head\n# more\na: 1 # ann\n\nb:\n  - x\n  - y\n# end\n",
        "# head\na: \"2\"\n\nb:\n  - x\n  # new\n  - z\n  - y\n# the end\n",
        "# head\n# more\na: \"2\" # ann\n\nb:\n  - x\n  # new\n  - z\n  - y\n# the end\n",
    );
    check(
        Format::Yaml,
        "a:\n  b: 1\n  c: 2\n",
        "a:\n    b: 1\n    c: 2\n",
        "a:\n  b: 1\n  c: 3\n",
        "a:\n    b: 1\n    c: 3\n",
    );
}

#[test]
fn values_are_merged_even_if_the_layouts_do_not_fit() {
    check(
        Format::Yaml,
        "a:\n  b: 1\n",
        "a: {b: 1}\n",
        "a:\n  b: 1\n  c: 2\n",
        "a: {b: 1, c: 2}\n",
    );
    check(
        Format::Yaml,
        "a:\n  b: 1\n  c: 2\n",
        "a:\n  b: 1\n",
        "a:\n  c: 2\n",
        "a: {}\n",
    );
    check(
        Format::Yaml,
        "a:\n  b: 1\n",
        "a:\n    b: 1\n    c: 2\n",
        "a:\n  b: 1\n  d: 3\n",
        "a:\n    b: 1\n    c: 2\n    d: 3\n",
    );
}

/// The pieces of both layouts do not fit together, so keys are removed one by one.
#[test]
fn a_comment_goes_with_the_key_that_is_removed() {
    check(
        Format::Yaml,
        "m:\n  # of a\n  a: 1\n  b: 2\n",
        "m: {a: 1, b: 2, c: 3}\n",
        "m:\n  b: 2\n",
        "m: {b: 2, c: 3}\n",
    );
    let base = "# of a\na: 1\n# of b\nb: 2\nm: {x: 1}\n";
    let ours = "# of a\na: 1\n# of b\nb: 2\nm:\n  x: 1\n  y: 2\n# new\nc: 3\n";
    let theirs = "# of b\nb: 2\nm: {x: 1, z: 3}\n";
    check(
        Format::Yaml,
        base,
        ours,
        theirs,
        "# of b\nb: 2\nm:\n  x: 1\n  y: 2\n  z: 3\n# new\nc: 3\n",
    );
}

/// The text of a key has its anchor and its tag.
#[test]
fn anchors_and_tags_that_both_sides_add_do_not_conflict() {
    check(
        Format::Yaml,
        "a: 1\n",
        "a: 1\nb: &x v\nc: *x\n",
        "a: 1\nd: &x v\nb: *x\n",
        "a: 1\nd: &x v\nb: &x v\nc: *x\n",
    );
    check(
        Format::Yaml,
        "a: 1\nb: v\n",
        "a: 1\nb: !!str v\n",
        "a: 1\nb: &x v\nc: *x\n",
        "a: 1\nb: &x v\nc: *x\n",
    );
    check(
        Format::Yaml,
        "a:\n  k: 1\n",
        "a: &x\n  k: 2\nb: *x\n",
        "a: &y\n  k: 1\n  l: 3\n",
        "a: &x\n  k: 2\n  l: 3\nb:\n  k: 2\n",
    );
}

#[test]
fn items_and_documents_are_merged_by_their_number_or_their_neighbors() {
    check(
        Format::Yaml,
        "env:\n  - name: A\n    value: 1\n  - name: B\n    value: 2\n",
        "env:\n  - name: A\n    value: 10\n  - name: B\n    value: 2\n",
        "env:\n  - name: A\n    value: 1\n    extra: x\n  - name: B\n    value: 20\n",
        "env:\n  - name: A\n    value: 10\n    extra: x\n  - name: B\n    value: 20\n",
    );
    check(
        Format::Yaml,
        "l: [a, b, c, d]\n",
        "l: [a, b, c, d, e]\n",
        "l: [x, a, b, c, d]\n",
        "l: [x, a, b, c, d, e]\n",
    );
    check(
        Format::Yaml,
        "env:\n  - name: A\n    value: 1\n  - name: B\n    value: 2\n",
        "env:\n  - name: A\n    value: 10\n  - name: C\n    value: 3\n  - name: B\n    value: 2\n",
        "env:\n  - name: A\n    value: 1\n    x: y\n  - name: B\n    value: 20\n",
        "env:\n  - name: A\n    value: 10\n    x: y\n  - name: C\n    value: 3\n  - name: B\n    value: 20\n",
    );
    check(
        Format::Yaml,
        "a: 1\n---\nb: 2\n",
        "a: 1\n---\nb: 3\n---\nc: 4\n",
        "# first\na: 2\n---\nb: 2\n",
        "# first\na: 2\n---\nb: 3\n---\nc: 4\n",
    );
    check(
        Format::Yaml,
        "l:\n- a: 1\n  b: 2\n",
        "l:\n- b: 2\n",
        "l:\n- a: 1\n  b: 2\n  c: 3\n",
        "l:\n- b: 2\n  c: 3\n",
    );
}

#[test]
fn items_that_both_sides_add_in_the_same_position_stay_in_order() {
    check(
        Format::Yaml,
        "l:\n- a\n- b\n",
        "l:\n- a\n- b\n# ours\n- c\n",
        "l:\n- a\n- b\n- d # theirs\n- e\n",
        "l:\n- a\n- b\n# ours\n- c\n- d # theirs\n- e\n",
    );
    check(
        Format::Yaml,
        "l: [a]\nm: 1\n",
        "l: [x, a, c]\nm: 1\n",
        "l: [y, a, c, d]\nm: 1\n",
        "l: [x, y, a, c, d]\nm: 1\n",
    );
    check(
        Format::Yaml,
        "l: []\n",
        "l: [a]\n",
        "l: [b, c]\n",
        "l: [a, b, c]\n",
    );
    check(
        Format::Json,
        "{\n  \"l\": [\n    1\n  ]\n}\n",
        "{\n  \"l\": [\n    1,\n    2\n  ]\n}\n",
        "{\n  \"l\": [\n    1,\n    3\n  ]\n}\n",
        "{\n  \"l\": [\n    1,\n    2,\n    3\n  ]\n}\n",
    );
    check(
        Format::Yaml,
        "env:\n- name: A\n  value: 1\n# add more below\n",
        "env:\n- name: A\n  value: 1\n# add more below\n- name: B\n  value: 2\n",
        "env:\n- name: A\n  value: 3\n# add more below\n- name: C\n  value: 4\n",
        "env:\n- name: A\n  value: 3\n# add more below\n- name: B\n  value: 2\n- name: C\n  value: 4\n",
    );
    check(
        Format::Yaml,
        "a: 1\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n---\nc: 3\n",
        "a: 1\n---\nb: 2\n---\nc: 3\n",
    );
}

#[test]
fn named_items_are_removed_and_added_one_by_one() {
    check(
        Format::Yaml,
        "env:\n- name: A\n- name: B\n",
        "env:\n- name: B\n  value: 2\n",
        "env:\n- name: A\n- name: B\n- name: C\n",
        "env:\n- name: B\n  value: 2\n- name: C\n",
    );
}

#[test]
fn windows_line_breaks_stay() {
    check(
        Format::Yaml,
        "a: 1\r\nb: 2\r\n",
        "a: 1\r\nb: 2\r\nc: 3\r\n",
        "a: 1\r\nb: 20\r\nd: 4\r\n",
        "a: 1\r\nb: 20\r\nc: 3\r\nd: 4\r\n",
    );
}

#[test]
fn anchors_and_kept_source_forms_stay() {
    check(
        Format::Yaml,
        "a: 0x1F\nb: >-\n  folded\n  text\nc: 1\n",
        "a: 0x1F\nb: >-\n  folded\n  text\nc: 2\n",
        "a: 0x2F\nb: >-\n  folded\n  text\nc: 1\n",
        "a: 0x2F\nb: >-\n  folded\n  text\nc: 2\n",
    );
    check(
        Format::Yaml,
        "a: &x\n  b: 1\nc: *x\nd: 1\n",
        "a: &x\n  b: 1\nc: *x\nd: 2\n",
        "a: &x\n  b: 5\nc: *x\nd: 1\n",
        "a: &x\n  b: 5\nc: *x\nd: 2\n",
    );
}

/// The same name for two values is valid: an alias has the value of the last anchor above it.
#[test]
fn anchors_of_one_name_that_both_sides_define_keep_their_values() {
    let values = |base: &str, ours: &str, theirs: &str| {
        let repository = Repository::new(Format::Yaml);
        let merged = repository.merged(base, ours, theirs);
        let values: std::collections::BTreeMap<String, serde_json::Value> =
            serde_yaml::from_str(&without_repeated_anchor(&merged)).expect("the text is valid");
        let values: Vec<String> = values
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        values.join(" ").replace('"', "")
    };
    for (base, ours, theirs, expected) in [
        // At the end.
        (
            "z: 0\n",
            "z: 0\na: &n x\nb: *n\n",
            "z: 0\nc: &n y\nd: *n\n",
            "a=x b=x c=y d=y z=0",
        ),
        // The alias of one side would follow the anchor of the other.
        (
            "m: 0\nz: 0\n",
            "a: &n x\nm: 0\nz: 0\nb: *n\n",
            "m: 0\nc: &n y\nz: 0\nd: *n\n",
            "a=x b=x c=y d=y m=0 z=0",
        ),
        // Both have the same value.
        (
            "m: 0\n",
            "a: &n x\nm: 0\nb: *n\n",
            "m: 0\nc: &n x\nd: *n\n",
            "a=x b=x c=x d=x m=0",
        ),
        // A collection.
        (
            "m: 0\n",
            "a: &n\n  k: x\nm: 0\nb: *n\n",
            "m: 0\nc: &n [y]\nd: *n\n",
            "a={k:x} b={k:x} c=[y] d=[y] m=0",
        ),
        // One side replaces the anchor of the base, which an alias of the other side names.
        (
            "a: &n x\nm: 0\n",
            "a: x\nc: &n y\nm: 0\nd: *n\n",
            "a: &n x\nm: 0\nb: *n\n",
            "a=x b=x c=y d=y m=0",
        ),
        // Both sides replace the value of an anchor of the base.
        (
            "a: &n x\nb: *n\nm: 0\nz: &o 1\n",
            "a: &n y\nb: *n\nm: 0\nz: &o 1\n",
            "a: &n x\nb: *n\nm: 0\nz: &o 2\nq: *o\n",
            "a=y b=y m=0 q=2 z=2",
        ),
    ] {
        assert_eq!(values(base, ours, theirs), expected, "{ours}\n{theirs}");
        assert_eq!(values(base, theirs, ours), expected, "{theirs}\n{ours}");
    }
}

/// The text with a new name for each anchor and its aliases, because the parser of the test refuses
/// a name that is used twice.
fn without_repeated_anchor(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["n", "o"] {
        let (anchor, alias) = (format!("&{name}"), format!("*{name}"));
        let mut number = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            number += usize::from(line.contains(&anchor));
            line.replace(&anchor, &format!("{anchor}{number}"))
                .replace(&alias, &format!("{alias}{number}"))
        });
        text = lines.collect();
    }
    text
}

#[test]
fn a_file_without_a_final_line_break_can_be_extended() {
    check(Format::Yaml, "a: 1", "a: 1\nb: 2", "a: 3", "a: 3\nb: 2");
    check(
        Format::Dotenv,
        "A=1",
        "A=1\nB=2\n",
        "A=1\nC=3",
        "A=1\nB=2\nC=3",
    );
}

#[test]
fn a_comment_at_the_end_stays_once() {
    check(
        Format::Yaml,
        "a: 1\n# add new keys below\n",
        "a: 1\n# add new keys below\nb: 2\n",
        "a: 1\n# add new keys below\nc: 3\n",
        "a: 1\n# add new keys below\nb: 2\nc: 3\n",
    );
}

#[test]
fn untouched_values_keep_their_ciphertext() {
    for (format, base, ours, theirs) in [
        (
            Format::Yaml,
            "a: 1\nb: 2\nc: [3, 3, 4]\n",
            "a: 10\nb: 2\nc: [3, 3, 4]\n",
            "a: 1\nb: 2\nc: [3, 3, 4, 5]\n",
        ),
        (
            Format::Json,
            "{\"a\": 1, \"b\": 2}",
            "{\"a\": 10, \"b\": 2}",
            "{\"a\": 1, \"b\": 2, \"c\": 3}",
        ),
        (
            Format::Dotenv,
            "A=1\nB=2\n",
            "A=10\nB=2\n",
            "A=1\nB=2\nC=3\n",
        ),
        (
            Format::Ini,
            "[s]\nA = 1\nB = 2\n",
            "[s]\nA = 10\nB = 2\n",
            "[s]\nA = 1\nB = 2\nC = 3\n",
        ),
    ] {
        let repository = Repository::new(format);
        let encrypted = repository.encrypt(base);
        let (ours, theirs) = (
            repository.edit(&encrypted, ours),
            repository.edit(&encrypted, theirs),
        );
        let outcome = repository.merge(Some(&encrypted), &ours, &theirs);
        assert_eq!(outcome.problems, [], "{format:?}");
        let merged = String::from_utf8(outcome.text).expect("the file is text");
        let of_merged = ciphertexts(&merged);
        let [of_base, of_ours, of_theirs] =
            [&encrypted, &ours, &theirs].map(|text| ciphertexts(text));
        // Every ciphertext comes from one of the sides; only the MAC is new.
        let new = of_merged
            .iter()
            .filter(|text| !of_ours.contains(text) && !of_theirs.contains(text));
        assert_eq!(new.count(), 1, "{format:?}\n{merged}");
        let kept = of_merged.iter().filter(|text| of_base.contains(text));
        assert!(kept.count() > 0, "{format:?}");
    }
}

fn ciphertexts(text: &str) -> Vec<&str> {
    let parts = text.match_indices("ENC[AES256_GCM");
    parts
        .map(|(at, _)| &text[at..at + text[at..].find(']').expect("a ciphertext ends")])
        .collect()
}

#[test]
fn binary_files_are_one_value() {
    check(
        Format::Binary,
        "one\ntwo\n",
        "one\ntwo\n",
        "one\n2\n",
        "one\n2\n",
    );
    check(
        Format::Binary,
        "one\ntwo\n",
        "1\ntwo\n",
        "1\ntwo\n",
        "1\ntwo\n",
    );
}
