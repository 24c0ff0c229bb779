//! Where findings are: at the value itself, on its line, and once however many aliases it has.

use std::ops::Range;
use std::path::Path;

use sops_lint::{Finding, Input, Linter, Settings};

/// The text without the `‹` and `›` around ranges, and the ranges.
fn marked(text: &str) -> (String, Vec<Range<usize>>) {
    let mut plain = String::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    for character in text.chars() {
        match character {
            '‹' => places.push(plain.len()..plain.len()),
            '›' => places.last_mut().expect("a place begins").end = plain.len(),
            character => plain.push(character),
        }
    }
    (plain, places)
}

fn findings(path: &str, text: &str) -> Vec<Finding> {
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    let absolute = Path::new("/repository").join(path);
    let linted = linter.lint(&Input::new(path, &absolute, text.as_bytes()));
    linted.findings
}

#[track_caller]
fn assert_places(code: &str, path: &str, text: &str) {
    let (text, expected) = marked(text);
    let findings = findings(path, &text);
    let of_rule = findings.iter().filter(|found| found.rule.code == code);
    let places: Vec<_> = of_rule
        .map(|found| found.location.offset..found.end)
        .collect();
    assert_eq!(places, expected, "{text}");
}

#[test]
fn the_value_of_a_literal_is_marked() {
    for generator in [
        "- literals: [mode=‹fast›, password=‹hunter2›]\n",
        "- literals: ['password=‹hunter2›']\n",
        "- literals: [\"password='‹hunter2›'\"]\n",
        "- literals:\n  - password=‹hunter2›\n  - token=‹hunter2=›\n",
    ] {
        let text = format!("secretGenerator:\n{generator}");
        assert_places("SL010", "kustomization.yaml", &text);
    }
    for generator in [
        "- literals: [mode=fast, DB_PASSWORD=‹hunter2›]\n",
        "- literals: ['DB_URL=‹postgres://a:hunter2@db/a›']\n",
    ] {
        let text = format!("configMapGenerator:\n{generator}");
        assert_places("SL004", "kustomization.yaml", &text);
    }
}

#[test]
fn the_password_of_a_command_is_marked() {
    for container in [
        "args: [curl, -u, 'admin:‹hunter2›', 'https://a']",
        "args: [mysqladmin, -uroot, '-p‹hunter2›']",
        "command: [sh, -c, \"curl -u 'admin:‹hunter2›' https://a\"]",
        "command: [sh, -c, 'mysql -uroot -p‹hunter2› db']",
        "command: [sh, -c, 'echo root:‹hunter2› | chpasswd']",
        "command:\n    - sh\n    - -c\n    - |\n      curl \\\n        -u admin:‹hunter2› https://a",
    ] {
        let text = format!("kind: Pod\nspec:\n  containers:\n  - name: a\n    {container}\n");
        assert_places("SL006", "pod.yaml", &text);
    }
}

#[test]
fn a_value_with_aliases_is_reported_once() {
    let pod = |container: &str| format!("kind: Pod\nspec:\n  containers:\n{container}");
    for (code, path, text) in [
        (
            "SL001",
            "pod.yaml",
            pod(
                "  - env:\n    - {name: A_PASSWORD, value: &a ‹hunter2›}\n    - {name: B_PASSWORD, value: *a}\n",
            ),
        ),
        // The anchor may have a name that says nothing.
        (
            "SL001",
            "pod.yaml",
            format!(
                "x: &a hunter2\n{}",
                pod(
                    "  - env:\n    - {name: A_PASSWORD, value: ‹*a›}\n    - {name: B_PASSWORD, value: *a}\n"
                )
            ),
        ),
        (
            "SL001",
            "pod.yaml",
            pod("  - env: &e\n    - {name: A_PASSWORD, value: ‹hunter2›}\n  - env: *e\n"),
        ),
        (
            "SL019",
            "values.yaml",
            "a: {password: &a ‹hunter2›}\nb: {password: *a}\nc: {token: *a}\n".to_owned(),
        ),
        (
            "SL019",
            "values.yaml",
            "a: &a {password: ‹hunter2›}\nb: *a\nc: {<<: *a}\n".to_owned(),
        ),
        (
            "SL004",
            "a.yaml",
            "kind: ConfigMap\ndata:\n  a: &a |\n    x: y\n    password: ‹hunter2›\n  b: *a\n"
                .to_owned(),
        ),
    ] {
        assert_places(code, path, &text);
    }
    // Two values are two findings, whatever they are.
    let text = "a: {password: ‹hunter2›}\nb: {password: ‹hunter2›}\n";
    assert_places("SL019", "values.yaml", text);
}

/// A value that a rule reports at an alias is not reported by another one at the anchor.
#[test]
fn a_value_that_is_reported_at_its_alias_is_not_reported_at_its_anchor() {
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let text = format!(
        "kind: Pod\nx: &a {token}\nspec:\n  containers:\n  - env:\n    - {{name: A, value: *a}}\n"
    );
    let findings = findings("pod.yaml", &text);
    let codes: Vec<_> = findings.iter().map(|found| found.rule.code).collect();
    assert_eq!(codes, ["SL001"]);
}

#[test]
fn lines_that_end_in_a_carriage_return_are_counted() {
    for (path, text, expected) in [
        (
            "pod.yaml",
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - name: A_PASSWORD\n      value: hunter2\n    - name: B_PASSWORD\n      value: hunter2\n",
            vec![("SL001", 6, 14), ("SL001", 8, 14)],
        ),
        (
            "pod.yaml",
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - name: A_PASSWORD\n      # sops-rs: allow SL001 -- a demo\n      value: hunter2\n    - name: B_PASSWORD\n      value: hunter2\n",
            vec![("SL001", 9, 14)],
        ),
        ("values.yaml", "a: 1\nb: [\n", vec![("SL017", 2, 4)]),
        (".env", "A=b\nDB_PASSWORD=hunter2\n", vec![("SL021", 2, 13)]),
    ] {
        for breaks in ["\n", "\r", "\r\n"] {
            let text = text.replace('\n', breaks);
            let places: Vec<_> = findings(path, &text)
                .iter()
                .map(|found| {
                    let location = found.location;
                    (found.rule.code, location.line, location.column)
                })
                .collect();
            assert_eq!(places, expected, "{text:?}");
        }
    }
}
