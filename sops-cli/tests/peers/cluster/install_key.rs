//! `flux install-key`, and the state of the cluster afterwards.

use sops_test_support::environment::{
    TestEnvironment, identity, other_identity, other_recipient, program, recipient,
};

use super::CLUSTER;
use super::server::Server;

/// Writes a configuration with the recipient of the test key.
fn configured(environment: &TestEnvironment) {
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
}

fn environment() -> TestEnvironment {
    let environment = CLUSTER.environment();
    configured(&environment);
    environment
}

#[test]
fn the_key_is_where_flux_looks_for_it() {
    let environment = environment();
    let install = |more: &[&str]| {
        let run = environment
            .run(&[&["flux", "install-key"], more].concat())
            .succeeds();
        assert!(
            !format!("{run}").contains(&identity()),
            "the key is never shown"
        );
        assert!(run.stderr.contains(&recipient()), "{run}");
        run.stdout
    };
    assert_eq!(
        install(&["--create-namespace", "--dry-run=server"]),
        "namespace/flux-system created (server dry run)\nsecret/sops-age created (server dry run)\n"
    );
    assert_eq!(
        install(&["--dry-run=client"]),
        "secret/sops-age would be applied (client dry run)\n"
    );
    environment.run(&["flux", "install-key"]).fails_with(1);
    assert_eq!(
        install(&["--create-namespace"]),
        "namespace/flux-system created\nsecret/sops-age created\n"
    );
    let entry = CLUSTER.entry(&environment, "flux-system", "sops-age", "age.agekey");
    assert_eq!(
        entry,
        format!("# public key: {}\n{}\n", recipient(), identity())
    );
    assert_eq!(
        install(&["--create-namespace"]),
        "secret/sops-age unchanged\n"
    );

    // There is another key now, and the first one is gone.
    environment.write("other.txt", other_identity());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", other_recipient()),
    );
    let run = environment
        .run(&[
            "flux",
            "install-key",
            "--age-key-file",
            "other.txt",
            "--dry-run=server",
        ])
        .succeeds();
    assert_eq!(run.stdout, "secret/sops-age configured (server dry run)\n");
    let run = environment
        .run(&["flux", "install-key", "--age-key-file", "other.txt"])
        .succeeds()
        .keeps(&[&identity(), &other_identity()]);
    let says = format!("replaces the key of {}", recipient());
    assert!(run.stderr.contains(&says), "{run}");
    assert_eq!(run.stdout, "secret/sops-age configured\n");
    let entry = CLUSTER.entry(&environment, "flux-system", "sops-age", "age.agekey");
    assert_eq!(
        entry,
        format!(
            "# public key: {}\n{}\n",
            other_recipient(),
            other_identity()
        )
    );
    let managers = CLUSTER.kubectl(
        &environment,
        &[
            "get",
            "secret",
            "-n",
            "flux-system",
            "sops-age",
            "--show-managed-fields",
            "-o",
            "jsonpath={.metadata.managedFields[*].manager}",
        ],
    );
    assert_eq!(managers, "sops-rs");
}

/// The key in the cluster may come from another computer and be the only copy.
#[test]
fn a_key_that_only_the_cluster_has_is_not_replaced() {
    let environment = environment();
    environment.write("other.txt", other_identity());
    let configure = |recipient: &str| {
        environment.write(
            ".sops.yaml",
            format!("creation_rules:\n- age: {recipient}\n"),
        );
    };
    configure(&other_recipient());
    let install = ["flux", "install-key", "-n", "lost"];
    let with = |more: &[&str]| environment.run(&[&install[..], more].concat());
    let entry = || CLUSTER.entry(&environment, "lost", "sops-age", "age.agekey");
    with(&["--create-namespace", "--age-key-file", "other.txt"]).succeeds();
    let before = entry();

    configure(&recipient());
    for more in [&[][..], &["--dry-run=server"], &["--force-conflicts"]] {
        let run = with(more)
            .fails_with(1)
            .keeps(&[&identity(), &other_identity()]);
        let says = format!(
            "this would delete private keys from lost/sops-age that are neither among the keys to install nor in your key file; their recipients: {}",
            other_recipient()
        );
        assert!(
            run.stderr.contains(&says) && run.stderr.contains("--replace"),
            "{run}"
        );
        assert_eq!((run.stdout.as_str(), entry()), ("", before.clone()));
    }

    // The command in the message saves the key to a file that no one else can read.
    let run = with(&["--context", "admin"]).fails_with(1);
    let command = run
        .stderr
        .split('`')
        .find(|text| text.starts_with("(umask"));
    let command = command.unwrap_or_else(|| panic!("no command in {run}"));
    assert!(command.contains(" --context admin "), "{command}");
    environment
        .finish(environment.command_of("sh".as_ref(), &["-c", command]))
        .succeeds();
    let fetched = environment.home().join("sops-age-age.agekey");
    assert_eq!(
        std::fs::read_to_string(&fetched).expect("the file can be read"),
        before
    );
    let again = environment.finish(environment.command_of("sh".as_ref(), &["-c", command]));
    assert_ne!(again.code, Some(0), "no file is overwritten: {again}");
    let mode = std::fs::metadata(&fetched)
        .expect("the file exists")
        .permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );

    // A key is not lost if it stays under another name, or if this computer has it.
    let copy = format!(
        "{{\"stringData\":{{\"copy.agekey\":\"{}\"}}}}",
        other_identity()
    );
    let patch = ["patch", "secret", "-n", "lost", "sops-age", "-p"];
    CLUSTER.kubectl(&environment, &[&patch[..], &[&copy]].concat());
    let run = with(&["--dry-run=server"]).succeeds();
    assert!(!run.stderr.contains("replaces the key of"), "{run}");
    let gone = "{\"data\":{\"copy.agekey\":null}}";
    CLUSTER.kubectl(&environment, &[&patch[..], &[gone]].concat());
    with(&["--dry-run=server"]).fails_with(1);
    environment.write("own.txt", identity());
    let mut command = environment.command(
        &[
            &install[..],
            &["--age-key-file", "own.txt", "--dry-run=server"],
        ]
        .concat(),
    );
    command.env("SOPS_AGE_KEY_FILE", "other.txt");
    let run = environment.finish(command).succeeds();
    assert!(run.stderr.contains("replaces the key of"), "{run}");

    let run = with(&["--replace"])
        .succeeds()
        .keeps(&[&identity(), &other_identity()]);
    let says = format!("replaces the key of {}", other_recipient());
    assert!(run.stderr.contains(&says), "{run}");
    assert!(entry().contains(&identity()) && !entry().contains(&other_identity()));
}

/// Keys are found even in entries that Flux would not read, or could not parse. An entry that this
/// program applied before is removed if it is left out.
#[test]
fn a_key_in_an_entry_of_another_kind_is_not_replaced() {
    let environment = environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "entries"]);
    let install = ["flux", "install-key", "-n", "entries"];
    for entry in ["age.agekey", "old.agekey"] {
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: sops-age, namespace: entries}}\n\
             stringData:\n  {entry}: |\n    the old one:\n    {}\n",
            other_identity()
        );
        environment.write("secret.yaml", manifest);
        environment
            .run(&["apply", "--allow-plaintext", "-f", "secret.yaml"])
            .succeeds();
        let run = environment.run(&install).fails_with(1);
        assert!(
            run.stderr.contains(&other_recipient())
                && run
                    .stderr
                    .contains(&format!("{{.data.{}}}", entry.replace('.', "\\."))),
            "{run}"
        );
    }
}

#[test]
fn fields_of_another_manager_are_not_changed() {
    let environment = environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "conflict"]);
    CLUSTER.kubectl(
        &environment,
        &[
            "create",
            "secret",
            "generic",
            "sops-age",
            "-n",
            "conflict",
            "--from-literal=age.agekey=old",
        ],
    );
    let arguments = ["flux", "install-key", "-n", "conflict"];
    let run = environment.run(&arguments).fails_with(1);
    assert!(
        run.stderr
            .contains(".data.age.agekey is managed by `kubectl-create`"),
        "{run}"
    );
    assert!(run.stderr.contains("--force-conflicts"), "{run}");
    assert_eq!(
        CLUSTER.entry(&environment, "conflict", "sops-age", "age.agekey"),
        "old"
    );
    let run = environment
        .run(&[&arguments[..], &["--force-conflicts"]].concat())
        .succeeds();
    assert_eq!(run.stdout, "secret/sops-age configured\n");
    assert!(
        CLUSTER
            .entry(&environment, "conflict", "sops-age", "age.agekey")
            .contains(&identity())
    );
}

#[test]
fn two_clusters_side_by_side_have_keys_of_their_own() {
    let other = Server::start();
    for (server, name) in [(&*CLUSTER, "one"), (&other, "two")] {
        let environment = server.environment();
        configured(&environment);
        let arguments = ["flux", "install-key", "-n", name, "--create-namespace"];
        environment.run(&arguments).succeeds();
        assert!(
            server
                .entry(&environment, name, "sops-age", "age.agekey")
                .contains(&identity())
        );
    }
    let environment = other.environment();
    let namespaces = other.kubectl(&environment, &["get", "namespaces", "-o", "name"]);
    assert!(
        namespaces.contains("namespace/two") && !namespaces.contains("namespace/one"),
        "{namespaces}"
    );
}

/// Kubeconfigs of kind and k3s have this form.
#[test]
fn a_client_certificate_authenticates() {
    let environment = environment();
    let arguments = [
        "flux",
        "install-key",
        "-n",
        "certificate",
        "--create-namespace",
        "--context",
        "carol",
    ];
    environment.run(&arguments).succeeds();
    assert!(
        CLUSTER
            .entry(&environment, "certificate", "sops-age", "age.agekey")
            .contains(&identity())
    );
}

/// `kubectl` accepts the exported manifest.
#[test]
fn the_manifest_is_written_to_a_pipe() {
    let environment = environment();
    let run = environment
        .run(&["flux", "install-key", "--export", "-n", "export"])
        .succeeds();
    assert_eq!(run.stderr, "");
    environment.write("secret.yaml", run.stdout);
    CLUSTER.kubectl(&environment, &["create", "namespace", "export"]);
    CLUSTER.kubectl(&environment, &["create", "-f", "secret.yaml"]);
    assert!(
        CLUSTER
            .entry(&environment, "export", "sops-age", "age.agekey")
            .contains(&identity())
    );
}

/// Someone may see a terminal or its scrollback. `script` gives the program a terminal.
#[test]
fn the_manifest_is_shown_on_a_terminal_only_after_confirmation() {
    let environment = environment();
    for (answer, is_shown) in [("n", false), ("y", true)] {
        let script = format!(
            "echo {answer} | script -qec '{} flux install-key --export' /dev/null",
            program().display()
        );
        let run = environment.finish(environment.command_of("sh".as_ref(), &["-c", &script]));
        assert!(
            run.stdout.contains("Show it on the terminal? (y/n)"),
            "{run}"
        );
        assert_eq!(run.stdout.contains("age.agekey: "), is_shown, "{run}");
    }
}
