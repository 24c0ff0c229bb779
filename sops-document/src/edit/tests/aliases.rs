use super::check;
use crate::Document;
use crate::format::Format;

#[test]
fn aliases_keep_their_values() {
    check(
        Format::Yaml,
        &[
            (
                "a: &x 1\nb: *x\nc: 2\n",
                r#"["a"]"#,
                "5",
                "a: &x 5\nb: 1\nc: 2\n",
            ),
            (
                "a: &x 1\nb: *x # y\nc: *x\n",
                r#"["a"]"#,
                "5",
                "a: &x 5\nb: 1 # y\nc: 1\n",
            ),
            (
                "a: &x 1\nb: *x\nc: [*x]\n",
                r#"["a"]"#,
                "-",
                "b: &x 1\nc: [*x]\n",
            ),
            (
                "a: &x\n  p: 1\n  q: 2\nb:\n  <<: *x\n  r: 3\nc: *x\n",
                r#"["a"]["p"]"#,
                "5",
                "a: &x\n  p: 5\n  q: 2\nb:\n  <<:\n    p: 1\n    q: 2\n  r: 3\nc:\n  p: 1\n  q: 2\n",
            ),
            (
                "a: &x {p: 1}\nb: {<<: *x}\n",
                r#"["a"]"#,
                "5",
                "a: &x 5\nb: {<<: {p: 1}}\n",
            ),
            (
                "a: &x {p: 1}\nb: *x\n",
                r#"["b"]["p"]"#,
                "5",
                "a: &x {p: 1}\nb:\n    p: 5\n",
            ),
            (
                "a: &x {p: 1}\nb: *x\n",
                r#"["b"]["p"]"#,
                "-",
                "a: &x {p: 1}\nb: {}\n",
            ),
            ("a: &x {p: 1}\nb: *x\n", r#"["b"]"#, "-", "a: &x {p: 1}\n"),
            (
                "a: &x {p: 1}\nb: [*x, *x]\n",
                r#"["a"]["q"]"#,
                "2",
                "a: &x {p: 1, q: 2}\nb: [{p: 1}, {p: 1}]\n",
            ),
            (
                "a: &x {p: &y 1}\nb: *x\nc: *y\n",
                r#"["a"]"#,
                "2",
                "a: &x 2\nb:\n    p: 1\nc: 1\n",
            ),
            (
                "a: &x\n  p: &y 1\n  q: *y\nb: *x\n",
                r#"["a"]["p"]"#,
                "2",
                "a: &x\n  p: &y 2\n  q: 1\nb:\n  p: 1\n  q: 1\n",
            ),
            (
                "a: &x\n- 1\nb:\n- *x\n- *x\n",
                r#"["a"][0]"#,
                "2",
                "a: &x\n- 2\nb:\n- - 1\n- - 1\n",
            ),
        ],
    );
}

#[test]
fn the_anchor_moves_if_all_copies_would_be_too_long() {
    let (items, aliases) = ("1, ".repeat(100), "*x, ".repeat(20));
    let text = format!("a: &x [{items}]\nb: [{aliases}]\n");
    let document = Document::parse(&text, Format::Yaml).expect("the text is valid");
    let path = r#"["a"][0]"#.parse().expect("the path is valid");
    let changed = document
        .set(&path, &"2".into())
        .expect("the value can be set");
    let changed =
        String::from_utf8(changed.expect("the value changes").to_vec()).expect("the text is UTF-8");
    assert!(changed.starts_with("a: [\"2\", 1"), "{changed}");
    assert!(
        changed.contains("b: [&x [1, 1") && changed.ends_with("*x, *x, ]\n"),
        "{changed}"
    );
}

#[test]
fn copies_are_named_by_their_paths() {
    let text = "a: &x {p: &y 1, q: 2}\nb: {<<: *x}\nc: [*y, *x]\nd.e: *y\n";
    let document = Document::parse(text, Format::Yaml).expect("the text is valid");
    for (path, copies) in [
        (
            r#"["a"]["p"]"#,
            &[r#"["b"]["<<"]"#, r#"["c"][0]"#, r#"["c"][1]"#, r#"["d.e"]"#][..],
        ),
        (r#"["a"]["q"]"#, &[r#"["b"]["<<"]"#, r#"["c"][1]"#]),
        (r#"["a"]["new"]"#, &[r#"["b"]["<<"]"#, r#"["c"][1]"#]),
        (r#"["c"][0]"#, &[]),
        (r#"["z"]"#, &[]),
    ] {
        let path = path.parse().expect("the path is valid");
        assert_eq!(document.copies_of(&path), copies);
    }
}
