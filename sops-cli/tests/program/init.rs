//! Setting up: keys and configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

#[test]
fn init_creates_a_working_key_and_configuration() {
    for (flags, prefix) in [(&["init"][..], "age1"), (&["init", "--pq"], "age1pq1")] {
        let environment = TestEnvironment::without_key();
        environment.run(flags).succeeds();
        let key_file = environment.home().join(".config/sops/age/keys.txt");
        let mode = |path: &std::path::Path| {
            fs::metadata(path)
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(&key_file), 0o600);
        assert_eq!(mode(key_file.parent().expect("it has a directory")), 0o700);
        let text = fs::read_to_string(&key_file).expect("it is ours");
        let recipient = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .expect("it names the recipient");
        assert!(
            text.starts_with("# created: ") && recipient.starts_with(prefix),
            "{flags:?}"
        );
        assert!(environment.read(".sops.yaml").contains(recipient));

        environment.write("secret.yaml", "kind: Secret\nstringData:\n  a: hunter2\n");
        environment
            .run(&["encrypt", "-i", "secret.yaml"])
            .succeeds();
        let encrypted = environment.read("secret.yaml");
        assert!(
            encrypted.starts_with("kind: Secret\nstringData:\n  a: ENC["),
            "{encrypted}"
        );
        assert_eq!(
            environment.decrypt("secret.yaml"),
            "kind: Secret\nstringData:\n  a: hunter2\n"
        );
    }
}

#[test]
fn init_keeps_existing_files() {
    let environment = TestEnvironment::new();
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    let key = fs::read(&key_file).expect("it is there");
    environment.write(".sops.yaml", "creation_rules: []\n");
    let run = environment.run(&["init"]).succeeds();
    assert!(run.stderr.contains(".sops.yaml already exists"), "{run}");
    assert_eq!(environment.read(".sops.yaml"), "creation_rules: []\n");
    assert_eq!(fs::read(&key_file).expect("it is there"), key);

    // A key of the wanted kind is missing. The file with the other keys does not change.
    fs::remove_file(environment.path(".sops.yaml")).expect("it is ours");
    let run = environment.run(&["init", "--pq"]).fails_with(1);
    assert!(run.stderr.contains("sops-rs keygen"), "{run}");
    assert_eq!(environment.names(), [""; 0]);
    assert_eq!(fs::read(&key_file).expect("it is there"), key);

    // A configuration above governs this directory too.
    environment.write(".sops.yaml", "creation_rules: []\n");
    fs::create_dir(environment.path("sub")).expect("it is ours");
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("sub"));
    environment.finish(command).succeeds();
    assert!(!environment.path("sub/.sops.yaml").exists());
}

#[test]
fn init_names_the_root_and_other_configurations() {
    let environment = TestEnvironment::new();
    fs::create_dir(environment.path(".git")).expect("it is ours");
    fs::create_dir(environment.path("apps")).expect("it is ours");
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("apps"));
    let run = environment.finish(command).succeeds();
    let root = fs::canonicalize(environment.path("")).expect("it is there");
    let named = format!("the root of the repository is {}\n", root.display());
    assert!(run.stderr.contains(&named), "{run}");
    environment.write(".gitignore", "ignored\n");
    environment.write("ignored/.sops.yaml", "");
    let other = "were not changed: apps/.sops.yaml\n";
    // The second run finds its own configuration.
    for _ in 0..2 {
        let run = environment.run(&["init"]).succeeds();
        assert!(run.stderr.contains(other), "{run}");
        assert!(!run.stderr.contains("the root of"), "{run}");
    }
    let mut command = environment.command(&["init"]);
    command.current_dir(environment.path("apps"));
    let run = environment.finish(command).succeeds();
    assert!(!run.stderr.contains("Other"), "{run}");
}

#[test]
fn keygen_prints_a_key_or_writes_it_once() {
    let environment = TestEnvironment::without_key();
    for (flag, private) in [("", "AGE-SECRET-KEY-1"), ("--pq", "AGE-SECRET-KEY-PQ-1")] {
        let arguments: Vec<&str> = ["keygen", flag]
            .into_iter()
            .filter(|argument| !argument.is_empty())
            .collect();
        let run = environment.run(&arguments).succeeds();
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert!(
            lines[0].starts_with("# created: ") && lines[2].starts_with(private),
            "{flag}"
        );
        let recipient = lines[1]
            .strip_prefix("# public key: ")
            .expect("the recipient");
        assert_eq!(run.stderr, format!("Public key: {recipient}\n"));
    }
    environment.run(&["keygen", "-o", "key.txt"]).succeeds();
    let key = environment.read("key.txt");
    assert!(key.contains("AGE-SECRET-KEY-1"));
    let mode = fs::metadata(environment.path("key.txt"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let run = environment.run(&["keygen", "-o", "key.txt"]).fails_with(3);
    assert!(run.stderr.contains("never overwritten"), "{run}");
    assert_eq!(environment.read("key.txt"), key);
}

#[test]
fn init_explains_an_existing_configuration() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    let second = other_recipient();
    for (text, code, says) in [
        (
            format!("creation_rules:\n- age: {recipient}\n"),
            0,
            "It names the key's recipient",
        ),
        (
            format!("creation_rules:\n- age: {second}  # not {recipient}\n"),
            0,
            "it needs the recipient",
        ),
        (format!("# {recipient}\n"), 0, "it needs the recipient"),
        (
            format!("# {recipient}\ncreation_rules: 1\n"),
            1,
            ".sops.yaml:2",
        ),
        (
            format!("# {recipient}\ncreation_rules: [\n"),
            1,
            ".sops.yaml",
        ),
    ] {
        environment.write(".sops.yaml", &text);
        let run = environment.run(&["init"]);
        assert_eq!(run.code, Some(code), "{text}: {run}");
        assert!(run.stderr.contains(says), "{text}: {run}");
        assert!(run.stderr.contains(&recipient), "{text}: {run}");
        assert_eq!(
            code == 1,
            run.stderr.contains("was not changed; fix it"),
            "{run}"
        );
        assert_eq!(environment.read(".sops.yaml"), text);
    }
}
