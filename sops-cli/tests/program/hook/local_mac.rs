//! Encrypted files with a broken MAC.

use sops_test_support::environment::{identity, recipient};

use super::{Repository, refused};

const TEXT: &str = "kind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n";

/// Stages an encrypted file with a changed plaintext value.
fn broken(repository: &Repository) {
    repository.0.write("a.yaml", TEXT);
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let broken = repository.0.read("a.yaml").replace("name: a", "name: b");
    repository.add("a.yaml", &broken);
}

#[test]
fn a_broken_mac_is_refused_if_a_key_is_available() {
    let repository = Repository::new();
    broken(&repository);
    repository.refuses("MAC");
    repository.refuses("sops-rs edit --ignore-mac");
    let run = repository.sops_rs(&["hook", "run", "--all-files"]);
    refused(&run, &["MAC", "a.yaml"]);
    repository.add(".sops-lint.yaml", "exclude: [a.yaml]\n");
    repository.commit().succeeds();
}

#[test]
fn a_damaged_value_is_refused_if_a_key_is_available() {
    let repository = Repository::with_encrypted(&["a.yaml"]);
    let text = repository.0.read("a.yaml");
    let at = text.find("tag:").expect("a value has a tag") + "tag:".len();
    let other = if text[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let other = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    repository.add("a.yaml", &other);
    repository.refuses("stringData.password");
}

#[test]
fn without_a_ready_key_a_broken_mac_passes_without_a_question() {
    let repository = Repository::new();
    broken(&repository);
    let keys = repository.0.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(&keys).expect("the file can be removed");
    let run = |variables: &[(&str, &str)]| {
        let mut command = repository.0.command(&["hook", "run"]);
        command.envs(variables.iter().copied());
        repository.0.finish(command)
    };
    run(&[]).succeeds();
    // The hook runs no command, and does not wait for a pipe.
    let key_command = format!("sh -c 'touch ran; echo {}'", identity());
    run(&[("SOPS_AGE_KEY_CMD", &key_command)]).succeeds();
    assert!(!repository.0.path("ran").exists());
    let pipe = repository.0.path("../pipe");
    let status = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(status.expect("the program runs").success());
    let pipe = pipe.to_str().expect("the path is UTF-8");
    run(&[("SOPS_AGE_KEY_FILE", pipe)]).succeeds();
    // A key in the environment needs no command.
    refused(&run(&[("SOPS_AGE_KEY", &identity())]), &["MAC"]);
}

#[test]
fn values_that_the_mac_does_not_cover_may_change() {
    let repository = Repository::new();
    repository.0.write("a.yaml", TEXT);
    let recipient = recipient();
    let encrypt = [
        "encrypt",
        "-i",
        "--mac-only-encrypted",
        "--encrypted-regex",
        "^(data|stringData)$",
        "--age",
        &recipient,
        "a.yaml",
    ];
    repository.sops_rs(&encrypt).succeeds();
    let changed = repository.0.read("a.yaml").replace("name: a", "name: b");
    repository.add("a.yaml", &changed);
    repository.commit().succeeds();
}
