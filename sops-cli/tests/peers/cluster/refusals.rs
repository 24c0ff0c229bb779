//! Refusals by a cluster, and unreachable clusters. Each message says what to do, and shows no
//! value.

use std::fs;

use sops_test_support::environment::{TestEnvironment, identity, recipient};

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

/// Writes a Secret into an encrypted file.
fn encrypted(environment: &TestEnvironment, namespace: &str, rest: &str) {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: {namespace}\n{rest}"
    );
    encrypt(environment, "secret.yaml", "^(data|stringData)$", &text);
}

/// Writes a file in which the values under matching keys are encrypted.
fn encrypt(environment: &TestEnvironment, name: &str, keys: &str, text: &str) {
    environment.write(name, text);
    let recipient = recipient();
    let to = ["--age", &recipient, "--encrypted-regex", keys, name];
    environment
        .run(&[&["encrypt", "-i"], &to[..]].concat())
        .succeeds();
}

#[test]
fn unreachable_clusters_are_explained() {
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
                "`--context`: admin, ann",
            ),
            (
                &["--kubeconfig", "none"],
                "there is no kubeconfig: none",
                "KUBECONFIG",
            ),
            (&["--context", "away"], "connection refused", "--context"),
            (
                &["--context", "untrusted"],
                "cannot be trusted: no trusted CA has signed it",
                "certificate-authority-data",
            ),
            (
                &["--context", "stranger"],
                "rejects the credentials",
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
    .expect("the file can be written");
    let run = environment.run(commands[0]).fails_with(1);
    assert!(
        run.stderr.contains("cannot be parsed") && !run.stderr.contains("token-of"),
        "{run}"
    );
    fs::remove_file(environment.home().join(".kube/config")).expect("the file can be removed");
    let run = environment.run(commands[0]).fails_with(1);
    assert!(run.stderr.contains("there is no kubeconfig"), "{run}");
}

#[test]
fn a_forbidden_request_names_verb_and_resource() {
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
            run.stderr
                .contains("a Role or ClusterRole that allows this verb"),
            "{run}"
        );
    }
}

#[test]
fn a_missing_namespace_is_reported() {
    let environment = environment("there");
    let run = environment
        .run(&["flux", "install-key", "-n", "nowhere"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains("the namespace `nowhere` does not exist")
            && run.stderr.contains("`kubectl create namespace nowhere`"),
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
        run.stderr
            .contains("the namespace `nowhere` does not exist")
            && run.stderr.contains("`kubectl create namespace nowhere`")
            && !run.stderr.contains("install-key"),
        "{run}"
    );
}

#[test]
fn a_conflict_with_another_field_manager_is_reported() {
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
fn an_immutable_secret_is_not_changed() {
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
            .contains("secret/web: it already exists with other values, and is immutable"),
        "{run}"
    );
    assert!(!run.stderr.contains("hunter"), "{run}");
}

/// The server's message is shown, except for quoted parts of the object.
#[test]
fn an_object_that_the_server_rejects_is_explained() {
    let environment = environment("refused");
    for (rest, says, secret) in [
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

/// The encrypted value has a kind that the server does not expect, so its message would quote the
/// value.
#[test]
fn a_value_that_the_server_quotes_is_masked() {
    let environment = environment("quoted");
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: quoted\nspec:\n  type: hunter2\n  ports:\n  - port: 424242\n";
    encrypt(&environment, "service.yaml", "^spec$", text);
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

/// A policy with a message about the object. The author of a policy can compose any message.
const POLICY: &str = r#"apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: quoting}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}
  validations:
  - {expression: "object.metadata.name != 'plain'", messageExpression: "'weak: ' + object.data.password"}
  - {expression: "object.metadata.name != 'quoted'", messageExpression: "'weak: \"' + object.data.password + '\"'"}
  - {expression: "object.metadata.name != 'single'", messageExpression: "'weak: \\'' + object.data.password + '\\''"}
  - {expression: "object.metadata.name != 'part'", messageExpression: "'weak: ' + object.data.password.substring(0, 8) + '...'"}
  - {expression: "object.metadata.name != 'split'", messageExpression: "'weak: ' + object.data.password.split('-').join(', ')"}
  - {expression: "object.metadata.name != 'upper'", messageExpression: "'weak: ' + object.data.password.upperAscii()"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: quoting}
spec:
  policyName: quoting
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: policed}}}
"#;

#[test]
fn a_value_in_the_message_of_a_policy_is_masked() {
    let environment = environment("policed");
    environment.write("policy.yaml", POLICY);
    CLUSTER.kubectl(&environment, &["create", "-f", "policy.yaml"]);
    std::fs::remove_file(environment.path("policy.yaml")).expect("the file can be removed");
    for name in ["plain", "quoted", "single", "part", "split", "upper"] {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: policed}}\ndata: {{password: correct-horse-battery}}\n"
        );
        encrypt(&environment, "map.yaml", "^data$", &text);
        // A new policy takes effect after a moment.
        let run = (0..100)
            .map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(200));
                environment.run(&["apply", "--dry-run=server", "-f", "map.yaml"])
            })
            .find(|run| run.code != Some(0));
        let run = run
            .expect("the policy refuses")
            .fails_with(1)
            .keeps(&["correct", "CORRECT", "horse"]);
        assert!(
            run.stderr.contains("ValidatingAdmissionPolicy 'quoting'"),
            "{run}"
        );
    }
}

/// Objects that no cluster would accept are reported before a request, with the location and
/// without a value.
#[test]
fn files_that_are_not_manifests_are_reported() {
    let environment = environment("none");
    for (text, says) in [
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {generateName: a-}\n",
            "document 1 is not a Kubernetes object: `metadata.name` is missing",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: hunter2\n",
            "document 2 is not a Kubernetes object: `apiVersion` is missing",
        ),
        (
            "apiVersion: v1\nkind: List\nitems: [{}, hunter2]\n",
            "document 1, items[1] is not a Kubernetes object: expected a mapping",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: hunter2\n",
            "Secret a: `data` is not a mapping",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: '%hunter2'}\n",
            "Secret a: `data.password` is not base64",
        ),
    ] {
        environment.write("a.yaml", text);
        let run = environment
            .run(&["apply", "--allow-plaintext", "-f", "a.yaml"])
            .fails_with(1)
            .keeps(&["hunter2"]);
        assert!(run.stderr.contains(says), "{run}");
    }
}

/// A refused connection is reported once, not a thousand times.
#[test]
fn the_run_stops_when_the_server_is_unreachable() {
    let environment = environment("gone");
    let map = |index| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{index}, namespace: gone}}\n---\n"
        )
    };
    environment.write("maps.yaml", (0..1000).map(map).collect::<String>());
    let run = environment
        .run(&["apply", "-f", "maps.yaml", "--context", "away"])
        .fails_with(1);
    assert_eq!(run.stderr.matches("connection refused").count(), 1, "{run}");

    let server = super::server::Server::start();
    server.write_kubeconfig(&environment);
    server.kubectl(&environment, &["create", "namespace", "gone"]);
    let stop = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        drop(server);
    });
    let run = environment.run(&["apply", "-f", "maps.yaml"]);
    stop.join().expect("the thread does not panic");
    assert_eq!(run.code, Some(1), "{run}");
    let applied = run.stdout.lines().filter(|line| line.ends_with(" created"));
    let left = 1000 - applied.count();
    let says = format!("stopped: {left} of 1000 objects were not applied");
    assert!(run.stderr.contains(&says), "{run}");
    assert!(run.stderr.lines().count() < 12, "{run}");
}

#[test]
fn every_kind_of_kubeconfig_is_read_or_explained() {
    let environment = environment("sorts");
    encrypted(&environment, "sorts", "stringData:\n  password: hunter2\n");
    let path = environment.home().join(".kube/config");
    let config = fs::read_to_string(&path).expect("the file was written");
    let server = config
        .split('"')
        .find(|text| text.starts_with("https://"))
        .expect("the kubeconfig has a server");
    let host = &server["https://".len()..];
    for (from, to, says) in [
        (server, host, "no `server` that begins with `https://`"),
        (server, "/api", "no `server` that begins with `https://`"),
        (
            server,
            "https://me:token-of-me@127.0.0.1:1",
            "cannot reach the API server https://127.0.0.1:1: ",
        ),
        (
            "token: token-of-admin",
            "tokenFile: nowhere",
            "the file with the token",
        ),
        (
            "token: token-of-admin",
            "token: [token-of-admin]",
            "cannot be parsed",
        ),
        (
            "cluster: {server",
            "cluster: {proxy-url: 'ftp://me:token-of-me@127.0.0.1', server",
            "the proxy for",
        ),
        (
            "cluster: {server",
            "cluster: {proxy-url: 'http://me:token-of-me@127.0.0.1:1', server",
            "uses the proxy",
        ),
    ] {
        environment.write("config", config.replace(from, to));
        let run = environment
            .run(&["apply", "-f", "secret.yaml", "--kubeconfig", "config"])
            .fails_with(1)
            .keeps(&["token-of", "hunter2", &identity()]);
        assert!(run.stderr.contains(says), "{run}");
    }
    // As with `kubectl`, files of the list may be missing, but not all of them.
    let with = |files: String| {
        let mut command = environment.command(&["apply", "-f", "secret.yaml"]);
        command.env("KUBECONFIG", files);
        environment.finish(command)
    };
    with(format!("nowhere::{}", path.display())).succeeds();
    let run = with("nowhere:elsewhere".to_owned()).fails_with(1);
    assert!(
        run.stderr.contains("there is no kubeconfig: nowhere"),
        "{run}"
    );
}
