use super::check;
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
                "a: 5\nb: 1\nc: 2\n",
            ),
            (
                "a: &x 1\nb: *x # y\nc: *x\n",
                r#"["a"]"#,
                "5",
                "a: 5\nb: &x 1 # y\nc: *x\n",
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
                "a:\n  p: 5\n  q: 2\nb:\n  <<: &x\n    p: 1\n    q: 2\n  r: 3\nc: *x\n",
            ),
            (
                "a: &x {p: 1}\nb: {<<: *x}\n",
                r#"["a"]"#,
                "5",
                "a: 5\nb: {<<: {p: 1}}\n",
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
                "a: {p: 1, q: 2}\nb: [&x {p: 1}, *x]\n",
            ),
            (
                "a: &x {p: &y 1}\nb: *x\nc: *y\n",
                r#"["a"]"#,
                "2",
                "a: 2\nb:\n    p: 1\nc: 1\n",
            ),
            (
                "a: &x\n  p: &y 1\n  q: *y\nb: *x\n",
                r#"["a"]["p"]"#,
                "2",
                "a:\n  p: 2\n  q: 1\nb:\n  p: 1\n  q: 1\n",
            ),
            (
                "a: &x\n- 1\nb:\n- *x\n- *x\n",
                r#"["a"][0]"#,
                "2",
                "a:\n- 2\nb:\n- &x\n  - 1\n- *x\n",
            ),
        ],
    );
}
