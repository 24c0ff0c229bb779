//! Each secret is reported once, by the rule that says most about it.

use std::path::Path;

use sops_core::config::Config;
use sops_lint::{Input, Linter, Settings};
use sops_test_support::environment::recipient;

const ROOT: &str = "/repo";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: k8Fj29dkPlain\n";

/// The rules, lines and helps of the findings in a file, under a configuration with one rule.
fn findings(name: &str, text: &str, rule: &str, settings: &str) -> Vec<(String, usize, String)> {
    let linter = Settings::parse(settings.as_bytes()).and_then(Linter::new);
    let linter = linter.expect("the settings are valid");
    let file = Path::new(ROOT).join(".sops.yaml");
    let config = format!("creation_rules:\n- {rule}\n  age: {}\n", recipient());
    let config = Config::parse(config.as_bytes(), &file, Path::new(ROOT));
    let config = config.expect("the configuration is valid");
    let path = Path::new(ROOT).join(name);
    let input = Input::new(name, &path, text.as_bytes()).with_config(Some(&config));
    let findings = linter.lint(&input).findings.into_iter();
    let shown = findings.map(|finding| {
        let help = finding.help.unwrap_or_default();
        (finding.rule.code.to_owned(), finding.location.line, help)
    });
    shown.collect()
}

/// The rules and lines of the findings.
fn places(name: &str, text: &str, rule: &str, settings: &str) -> Vec<(String, usize)> {
    let findings = findings(name, text, rule, settings).into_iter();
    findings.map(|(code, line, _)| (code, line)).collect()
}

fn at(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    let expected = expected.iter();
    expected
        .map(|(code, line)| ((*code).to_owned(), *line))
        .collect()
}

const OTHER: &str = "path_regex: other\\.yaml$";
const ONLY_DATA: &str = "path_regex: .*\n  encrypted_regex: ^data$";
const FOR_MANIFESTS: &str = "path_regex: .*\n  encrypted_regex: ^(data|stringData)$";

#[test]
fn a_secret_without_a_matching_rule_is_reported_once_with_the_reason() {
    let found = findings("a.yaml", SECRET, OTHER, "{}");
    assert_eq!(found.len(), 1, "{found:?}");
    let (code, line, help) = &found[0];
    assert_eq!((code.as_str(), *line), ("SL010", 5));
    assert!(help.starts_with("no creation rule in `.sops.yaml` matches its path"));
    let found = findings("a.yaml", SECRET, ONLY_DATA, "{}");
    assert_eq!(found.len(), 1, "{found:?}");
    let help = &found[0].2;
    assert!(
        help.contains("`encrypted_regex: ^data$`, leaves this value in plaintext"),
        "{help}"
    );
}

#[test]
fn the_other_rule_reports_it_if_the_first_one_is_off() {
    for settings in ["ignore: [SL010]", "select: [SL016]"] {
        for rule in [OTHER, ONLY_DATA] {
            let found = places("a.yaml", SECRET, rule, settings);
            assert_eq!(found, at(&[("SL016", 5)]), "{settings} {rule}");
        }
    }
}

#[test]
fn the_first_value_of_a_covered_file_is_reported_once_and_the_others_too() {
    let text = "A=b\nPASSWORD=k8Fj29dkPlain\nTOKEN=x9K2mQ7vLongToken\n";
    assert_eq!(
        places("secrets/a.env", text, FOR_MANIFESTS, "{}"),
        at(&[("SL010", 1), ("SL021", 2), ("SL021", 3)])
    );
    let text = text.replace("A=b\n", "");
    assert_eq!(
        places("secrets/a.env", &text, FOR_MANIFESTS, "{}"),
        at(&[("SL010", 1), ("SL021", 2)])
    );
    assert_eq!(
        places("secrets/a.env", &text, FOR_MANIFESTS, "ignore: [SL010]"),
        at(&[("SL021", 1), ("SL021", 2)])
    );
    let kubeconfig = "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user:\n    token: k8Fj29dkPlain\n";
    assert_eq!(
        places(".kube/config", kubeconfig, FOR_MANIFESTS, "{}"),
        at(&[("SL010", 7)])
    );
}

#[test]
fn helm_values_that_a_rule_leaves_in_plaintext_are_reported_once() {
    let rule = "path_regex: ^a/\n  encrypted_regex: ^password$";
    assert_eq!(
        places("a/values.yaml", "apiKey: k8Fj29dkPlain\n", rule, "{}"),
        at(&[("SL010", 1)])
    );
}

/// An allowed finding does not hide another one.
#[test]
fn an_allowance_of_the_first_rule_is_not_one_of_the_others() {
    let allow = |rules: &str| {
        SECRET.replace(
            "  password",
            &format!("  # sops-rs: allow {rules} -- a demo\n  password"),
        )
    };
    for (rules, expected) in [
        ("SL010", at(&[("SL016", 6)])),
        ("SL010, SL016", at(&[])),
        ("SL016", at(&[("SL010", 6)])),
    ] {
        assert_eq!(
            places("a.yaml", &allow(rules), OTHER, "{}"),
            expected,
            "{rules}"
        );
    }
}

#[test]
fn a_private_key_and_an_annotation_are_reported_by_the_rule_for_them() {
    let key = include_str!("../../testdata/keys/x25519.txt");
    let key = key.lines().last().expect("the file has a key");
    let map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  age_secret_key: {key}\n"
    );
    assert_eq!(places("a.yaml", &map, OTHER, "{}"), at(&[("SL014", 5)]));
    let without = places("a.yaml", &map, OTHER, "ignore: [SL014]");
    assert_eq!(without, at(&[("SL004", 5)]));
    let patch = "kind: Kustomization\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value:\n        \
                 kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"Secret\",\"stringData\":{\"password\":\"k8Fj29dkPlain\"}}'\n";
    let name = "kustomization.yaml";
    assert_eq!(places(name, patch, OTHER, "{}"), at(&[("SL005", 8)]));
    let without = places(name, patch, OTHER, "ignore: [SL005]");
    assert_eq!(without, at(&[("SL010", 8)]));
}
