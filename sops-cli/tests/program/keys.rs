//! Changing a file's keys.

use test_support::environment::{TestEnvironment, other_recipient, recipient};

const TEXT: &str = "a: hunter2\nb: [1, 2]\n";

fn values(encrypted: &str) -> Vec<&str> {
    encrypted
        .lines()
        .take_while(|line| !line.starts_with("sops:"))
        .collect()
}

#[test]
fn rotate_makes_a_new_data_key() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    let printed = environment.run(&["rotate", "x.yaml"]).succeeds().stdout;
    assert_eq!(environment.read("x.yaml"), old, "it only prints");
    assert_ne!(values(&printed), values(&old));
    environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
    assert_ne!(values(&environment.read("x.yaml")), values(&old));
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn rotate_adds_and_removes_recipients() {
    let environment = TestEnvironment::new();
    let (ours, other) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    let has = |recipient: &str| environment.read("x.yaml").matches(recipient).count();
    environment
        .run(&["rotate", "-i", "--add-age", &other, "x.yaml"])
        .succeeds();
    assert_eq!((has(&ours), has(&other)), (1, 1));
    environment
        .run(&["-r", "-i", "x.yaml", "--add-age", &other])
        .succeeds();
    assert_eq!(
        (has(&ours), has(&other)),
        (1, 1),
        "a recipient is there once"
    );
    let run = environment
        .run(&[
            "rotate", "-i", "--rm-age", &other, "--rm-pgp", "85D7", "x.yaml",
        ])
        .succeeds();
    assert!(run.stderr.contains("pgp key `85D7` is none of"), "{run}");
    assert_eq!((has(&ours), has(&other)), (1, 0));
    let before = environment.read("x.yaml");
    environment
        .run(&["rotate", "-i", "--rm-age", &ours, "x.yaml"])
        .fails_with(1);
    environment
        .run(&["rotate", "-i", "--rm-age", "age1nonsense", "x.yaml"])
        .fails_with(1);
    environment
        .run(&["rotate", "-i", "--add-pgp", "85D7", "x.yaml"])
        .fails_with(1);
    assert_eq!(environment.read("x.yaml"), before);
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
}

#[test]
fn updatekeys_brings_the_recipients_of_the_rule() {
    let environment = TestEnvironment::new();
    let (ours, other) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    environment
        .run(&["updatekeys", "-y", "x.yaml"])
        .fails_with(1);

    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: '{ours},{other}'}}]\n"),
    );
    let run = environment
        .run_with_input(&["updatekeys", "x.yaml"], "n\n")
        .succeeds();
    assert_eq!(
        run.stdout,
        format!(
            "The following changes will be made to the file's groups:\nGroup 1\n    {ours}\n+++ {other}\n"
        )
    );
    assert_eq!(environment.read("x.yaml"), old);
    // Nobody answers.
    let run = environment.run(&["updatekeys", "x.yaml"]);
    assert_eq!(
        (run.code, environment.read("x.yaml") == old),
        (Some(1), true)
    );

    environment
        .run_with_input(&["updatekeys", "x.yaml"], "what?\ny\n")
        .succeeds();
    let new = environment.read("x.yaml");
    assert!(new.contains(&other));
    assert_eq!(values(&new), values(&old), "not one value changes");
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    let run = environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(
        run.stderr.contains("already up to date") && run.stdout.is_empty(),
        "{run}"
    );
    assert_eq!(environment.read("x.yaml"), new);

    environment.write("plain.yaml", TEXT);
    environment.write("y.yaml", &old);
    let run = environment.run(&["updatekeys", "--yes", "plain.yaml", "y.yaml"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("1 of 2 files"), "{run}");
    assert!(
        environment.read("y.yaml").contains(&other),
        "the others are still updated"
    );
}

#[test]
fn updatekeys_splits_the_key_among_groups() {
    let environment = TestEnvironment::new();
    let (ours, other) = (recipient(), other_recipient());
    environment.encrypt("x.yaml", TEXT);
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{key_groups: [{{age: [{ours}]}}, {{age: [{other}]}}], shamir_threshold: 2}}]\n"),
    );
    environment.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(environment.read("x.yaml").contains("key_groups:"));
    let run = environment.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        run.stderr.contains("key group 2") && run.stderr.contains(&other),
        "{run}"
    );
    let mut command = environment.command(&["decrypt", "x.yaml"]);
    command.env(
        "SOPS_AGE_KEY_FILE",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../testdata/keys/x25519_other.txt"
        ),
    );
    assert_eq!(environment.finish(command).succeeds().stdout, TEXT);
}
