//! `doctor` on files: what it reports, and that it never shows a value.

use serde_json::Value;
use sops_test_support::environment::{Run, TestEnvironment};

/// A key of the right length, which must never be shown.
const KEY: &str = "c2VjcmV0LWtleS1vZi10aGUtY2x1c3Rlci0zMmJ5dGU=";

fn encryption(providers: &str) -> String {
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n\
         - resources: [secrets]\n  providers:\n{providers}"
    )
}

fn provider(name: &str) -> String {
    format!("  - {name}: {{keys: [{{name: key1, secret: {KEY}}}]}}\n")
}

/// Runs `doctor`, and checks that no value is shown.
fn doctor(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let all = [&["doctor", "--offline"], arguments].concat();
    let run = environment.run(&all);
    for secret in [KEY, "hunter2"] {
        assert!(
            !run.stdout.contains(secret) && !run.stderr.contains(secret),
            "{run}"
        );
    }
    run
}

/// The checks of a JSON report, as state, check and message.
fn checks(environment: &TestEnvironment, arguments: &[&str]) -> Vec<(String, String, String)> {
    let run = doctor(environment, &[&["--format", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().expect("the report has checks");
    let has_finding = checks.iter().any(|check| check["state"] == "finding");
    assert_eq!(run.code, Some(i32::from(has_finding)), "{run}");
    for check in checks.iter().filter(|check| check["state"] == "finding") {
        assert!(
            check["why"].is_string() && check["fix"].is_string(),
            "{check}"
        );
    }
    checks
        .iter()
        .map(|check| {
            (
                text(check, "state"),
                text(check, "check"),
                text(check, "message"),
            )
        })
        .collect()
}

/// The messages of the findings.
fn findings(environment: &TestEnvironment, arguments: &[&str]) -> Vec<String> {
    let checks = checks(environment, arguments).into_iter();
    let findings = checks.filter(|(state, ..)| state == "finding");
    findings.map(|(.., message)| message).collect()
}

/// A value of etcd, after the number that begins a file of bbolt.
fn database(values: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes.extend(0xed0c_daed_u32.to_le_bytes());
    bytes.resize(4096, 0);
    for (name, revision, value) in values {
        let key = format!("/registry/secrets/{name}");
        let length = |length: usize| u8::try_from(length).expect("the text is short");
        bytes.extend([0x0a, length(key.len())]);
        bytes.extend(key.as_bytes());
        bytes.extend([0x10, 1, 0x18, *revision, 0x20, 1, 0x2a, length(value.len())]);
        bytes.extend(*value);
    }
    bytes
}

#[test]
fn the_report_says_why_and_how_to_fix_it() {
    let environment = TestEnvironment::without_key();
    environment.write(
        "enc.yaml",
        encryption(&format!("  - identity: {{}}\n{}", provider("secretbox"))),
    );
    environment.write("good.yaml", encryption(&provider("secretbox")));
    let run = doctor(&environment, &["good.yaml", "enc.yaml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        run.stdout,
        "ok       good.yaml: encrypts Secrets with `secretbox`\n\
         FINDING  enc.yaml: stores Secrets in plaintext, because `identity` is the first provider\n         \
         why: everyone who gets a disk, a snapshot or a backup of the control plane can read every Secret\n         \
         fix: put `secretbox` or `kms` with `apiVersion: v2` before the other providers, restart every API server, and run \
         `kubectl get secrets --all-namespaces --output json | kubectl replace --filename -`\n\
         1 finding\n"
    );
    doctor(&environment, &["good.yaml"]).succeeds();
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let environment = TestEnvironment::without_key();
    environment.write("broken.yaml", "a: [hunter2\n");
    environment.write("snapshot.zip", b"PK\x03\x04hunter2");
    for (file, message) in [
        ("broken.yaml", "broken.yaml:"),
        ("missing.yaml", "cannot read missing.yaml"),
        ("snapshot.zip", "is compressed"),
    ] {
        let run = doctor(&environment, &[file]).fails_with(2);
        assert!(run.stderr.contains(message), "{run}");
    }
    // A file that was found may be anything.
    let checks = checks(&environment, &["."]);
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert!(
        checks[0].0 == "unknown" && checks[0].2.contains("1 file"),
        "{checks:?}"
    );
}

#[test]
fn plaintext_secrets_in_a_database_are_listed_by_name() {
    let environment = TestEnvironment::without_key();
    let encrypted: &[u8] = b"k8s:enc:secretbox:v1:key1:\x8f\x01\x02";
    let plain: &[u8] = b"k8s\0\n\x0c\n\x02v1\x12\x06Secret hunter2";
    environment.write("good.db", database(&[("web/db", 7, encrypted)]));
    assert_eq!(findings(&environment, &["good.db"]), [""; 0]);
    environment.write(
        "bad.db",
        database(&[
            ("web/db", 7, encrypted),
            ("web/api", 8, plain),
            ("web/api", 6, encrypted),
        ]),
    );
    assert_eq!(
        findings(&environment, &["bad.db"]),
        ["Secrets in plaintext (1 of 2): web/api"]
    );
    // The newer version is encrypted.
    environment.write(
        "old.db",
        database(&[("web/db", 9, encrypted), ("web/db", 8, plain)]),
    );
    assert_eq!(
        findings(&environment, &["old.db"]),
        ["old versions in plaintext are still in the file: web/db"]
    );
    // A database without Secrets may be the wrong one.
    environment.write("empty.db", database(&[]));
    let checks = checks(&environment, &["empty.db"]);
    assert_eq!(checks[0].0, "unknown");
}

#[test]
fn the_files_of_a_server_are_found() {
    let environment = TestEnvironment::without_key();
    let k3s = |file: &str| format!("host/var/lib/rancher/k3s/server/{file}");
    let plain: &[u8] = b"k8s\0hunter2";
    environment.write(
        &k3s("db/snapshots/on-demand-1"),
        database(&[("web/db", 7, plain)]),
    );
    environment.write(&k3s("db/snapshots/compressed.zip"), b"PK\x03\x04");
    let root = ["--root", "host", "host/etc"];
    environment.write(
        "host/etc/rancher/k3s/config.yaml",
        "token: hunter2\nkube-apiserver-arg: [audit-policy-file=/etc/audit.yaml]\n",
    );
    environment.write(
        "host/etc/audit.yaml",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n",
    );
    let all = findings(&environment, &root);
    for expected in [
        "does not exist, so Secrets",
        "logs the bodies",
        "(1 of 1): web/db",
    ] {
        assert!(
            all.iter().any(|message| message.contains(expected)),
            "{expected}: {all:?}"
        );
    }
    let states = checks(&environment, &root);
    let is_unknown = |(state, _, message): &(String, String, String)| {
        state == "unknown" && message.contains("is compressed")
    };
    assert!(states.iter().any(is_unknown), "{states:?}");
    environment.write(&k3s("cred/encryption-config.json"), format!(
        "{{\"kind\":\"EncryptionConfiguration\",\"apiVersion\":\"apiserver.config.k8s.io/v1\",\"resources\":[{{\"resources\":[\"secrets\"],\
         \"providers\":[{{\"aescbc\":{{\"keys\":[{{\"name\":\"aescbckey\",\"secret\":\"{KEY}\"}}]}}}},{{\"identity\":{{}}}}]}}]}}"
    ));
    let run = doctor(&environment, &["--root", "host", "host/var"]);
    assert!(
        run.stdout.contains("k3s secrets-encrypt rotate-keys")
            && run.stdout.contains("(`prepare` refuses secretbox)"),
        "{run}"
    );
    assert!(run.stdout.contains("chmod 600 "), "{run}");
}

#[test]
fn the_flags_of_a_server_of_kubeadm_name_its_files() {
    let environment = TestEnvironment::without_key();
    let manifest = |flags: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-apiserver}}\nspec:\n  containers:\n  - command: [kube-apiserver{flags}]\n"
        )
    };
    let path = "host/etc/kubernetes/manifests/kube-apiserver.yaml";
    environment.write("empty.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    let arguments = ["--root", "host", "empty.yaml"];
    environment.write(path, manifest(""));
    assert!(
        findings(&environment, &arguments)[0].contains("without `--encryption-provider-config`")
    );
    environment.write(
        path,
        manifest(", --encryption-provider-config=/etc/kubernetes/enc.yaml"),
    );
    environment.write(
        "host/etc/kubernetes/enc.yaml",
        encryption("  - identity: {}\n"),
    );
    let all = findings(&environment, &arguments);
    assert!(
        all[0].contains("`identity` is the first provider"),
        "{all:?}"
    );
    // A manifest cannot point to files outside of the root.
    environment.write("outside.yaml", encryption("  - identity: {}\n"));
    environment.write(
        path,
        manifest(", --encryption-provider-config=../outside.yaml"),
    );
    assert_eq!(findings(&environment, &arguments), [""; 0]);
}

#[test]
fn the_configuration_of_k3s_is_known_by_its_settings_or_its_name() {
    let environment = TestEnvironment::without_key();
    let secretbox = "secrets-encryption: true\nsecrets-encryption-provider: secretbox\n";
    for (file, text, expected) in [
        ("a.yaml", "secrets-encryption: true\n", Some("`aescbc`")),
        ("config.yaml", "token: hunter2\n", Some("is off")),
        ("b.yaml", secretbox, None),
        // Values of a chart, for example.
        ("values.yaml", "token: hunter2\n", None),
    ] {
        environment.write(file, text);
        let all = findings(&environment, &[file]);
        assert_eq!(all.len(), expected.iter().count(), "{file}: {all:?}");
        assert!(
            all.iter()
                .all(|message| message.contains(expected.unwrap_or_default())),
            "{all:?}"
        );
    }
}

#[test]
fn an_old_key_is_reported() {
    let environment = TestEnvironment::without_key();
    environment.write("enc.yaml", encryption(&provider("secretbox")));
    assert_eq!(findings(&environment, &["enc.yaml"]), [""; 0]);
    let all = findings(&environment, &["--max-key-age", "0s", "enc.yaml"]);
    assert!(
        all[0].contains("`key1`, has not changed for 0 days"),
        "{all:?}"
    );
}

const SOURCE: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: https://git.example.org/fleet, interval: 1m}
";

const CONTROLLER: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kustomize-controller, namespace: flux-system}
spec: {template: {metadata: {labels: {app: kustomize-controller}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-egress, namespace: flux-system}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}], ingress: [{from: [{podSelector: {}}]}]}
";

const BINDING: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: dashboards}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: default, namespace: web}]
";

#[test]
fn the_manifests_of_a_repository_are_checked() {
    let environment = TestEnvironment::without_key();
    environment.write("clusters/sync.yaml", SOURCE);
    environment.write("clusters/flux.yaml", CONTROLLER);
    environment.write("clusters/rbac.yaml", BINDING);
    let all = findings(&environment, &["clusters"]);
    for expected in [
        "has no `spec.verify`",
        "the NetworkPolicy allow-egress lets kustomize-controller connect to any address",
        "ServiceAccount web/default can read the key: ",
        "ServiceAccount web/default can read all Secrets",
    ] {
        assert!(
            all.iter().any(|message| message.contains(expected)),
            "{expected}: {all:?}"
        );
    }
    assert_eq!(all.len(), 4, "{all:?}");
    // The changes that the findings ask for.
    environment.write(
        "clusters/sync.yaml",
        format!("{SOURCE}  verify: {{mode: HEAD, secretRef: {{name: signers}}}}\n").replace(
            "spec: {url: https://git.example.org/fleet, interval: 1m}",
            "spec:\n  url: https://git.example.org/fleet",
        ),
    );
    environment.write("clusters/flux.yaml", CONTROLLER.replace("podSelector: {},", "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [kustomize-controller]}]},"));
    let page = include_str!("../../../docs/doctor.md");
    let policy = page
        .split("# egress.yaml\n")
        .nth(1)
        .expect("the page has the policy");
    let policy = policy.split("```").next().unwrap_or_default();
    environment.write("clusters/egress.yaml", policy);
    environment.write(
        "clusters/rbac.yaml",
        BINDING.replace("name: edit", "name: view"),
    );
    assert_eq!(findings(&environment, &["clusters"]), [""; 0]);
    // A patch may change the policies in any way.
    environment.write(
        "clusters/kustomization.yaml",
        "kind: Kustomization\npatches: [{target: {kind: NetworkPolicy}, patch: a}]\n",
    );
    let checks = checks(&environment, &["clusters"]);
    assert!(
        checks
            .iter()
            .any(|(state, check, _)| state == "unknown" && check == "network-policy"),
        "{checks:?}"
    );
}

#[test]
fn names_in_manifests_cannot_forge_a_line() {
    let environment = TestEnvironment::without_key();
    let name = "\"flux\\nok       cluster: all is well\\e[2J\"";
    environment.write(
        "sync.yaml",
        SOURCE.replace("name: flux-system,", &format!("name: {name},")),
    );
    let run = doctor(&environment, &["sync.yaml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        !run.stdout.contains('\x1b') && !run.stdout.contains("\nok"),
        "{run}"
    );
    let run = doctor(&environment, &["--format", "json", "sync.yaml"]);
    assert!(!run.stdout.contains('\x1b'), "{run}");
}

#[cfg(feature = "kube")]
#[test]
fn without_a_kubeconfig_the_cluster_is_unknown() {
    let environment = TestEnvironment::without_key();
    environment.write("empty/.keep", "");
    let run = environment.run(&["doctor", "--root", "empty"]).succeeds();
    assert!(
        run.stdout.contains("unknown  cluster: was not checked: "),
        "{run}"
    );
    environment.write("good.yaml", encryption(&provider("secretbox")));
    let run = environment.run(&["doctor", "good.yaml"]).succeeds();
    assert!(!run.stdout.contains("cluster:"), "{run}");
    let run = environment
        .run(&["doctor", "--context", "production"])
        .fails_with(2);
    assert!(run.stderr.contains("kubeconfig"), "{run}");
}
