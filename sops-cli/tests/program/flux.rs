//! The parts of `flux install-key` that need no cluster, and the checks of connections.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use sops_test_support::environment::{
    TestEnvironment, identity, other_identity, other_recipient, recipient,
};

const EXPORT: [&str; 3] = ["flux", "install-key", "--export"];

fn configure(environment: &TestEnvironment, recipients: &str) {
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {recipients}\n"),
    );
}

#[test]
fn the_manifest_has_each_key_once() {
    let environment = TestEnvironment::new();
    configure(
        &environment,
        &format!("{},{}", recipient(), other_recipient()),
    );
    let manifest = environment
        .run(&[&EXPORT[..], &["--namespace", "keys", "--name", "flux-keys"]].concat())
        .succeeds();
    assert_eq!(manifest.stderr, "");
    let value: serde_json::Value =
        sops_core::from_document(&manifest.stdout, sops_core::Format::Yaml)
            .expect("the text is YAML");
    assert_eq!(
        (
            &value["kind"],
            &value["metadata"]["name"],
            &value["metadata"]["namespace"]
        ),
        (&"Secret".into(), &"flux-keys".into(), &"keys".into())
    );
    let entries = value["data"].as_object().expect("the Secret has entries");
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["age.agekey"]);

    // Keys from other sources, including commands, and both keys from two sources.
    let sources: [(&str, String); 3] = [
        ("SOPS_AGE_KEY", identity()),
        ("SOPS_AGE_KEY_CMD", format!("echo {}", identity())),
        (
            "SOPS_AGE_KEY",
            format!("{} {}", identity(), other_identity()),
        ),
    ];
    for (variable, key) in sources {
        let both = key.contains(&other_identity());
        let mut command = environment
            .command(&[&EXPORT[..], &["--namespace", "keys", "--name", "flux-keys"]].concat());
        command.env(variable, key);
        let again = environment.finish(command).succeeds();
        match both {
            true => assert!(again.stdout.len() > manifest.stdout.len() + 100),
            false => assert_eq!(again.stdout, manifest.stdout),
        }
    }
}

#[test]
fn a_key_for_an_unexpected_recipient_is_not_installed() {
    let environment = TestEnvironment::new();
    let refused = |arguments: &[&str], says: &str| {
        let run = environment
            .run(&[&EXPORT[..], arguments].concat())
            .fails_with(1);
        assert!(
            run.stderr.contains(says) && run.stderr.contains("help:"),
            "{run}"
        );
        for key in [identity(), other_identity()] {
            assert!(!run.stderr.contains(&key), "{run}");
        }
    };
    refused(&[], "no .sops.yaml found");
    configure(&environment, &other_recipient());
    refused(
        &[],
        &format!("{} is not a recipient in .sops.yaml", recipient()),
    );
    environment.write(
        "both.txt",
        format!("{}\n{}\n", other_identity(), identity()),
    );
    refused(
        &["--age-key-file", "both.txt"],
        &format!("{} is not a recipient", recipient()),
    );
    environment.write("none.txt", "# nothing\n");
    refused(
        &["--age-key-file", "none.txt"],
        "no private age key that Flux could use",
    );
    fs::remove_dir_all(environment.home().join(".config")).expect("the directory can be removed");
    refused(&[], "no private age key that Flux could use");

    environment.write("broken.txt", &other_identity()[..40]);
    let run = environment
        .run(&[&EXPORT[..], &["--age-key-file", "broken.txt"]].concat())
        .fails_with(1);
    assert!(
        run.stderr.contains("broken.txt: line 1: ")
            && !run.stderr.contains(&other_identity()[..40]),
        "{run}"
    );
    environment
        .run(&[&EXPORT[..], &["--age-key-file", "missing.txt"]].concat())
        .fails_with(2);
    let run = environment
        .run(&[&EXPORT[..], &["--age-key-file", "/dev/zero"]].concat())
        .fails_with(2);
    assert!(
        run.stderr.contains("cannot read /dev/zero: file too large"),
        "{run}"
    );
}

/// Key files also have retired keys, and keys for other repositories.
#[test]
fn only_the_keys_of_recipients_are_installed() {
    let environment = TestEnvironment::new();
    configure(&environment, &recipient());
    let one = environment.run(&EXPORT).succeeds();
    let keys = format!("{}\n{}\n", other_identity(), identity());
    environment.write("keys.txt", keys);
    let mut command = environment.command(&EXPORT);
    command.env("SOPS_AGE_KEY_FILE", "keys.txt");
    let run = environment
        .finish(command)
        .succeeds()
        .keeps(&[&other_identity()]);
    assert_eq!(run.stdout, one.stdout);
    let note = format!(
        "Left out the key of {}, which is not a recipient in .sops.yaml",
        other_recipient()
    );
    assert!(run.stderr.contains(&note), "{run}");
    // If a file is named, each of its keys is meant.
    let run = environment
        .run(&[&EXPORT[..], &["--age-key-file", "keys.txt"]].concat())
        .fails_with(1);
    let says = format!("{} is not a recipient in .sops.yaml", other_recipient());
    assert!(run.stderr.contains(&says) && run.stdout.is_empty(), "{run}");
}

/// The command contacts no cluster, so none is needed.
#[test]
fn a_client_dry_run_sends_nothing() {
    let environment = TestEnvironment::new();
    configure(&environment, &recipient());
    let run = environment
        .run(&["flux", "install-key", "--dry-run=client"])
        .succeeds();
    assert_eq!(
        run.stdout,
        "secret/sops-age would be applied (client dry run)\n"
    );
    assert!(
        run.stderr.contains(&recipient()) && !run.stderr.contains(&identity()),
        "{run}"
    );
}

/// A Kustomization of Flux with a path and the rest of its `spec`.
fn kustomization(name: &str, path: &str, rest: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n  \
         sourceRef: {{kind: GitRepository, name: flux-system}}\n{rest}"
    )
}

#[test]
fn without_a_kubeconfig_the_repository_alone_is_verified() {
    let environment = TestEnvironment::new();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n";
    environment.write("apps/secret.yaml", secret);
    let arguments = [
        "encrypt",
        "-i",
        "--age",
        &recipient(),
        "--encrypted-regex",
        "^stringData$",
        "apps/secret.yaml",
    ];
    environment.run(&arguments).succeeds();
    let note = "-    cluster ";
    let fails = || {
        let run = environment.run(&["flux", "verify"]);
        assert_eq!(run.code, Some(1), "{run}");
        run
    };
    environment.write("clusters/apps.yaml", kustomization("apps", "./apps", ""));
    let run = fails();
    assert!(
        run.stdout.starts_with(note)
            && run
                .stdout
                .contains("only the repository: there is no kubeconfig"),
        "{run}"
    );
    assert!(
        run.stdout
            .contains("GAP  clusters/apps.yaml: kustomization/apps  builds 1 encrypted file"),
        "{run}"
    );

    let patch = "  patches:\n  - target: {kind: Kustomization}\n    patch: |\n      - {op: add, path: /spec/decryption, value: {provider: sops}}\n";
    environment.write(
        "clusters/root.yaml",
        kustomization("cluster", "./clusters", patch),
    );
    let run = environment.run(&["flux", "verify"]).succeeds();
    assert!(
        run.stdout.contains(
            "kustomization/apps  decrypts 1 encrypted file only if the controller has the keys"
        ),
        "{run}"
    );
    environment.write(
        "clusters/controller.yaml",
        "kind: X\nmetadata: {name: x}\nargs: ['--sops-age-secret=keys']\n",
    );
    let run = environment.run(&["flux", "verify"]).succeeds();
    assert!(
        run.stdout
            .contains("with the keys of the controller's Secret `keys`"),
        "{run}"
    );

    // An invalid file is a gap too.
    environment.write("apps/values.yaml", "password: hunter2\n");
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "apps/values.yaml"])
        .succeeds();
    let run = fails();
    assert!(
        run.stdout.contains("GAP  apps/values.yaml ")
            && run.stdout.contains("add a `kustomization.yaml`"),
        "{run}"
    );
    // A named cluster must exist, and so must one for `--access`.
    for arguments in [
        &["flux", "verify", "--access"][..],
        &["flux", "verify", "--context", "c"],
    ] {
        let run = environment.run(arguments).fails_with(1);
        assert!(run.stderr.contains("there is no kubeconfig"), "{run}");
    }
}

fn encrypt_secret(environment: &TestEnvironment, name: &str) {
    environment.write(
        name,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n",
    );
    let rule = ["--encrypted-regex", "^stringData$"];
    environment
        .run(
            &[
                &["encrypt", "-i", "--age", &recipient()],
                &rule[..],
                &[name],
            ]
            .concat(),
        )
        .succeeds();
}

/// The path selects what is reported, and the whole repository decides about it.
#[test]
fn a_path_selects_kustomizations_and_what_they_build() {
    let environment = TestEnvironment::new();
    let git = environment.command_of("git".as_ref(), &["init", "-q"]);
    environment.finish(git).succeeds();
    for name in ["staging", "production"] {
        encrypt_secret(&environment, &format!("apps/{name}/secret.yaml"));
        environment.write(
            &format!("clusters/{name}/apps.yaml"),
            kustomization("apps", &format!("./apps/{name}"), ""),
        );
    }
    // A Kustomization of production, in a directory that production builds.
    encrypt_secret(&environment, "database/secret.yaml");
    environment.write(
        "infrastructure/database.yaml",
        kustomization("database", "./database", ""),
    );
    environment.write(
        "clusters/production/infrastructure.yaml",
        kustomization("infrastructure", "./infrastructure", ""),
    );
    let gap = |file: &str, name: &str| {
        format!("GAP  {file}: kustomization/{name} builds 1 encrypted file")
    };
    let production = gap("clusters/production/apps.yaml", "apps");
    let staging = gap("clusters/staging/apps.yaml", "apps");
    let database = gap("infrastructure/database.yaml", "database");
    for (path, expected) in [
        ("clusters/production", [true, false, true]),
        ("clusters/production/apps.yaml", [true, false, false]),
        ("clusters/staging", [false, true, false]),
        ("apps/staging", [false, true, false]),
        ("database/secret.yaml", [false, false, true]),
        (".", [true, true, true]),
    ] {
        let run = environment.run(&["flux", "verify", path]);
        assert_eq!(run.code, Some(1), "{run}");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = run.stdout.lines().map(words).collect();
        let has = |wanted: &String| lines.iter().any(|line| line.starts_with(&words(wanted)));
        let reported = [&production, &staging, &database].map(has);
        assert_eq!(reported, expected, "{path}: {run}");
    }
}

/// Only the cluster knows which key Flux has, so every removal warns.
#[test]
fn removing_a_recipient_warns_if_flux_decrypts_the_files() {
    for (rest, expected) in [
        (
            "  decryption: {provider: sops, secretRef: {name: sops-age}}\n",
            true,
        ),
        ("", false),
    ] {
        let environment = TestEnvironment::new();
        let team = format!("{},{}", recipient(), other_recipient());
        configure(&environment, &team);
        environment.write("clusters/apps.yaml", kustomization("apps", "./apps", rest));
        environment.write("apps/secret.yaml", "a: hunter2\n");
        environment
            .run(&["encrypt", "-i", "apps/secret.yaml"])
            .succeeds();
        let run = environment
            .run(&[
                "recipients",
                "remove",
                "--update",
                "--rotate",
                &other_recipient(),
            ])
            .succeeds();
        let says = "run `sops-rs flux verify` before you push";
        assert_eq!(run.stderr.contains(says), expected, "{run}");
    }
}

/// Flux fails on a Kustomization that it cannot build, whether something is encrypted or not.
#[test]
fn a_kustomization_that_cannot_be_built_is_a_gap() {
    let environment = TestEnvironment::new();
    environment.write("apps/config.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    let verify = |path: &str, source: &str| {
        let text = kustomization("apps", path, "").replace("GitRepository", source);
        environment.write("clusters/apps.yaml", text);
        environment.run(&["flux", "verify"])
    };
    let is_missing = "GAP  clusters/apps.yaml: kustomization/apps  its path `./app` does not exist in this repository";
    let run = verify("./app", "GitRepository");
    assert!(
        run.code == Some(1) && run.stdout.contains(is_missing),
        "{run}"
    );
    for (path, source) in [
        ("./apps", "GitRepository"),
        ("./${name}", "GitRepository"),
        ("./app", "OCIRepository"),
    ] {
        verify(path, source).succeeds();
    }
    let function = "apiVersion: example.org/v1\nkind: Chart\nmetadata: {name: chart}\n";
    environment.write("apps/chart.yaml", function);
    environment.write("apps/kustomization.yaml", "generators: [chart.yaml]\n");
    let run = verify("./apps", "GitRepository");
    assert!(
        run.code == Some(1)
            && run.stdout.contains("GAP  apps/kustomization.yaml ")
            && run.stdout.contains("and not `Chart`"),
        "{run}"
    );
}

/// Writes a kubeconfig with this cluster, whose user has a program for credentials that leaves a
/// mark.
fn kubeconfig(environment: &TestEnvironment, cluster: &str) {
    environment.write(
        "kubeconfig",
        format!(
            "{{apiVersion: v1, kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: k, user: u}}}}], clusters: [{{name: k, cluster: \
             {{{cluster}}}}}], users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: touch, args: \
             [ran]}}}}}}]}}"
        ),
    );
}

#[test]
fn a_private_key_is_sent_over_verified_tls_only() {
    let environment = TestEnvironment::new();
    configure(&environment, &recipient());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .set_nonblocking(true)
        .expect("the socket can be configured");
    let port = listener
        .local_addr()
        .expect("the listener has an address")
        .port();
    for (cluster, reason) in [
        (
            format!("server: 'http://127.0.0.1:{port}'"),
            "the connection is not encrypted",
        ),
        (
            format!("server: 'http://localhost:{port}', insecure-skip-tls-verify: false"),
            "the connection is not encrypted",
        ),
        (
            format!("server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true"),
            "its certificate is not verified",
        ),
        (
            format!(
                "server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true, tls-server-name: a.example"
            ),
            "its certificate is not verified",
        ),
        (
            format!("server: 'http://a.example', proxy-url: 'http://127.0.0.1:{port}'"),
            "the connection is not encrypted",
        ),
    ] {
        kubeconfig(&environment, &cluster);
        for more in [&[][..], &["--dry-run=server"], &["--create-namespace"]] {
            let words = ["flux", "install-key", "--kubeconfig", "kubeconfig"];
            let run = environment.run(&[&words, more].concat()).fails_with(1);
            assert!(
                run.stderr.contains("the private key was not sent to http")
                    && run.stderr.contains(reason)
                    && run.stderr.contains("--allow-insecure-connection"),
                "{run}"
            );
        }
    }
    let knocked = listener.accept().map_err(|error| error.kind());
    assert_eq!(knocked.err(), Some(ErrorKind::WouldBlock), "nobody called");
    assert!(!environment.path("ran").exists(), "no program was run");
}

/// Answers one request with an error, and returns the request.
fn answer_one(listener: &TcpListener) -> String {
    let (mut connection, _) = listener.accept().expect("a client connects");
    let mut request = vec![0; 1 << 16];
    let length = connection.read(&mut request).expect("a request arrives");
    let answer =
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    connection
        .write_all(answer.as_bytes())
        .expect("the client waits for the answer");
    String::from_utf8_lossy(&request[..length]).into_owned()
}

#[test]
fn an_insecure_connection_is_used_with_a_warning() {
    let environment = TestEnvironment::new();
    configure(&environment, &recipient());
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n";
    environment.write("secret.yaml", manifest);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener
        .local_addr()
        .expect("the listener has an address")
        .port();
    environment.write(
        "kubeconfig",
        format!(
            "{{apiVersion: v1, kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: k}}}}], clusters: [{{name: k, cluster: \
             {{server: 'http://127.0.0.1:{port}'}}}}]}}"
        ),
    );
    for arguments in [
        &["flux", "install-key", "--allow-insecure-connection"][..],
        &["flux", "verify"],
        &["apply", "--allow-plaintext", "-f", "secret.yaml"],
    ] {
        let request = thread::scope(|scope| {
            let request = scope.spawn(|| answer_one(&listener));
            let run = environment
                .run(&[arguments, &["--kubeconfig", "kubeconfig"]].concat())
                .fails_with(1)
                .keeps(&[&identity(), "hunter2"]);
            let warning = format!(
                "warning: others can read and change the traffic to and from http://127.0.0.1:{port}: the connection is not encrypted"
            );
            assert!(run.stderr.contains(&warning), "{run}");
            request.join().expect("the thread does not panic")
        });
        assert!(request.contains("HTTP/1.1"), "{request}");
    }
}
