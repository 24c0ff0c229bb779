//! `propose` and `accept`: a value from someone who cannot decrypt the file.

use std::fs;

use sops_test_support::environment::{TestEnvironment, identity, other_recipient, recipient};

use crate::redact_terminal::Session;

const SECRET: &str =
    "kind: Secret\nmetadata:\n  name: db\nstringData:\n  password: old # of the database\n";

/// A repository with a file that the user cannot decrypt, and without the user's key.
fn closed() -> TestEnvironment {
    let environment = TestEnvironment::without_key();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
            recipient()
        ),
    );
    environment.write("apps/secret.yaml", SECRET);
    environment
        .run(&["encrypt", "-i", "apps/secret.yaml"])
        .succeeds();
    environment
}

/// The only proposal in `apps`.
fn proposal(environment: &TestEnvironment) -> String {
    let found = proposals(environment);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn proposals(environment: &TestEnvironment) -> Vec<String> {
    let entries = fs::read_dir(environment.path("apps")).expect("the directory exists");
    let names = entries.map(|entry| entry.expect("the directory is readable").file_name());
    let names = names.map(|name| format!("apps/{}", name.to_string_lossy()));
    names.filter(|name| name.ends_with(".proposal")).collect()
}

/// A command of someone who has the key.
fn with_key(
    environment: &TestEnvironment,
    arguments: &[&str],
) -> sops_test_support::environment::Run {
    let mut command = environment.command(arguments);
    command.env("SOPS_AGE_KEY", identity());
    environment.finish(command)
}

#[test]
fn a_value_that_cannot_be_proposed_is_not_asked_for() {
    let environment = closed();
    let command = environment.command(&["propose", "apps/secret.yaml", "metadata.namespace"]);
    let (shown, status) = Session::start(&environment, &command).end();
    assert!(!status.success(), "{shown}");
    assert!(!shown.contains("New value of"), "{shown}");
    assert!(shown.contains("would stay in plaintext"), "{shown}");
}

#[test]
fn a_proposal_that_would_replace_several_values_says_so() {
    let environment = closed();
    let propose = ["propose", "apps/secret.yaml", "stringData", "--text", "x"];
    let run = environment.run(&propose).fails_with(1);
    assert!(run.stderr.contains("stringData.KEY"), "{run}");
    environment
        .run(&["propose", "apps/secret.yaml", "stringData", r#"{"a": "b"}"#])
        .succeeds();
    let run = with_key(&environment, &["accept", "--yes"]).succeeds();
    let said = "replace `stringData`, a mapping of 1 value, with a mapping with 1 key";
    assert!(run.stdout.contains(said), "{run}");
}

#[test]
fn the_only_proposal_has_only_its_own_error() {
    let environment = closed();
    environment.write("apps/secret.yaml.5b9cd915.proposal", "a: b\n");
    let run = with_key(&environment, &["accept", "--yes"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(!run.stderr.contains("of 1"), "{run}");
    assert_eq!(run.stderr.matches("error").count(), 1, "{run}");
}

#[test]
fn a_proposed_value_is_accepted() {
    let environment = closed();
    environment.write("new.txt", "hunter2");
    let run = environment
        .run(&[
            "propose",
            "apps/secret.yaml",
            "stringData.password",
            "--from-file",
            "new.txt",
        ])
        .succeeds();
    assert!(run.stderr.contains("run `sops-rs accept`"), "{run}");
    let proposal = proposal(&environment);
    let text = environment.read(&proposal);
    assert!(
        !text.contains("hunter2") && text.contains("ENC[AES256_GCM,"),
        "{text}"
    );

    let run = environment.run(&["accept", "--yes"]);
    assert_eq!(
        run.code,
        Some(128),
        "it cannot be accepted without a key: {run}"
    );
    let run = with_key(&environment, &["accept"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("pass `--yes`"), "{run}");
    assert!(environment.path(&proposal).exists());

    let run = with_key(&environment, &["accept", "--yes", "apps/secret.yaml"]);
    let run = run.succeeds().keeps(&["hunter2"]);
    let expected = "apps/secret.yaml: set `stringData.password` to a string of 7 characters";
    assert!(run.stdout.starts_with(expected), "{run}");
    assert_eq!(proposals(&environment).len(), 0);
    let run = with_key(&environment, &["decrypt", "apps/secret.yaml"]).succeeds();
    assert_eq!(run.stdout, SECRET.replace("old", "hunter2"));
    let run = with_key(&environment, &["accept"]).succeeds();
    assert!(run.stderr.contains("There are no proposals"), "{run}");
}

#[test]
fn a_proposal_is_bound_to_its_file_and_its_path() {
    let environment = closed();
    environment.write("apps/other.yaml", SECRET);
    environment
        .run(&["encrypt", "-i", "apps/other.yaml"])
        .succeeds();
    let propose = [
        "propose",
        "apps/secret.yaml",
        "stringData.password",
        "--generate",
        "32",
    ];
    environment.run(&propose).succeeds();
    let proposal = proposal(&environment);
    let text = environment.read(&proposal);

    environment.write(&proposal, text.replace("[\"password\"]", "[\"user\"]"));
    let run = with_key(&environment, &["accept", "--yes"]);
    assert_eq!(run.code, Some(51), "the MAC covers the path: {run}");

    environment.write(&proposal, &text);
    let moved = proposal.replace("secret.yaml", "other.yaml");
    fs::rename(environment.path(&proposal), environment.path(&moved)).expect("it can be renamed");
    let run = with_key(&environment, &["accept", "--yes"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("written for another file"), "{run}");
    let run = with_key(&environment, &["decrypt", "apps/other.yaml"]).succeeds();
    assert_eq!(run.stdout, SECRET);
}

#[test]
fn a_proposal_can_be_rejected_without_a_key() {
    let environment = closed();
    for _ in 0..2 {
        environment
            .run(&[
                "propose",
                "apps/secret.yaml",
                "stringData.password",
                "--generate",
                "16",
            ])
            .succeeds();
    }
    assert_eq!(proposals(&environment).len(), 2);
    environment
        .run(&["accept", "--reject", "apps/secret.yaml"])
        .succeeds();
    assert_eq!(proposals(&environment).len(), 0);
}

#[test]
fn a_planted_recipient_does_not_get_the_value() {
    let environment = closed();
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write("apps/secret.yaml", SECRET);
    environment
        .run(&[
            "encrypt",
            "-i",
            "--config",
            "/dev/null",
            "--age",
            &both,
            "apps/secret.yaml",
        ])
        .succeeds();
    let propose = [
        "propose",
        "apps/secret.yaml",
        "stringData.password",
        "--generate",
        "32",
    ];
    let run = environment.run(&propose);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains(&other_recipient()), "{run}");
    assert_eq!(proposals(&environment).len(), 0);
    environment
        .run(&[&propose[..], &["--yes"]].concat())
        .succeeds();
    assert_eq!(proposals(&environment).len(), 1);
}

#[test]
fn a_value_that_would_stay_in_plaintext_is_refused() {
    let environment = closed();
    let run = environment.run(&[
        "propose",
        "apps/secret.yaml",
        "metadata.token",
        "--generate",
        "32",
    ]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("would stay in plaintext"), "{run}");
    assert_eq!(proposals(&environment).len(), 0);
}

#[test]
fn hook_lint_and_verify_know_proposals() {
    let environment = closed();
    environment
        .run(&[
            "propose",
            "apps/secret.yaml",
            "stringData.password",
            "--generate",
            "32",
        ])
        .succeeds();
    environment.run(&["lint", "."]).succeeds();
    let run = with_key(&environment, &["verify", "."]).succeeds();
    assert!(run.stderr.contains("2 encrypted files"), "{run}");
    let git = |arguments: &[&str]| {
        let mut command = environment.command_of(std::path::Path::new("git"), arguments);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        environment.finish(command).succeeds();
    };
    git(&["init", "-q", "."]);
    git(&["add", "."]);
    environment.run(&["hook", "run"]).succeeds();
}

#[test]
fn the_newest_of_several_proposals_wins() {
    let environment = closed();
    let propose = |value: &str| {
        environment.write("new.txt", value);
        let before = proposals(&environment);
        environment
            .run(&[
                "propose",
                "apps/secret.yaml",
                "stringData.password",
                "--from-file",
                "new.txt",
            ])
            .succeeds();
        let mut new = proposals(&environment);
        new.retain(|name| !before.contains(name));
        new.remove(0)
    };
    // A few random names could be in the order of their creation by chance.
    let names: Vec<String> = (0..6)
        .map(|number| propose(&format!("value-{number}")))
        .collect();
    let run = with_key(&environment, &["accept", "--yes"]).succeeds();
    let run = run.keeps(&["value-5"]);
    let newest = format!("; the newer value in ./{} wins", names[5]);
    assert_eq!(run.stdout.matches(&newest).count(), 5, "{run}");
    let run = with_key(&environment, &["decrypt", "apps/secret.yaml"]).succeeds();
    assert_eq!(run.stdout, SECRET.replace("old", "value-5"));
}

#[test]
fn a_new_key_and_an_unknown_file_are_named() {
    let environment = closed();
    environment
        .run(&[
            "propose",
            "apps/secret.yaml",
            "stringData.token",
            "--generate",
            "32",
        ])
        .succeeds();
    let run = with_key(&environment, &["status"]).succeeds();
    assert!(
        run.stdout.contains("; a proposal for ./apps/secret.yaml"),
        "{run}"
    );
    assert!(!run.stdout.contains("differs"), "{run}");
    let run = with_key(&environment, &["accept", "--yes", "apps/sekret.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("apps/sekret.yaml"), "{run}");
    let run = with_key(&environment, &["accept", "--yes"]).succeeds();
    assert!(
        run.stdout
            .contains("add the new key `stringData.token` with a string of 32 characters"),
        "{run}"
    );
}

#[test]
fn base64_is_described_as_what_it_encodes() {
    let environment = closed();
    let text = SECRET.replace("stringData", "data").replace("old", "b2xk");
    environment.write("apps/secret.yaml", text);
    environment
        .run(&["encrypt", "-i", "apps/secret.yaml"])
        .succeeds();
    let arguments = [
        "propose",
        "apps/secret.yaml",
        "data.password",
        "--generate",
        "20",
    ];
    environment.run(&arguments).succeeds();
    let run = with_key(&environment, &["accept", "--yes"]).succeeds();
    assert!(
        run.stdout.contains("to a string of 20 characters,"),
        "{run}"
    );
}

#[test]
fn a_value_that_has_changed_since_gets_a_warning() {
    let environment = closed();
    let propose = |path: &str| {
        let arguments = ["propose", "apps/secret.yaml", path, "--generate", "20"];
        environment.run(&arguments).succeeds();
        proposals(&environment)
    };
    let older = propose("stringData.password");
    let both = propose("stringData.password");
    let newer = both.iter().find(|name| !older.contains(name));
    let newer = newer.expect("there are two");
    let warning = "`stringData.password` of apps/secret.yaml has changed or was encrypted again";
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let run = with_key(&environment, &["accept", "--yes", newer]).succeeds();
    assert!(!run.stderr.contains("has changed"), "{run}");
    // A change of another value is no reason.
    let other = propose("stringData.token");
    let other = other.iter().find(|name| !older.contains(name));
    let run = with_key(
        &environment,
        &["accept", "--yes", other.expect("it is new")],
    )
    .succeeds();
    assert!(!run.stderr.contains("has changed"), "{run}");
    let run = with_key(&environment, &["accept", "--yes", &older[0]]).succeeds();
    assert!(joined(&run.stderr).contains(warning), "{run}");
}

#[test]
fn a_proposal_has_a_rule_of_its_own() {
    let environment = closed();
    environment.write("new.txt", "hunter2");
    let arguments = [
        "propose",
        "apps/secret.yaml",
        "stringData.password",
        "--from-file",
        "new.txt",
    ];
    environment.run(&arguments).succeeds();
    let add = ["recipients", "add", "--update", &other_recipient()];
    let run = with_key(&environment, &add).succeeds();
    let stderr = run.stderr.replace('\n', " ");
    assert!(!stderr.contains("was encrypted with"), "{run}");
    let proposal = proposal(&environment);
    assert!(environment.read(&proposal).contains(&other_recipient()));
    let run = with_key(&environment, &["rotate", "-i", "."]).succeeds();
    assert!(!run.stderr.contains("was encrypted with"), "{run}");
}

#[test]
fn a_plaintext_file_is_not_a_proposal() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    environment.write("x.yaml.ab12cd34.proposal", "a: 2\n");
    let run = environment
        .run(&["accept", "x.yaml.ab12cd34.proposal"])
        .fails_with(1);
    assert!(
        run.stderr.contains("error: this is not a proposal"),
        "{run}"
    );
    assert!(!run.stderr.contains("encrypt"), "{run}");
}
