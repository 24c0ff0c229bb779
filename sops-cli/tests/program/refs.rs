//! `refs` finds where Secrets are used.

use serde_json::Value as Json;
use sops_test_support::environment::TestEnvironment;

/// Two Secrets, one of them used by a Deployment, and files that are not manifests.
fn tree() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for name in ["db", "old"] {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: web}}\nstringData: {{a: hunter2}}\n"
        );
        environment.write(&format!("apps/{name}.yaml"), text);
    }
    environment.write(
        "apps/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n  namespace: web\n\
         spec: {template: {spec: {containers: [{name: api,\n  envFrom: [{secretRef: {name: db}}]}]}}}\n",
    );
    environment.write(
        "chart/templates/a.yaml",
        "a: {{ .Values.secretName }}\n{{ if }}\n",
    );
    environment.write("README.md", "secretName: old\n");
    environment
}

#[test]
fn each_use_has_a_line() {
    let environment = tree();
    let expected = "apps/deployment.yaml:7: Deployment/api spec.template.spec.containers[0].envFrom[0].secretRef.name\n";
    for arguments in [
        &["refs", "db", "apps"][..],
        &["refs", "secret/db", "apps/deployment.yaml"],
        &["refs", "-n", "web", "db", "apps"],
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stdout, expected, "{run}");
    }
    let run = environment.run(&["refs", "--json", "db"]).succeeds();
    let found: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    assert_eq!(found[0]["file"], "./apps/deployment.yaml");
    assert_eq!(found[0]["object"], "Deployment/api");
    assert_eq!(found[0]["namespace"], "web");
}

#[test]
fn a_file_in_place_of_a_name_is_an_error() {
    let environment = tree();
    let run = environment.run(&["refs", "apps/db.yaml"]).fails_with(1);
    assert!(run.stderr.contains("run `sops-rs refs db`"), "{run}");
}

#[test]
fn without_a_use_the_exit_code_is_1() {
    let environment = tree();
    for arguments in [&["refs", "old"][..], &["refs", "-n", "shop", "db"]] {
        let run = environment.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
        assert!(
            run.stderr.contains("Nothing in these files refers to"),
            "{run}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let environment = tree();
    let run = environment.run(&["refs", "db"]).succeeds();
    assert!(
        run.stderr
            .contains("were not searched: ./chart/templates/a.yaml"),
        "{run}"
    );
    let run = environment.run(&["refs", "db", "chart/templates/a.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn unused_secrets_are_listed() {
    let environment = tree();
    let run = environment.run(&["refs", "--unused", "apps"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        run.stdout, "apps/old.yaml:3: Secret/old metadata.name\n",
        "{run}"
    );
    std::fs::remove_file(environment.path("apps/old.yaml")).expect("the file can be removed");
    let run = environment.run(&["refs", "--unused", "apps"]).succeeds();
    assert!(
        run.stderr.contains("No unused Secrets in these files"),
        "{run}"
    );
}
