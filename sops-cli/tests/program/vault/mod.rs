//! Keys of HashiCorp Vault and OpenBao, with a server on the loopback interface. The tests with the
//! real OpenBao and `sops` are in `peers/vault.rs`.

mod faults;
mod reach;
mod refusals;
mod settings;
mod together;

use sops_test_support::environment::{Run, TestEnvironment, recipient};
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::ROOT;

const TEXT: &str = "a: hunter2\n";

/// Runs the program with these variables.
fn run_with(environment: &TestEnvironment, variables: &[(&str, &str)], words: &[&str]) -> Run {
    let mut command = environment.command(words);
    command.envs(variables.iter().copied());
    environment.finish(command)
}

/// Runs the program with the token that may do everything.
fn run(environment: &TestEnvironment, words: &[&str]) -> Run {
    run_with(environment, &[("VAULT_TOKEN", ROOT)], words)
}

/// Writes a file that only the key `transit/sops` of the server decrypts.
fn encrypt(environment: &TestEnvironment, server: &VaultServer, name: &str) {
    environment.write(name, TEXT);
    let key = server.key("transit/sops");
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, name];
    run(environment, &words).succeeds();
}

/// The operations that the server was asked for, such as `PUT transit/encrypt/sops`.
fn operations(server: &VaultServer) -> Vec<String> {
    let requests = server.http.requests().into_iter();
    requests
        .map(|request| {
            let path = request.path.trim_start_matches("/v1/");
            format!("{} {path}", request.method)
        })
        .collect()
}

#[test]
fn a_file_is_encrypted_changed_and_decrypted_with_a_key_of_vault() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let encrypted = environment.read("x.yaml");
    let address = server.http.url();
    for line in [
        "        - created_at: \"2",
        "          enc: vault:v1:",
        "          engine_path: transit\n",
        "          key_name: sops\n",
        &format!("          vault_address: {address}\n"),
    ] {
        assert!(encrypted.contains(line), "{encrypted}");
    }
    let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
    run(&environment, &["set", "x.yaml", "[\"a\"]", "\"new\""]).succeeds();
    let editor = environment.editor("sed -i s/new/newer/ \"$1\"");
    let variables = [("VAULT_TOKEN", ROOT), ("EDITOR", &editor)];
    run_with(&environment, &variables, &["edit", "x.yaml"]).succeeds();
    run(&environment, &["rotate", "-i", "--yes", "x.yaml"]).succeeds();
    let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, "a: newer\n");

    // Nothing that the server answered is a secret, but the token and the data key are.
    let secrets: Vec<String> = server
        .http
        .requests()
        .iter()
        .filter_map(|request| Some(request.json()["plaintext"].as_str()?.to_owned()))
        .collect();
    assert_eq!(secrets.len(), 2, "{:?}", operations(&server));
    let text = environment.read("x.yaml");
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
}

#[test]
fn flags_and_variables_name_keys() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    let [sops, deep] = ["transit/sops", "deep/path/sops"].map(|path| server.key(path));
    let both = format!("{sops},{deep}");
    environment.write("p.yaml", TEXT);
    let by_flag = ["encrypt", "--hc-vault-transit", &both, "p.yaml"];
    let by_flag = run(&environment, &by_flag).succeeds().stdout;
    let variables = [("VAULT_TOKEN", ROOT), ("SOPS_VAULT_URIS", &both)];
    let by_variable = run_with(&environment, &variables, &["encrypt", "p.yaml"]).succeeds();
    for encrypted in [by_flag, by_variable.stdout] {
        let engines: Vec<&str> = encrypted
            .lines()
            .filter_map(|line| line.trim().strip_prefix("engine_path: "))
            .collect();
        assert_eq!(engines, ["transit", "deep/path"], "{encrypted}");
    }

    encrypt(&environment, &server, "x.yaml");
    let changes = [
        "rotate",
        "-i",
        "--yes",
        "--add-hc-vault-transit",
        &deep,
        "--rm-hc-vault-transit",
        &sops,
        "x.yaml",
    ];
    run(&environment, &changes).succeeds();
    let encrypted = environment.read("x.yaml");
    assert!(encrypted.contains("engine_path: deep/path"), "{encrypted}");
    assert!(!encrypted.contains("engine_path: transit"), "{encrypted}");
    let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
    let groups = [
        "groups",
        "add",
        "-i",
        "--yes",
        "--hc-vault-transit",
        &sops,
        "--file",
        "x.yaml",
    ];
    run(&environment, &groups).succeeds();
    let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
}

#[test]
fn every_form_of_a_creation_rule_names_keys() {
    let server = VaultServer::start();
    let [sops, other] = ["transit/sops", "transit/other"].map(|path| server.key(path));
    let age = recipient();
    for rule in [
        format!("hc_vault_transit_uri: {sops},{other}"),
        format!("hc_vault_transit_uri: [{sops}, {other}]"),
        format!("key_groups: [{{hc_vault: [{sops}, {other}]}}]"),
        format!("key_groups: [{{hc_vault: [{sops}]}}, {{hc_vault: [{other}]}}]"),
        format!(
            "shamir_threshold: 2\n    key_groups: [{{age: [{age}]}}, {{hc_vault: [{sops}]}}, {{hc_vault: [{other}]}}]"
        ),
    ] {
        let environment = TestEnvironment::new();
        let config = format!("creation_rules:\n  - path_regex: yaml$\n    {rule}\n");
        environment.write(".sops.yaml", config);
        environment.write("x.yaml", TEXT);
        run(&environment, &["encrypt", "-i", "x.yaml"]).succeeds();
        let encrypted = environment.read("x.yaml");
        for name in ["key_name: sops\n", "key_name: other\n"] {
            assert!(encrypted.contains(name), "{rule}: {encrypted}");
        }
        let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
        assert_eq!(decrypted.stdout, TEXT, "{rule}");
    }
}

#[test]
fn updatekeys_asks_the_server_only_for_new_keys() {
    let environment = TestEnvironment::new();
    let server = VaultServer::start();
    environment.encrypt("x.yaml", TEXT);
    let config = |keys: &str| format!("creation_rules:\n  - {keys}\n");
    let (age, key) = (recipient(), server.key("transit/sops"));
    let both = format!("age: {age}\n    hc_vault_transit_uri: {key}");
    environment.write(".sops.yaml", config(&both));
    run(&environment, &["updatekeys", "-y", "x.yaml"]).succeeds();
    let expected = ["GET transit/keys/sops", "PUT transit/encrypt/sops"];
    assert_eq!(operations(&server), expected);

    // The age key decrypts, and the ciphertext of the key in Vault stays.
    let other = sops_test_support::environment::other_recipient();
    environment.write(
        ".sops.yaml",
        config(&both.replace(&age, &format!("{age},{other}"))),
    );
    let no_token = run_with(&environment, &[], &["updatekeys", "-y", "x.yaml"]);
    no_token.succeeds();
    assert_eq!(operations(&server).len(), 2);

    let only = format!("hc_vault_transit_uri: {key}");
    environment.write(".sops.yaml", config(&only));
    run(&environment, &["updatekeys", "-y", "x.yaml"]).succeeds();
    let decrypted = run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
}

#[test]
fn a_local_key_is_used_before_a_server_is_asked() {
    let environment = TestEnvironment::new();
    let server = VaultServer::start();
    let key = server.key("transit/sops");
    environment.write("x.yaml", TEXT);
    let words = [
        "encrypt",
        "-i",
        "--age",
        &recipient(),
        "--hc-vault-transit",
        &key,
        "x.yaml",
    ];
    run(&environment, &words).succeeds();
    let asked = operations(&server).len();
    run(&environment, &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(operations(&server).len(), asked);
    let order = ["decrypt", "--decryption-order", "hc_vault,age", "x.yaml"];
    run(&environment, &order).succeeds();
    assert_eq!(operations(&server).len(), asked + 1);
}

#[test]
fn the_log_has_the_lines_of_sops() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let run = run(&environment, &["--verbose", "decrypt", "x.yaml"]).succeeds();
    for words in [
        "[VAULT_TRANSIT]\t time=",
        "level=info msg=\"Decryption successful\" Path=transit/decrypt/sops\n",
        "msg=\"Data key recovered successfully\"",
    ] {
        assert!(run.stderr.contains(words), "{run}");
    }
}

#[test]
fn the_key_service_serves_keys_of_vault() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let mut command =
        environment.command(&["keyservice", "--network", "unix", "--address", "s.sock"]);
    let mut service = command.env("VAULT_TOKEN", ROOT).spawn().expect("it runs");
    while !environment.path("s.sock").exists() {
        assert_eq!(service.try_wait().expect("it can be waited for"), None);
        std::thread::yield_now();
    }
    let at = format!("unix://{}", environment.path("s.sock").display());
    let alone = ["--enable-local-keyservice=false", "--keyservice", &at];
    let decrypt = [&["decrypt"], &alone[..], &["x.yaml"]].concat();
    let decrypted = run_with(&environment, &[], &decrypt);
    let key = server.key("transit/other");
    environment.write("p.yaml", TEXT);
    let encrypt = ["encrypt", "--hc-vault-transit", &key];
    let encrypted = run_with(
        &environment,
        &[],
        &[&encrypt, &alone[..], &["p.yaml"]].concat(),
    );
    service.kill().expect("it can be ended");
    service.wait().expect("it can be waited for");
    assert_eq!(decrypted.succeeds().stdout, TEXT);
    assert!(encrypted.succeeds().stdout.contains("key_name: other\n"));
}
