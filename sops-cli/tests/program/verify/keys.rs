//! Findings with a private key.

use std::os::unix::fs::PermissionsExt as _;

use sops_test_support::environment::{identity, other_identity, other_recipient, recipient};

use super::{Repository, SECRET, Verification, for_someone_else, rules};

#[test]
fn unaltered_encrypted_files_pass() {
    let repository = Repository::with(&["a.yaml", "apps/b.yaml", "--config=c.yaml"]);
    repository
        .0
        .write("pod.yaml", "kind: Pod\nmetadata:\n  name: web\n");
    let verification = repository.verify(&[]);
    verification.is_clean();
    let summary = "3 encrypted files: 3 decrypted with a matching MAC; 0 errors, 0 warnings";
    assert!(
        verification.run.stderr.contains(summary),
        "{}",
        verification.run
    );
}

#[test]
fn every_format_is_verified() {
    let repository = Repository::with(&[]);
    repository.0.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    for (name, text) in [
        ("a.json", "{\"a\": \"correct-horse\"}\n"),
        ("a.env", "A=correct-horse\n"),
        ("a.ini", "[a]\nb = correct-horse\n"),
        ("a.bin", "correct-horse\0"),
        ("a.yml", "a: correct-horse\n---\nb: battery-staple\n"),
    ] {
        repository.0.write(name, text);
        repository.0.run(&["encrypt", "-i", name]).succeeds();
        repository.verify(&[name]).is_clean();
        let text = repository.0.read(name);
        let at = text.find("data:").expect("a value is encrypted") + "data:".len();
        let letter = if text[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let altered = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
        repository.0.write(name, altered);
        repository.verify(&[name]).finds(&[("SV001", name)], 1);
        repository.0.write(name, text);
    }
    repository.verify(&[]).is_clean();
}

#[test]
fn each_problem_of_a_file_is_a_finding() {
    for (from, to, code) in [
        ("name: a", "name: b", "SV001"),
        ("  user: ENC", "  password2: ENC", "SV001"),
        ("type:str]", "type:int]", "SV001"),
        (
            "metadata:",
            "<<<<<<< ours\n=======\n>>>>>>> theirs\nmetadata:",
            "SL011",
        ),
        (
            "  password: ENC",
            "  open: correct-horse\n  password: ENC",
            "SL011",
        ),
        ("    mac: ENC[", "    mac: ", "SL011"),
        ("lastmodified: \"2", "lastmodified: \"1", "SV001"),
        (
            "encrypted_regex: ^(data|stringData)$",
            "encrypted_regex: ^stringData$",
            "SL013",
        ),
    ] {
        let repository = Repository::with(&["a.yaml", "b.yaml"]);
        let text = repository.0.read("a.yaml");
        assert!(text.contains(from), "{from}: {text}");
        repository.replace("a.yaml", from, to);
        let verification = repository.verify(&[]);
        let is_found = verification.findings.iter().any(|found| found.0 == code);
        assert!(is_found, "{from}: {}", verification.run);
        assert!(
            verification
                .findings
                .iter()
                .all(|found| found.1 == "a.yaml")
        );
        assert_eq!(verification.run.code, Some(1), "{}", verification.run);
    }
}

#[test]
fn recipients_are_compared_with_the_configuration() {
    let repository = Repository::with(&["a.yaml"]);
    let both = format!("{},{}", recipient(), other_recipient());
    repository.0.write(".sops.yaml", rules(&both));
    repository.verify(&[]).finds(&[("SL012", "a.yaml")], 1);
    repository.0.write(".sops.yaml", "creation_rules: [\n");
    let run = repository.0.run(&["verify"]);
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn a_plaintext_file_that_a_rule_covers_is_a_finding() {
    let repository = Repository::with(&["a.yaml"]);
    repository.0.write("b.yaml", SECRET);
    let verification = repository.verify(&[]);
    assert!(!verification.findings.is_empty(), "{}", verification.run);
    assert!(
        verification
            .findings
            .iter()
            .all(|found| (&*found.0, &*found.1) == ("SL010", "b.yaml"))
    );
    assert_eq!(verification.run.code, Some(1));
}

#[test]
fn a_damaged_data_key_is_a_finding() {
    let repository = Repository::with(&["a.yaml"]);
    let text = repository.0.read("a.yaml");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("BEGIN AGE"))
        .expect("the file has an age key")
        + 3;
    let damaged: String = lines
        .iter()
        .enumerate()
        .filter(|(number, _)| *number != at)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    repository.0.write("a.yaml", damaged);
    let verification = repository.verify(&[]);
    assert_eq!(verification.run.code, Some(1), "{}", verification.run);
}

#[test]
fn nothing_is_asked_and_no_plugin_is_started() {
    let repository = Repository::with(&["a.yaml"]);
    for_someone_else(&repository, "b.yaml");
    let plugin = repository.0.path("../bin/age-plugin-x");
    std::fs::create_dir_all(plugin.parent().expect("the path has a parent directory"))
        .expect("the directory can be created");
    std::fs::write(&plugin, "#!/bin/sh\ntouch \"$HOME/ran\"\n").expect("the file can be written");
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755))
        .expect("the permissions can be changed");
    let keys = repository.0.home().join("keys.txt");
    std::fs::write(&keys, "AGE-PLUGIN-X-1QYQSZQGPQ0KLNR\n").expect("the home is writable");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", repository.0.path("../bin").display());
    let mut command = repository.0.command(&["verify", "--format", "json"]);
    command.env("PATH", path).env("SOPS_AGE_KEY_FILE", &keys);
    let verification = Verification::of(repository.0.finish(command));
    assert!(verification.run.code == Some(1), "{}", verification.run);
    assert!(!repository.0.home().join("ran").exists());
}

#[test]
fn a_key_of_the_environment_is_used() {
    let repository = Repository::with(&["a.yaml"]);
    repository.forget_key();
    let mut command = repository
        .0
        .command(&["verify", "--require-key", "--format", "json"]);
    command.env("SOPS_AGE_KEY", identity());
    Verification::of(repository.0.finish(command)).is_clean();
    repository
        .verify(&["--require-key"])
        .finds(&[("SV002", "a.yaml")], 2);
}

#[test]
fn a_key_that_decrypts_nothing_is_an_error() {
    let repository = Repository::with(&["a.yaml"]);
    repository.forget_key();
    repository.verify(&[]).is_clean();
    let mut command = repository.0.command(&["verify"]);
    command.env("SOPS_AGE_KEY", other_identity());
    let run = repository.0.finish(command).fails_with(2);
    assert!(run.stderr.contains("error: no MAC was verified"), "{run}");
}
