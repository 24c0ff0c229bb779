//! What the program says if Vault refuses.

use sops_test_support::environment::TestEnvironment;
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::{BLIND, POWERLESS, ROOT};

use super::{TEXT, encrypt, operations, run, run_with};

#[test]
fn the_reasons_for_a_refusal_are_distinguished() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let original = environment.read("x.yaml");
    let lost = original.replace("key_name: sops", "key_name: lost");
    environment.write("lost.yaml", lost);
    let altered = original.replace("enc: vault:v1:", "enc: vault:v1:AAAA");
    environment.write("altered.yaml", altered);
    let unmounted = original.replace("engine_path: transit", "engine_path: nowhere");
    environment.write("unmounted.yaml", unmounted);
    for (token, file, words) in [
        (
            "",
            "x.yaml",
            "there is no Vault token: VAULT_TOKEN is not set, and ~/.vault-token is missing or empty; run `vault login`",
        ),
        (
            "hvs.expired",
            "x.yaml",
            "rejects the token in VAULT_TOKEN: it has expired, or it is from another server or namespace; run `unset VAULT_TOKEN; vault login`",
        ),
        (
            POWERLESS,
            "x.yaml",
            "the policies of the token in VAULT_TOKEN (default, of-the-tests) do not allow `update` on `transit/decrypt/sops`",
        ),
        (
            ROOT,
            "lost.yaml",
            "the key does not exist in this namespace; check its name and VAULT_NAMESPACE, or, to encrypt, create it with `vault write -f transit/keys/lost`",
        ),
        (
            ROOT,
            "altered.yaml",
            "Vault cannot decrypt `enc` with this key: cipher: message authentication failed",
        ),
        (
            ROOT,
            "unmounted.yaml",
            "there is no transit engine at `nowhere`",
        ),
    ] {
        let run = run_with(&environment, &[("VAULT_TOKEN", token)], &["decrypt", file]);
        let run = run.fails_with(128);
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{words}: {run}");
        assert!(token.is_empty() || !text.contains(token), "{run}");
        assert!(!text.contains("--keyservice"), "{run}");
    }
}

#[test]
fn a_missing_namespace_is_not_reported_as_a_missing_key() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    environment.write("p.yaml", TEXT);
    let key = server.key("transit/sops");
    let variables = [("VAULT_TOKEN", ROOT), ("VAULT_NAMESPACE", "missing")];
    for (words, code) in [
        (&["decrypt", "x.yaml"][..], 128),
        (&["encrypt", "--hc-vault-transit", &key, "p.yaml"], 1),
    ] {
        let run = run_with(&environment, &variables, words).fails_with(code);
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = "has no namespace `missing`; check VAULT_NAMESPACE";
        assert!(text.contains(expected), "{run}");
    }
}

#[test]
fn a_mistyped_key_is_refused_and_not_created() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    environment.write("p.yaml", TEXT);
    let mistyped = server.key("transit/spos");
    let words = ["encrypt", "-i", "--hc-vault-transit", &mistyped, "p.yaml"];
    let run = run(&environment, &words).fails_with(1);
    assert!(run.stderr.contains("the key does not exist"), "{run}");
    assert!(!server.has_key("transit/spos"));
    assert_eq!(environment.read("p.yaml"), TEXT);
    assert_eq!(operations(&server), ["GET transit/keys/spos"]);
}

#[test]
fn a_key_that_cannot_be_checked_is_used_with_a_warning() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    environment.write("p.yaml", TEXT);
    let key = server.key("transit/sops");
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, "p.yaml"];
    let run = run_with(&environment, &[("VAULT_TOKEN", BLIND)], &words).succeeds();
    assert!(
        run.stderr
            .contains("your token is not allowed to read the key"),
        "{run}"
    );
    let decrypt = run_with(
        &environment,
        &[("VAULT_TOKEN", BLIND)],
        &["decrypt", "p.yaml"],
    );
    let decrypt = decrypt.succeeds();
    assert_eq!((&*decrypt.stdout, &*decrypt.stderr), (TEXT, ""));
}

#[test]
fn a_path_that_leads_elsewhere_is_never_requested() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let original = environment.read("x.yaml");
    let asked = operations(&server).len();
    for (from, to) in [
        ("engine_path: transit", "engine_path: ../sys"),
        ("engine_path: transit", "engine_path: a/../../sys"),
        ("key_name: sops", "key_name: .."),
        ("key_name: sops", "key_name: a/b"),
    ] {
        environment.write("x.yaml", original.replace(from, to));
        let run = run(&environment, &["decrypt", "x.yaml"]).fails_with(128);
        assert!(run.stderr.contains("invalid"), "{to}: {run}");
    }
    let address = format!("vault_address: {}", server.http.url());
    for to in ["ftp://h", "http://ann:hunter2@h", "http://h/prefix", "h"] {
        environment.write(
            "x.yaml",
            original.replace(&address, &format!("vault_address: {to}")),
        );
        let run = run(&environment, &["decrypt", "x.yaml"]).fails_with(128);
        assert!(
            run.stderr.contains("is not the address of a Vault server"),
            "{to}: {run}"
        );
    }
    assert_eq!(operations(&server).len(), asked);
}
