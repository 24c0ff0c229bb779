//! Findings in the public repositories of the corpus, each checked by hand: passwords and Secrets
//! in plaintext, Secrets mounted without `readOnly`, and manifests that cannot be read, such as one
//! with a duplicate key. Exactly these findings must be reported.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use sops_test_support::environment::TestEnvironment;

const DIRECTORIES: [&str; 3] = [
    "flux2-kustomize-helm-example",
    "kube-prometheus",
    "kubernetes-examples",
];

#[test]
fn findings_in_public_repositories_are_the_reviewed_ones() {
    let corpus =
        std::env::var_os("SOPS_RS_CORPUS").expect("SOPS_RS_CORPUS names a directory of YAML files");
    let corpus = PathBuf::from(corpus)
        .canonicalize()
        .expect("the path exists");
    let environment = TestEnvironment::new();
    let mut command =
        environment.command(&[&["lint", "--format", "json"], &DIRECTORIES[..]].concat());
    command.current_dir(&corpus);
    let run = environment.finish(command);
    assert_eq!(run.code, Some(1), "{run}");
    let found: Vec<Json> = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let line = |one: &Json| {
        format!(
            "{}:{} {}",
            one["file"].as_str().unwrap_or_default(),
            one["line"],
            one["code"].as_str().unwrap_or_default()
        )
    };
    let mut found: Vec<String> = found.iter().map(line).collect();
    let mut expected: Vec<&str> = include_str!("lint_corpus.txt").lines().collect();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// Test data of Kubernetes Pod Security Admission: thousands of pods that it accepts or rejects,
/// without secrets. They are in the Go module that the API server of these tests is built from,
/// v0.34.4 under the Apache License 2.0.
#[test]
fn nothing_is_found_in_the_test_data_of_pod_security_admission() {
    const MODULE: &str = "k8s.io/pod-security-admission";
    let manifest = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/peers/cluster/kubernetes"
    );
    let go = |arguments: &[&str]| {
        let mut go = Command::new("go");
        let run = go.args(["-C", manifest]).args(arguments).output();
        let run = run.expect("go is installed");
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stdout).expect("the content is text")
    };
    go(&["mod", "download", MODULE]);
    let directory = go(&["list", "-m", "-f", "{{.Dir}}", MODULE]);
    let environment = TestEnvironment::new();
    let mut command = environment.command(&["lint", "."]);
    command.current_dir(PathBuf::from(directory.trim()).join("test/testdata"));
    let run = environment.finish(command);
    assert_eq!(run.code, Some(0), "{run}");
    let seen = "0 errors and 0 warnings in 4093 files";
    assert!(run.stderr.contains(seen), "{run}");
}
