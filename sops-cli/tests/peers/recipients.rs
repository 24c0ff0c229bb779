//! Configurations that `recipients` changed, read by the real `sops`.

use std::fs;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

const NEW: &str = "age19q5t26z7p4m36yzaseu2nc90t02g84g6hkkvr6kqwy7q064zd9fscea9nj";

/// Encrypts a file with `sops` and returns its recipients.
fn recipients(environment: &TestEnvironment, name: &str) -> Vec<String> {
    let mut command = environment.command_of(
        Path::new("sops"),
        &["encrypt", "--filename-override", "a/x.yaml", "plain.yaml"],
    );
    command.env("GNUPGHOME", environment.path("gnupg"));
    let run = environment.finish(command);
    assert_eq!(run.code, Some(0), "{name}: {run}");
    let recipients = run
        .stdout
        .lines()
        .filter_map(|line| line.split_once("recipient: "));
    let mut all: Vec<_> = recipients
        .map(|(_, recipient)| recipient.trim().to_owned())
        .collect();
    all.sort();
    all
}

#[test]
fn changed_configurations_mean_the_same_to_sops() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops_yaml");
    let mut count = 0;
    for entry in fs::read_dir(directory).expect("the directory exists") {
        let path = entry.expect("the directory is readable").path();
        let name = path.display().to_string();
        let text = fs::read_to_string(&path).expect("the text is UTF-8");
        // `sops` needs the public key to encrypt for PGP.
        let text = text.replace("path_regex: x", "path_regex: a/");
        let text = text.replace("\"path_regex\": \"x\"", "\"path_regex\": \"a/\"");
        let text = text.replace("'x'", "a/").replace("^apps/", "^a/");
        if text.contains("pgp") {
            continue;
        }
        let text = text
            .replace("ANN", &recipient())
            .replace("BOB", &other_recipient());
        let environment = TestEnvironment::new();
        environment.write("plain.yaml", "data: x\nvalue_secret: y\n");
        environment.write(".sops.yaml", &text);
        let before = recipients(&environment, &name);
        environment
            .run(&["recipients", "add", NEW, "--name", "new"])
            .succeeds();
        let mut expected = before.clone();
        expected.push(NEW.to_owned());
        expected.sort();
        assert_eq!(recipients(&environment, &name), expected, "{name}");
        environment.run(&["recipients", "remove", NEW]).succeeds();
        assert_eq!(recipients(&environment, &name), before, "{name}");
        count += 1;
    }
    assert!(count >= 28, "{count}");
}
