//! `flux install-key` as far as it needs no cluster.

use std::fs;

use test_support::environment::{
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
        sops_core::from_document(&manifest.stdout, sops_core::Format::Yaml).expect("it is YAML");
    assert_eq!(
        (
            &value["kind"],
            &value["metadata"]["name"],
            &value["metadata"]["namespace"]
        ),
        (&"Secret".into(), &"flux-keys".into(), &"keys".into())
    );
    let entries = value["data"].as_object().expect("it has entries");
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["age.agekey"]);

    // The same from other sources, those that are commands among them, and both keys from two.
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
fn a_key_that_nobody_expects_stays_here() {
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
    refused(&[], "there is no .sops.yaml");
    configure(&environment, &other_recipient());
    refused(
        &[],
        &format!("{} is no recipient in .sops.yaml", recipient()),
    );
    environment.write(
        "both.txt",
        format!("{}\n{}\n", other_identity(), identity()),
    );
    refused(
        &["--age-key-file", "both.txt"],
        &format!("{} is no recipient", recipient()),
    );
    environment.write("none.txt", "# nothing\n");
    refused(
        &["--age-key-file", "none.txt"],
        "no private age key that Flux could use",
    );
    fs::remove_dir_all(environment.home().join(".config")).expect("it is ours");
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

/// No cluster is talked to, so none is needed.
#[test]
fn a_dry_run_of_the_client() {
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
