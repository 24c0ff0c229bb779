//! What a cluster refuses, and clusters that cannot be reached: each with what to do, and without a value.

use std::fs;

use test_support::environment::{TestEnvironment, identity, recipient};

use super::CLUSTER;

fn environment(namespace: &str) -> TestEnvironment {
    let environment = CLUSTER.environment();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    CLUSTER.kubectl(&environment, &["create", "namespace", namespace]);
    environment
}

/// A Secret in an encrypted file.
fn encrypted(environment: &TestEnvironment, namespace: &str, rest: &str) {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: {namespace}\n{rest}"
    );
    environment.write("secret.yaml", text);
    let arguments = [
        "encrypt",
        "-i",
        "--age",
        &recipient(),
        "--encrypted-regex",
        "^(data|stringData)$",
        "secret.yaml",
    ];
    environment.run(&arguments).succeeds();
}

#[test]
fn clusters_that_cannot_be_reached() {
    let environment = environment("away");
    encrypted(&environment, "away", "stringData:\n  password: hunter2\n");
    let commands: [&[&str]; 3] = [
        &["flux", "install-key", "-n", "away"],
        &["flux", "verify", "-n", "away"],
        &["apply", "-f", "secret.yaml"],
    ];
    for command in commands {
        for (flags, says, hint) in [
            (
                &["--context", "none"][..],
                "has no context `none`",
                "it has admin, ann",
            ),
            (
                &["--kubeconfig", "none"],
                "there is no kubeconfig: none",
                "KUBECONFIG",
            ),
            (&["--context", "away"], "nobody listens there", "--context"),
            (
                &["--context", "untrusted"],
                "cannot be trusted: UnknownIssuer",
                "certificate-authority-data",
            ),
            (
                &["--context", "stranger"],
                "the credentials are refused",
                "renew the token",
            ),
        ] {
            let run = environment.run(&[command, flags].concat()).fails_with(1);
            assert!(
                run.stderr.contains(says) && run.stderr.contains(hint),
                "{command:?} {run}"
            );
            for secret in ["token-of", &identity(), "hunter2"] {
                assert!(!run.stderr.contains(secret), "{run}");
            }
        }
    }
    fs::write(
        environment.home().join(".kube/config"),
        "users: [{token: token-of-admin",
    )
    .expect("it is ours");
    let run = environment.run(commands[0]).fails_with(1);
    assert!(
        run.stderr.contains("not the YAML of a kubeconfig") && !run.stderr.contains("token-of"),
        "{run}"
    );
    fs::remove_file(environment.home().join(".kube/config")).expect("it is ours");
    let run = environment.run(commands[0]).fails_with(1);
    assert!(run.stderr.contains("there is no kubeconfig"), "{run}");
}

#[test]
fn what_is_forbidden_names_verb_and_resource() {
    let environment = environment("forbidden");
    encrypted(
        &environment,
        "forbidden",
        "stringData:\n  password: hunter2\n",
    );
    let apply = ["apply", "-f", "secret.yaml", "--context", "ann"];
    let run = environment.run(&apply).fails_with(1);
    assert!(
        run.stderr
            .contains("secret/web: forbidden: User \"ann\" cannot get resource \"secrets\""),
        "{run}"
    );
    CLUSTER.kubectl(
        &environment,
        &[
            "create",
            "role",
            "reader",
            "-n",
            "forbidden",
            "--verb=get",
            "--resource=secrets",
        ],
    );
    CLUSTER.kubectl(
        &environment,
        &[
            "create",
            "rolebinding",
            "ann",
            "-n",
            "forbidden",
            "--role=reader",
            "--user=ann",
        ],
    );
    let install = ["flux", "install-key", "-n", "forbidden", "--context", "ann"];
    for command in [&apply[..], &install] {
        let run = environment.run(command).fails_with(1);
        assert!(
            run.stderr.contains(
                "User \"ann\" cannot patch resource \"secrets\" in API group \"\" in the namespace \"forbidden\""
            ),
            "{run}"
        );
        assert!(
            run.stderr.contains("a Role or ClusterRole with that verb"),
            "{run}"
        );
    }
}

#[test]
fn a_namespace_that_is_missing() {
    let environment = environment("there");
    let run = environment
        .run(&["flux", "install-key", "-n", "nowhere"])
        .fails_with(1);
    assert!(
        run.stderr.contains("there is no namespace `nowhere`"),
        "{run}"
    );
    assert!(run.stderr.contains("--create-namespace"), "{run}");
    encrypted(
        &environment,
        "nowhere",
        "stringData:\n  password: hunter2\n",
    );
    let run = environment
        .run(&["apply", "-f", "secret.yaml"])
        .fails_with(1);
    assert!(
        run.stderr.contains("there is no namespace `nowhere`"),
        "{run}"
    );
}

#[test]
fn a_conflict_with_another_manager() {
    let environment = environment("managed");
    CLUSTER.kubectl(
        &environment,
        &[
            "create",
            "secret",
            "generic",
            "web",
            "-n",
            "managed",
            "--from-literal=password=old",
        ],
    );
    encrypted(
        &environment,
        "managed",
        "stringData:\n  password: hunter2\n",
    );
    let run = environment
        .run(&["apply", "-f", "secret.yaml"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains(".data.password is managed by `kubectl-create`"),
        "{run}"
    );
    assert_eq!(
        CLUSTER.entry(&environment, "managed", "web", "password"),
        "old"
    );
    let run = environment
        .run(&["apply", "-f", "secret.yaml", "--force-conflicts"])
        .succeeds();
    assert_eq!(run.stdout, "secret/web configured\n");
    assert_eq!(
        CLUSTER.entry(&environment, "managed", "web", "password"),
        "hunter2"
    );
}

#[test]
fn an_immutable_secret() {
    let environment = environment("immutable");
    encrypted(
        &environment,
        "immutable",
        "immutable: true\nstringData:\n  password: hunter2\n",
    );
    environment.run(&["apply", "-f", "secret.yaml"]).succeeds();
    encrypted(
        &environment,
        "immutable",
        "immutable: true\nstringData:\n  password: hunter3\n",
    );
    let run = environment
        .run(&["apply", "-f", "secret.yaml"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains("secret/web: it is there with other values, and immutable"),
        "{run}"
    );
    assert!(!run.stderr.contains("hunter"), "{run}");
}

/// The server's own words are shown, but for what it quotes of the object.
#[test]
fn an_object_that_the_server_refuses() {
    let environment = environment("refused");
    for (rest, says, secret) in [
        (
            "data:\n  password: '%hunter2'\n",
            "illegal base64 data",
            "hunter2",
        ),
        (
            "stringData:\n  pass word: hunter2\n",
            "data[pass word]: Invalid value: …",
            "hunter2",
        ),
        (
            "stringData:\n  password: hunter2\nannotations: 8\n",
            "annotations",
            "hunter2",
        ),
        (
            "type: kubernetes.io/tls\nstringData:\n  tls.crt: hunter2\n",
            "data[tls.key]: Required value",
            "hunter2",
        ),
        (
            "type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: hunter2\n",
            ".dockerconfigjson",
            "hunter2",
        ),
    ] {
        encrypted(&environment, "refused", rest);
        let run = environment
            .run(&["apply", "-f", "secret.yaml"])
            .fails_with(1);
        assert!(
            run.stderr.contains("secret/web: the API server refuses it")
                && run.stderr.contains(says),
            "{run}"
        );
        assert!(!run.stderr.contains(secret), "{run}");
    }
}

/// A value of another kind that is encrypted, and that the server would quote.
#[test]
fn a_value_that_the_server_quotes() {
    let environment = environment("quoted");
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: quoted\nspec:\n  type: hunter2\n  ports:\n  - port: 424242\n";
    environment.write("service.yaml", text);
    environment
        .run(&[
            "encrypt",
            "-i",
            "--age",
            &recipient(),
            "--encrypted-regex",
            "^spec$",
            "service.yaml",
        ])
        .succeeds();
    let run = environment
        .run(&["apply", "-f", "service.yaml"])
        .fails_with(1);
    assert!(
        run.stderr.contains("spec.type: Unsupported value: …"),
        "{run}"
    );
    for secret in ["hunter2", "424242"] {
        assert!(!run.stderr.contains(secret), "{run}");
    }
}
