//! The command `keys check`.

use sops_test_support::environment::{Run, TestEnvironment, identity, other_recipient, recipient};
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::{POWERLESS, ROOT};

const TEXT: &str = "a: hunter2\n";

fn check(environment: &TestEnvironment, variables: &[(&str, &str)], paths: &[&str]) -> Run {
    let mut command = environment.command(&[&["keys", "check"], paths].concat());
    command.envs(variables.iter().copied());
    let run = environment.finish(command);
    run.keeps(&[&identity(), ROOT, POWERLESS])
}

/// The lines without times.
fn lines(run: &Run) -> Vec<String> {
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let lines = run.stdout.lines().map(|line| {
        let words = line.split_whitespace().filter(|word| !is_number(word));
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect()
}

#[test]
fn every_key_of_files_and_rules_is_tried_once() {
    let environment = TestEnvironment::new();
    let server = VaultServer::start();
    let (age, other, vault) = (recipient(), other_recipient(), server.key("transit/sops"));
    let config = format!(
        "creation_rules:\n  - path_regex: x\n    age: {age},{other}\n    hc_vault_transit_uri: {vault}\n"
    );
    environment.write(".sops.yaml", config);
    for name in ["x.yaml", "deep/x.yaml"] {
        environment.write(name, TEXT);
        let mut command = environment.command(&["encrypt", "-i", name]);
        command.env("VAULT_TOKEN", ROOT);
        environment.finish(command).succeeds();
    }
    let allowed = [("VAULT_TOKEN", ROOT), ("VAULT_ADDR", &*server.http.url())];
    let run = check(&environment, &allowed, &[]).succeeds();
    let expected = [
        format!("ok hc_vault {vault} credentials: VAULT_TOKEN encrypt: ms decrypt: ms"),
        format!("ok {age} encrypt: ms decrypt: ms"),
        format!(
            "encrypts {other} encrypt: ms decrypt: this needs a passphrase, or a private key that is not on this machine"
        ),
    ];
    let mut found = lines(&run);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found, expected);

    // Only the server's own policy is wrong.
    let powerless = [
        ("VAULT_TOKEN", POWERLESS),
        ("VAULT_ADDR", &*server.http.url()),
    ];
    let run = check(&environment, &powerless, &[]);
    assert_eq!(run.code, Some(1), "{run}");
    let failed = format!("failed hc_vault {vault} credentials: VAULT_TOKEN encrypt: ");
    let line = lines(&run)
        .into_iter()
        .find(|line| line.starts_with(&failed));
    let line = line.unwrap_or_else(|| panic!("{run}"));
    assert!(
        line.contains("do not allow `update` on `transit/decrypt/sops`"),
        "{line}"
    );
}

#[test]
fn only_allowed_servers_are_contacted_unless_the_file_is_named() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    let key = server.key("transit/sops");
    environment.write("x.yaml", TEXT);
    let token = [("VAULT_TOKEN", ROOT)];
    let mut command = environment.command(&["encrypt", "-i", "--hc-vault-transit", &key, "x.yaml"]);
    command.envs(token);
    environment.finish(command).succeeds();
    let asked = server.http.requests().len();
    let run = check(&environment, &token, &[]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("was not contacted"), "{run}");
    assert_eq!(server.http.requests().len(), asked);
    let before = environment.read("x.yaml");
    let run = check(&environment, &token, &["x.yaml"]).succeeds();
    assert_eq!(
        lines(&run),
        [format!(
            "ok hc_vault {key} credentials: VAULT_TOKEN encrypt: ms decrypt: ms"
        )]
    );
    // Three requests: read the key, encrypt random text, and decrypt the data key.
    assert_eq!(server.http.requests().len(), asked + 3);
    assert_eq!(environment.read("x.yaml"), before);
}

#[test]
fn a_directory_without_keys_is_fine() {
    let environment = TestEnvironment::new();
    let run = check(&environment, &[], &[]).succeeds();
    assert_eq!(
        (&*run.stdout, &*run.stderr),
        ("", "There are no master keys\n")
    );
}
