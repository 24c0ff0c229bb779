//! `apply`, and the state of the cluster afterwards.

use sops_test_support::environment::{TestEnvironment, recipient};

use super::CLUSTER;

fn encrypt(environment: &TestEnvironment, name: &str, text: &str) {
    environment.write(name, text);
    let arguments = [
        "encrypt",
        "-i",
        "--age",
        &recipient(),
        "--encrypted-regex",
        "^(data|stringData)$",
        name,
    ];
    environment.run(&arguments).succeeds();
}

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: vaults.bank.example
spec:
  group: bank.example
  scope: Namespaced
  names: {kind: Vault, plural: vaults, singular: vault}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          stringData: {type: object, additionalProperties: {type: string}}
";

/// The cluster needs the objects in another order than that of the files.
#[test]
fn a_directory_with_its_namespace_and_crd_is_applied() {
    let environment = CLUSTER.environment();
    environment.write("apps/.sops.yaml", "creation_rules: []\n");
    environment.write("apps/README.md", "# Apps\n");
    environment.write("apps/z-crd.yaml", CRD);
    environment.write(
        "apps/z-namespace.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: bank}\n",
    );
    environment.write(
        "apps/list.json",
        r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "bank"}, "data": {"on": "yes"}},
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "bank"}, "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web"}]}}}}
        ]}"#,
    );
    encrypt(
        &environment,
        "apps/a-vault.yaml",
        "apiVersion: bank.example/v1\nkind: Vault\nmetadata:\n  name: main\n  namespace: bank\nstringData:\n  pin: \"1234\"\n",
    );
    encrypt(
        &environment,
        "apps/deep/secret.yaml",
        "# two of them\napiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: bank\nstringData:\n  password: hunter2\ndata:\n  old: b2xk\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: bank\nstringData:\n  password: hunter3\n",
    );
    let run = environment
        .run(&["apply", "-f", "apps", "--dry-run=server"])
        .succeeds();
    assert_eq!(
        run.stdout,
        "namespace/bank created (server dry run)\n\
         customresourcedefinition.apiextensions.k8s.io/vaults.bank.example created (server dry run)\n\
         Vault main: not checked, because its CRD does not exist yet (server dry run)\n\
         secret/web not checked, because its namespace does not exist yet (server dry run)\n\
         secret/db not checked, because its namespace does not exist yet (server dry run)\n\
         configmap/one not checked, because its namespace does not exist yet (server dry run)\n\
         deployment.apps/web not checked, because its namespace does not exist yet (server dry run)\n"
    );
    let run = environment.run(&["apply", "-f", "apps"]).succeeds();
    assert_eq!(
        run.stdout,
        "namespace/bank created\n\
         customresourcedefinition.apiextensions.k8s.io/vaults.bank.example created\n\
         vault.bank.example/main created\n\
         secret/web created\n\
         secret/db created\n\
         configmap/one created\n\
         deployment.apps/web created\n"
    );
    for (name, key, value) in [
        ("web", "password", "hunter2"),
        ("web", "old", "old"),
        ("db", "password", "hunter3"),
    ] {
        assert_eq!(CLUSTER.entry(&environment, "bank", name, key), value);
    }
    let pin = CLUSTER.kubectl(
        &environment,
        &[
            "get",
            "vaults",
            "-n",
            "bank",
            "main",
            "-o",
            "jsonpath={.stringData.pin}",
        ],
    );
    assert_eq!(pin, "1234");

    let run = environment.run(&["apply", "-f", "apps"]).succeeds();
    assert!(
        run.stdout.lines().all(|line| line.ends_with(" unchanged")),
        "{run}"
    );
    environment
        .run(&[
            "set",
            "apps/deep/secret.yaml",
            "[\"stringData\"][\"password\"]",
            "\"new\"",
        ])
        .succeeds();
    let run = environment.run(&["apply", "-f", "apps/deep"]).succeeds();
    assert_eq!(run.stdout, "secret/web configured\nsecret/db unchanged\n");
    assert_eq!(
        CLUSTER.entry(&environment, "bank", "web", "password"),
        "new"
    );
}

#[test]
fn a_secret_in_plaintext_is_refused() {
    let environment = CLUSTER.environment();
    let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\nstringData:\n  password: hunter2\n";
    environment.write("secret.yaml", text);
    // The file is encrypted, but not in the fields that matter.
    let half = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: half\nstringData:\n  a: hunter2\ndata:\n  b: aHVudGVyMg==\n";
    let flags = ["--encrypted-regex", "^stringData$"];
    environment.encrypt_with("half.yaml", half, &flags);
    for (file, key) in [
        ("secret.yaml", "stringData.password"),
        ("half.yaml", "data.b"),
    ] {
        let run = environment.run(&["apply", "-f", file]).fails_with(1);
        assert!(
            run.stderr
                .contains(&format!("`{key}` is in plaintext here"))
                && run.stderr.contains(file),
            "{run}"
        );
        assert!(
            !run.stderr.contains("hunter2") && !run.stderr.contains("aHVudGVyMg"),
            "{run}"
        );
    }
    let run = environment
        .run_with_input(&["apply", "-f", "-"], text)
        .fails_with(1);
    assert!(run.stderr.contains("standard input"), "{run}");
    let names = CLUSTER.kubectl(
        &environment,
        &["get", "secrets", "-n", "default", "-o", "name"],
    );
    assert!(
        !names.contains("secret/plain") && !names.contains("secret/half"),
        "{names}"
    );
    let run = environment
        .run_with_input(&["apply", "-f", "-", "--allow-plaintext"], text)
        .succeeds();
    assert_eq!(run.stdout, "secret/plain created\n");
    assert_eq!(
        CLUSTER.entry(&environment, "default", "plain", "password"),
        "hunter2"
    );
}

/// Nothing is sent if a file cannot be read. If the cluster refuses one object, the others are
/// applied.
#[test]
fn the_other_objects_are_applied_if_some_fail() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "many"]);
    let config_map = |name: &str, data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {data}\n")
    };
    environment.write("many/a.yaml", config_map("a", "{x: [1]}"));
    environment.write("many/b.yaml", config_map("b", "{x: '1'}"));
    let run = environment.run(&["apply", "-f", "many", "-n", "many"]);
    assert_eq!(
        (run.code, &*run.stdout),
        (Some(1), "configmap/b created\n"),
        "{run}"
    );
    assert!(
        run.stderr.contains("configmap/a: ") && run.stderr.contains("1 of 2 objects"),
        "{run}"
    );

    environment.write("many/b.yaml", config_map("c", "{}"));
    for (text, says) in [
        ("a: [", "d.yaml"),
        (
            "apiVersion: v1\nkind: ConfigMap\n",
            "`metadata.name` is missing",
        ),
        (
            "apiVersion: no.example/v1\nkind: Thing\nmetadata: {name: x}\n",
            "has no kind `Thing` in `no.example/v1`",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {port: 8080}\n",
            "`stringData.port` is not a string",
        ),
    ] {
        environment.write("many/d.yaml", text);
        let run = environment
            .run(&["apply", "-f", "many", "-n", "many", "--allow-plaintext"])
            .fails_with(1);
        assert!(run.stderr.contains(says), "{run}");
    }
    let names = CLUSTER.kubectl(
        &environment,
        &["get", "configmaps", "-n", "many", "-o", "name"],
    );
    assert_eq!(names, "configmap/b\n");

    for name in ["../../secrets/x", "x?force=true", ".."] {
        environment.write("name.yaml", config_map(&format!("'{name}'"), "{}"));
        let run = environment.run(&["apply", "-f", "name.yaml"]).fails_with(1);
        assert!(
            run.stderr.contains("is not a valid name for an object"),
            "{run}"
        );
    }

    environment.write("many/kustomization.yaml", "resources: [a.yaml]\n");
    let run = environment.run(&["apply", "-f", "many"]).fails_with(1);
    assert!(run.stderr.contains("kustomize build"), "{run}");
}

/// The output of kustomize, which is sorted and joined, no longer has a valid MAC.
#[test]
fn a_build_of_kustomize_is_applied_without_the_mac() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "built"]);
    let secret = |name: &str, value: &str| {
        format!(
            "kind: Secret\napiVersion: v1\nmetadata:\n  name: {name}\nstringData:\n  z: {value}\n  a: {value}\n"
        )
    };
    encrypt(&environment, "app/one.yaml", &secret("one", "hunter2"));
    encrypt(&environment, "app/two.yaml", &secret("two", "hunter3"));
    environment.write(
        "app/three.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\ndata: {}\n",
    );
    environment.write(
        "app/kustomization.yaml",
        "namespace: built\nresources: [one.yaml, two.yaml, three.yaml]\n",
    );
    let mut build = environment.command_of("kustomize".as_ref(), &["build", "app"]);
    build.stdin(std::process::Stdio::null());
    let built = environment.finish(build).succeeds().stdout;
    let run = environment
        .run_with_input(&["apply", "-f", "-"], &built)
        .fails_with(51);
    assert!(run.stderr.contains("--ignore-mac"), "{run}");
    let run = environment
        .run_with_input(&["apply", "-f", "-", "--ignore-mac"], &built)
        .succeeds();
    assert_eq!(
        run.stdout,
        "configmap/three created\nsecret/one created\nsecret/two created\n"
    );
    assert_eq!(CLUSTER.entry(&environment, "built", "two", "a"), "hunter3");
}

/// All errors are reported in one run, before anything is sent.
#[test]
fn every_unusable_file_is_named() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "several"]);
    environment.write(
        "several/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    );
    for name in ["b", "c"] {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{password: hunter2}}\n"
        );
        environment.write(&format!("several/{name}.yaml"), text);
    }
    let run = environment
        .run(&["apply", "-f", "several", "-n", "several"])
        .fails_with(1)
        .keeps(&["hunter2"]);
    for says in [
        "sops-rs encrypt --in-place several/b.yaml",
        "sops-rs encrypt --in-place several/c.yaml",
        "nothing was applied: 2 of 3 files cannot be applied",
    ] {
        assert!(run.stderr.contains(says), "{run}");
    }
    let maps = CLUSTER.kubectl(
        &environment,
        &["get", "configmaps", "-n", "several", "-o", "name"],
    );
    assert_eq!(maps, "");
}
