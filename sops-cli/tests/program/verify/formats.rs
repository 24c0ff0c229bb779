//! The formats of findings.

use serde_json::Value as Json;

use super::Repository;

#[test]
fn findings_are_shown_with_their_lines_and_a_summary() {
    let repository = Repository::with(&["a.yaml", "b.yaml"]);
    repository.replace("a.yaml", "name: a", "name: b");
    let run = repository.0.run(&["verify"]);
    assert_eq!(run.code, Some(1), "{run}");
    insta::assert_snapshot!(run.stdout.clone() + &run.stderr);
}

#[test]
fn every_format_names_the_rule_and_the_file() {
    let repository = Repository::with(&["a.yaml"]);
    repository.replace("a.yaml", "name: a", "name: b");
    let output = |format: &str| {
        let run = repository.0.run(&["verify", "--format", format]);
        assert_eq!(run.code, Some(1), "{run}");
        run.stdout
    };
    let sarif: Json = serde_json::from_str(&output("sarif")).expect("the text is JSON");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "SV001");
    let index = result["ruleIndex"].as_u64().expect("a rule of the list");
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][index as usize];
    assert_eq!(rule["id"], "SV001");
    let junit = output("junit");
    for part in [
        "<testsuites name=\"sops-rs verify\" tests=\"1\"",
        "<testsuite name=\"a.yaml\"",
        "type=\"SV001\"",
    ] {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    let github = output("github");
    assert!(github.starts_with("::error file=a.yaml,line="), "{github}");
}

/// Some CI systems take a report without tests for an error.
#[test]
fn junit_counts_the_files_that_passed() {
    let repository = Repository::with(&["a.yaml", "b.yaml", "c.yaml"]);
    let junit = |code: i32| {
        let run = repository.0.run(&["verify", "--format", "junit"]);
        assert_eq!(run.code, Some(code), "{run}");
        run.stdout
    };
    let report = junit(0);
    let head = "<testsuites name=\"sops-rs verify\" tests=\"3\" skipped=\"0\" failures=\"0\"";
    assert!(report.contains(head), "{report}");
    assert!(
        report.contains("<testsuite name=\"b.yaml\" tests=\"1\""),
        "{report}"
    );
    repository.replace("a.yaml", "name: a", "name: b");
    let report = junit(1);
    let head = "<testsuites name=\"sops-rs verify\" tests=\"3\" skipped=\"0\" failures=\"1\"";
    assert!(report.contains(head), "{report}");
}

#[test]
fn the_rules_are_explained() {
    let repository = Repository::with(&[]);
    for (name, title) in [
        ("SV001", "# SV001 altered-file: "),
        ("unverified-file", "# SV002 unverified-file: "),
    ] {
        let run = repository.0.run(&["lint", "rule", name]).succeeds();
        assert!(run.stdout.starts_with(title), "{run}");
    }
}

#[test]
fn names_of_files_cannot_add_lines() {
    let repository = Repository::with(&["a\n::error::x\u{1b}[2K.yaml"]);
    repository.replace("a\n::error::x\u{1b}[2K.yaml", "name: a", "name: b");
    for format in ["text", "json", "junit", "github", "sarif"] {
        let run = repository.0.run(&["verify", "--format", format]);
        assert_eq!(run.code, Some(1), "{run}");
        let output = run.stdout.clone() + &run.stderr;
        assert!(
            !output.contains("\n::error::x") && !output.contains('\u{1b}'),
            "{output}"
        );
    }
}
