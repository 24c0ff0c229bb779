//! Resources that are linted in a build.

use crate::folder::{Folder, config};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: main\n    image: web\n    env:\n    - name: PASSWORD\n      \
                   value: correct-horse\n";

fn folder(more: &str) -> Folder {
    Folder::with(&[
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
    let said = folder("").build("").fails();
    let place = "Pod p-web: pod.yaml: spec.containers.[main].env.[PASSWORD].value";
    assert!(said.contains(place) && said.contains("SL001"), "{said}");
    assert!(!said.contains("correct-horse"), "{said}");
}

#[test]
fn without_an_error_the_build_is_what_it_was() {
    let quiet = folder("settings:\n  ignore: [SL001]\n");
    let built = quiet.build("").quiet();
    quiet.write(
        "kustomization.yaml",
        "resources: [pod.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations]\n",
    );
    assert_eq!(built, quiet.build("").quiet());
    let warned = folder("settings:\n  severity: {SL001: warning}\n").build("");
    assert!(warned.stderr.contains("SL001"), "{}", warned.stderr);
    assert_eq!(warned.succeeds(), built);
}
