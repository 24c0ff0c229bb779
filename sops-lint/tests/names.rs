//! A value may be next to a name. No part of a finding shows the value.

use std::path::Path;

use sops_lint::{Input, Linter, Settings};

const SECRET: &str = "correct-horse-7";

/// Manifests with an assignment instead of a name, written as `NAME`.
const MANIFESTS: [(&str, &str); 14] = [
    (
        "SL001",
        "kind: Pod\nspec:\n  containers:\n  - env: [{name: NAME, value: ghp_abcdefghijklmnopqrstuvwxyz0123456789}]\n",
    ),
    (
        "SL002",
        "kind: Pod\nspec:\n  containers:\n  - env: [{name: NAME, valueFrom: {secretKeyRef: {name: db, key: x}}}]\n",
    ),
    (
        "SL004",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  NAME: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
    ),
    (
        "SL004",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData:\n  NAME: Z2hwX2FiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MDEyMzQ1Njc4OQ==\n",
    ),
    (
        "SL006",
        "kind: Pod\nspec:\n  containers:\n  - livenessProbe: {httpGet: {httpHeaders: [{name: NAME, value: ghp_abcdefghijklmnopqrstuvwxyz0123456789}]}}\n",
    ),
    (
        "SL007",
        "kind: Pod\nspec:\n  volumes: [{name: NAME, secret: {secretName: a}}]\n  containers:\n  - volumeMounts: [{name: NAME, mountPath: /a}]\n",
    ),
    (
        "SL005",
        "kind: Pod\nmetadata:\n  annotations:\n    NAME: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
    ),
    (
        "SL010",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  NAME: x1\n",
    ),
    (
        "SL010",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\nstringData:\n  a: x1\n",
    ),
    (
        "SL010",
        "kind: Kustomization\nsecretGenerator:\n- name: a\n  literals:\n  - NAME=x1\n",
    ),
    (
        "SL010",
        "a: |\n  apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n  stringData:\n    NAME: hunter2xQ9\n",
    ),
    (
        "SL017",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  NAME: '%'\n",
    ),
    (
        "SL019",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    NAME: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
    ),
    (
        "SL020",
        "kind: Other\nspec:\n  NAME: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
    ),
];

#[test]
fn the_value_in_a_name_is_never_shown() {
    let linter = Linter::new(Settings::default()).expect("the rules exist");
    for (rule, manifest) in MANIFESTS {
        for name in [
            format!("PASSWORD={SECRET}"),
            format!("password:{SECRET}"),
            format!("https://app:{SECRET}@db.example.com"),
        ] {
            let text = manifest.replace("NAME", &format!("\"{name}\""));
            let text = text.replace(&format!("- \"{name}\"=x1"), &format!("- '{name}=x1'"));
            let file = match text.contains("Generator") {
                true => "kustomization.yaml",
                false => "manifest.yaml",
            };
            let path = Path::new("/repo").join(file);
            let findings = linter
                .lint(&Input::new(file, &path, text.as_bytes()))
                .findings;
            let has_rule = findings.iter().any(|finding| finding.rule.code == rule);
            assert!(has_rule, "{rule}: {text}{findings:#?}");
            for finding in findings {
                let shown = format!("{finding:?}");
                assert!(!shown.contains(SECRET), "{text}{finding:#?}");
            }
        }
    }
}

#[test]
fn a_key_in_the_value_of_a_variable_is_shown() {
    let linter = Linter::new(Settings::default()).expect("the rules exist");
    let text = "FROM a\nENV CONFIG='{\"password\":\"hunter2\"}'\n";
    let input = Input::new("Dockerfile", Path::new("/repo/Dockerfile"), text.as_bytes());
    let findings = linter.lint(&input).findings;
    assert_eq!(
        findings[0].message,
        "`ENV CONFIG: password` puts what looks like a secret into the image"
    );
}
