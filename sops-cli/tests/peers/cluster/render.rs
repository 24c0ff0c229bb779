//! Rendered Secrets, checked by an API server that has no key.

use std::path::Path;

use sops_test_support::environment::{TestEnvironment, recipient};

use super::CLUSTER;

/// A Secret of each type that Kubernetes knows, with the keys that the API server requires.
const SECRETS: [(&str, &str, &str); 8] = [
    (
        "opaque",
        "Opaque",
        "data:\n  password: cGFzc3dvcmQ=\nstringData:\n  user: web\n",
    ),
    (
        "tls",
        "kubernetes.io/tls",
        "data:\n  tls.crt: eA==\n  tls.key: eA==\n",
    ),
    (
        "registry",
        "kubernetes.io/dockerconfigjson",
        "stringData:\n  .dockerconfigjson: '{}'\n",
    ),
    (
        "registry-old",
        "kubernetes.io/dockercfg",
        "data:\n  .dockercfg: e30=\n",
    ),
    (
        "basic",
        "kubernetes.io/basic-auth",
        "stringData:\n  username: a\n  password: b\n",
    ),
    (
        "ssh",
        "kubernetes.io/ssh-auth",
        "stringData:\n  ssh-privatekey: a\n",
    ),
    (
        "token",
        "bootstrap.kubernetes.io/token",
        "stringData:\n  token-id: abcdef\n  token-secret: 0123456789abcdef\n  usage-bootstrap-signing: \"true\"\n",
    ),
    ("own", "example.com/own", "stringData:\n  anything: a\n"),
];

/// Writes a directory with the Secrets, encrypted for a key that no longer exists.
fn rendered(environment: &TestEnvironment) {
    for (name, kind, values) in SECRETS {
        let file = format!("apps/{name}.yaml");
        environment.write(
            &file,
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: {kind}\n{values}"
            ),
        );
        let rule = "^(data|stringData)$";
        let recipient = recipient();
        let encrypt = [
            "encrypt",
            "-i",
            "--age",
            &recipient,
            "--encrypted-regex",
            rule,
            &file,
        ];
        environment.run(&encrypt).succeeds();
    }
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    let run = environment.run(&["render", "apps"]).succeeds();
    environment.write("rendered.yaml", run.stdout);
}

#[test]
fn the_server_accepts_rendered_secrets_of_every_type() {
    let environment = CLUSTER.environment();
    rendered(&environment);
    let apply = [
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        "rendered.yaml",
    ];
    let output = CLUSTER.kubectl(&environment, &apply);
    for (name, ..) in SECRETS {
        let line = format!("secret/{name} created (server dry run)");
        assert!(
            output.lines().any(|found| found == line),
            "{line}: {output}"
        );
    }
}

#[test]
fn the_certificate_belongs_to_the_key() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sops-placeholder/published");
    let environment = TestEnvironment::without_key();
    let openssl = |arguments: &[&str]| {
        let mut command = environment.command_of(Path::new("openssl"), arguments);
        command.current_dir(&published);
        environment.finish(command).succeeds().stdout
    };
    let of_certificate = openssl(&["x509", "-in", "tls.crt", "-noout", "-pubkey"]);
    let of_key = openssl(&["pkey", "-in", "tls.key", "-pubout"]);
    assert_eq!(of_certificate, of_key);
    let dates = openssl(&["x509", "-in", "tls.crt", "-noout", "-enddate"]);
    assert!(dates.contains("9999"), "{dates}");
    openssl(&["verify", "-CAfile", "tls.crt", "tls.crt"]);
}
