//! The lines to which a comment that allows findings applies.

use std::path::Path;

use sops_lint::{Input, Linter, Settings};

/// The rules with findings in a manifest.
fn codes(text: &str) -> Vec<&'static str> {
    let settings = Settings::parse(b"select: [SL001, SL007, SL018]");
    let linter = settings.and_then(Linter::new).expect("the rules exist");
    let input = Input::new("a.yaml", Path::new("/repo/a.yaml"), text.as_bytes());
    let findings = linter.lint(&input).findings.into_iter();
    findings.map(|finding| finding.rule.code).collect()
}

const ALLOW: &str = "# sops-rs: allow SL001 -- it is public";

#[test]
fn a_comment_allows_findings_to_the_end_of_the_entry_below_it() {
    let pod =
        |env: &str| format!("kind: Pod\nspec:\n  containers:\n  - name: web\n    env:\n{env}");
    let variable = "    - name: PASSWORD\n      value: hunter2\n";
    let other = "    - name: OTHER_PASSWORD\n      value: hunter3\n";
    for (title, text, expected) in [
        ("no comment", pod(variable), vec!["SL001"]),
        (
            "above an item",
            pod(&format!("    {ALLOW}\n{variable}")),
            vec![],
        ),
        (
            "above an item, and not for the next",
            pod(&format!("    {ALLOW}\n{variable}{other}")),
            vec!["SL001"],
        ),
        (
            "with other comments and a blank line between",
            pod(&format!("    {ALLOW}\n    # why\n\n    # more\n{variable}")),
            vec![],
        ),
        (
            "below the hyphen",
            pod(&format!(
                "    -\n      {ALLOW}\n      name: PASSWORD\n      value: hunter2\n"
            )),
            vec![],
        ),
        (
            "on the line of the hyphen",
            pod(&format!(
                "    - {ALLOW}\n      name: PASSWORD\n      value: hunter2\n"
            )),
            vec![],
        ),
        (
            "above a hyphen alone",
            pod(&format!(
                "    {ALLOW}\n    -\n      name: PASSWORD\n      value: hunter2\n"
            )),
            vec![],
        ),
        (
            "above the key of the value",
            pod(&format!(
                "    - name: PASSWORD\n      {ALLOW}\n      value: hunter2\n"
            )),
            vec![],
        ),
        (
            "above another key",
            pod(&format!(
                "    - value: hunter2\n      {ALLOW}\n      name: PASSWORD\n"
            )),
            vec!["SL001", "SL018"],
        ),
        (
            "above the list",
            format!(
                "kind: Pod\nspec:\n  containers:\n  - name: web\n    {ALLOW}\n    env:\n{variable}{other}"
            ),
            vec![],
        ),
        (
            "above the document",
            format!("{ALLOW}\n{}", pod(variable)),
            vec![],
        ),
        (
            "above the separator",
            format!("{ALLOW}\n---\n{}", pod(variable)),
            vec![],
        ),
        (
            "above one document, and not for the next",
            format!("{ALLOW}\n{}---\n{}", pod(variable), pod(variable)),
            vec!["SL001"],
        ),
        (
            "above the second document",
            format!("{}---\n{ALLOW}\n{}", pod("    - name: X\n"), pod(variable)),
            vec![],
        ),
        (
            "at the end of a document, and not for the next",
            format!("{}{ALLOW}\n---\n{}", pod("    - name: X\n"), pod(variable)),
            vec!["SL001", "SL018"],
        ),
        (
            "in a document of comments, before the separator",
            format!("---\n{ALLOW}\n---\n{}", pod(variable)),
            vec![],
        ),
        (
            "lines that end in a carriage return, and not for the next item",
            pod(&format!("    {ALLOW}\n{variable}{other}")).replace('\n', "\r"),
            vec!["SL001"],
        ),
        (
            "lines that end in CRLF",
            pod(&format!("    {ALLOW}\n{variable}{other}")).replace('\n', "\r\n"),
            vec!["SL001"],
        ),
        (
            "above a block scalar",
            pod(&format!(
                "    - name: PASSWORD\n      {ALLOW}\n      value: |\n        hunter2\n"
            )),
            vec![],
        ),
        (
            "above an item that has nothing",
            pod(&format!(
                "    {ALLOW}\n    - name: A\n      value: b\n{variable}"
            )),
            vec!["SL001", "SL018"],
        ),
    ] {
        let mut reported = codes(&text);
        reported.sort_unstable();
        assert_eq!(reported, expected, "{title}:\n{text}");
    }
}

#[test]
fn the_text_of_a_value_allows_nothing_outside_of_it() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {a: hunter2xQ9}\n";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
    for (name, text) in [
        (
            "a.yaml",
            format!("{map}  readme: |\n    hello\n    # sops-rs: allow SL010 -- text\n---\n{secret}"),
        ),
        (
            "a.yaml",
            format!("{map}  readme: 'see # sops-rs: allow SL010 -- text'\n---\n{secret}"),
        ),
        (
            "a.json",
            r##"{"kind": "List", "items": [{"kind": "ConfigMap", "data": {"a": "# sops-rs: allow SL010 -- x"}}, {"kind": "Secret", "metadata": {"name": "b"}, "stringData": {"a": "hunter2xQ9"}}]}"##.to_owned(),
        ),
    ] {
        let settings = Settings::parse(b"select: [SL010]");
        let linter = settings.and_then(Linter::new).expect("the rule exists");
        let path = Path::new("/repo").join(name);
        let findings = linter.lint(&Input::new(name, &path, text.as_bytes())).findings;
        assert_eq!(findings.len(), 1, "{text}");
    }
}

#[test]
fn only_a_comment_allows_and_not_a_text_in_quotes() {
    let comment = "# sops-rs: allow SL009, SL020, SL021 -- it is public";
    for (name, text, count) in [
        (
            "Dockerfile",
            format!("FROM a\n{comment}\nENV PASSWORD=hunter2\n"),
            0,
        ),
        (
            "Dockerfile",
            format!("FROM a\nRUN echo '{comment}'; export PASSWORD=hunter2\n"),
            1,
        ),
        (
            "Dockerfile",
            format!("FROM a\nENV PASSWORD=hunter2 NOTE=\"{comment}\"\n"),
            1,
        ),
        (".env", format!("{comment}\nPASSWORD=hunter2\n"), 0),
        (".env", format!("PASSWORD=hunter2 {comment}\n"), 0),
        (
            ".env",
            format!("TOKEN=\"ghp_abcdefghijklmnopqrstuvwxyz0123456789 {comment}\"\n"),
            1,
        ),
    ] {
        let settings = Settings::parse(b"select: [SL009, SL020, SL021]");
        let linter = settings.and_then(Linter::new).expect("the rules exist");
        let path = Path::new("/repo").join(name);
        let findings = linter
            .lint(&Input::new(name, &path, text.as_bytes()))
            .findings;
        assert_eq!(findings.len(), count, "{text}{findings:#?}");
    }
}

#[test]
fn thousands_of_comments_apply_to_their_lines() {
    const COUNT: usize = 8_000;
    let mut text = "kind: Pod\nspec:\n  containers:\n  - env:\n".to_owned();
    for number in 0..COUNT {
        text += &format!("    {ALLOW}\n    - name: PASSWORD_{number}\n      value: hunter2\n");
    }
    let text = format!("{}{text}", format!("{ALLOW}\n").repeat(COUNT));
    assert_eq!(codes(&text), [""; 0]);
}
