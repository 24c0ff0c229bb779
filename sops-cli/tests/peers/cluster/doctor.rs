//! `doctor` with a real API server and the files of its etcd: what it says about encryption at
//! rest, and who can read the key.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use sops_test_support::environment::{Run, TestEnvironment};

use super::server::Server;

/// A value that must be in the database in plaintext, or not at all.
const VALUE: &str = "correct-horse-battery";

/// How long etcd may take to write a change to its file. Usually, it takes 0.1 seconds.
const WRITTEN: Duration = Duration::from_secs(30);

const SOURCES: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gitrepositories.source.toolkit.fluxcd.io
spec:
  group: source.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: GitRepository, plural: gitrepositories, singular: gitrepository}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

const OBJECTS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: flux-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kustomize-controller, namespace: flux-system}
spec:
  selector: {matchLabels: {app: kustomize-controller}}
  template:
    metadata: {labels: {app: kustomize-controller}}
    spec: {containers: [{name: manager, image: example.org/manager}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-egress, namespace: flux-system}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}], ingress: [{from: [{podSelector: {}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: dashboards}
rules: [{verbs: [get, list], apiGroups: [''], resources: [secrets]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: dashboards}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: dashboards}
subjects: [{kind: ServiceAccount, name: default, namespace: web}]
";

fn encryption(providers: &str) -> String {
    let key = "c2VjcmV0LWtleS1vZi10aGUtY2x1c3Rlci0zMmJ5dGU=";
    let providers = providers.replace("KEY", &format!("{{keys: [{{name: key1, secret: {key}}}]}}"));
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n\
         resources: [{{resources: [secrets], providers: {providers}}}]\n"
    )
}

/// The states and messages of a JSON report, which never has the value.
fn checks(run: &Run) -> Vec<(String, String)> {
    assert!(
        !run.stdout.contains(VALUE) && !run.stderr.contains(VALUE),
        "{run}"
    );
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().expect("the report has checks");
    checks
        .iter()
        .map(|check| (text(check, "state"), text(check, "message")))
        .collect()
}

fn has(checks: &[(String, String)], state: &str, message: &str) -> bool {
    let mut checks = checks.iter();
    checks.any(|(own, text)| own == state && text.contains(message))
}

/// Waits until the file has the key of the Secret, and returns its bytes.
fn written(file: &Path, name: &str) -> Vec<u8> {
    let key = format!("/registry/secrets/{name}");
    let end = Instant::now() + WRITTEN;
    loop {
        let bytes = fs::read(file).expect("the file can be read");
        if memory_has(&bytes, &key) {
            return bytes;
        }
        assert!(Instant::now() < end, "{} has no {name}", file.display());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn memory_has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn the_files_of_etcd_say_whether_secrets_are_encrypted() {
    for (providers, expected) in [
        ("[{identity: {}}, {secretbox: KEY}]", None),
        ("[{secretbox: KEY}, {identity: {}}]", Some("secretbox")),
        ("[{aescbc: KEY}, {identity: {}}]", Some("aescbc")),
    ] {
        let server = Server::start_with(Some(&encryption(providers)));
        let environment = server.environment();
        let value = format!("--from-literal=password={VALUE}");
        server.kubectl(&environment, &["create", "secret", "generic", "db", &value]);
        server.kubectl(
            &environment,
            &["create", "secret", "generic", "gone", &value],
        );
        server.kubectl(&environment, &["delete", "secret", "gone"]);
        let database = server.data().join("member/snap/db");
        // The file itself is the reference.
        let bytes = written(&database, "default/db");
        assert_eq!(memory_has(&bytes, VALUE), expected.is_none(), "{providers}");
        let data: PathBuf = server.data().to_owned();
        let data = data.to_str().expect("the path is UTF-8");
        // The deletion may still be on its way to the file.
        let end = Instant::now() + WRITTEN;
        let run = loop {
            let run = environment.run(&["doctor", "--format", "json", data]);
            if run.stdout.contains("(1 of 1)") || Instant::now() > end {
                break run;
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let of_files = checks(&run);
        let run = environment.run(&[
            "doctor",
            "--context",
            "admin",
            "--format",
            "json",
            "--root",
            ".",
        ]);
        let of_cluster = checks(&run);
        match expected {
            None => {
                assert!(
                    has(
                        &of_files,
                        "finding",
                        "Secrets in plaintext (1 of 1): default/db"
                    ),
                    "{of_files:?}"
                );
                assert!(
                    has(
                        &of_files,
                        "finding",
                        "the log has copies in plaintext: default/db, default/gone"
                    ),
                    "{of_files:?}"
                );
                assert!(
                    has(&of_cluster, "finding", "has stored Secrets in plaintext"),
                    "{of_cluster:?}"
                );
            }
            Some(provider) => {
                let message = format!("the Secrets are encrypted with {provider} (1 of 1)");
                assert!(has(&of_files, "ok", &message), "{of_files:?}");
                assert!(
                    of_files.iter().all(|(state, _)| state == "ok"),
                    "{of_files:?}"
                );
                let message =
                    format!("the API server that answered encrypts Secrets with `{provider}`");
                assert!(has(&of_cluster, "ok", &message), "{of_cluster:?}");
            }
        }
    }
}

#[test]
fn the_permissions_and_sources_of_a_cluster_are_checked() {
    let server = Server::start();
    let environment = server.environment();
    environment.write("sources.yaml", SOURCES);
    environment.write("objects.yaml", OBJECTS);
    environment.write("empty/.keep", "");
    for file in ["sources.yaml", "objects.yaml"] {
        server.kubectl(&environment, &["apply", "-f", file]);
    }
    let doctor = |user: &str| {
        environment.run(&[
            "doctor",
            "--context",
            user,
            "--format",
            "json",
            "--root",
            "empty",
        ])
    };
    let kubectl = |arguments: &[&str]| server.kubectl(&environment, arguments);
    kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/gitrepositories.source.toolkit.fluxcd.io",
    ]);
    environment.write(
        "source.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
         metadata: {name: fleet, namespace: flux-system}\nspec: {url: 'https://git.example.org/fleet'}\n",
    );
    kubectl(&["apply", "-f", "source.yaml"]);
    let run = doctor("admin");
    assert_eq!(run.code, Some(1), "{run}");
    let before = checks(&run);
    for message in [
        "has no `spec.verify`",
        "allow-egress lets kustomize-controller connect to any address",
        "ServiceAccount web/default can read the key: ",
        "ServiceAccount web/default can read all Secrets",
    ] {
        assert!(has(&before, "finding", message), "{message}: {before:?}");
    }
    // The server runs without encryption, and has no figures then.
    assert!(
        has(&before, "unknown", "has no figures about encrypted Secrets"),
        "{before:?}"
    );
    // `kubectl` says the same about the service account.
    let can = [
        "auth",
        "can-i",
        "get",
        "secret/sops-age",
        "-n",
        "flux-system",
        "--as=system:serviceaccount:web:default",
    ];
    assert_eq!(kubectl(&can).trim(), "yes");

    kubectl(&["delete", "clusterrolebinding", "dashboards"]);
    kubectl(&[
        "delete",
        "networkpolicy",
        "-n",
        "flux-system",
        "allow-egress",
    ]);
    let page = include_str!("../../../../docs/doctor.md");
    let policy = page
        .split("# egress.yaml\n")
        .nth(1)
        .expect("the page has the policy");
    environment.write(
        "egress.yaml",
        policy.split("```").next().unwrap_or_default(),
    );
    kubectl(&["apply", "-f", "egress.yaml"]);
    let verify = r#"{"spec": {"verify": {"mode": "HEAD", "secretRef": {"name": "signers"}}}}"#;
    kubectl(&[
        "patch",
        "gitrepository",
        "-n",
        "flux-system",
        "fleet",
        "--type=merge",
        "-p",
        verify,
    ]);
    let run = doctor("admin").succeeds();
    let after = checks(&run);
    assert!(
        has(
            &after,
            "ok",
            "no account outside kube-system can read the key, except administrators and Flux"
        ),
        "{after:?}"
    );
    assert!(
        has(
            &after,
            "ok",
            "the egress of kustomize-controller is limited"
        ),
        "{after:?}"
    );

    // A user without permissions learns what could not be checked.
    let of_ann = checks(&doctor("ann").succeeds());
    assert!(
        of_ann.len() > 3 && of_ann.iter().all(|(state, _)| state == "unknown"),
        "{of_ann:?}"
    );
    doctor("stranger").fails_with(2);
    doctor("away").fails_with(2);
}

#[test]
fn rows_of_kine_are_read_as_sqlite_writes_them() {
    let environment = TestEnvironment::without_key();
    // The table of kine, with rows for creation, update, deletion and large values.
    let script = r#"
import sqlite3, sys
db = sqlite3.connect("state.db")
db.execute("CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)")
db.execute("CREATE INDEX kine_name_index ON kine (name)")
db.execute("CREATE UNIQUE INDEX kine_name_prev_revision_uindex ON kine (name, prev_revision)")
plain, encrypted = b"k8s\0PLAINTEXT", b"k8s:enc:secretbox:v1:key1:\x01\x02"
def row(name, created, deleted, revision, previous, value, old):
    db.execute("INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value) VALUES (?, ?, ?, ?, ?, 0, ?, ?)", ("/registry/secrets/" + name, created, deleted, revision, previous, value, old))
for number in range(300):
    row("many/s%d" % number, 1, 0, 0, 0, encrypted + b"x" * (number * 40), b"")
row("web/current", 1, 0, 0, 70000, plain * 2000, None)
row("web/updated", 0, 0, 70000, 7000000, encrypted, plain)
row("web/deleted", 0, 1, 5, 6, None, plain)
db.commit()
"#
    .replace("PLAINTEXT", VALUE);
    let mut command = environment.command_of(Path::new("peer-python"), &["-c", &script]);
    command.current_dir(environment.path(""));
    environment.finish(command).succeeds();
    let run = environment.run(&["doctor", "--format", "json", "state.db"]);
    let all = checks(&run);
    assert!(
        has(
            &all,
            "finding",
            "Secrets in plaintext (1 of 302): web/current"
        ),
        "{all:?}"
    );
    assert!(
        has(
            &all,
            "finding",
            "still in the file: web/deleted, web/updated"
        ),
        "{all:?}"
    );
    assert_eq!(all.len(), 2, "{all:?}");
}
