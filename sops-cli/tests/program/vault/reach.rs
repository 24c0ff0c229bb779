//! A repository must not be able to collect tokens: which servers are contacted for files that the
//! user named, and for files that a command found.

use std::process::Command;

use sops_test_support::environment::TestEnvironment;
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::ROOT;

use super::{TEXT, encrypt, operations, run, run_with};

/// Commands that find the file `tree/x.yaml` themselves.
const FINDING: [&[&str]; 5] = [
    &["decrypt", "-i", "tree"],
    &["rotate", "-i", "-y", "tree"],
    &["verify"],
    &["verify", "tree/x.yaml"],
    &["updatekeys", "-y", "tree"],
];

fn environment_with_file(server: &VaultServer) -> TestEnvironment {
    let environment = TestEnvironment::without_key();
    environment.write("tree/p.txt", "");
    encrypt(&environment, server, "tree/x.yaml");
    let (key, other) = (server.key("transit/sops"), server.key("transit/other"));
    let config = format!("creation_rules:\n  - hc_vault_transit_uri: {key},{other}\n");
    environment.write("tree/.sops.yaml", config);
    environment
}

#[test]
fn a_server_that_only_a_found_file_names_is_not_contacted() {
    let server = VaultServer::start();
    let environment = environment_with_file(&server);
    let asked = operations(&server).len();
    let original = environment.read("tree/x.yaml");
    for words in FINDING {
        let run = run(&environment, words);
        assert_ne!(run.code, Some(0), "{words:?}: {run}");
        let text = run.stderr + &run.stdout;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let advice = format!("set VAULT_ADDR={}", server.http.url());
        let is_verify = words[0] == "verify";
        assert!(is_verify || text.contains(&advice), "{words:?}: {text}");
        assert_eq!(operations(&server).len(), asked, "{words:?}");
        assert_eq!(environment.read("tree/x.yaml"), original);
    }
    // The same file, named.
    let decrypted = run(&environment, &["decrypt", "tree/x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
}

#[test]
fn the_servers_that_the_user_allows_are_contacted() {
    let server = VaultServer::start();
    let url = server.http.url();
    for (name, value) in [
        ("VAULT_ADDR", &*url),
        ("SOPS_HC_VAULT_ALLOWLIST", &url),
        ("SOPS_HC_VAULT_ALLOWLIST", "all"),
    ] {
        for words in FINDING {
            let environment = environment_with_file(&server);
            let asked = operations(&server).len();
            let variables = [("VAULT_TOKEN", ROOT), (name, value)];
            let run = run_with(&environment, &variables, words);
            // The rule has another key, which `verify` reports.
            let is_verified = run.stderr.contains("1 decrypted with a matching MAC");
            assert!(run.code == Some(0) || is_verified, "{words:?}: {run}");
            assert!(operations(&server).len() > asked, "{name} {words:?}");
        }
    }
}

#[test]
fn the_allow_list_holds_for_named_files_too() {
    let server = VaultServer::start();
    let environment = environment_with_file(&server);
    let asked = operations(&server).len();
    for list in ["none", "https://vault.example.com"] {
        let variables = [
            ("VAULT_TOKEN", ROOT),
            ("VAULT_ADDR", &*server.http.url()),
            ("SOPS_HC_VAULT_ALLOWLIST", list),
        ];
        let run = run_with(&environment, &variables, &["decrypt", "tree/x.yaml"]);
        let run = run.fails_with(128);
        let words = "SOPS_HC_VAULT_ALLOWLIST does not allow";
        assert!(run.stderr.contains(words), "{run}");
    }
    assert_eq!(operations(&server).len(), asked);
}

/// Runs Git in the working directory.
fn git(environment: &TestEnvironment, words: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
        .args(words)
        .current_dir(environment.path(""))
        .env("HOME", environment.home())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{words:?}: {output:?}");
}

#[test]
fn programs_that_git_calls_contact_no_server_of_a_branch() {
    let server = VaultServer::start();
    let environment = environment_with_file(&server);
    git(&environment, &["init", "-q"]);
    git(&environment, &["add", "."]);
    git(&environment, &["commit", "-q", "-m", "x"]);
    let theirs = environment
        .read("tree/x.yaml")
        .replace("version: 3", "version: 4");
    environment.write("theirs.yaml", theirs);
    environment.write("base.yaml", environment.read("tree/x.yaml"));
    environment.write("ours.yaml", environment.read("tree/x.yaml"));
    let asked = operations(&server).len();
    for words in [
        &["git", "textconv", "tree/x.yaml"][..],
        &[
            "git",
            "merge-driver",
            "base.yaml",
            "ours.yaml",
            "theirs.yaml",
            "tree/x.yaml",
        ],
        &["hook", "run"],
        &["lint"],
        &["status"],
        &["diff", "HEAD"],
    ] {
        run(&environment, words);
        assert_eq!(operations(&server).len(), asked, "{words:?}");
    }
}
