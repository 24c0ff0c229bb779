//! Resources that are linted in a build.

use crate::directory::{Directory, config};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: main\n    image: web\n    env:\n    - name: PASSWORD\n      \
                   value: correct-horse\n";

fn directory(more: &str) -> Directory {
    Directory::with(&[
        (
            "kustomization.yaml",
            "resources: [pod.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations]\ntransformers: [lint.yaml]\n",
        ),
        ("pod.yaml", POD),
        (
            "lint.yaml",
            &config("krm.sops-rs/v1alpha1", "SopsLint", more),
        ),
    ])
}

#[test]
fn an_error_fails_the_build_with_file_and_field() {
    let message = directory("").build("").fails();
    let location = "Pod p-web: pod.yaml: spec.containers.[main].env.[PASSWORD].value";
    assert!(
        message.contains(location) && message.contains("SL001"),
        "{message}"
    );
    assert!(!message.contains("correct-horse"), "{message}");
}

#[test]
fn without_an_error_the_build_is_unchanged() {
    let quiet = directory("settings:\n  ignore: [SL001]\n");
    let built = quiet.build("").quiet();
    quiet.write(
        "kustomization.yaml",
        "resources: [pod.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations]\n",
    );
    assert_eq!(built, quiet.build("").quiet());
    let warned = directory("settings:\n  severity: {SL001: warning}\n").build("");
    assert!(warned.stderr.contains("SL001"), "{}", warned.stderr);
    assert_eq!(warned.succeeds(), built);
}
