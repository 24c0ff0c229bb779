//! JSON files with several objects. `kubectl label --local -f` reads the same files: it accepts
//! objects with white space or nothing between them, and refuses arrays and commas.

use std::path::Path;

use sops_core::config::Config;
use sops_lint::{Finding, Input, Linter, Settings};
use sops_test_support::environment::recipient;

const ROOT: &str = "/repo";
const MAP: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}"#;
const SECRET: &str = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}, "stringData": {"password": "k8Fj29dkPlain"}}"#;
const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}, "spec": {"containers": [{"name": "c",
  "env": [{"name": "PASSWORD", "value": "k8Fj29dkPlain"}], "volumeMounts": [{"name": "s", "mountPath": "/s"}]}],
  "volumes": [{"name": "s", "secret": {"secretName": "b"}}]}}"#;

fn findings(text: &str, rule: Option<&str>) -> Vec<Finding> {
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    let file = Path::new(ROOT).join(".sops.yaml");
    let config = rule.map(|rule| {
        let text = format!("creation_rules:\n- {rule}\n  age: {}\n", recipient());
        Config::parse(text.as_bytes(), &file, Path::new(ROOT)).expect("the configuration is valid")
    });
    let path = Path::new(ROOT).join("many.json");
    let input = Input::new("many.json", &path, text.as_bytes()).with_config(config.as_ref());
    linter.lint(&input).findings
}

fn places(findings: &[Finding]) -> Vec<(&str, usize, &str)> {
    let places = findings.iter().map(|finding| {
        let object = finding.object.as_deref().unwrap_or_default();
        (finding.rule.code, finding.location.line, object)
    });
    places.collect()
}

#[test]
fn each_object_is_checked_and_nothing_can_be_fixed() {
    for separator in ["\n", "\n\n", " ", ""] {
        let text = format!("{MAP}\n{SECRET}{separator}{POD}\n");
        let found = findings(&text, None);
        let line = 2 + separator.matches('\n').count();
        let expected = [
            ("SL010", 2, "Secret b"),
            ("SL001", line + 1, "Pod c"),
            ("SL007", line + 1, "Pod c"),
        ];
        assert_eq!(places(&found), expected, "{separator:?}");
        assert!(found.iter().all(|finding| finding.fix.is_none()));
        assert!(!found[0].lacks_creation_rule);
        for finding in &found {
            let excerpt = finding
                .excerpt
                .as_ref()
                .map(|excerpt| excerpt.text.as_str());
            assert!(!excerpt.unwrap_or("k8Fj").contains("k8Fj"), "{excerpt:?}");
        }
    }
}

#[test]
fn the_help_says_how_to_encrypt_the_secret() {
    let text = format!("{MAP}\n{SECRET}\n");
    for rule in [
        None,
        Some("path_regex: .*\n  encrypted_regex: ^(data|stringData)$"),
        Some("path_regex: .*\n  encrypted_regex: ^data$"),
        Some("path_regex: many"),
        Some("path_regex: other"),
    ] {
        let found = findings(&text, rule);
        assert_eq!(places(&found), [("SL010", 2, "Secret b")], "{rule:?}");
        let help = found[0].help.as_deref().unwrap_or_default();
        let start = "SOPS cannot encrypt several objects in one JSON file: put each object into";
        assert!(help.starts_with(start), "{help}");
    }
}

#[test]
fn an_annotation_allows_findings_in_its_object() {
    let annotation = r#""metadata": {"annotations": {"lint.sops-rs/allow": "SL010 -- a demo"}, "#;
    let allowed = SECRET.replace("\"metadata\": {", annotation);
    assert_eq!(places(&findings(&format!("{MAP}{allowed}"), None)), []);
    let found = findings(&format!("{allowed}\n{SECRET}\n"), None);
    assert_eq!(places(&found), [("SL010", 2, "Secret b")]);
}

#[test]
fn other_texts_after_an_object_are_broken_files() {
    for (rest, message) in [
        ("[1]", "the object"),
        (",\n{}", "the object"),
        ("\n---\n{}", "the object"),
        ("}", "this bracket was never opened"),
        ("{", "another object after the end of the first"),
    ] {
        let found = findings(&format!("{MAP}{rest}"), None);
        assert_eq!(found.len(), 1, "{rest}");
        assert_eq!(found[0].rule.code, "SL017", "{rest}");
        assert!(found[0].message.contains(message), "{}", found[0].message);
    }
}
