//! Keys of Azure Key Vault: this program and the real `sops` with the stand-in for a vault.

use std::path::{Path, PathBuf};

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};
use sops_test_support::server::azure::{IDENTITY_HEADER, LATEST, OLDER, TOKEN};
use sops_test_support::server::{AzureServer, HttpServer, authority_file};

const TEXT: &str = "a: hunter2\nb:\n    - 1\n";

const PROGRAMS: [&str; 2] = ["sops-rs", "sops"];

/// A vault, the server for its tokens, and a place to work in.
struct User {
    environment: TestEnvironment,
    vault: AzureServer,
    tokens: HttpServer,
}

impl User {
    fn new() -> Self {
        Self {
            environment: TestEnvironment::new(),
            vault: AzureServer::start(),
            tokens: AzureServer::start_token_server(),
        }
    }

    /// Runs `sops-rs` or `sops`, with tokens for the identity of a service.
    fn run(&self, name: &str, words: &[&str]) -> Run {
        let file: PathBuf = match name {
            "sops" => Path::new("sops").to_owned(),
            _ => program(),
        };
        let mut command = self.environment.command_of(&file, words);
        command
            .env("SSL_CERT_FILE", authority_file())
            .env(
                "IDENTITY_ENDPOINT",
                format!("{}/msi/token", self.tokens.url()),
            )
            .env("IDENTITY_HEADER", IDENTITY_HEADER);
        self.environment
            .finish(command)
            .keeps(&[TOKEN, IDENTITY_HEADER])
    }
}

#[test]
fn each_program_decrypts_what_the_other_encrypts() {
    let user = User::new();
    for path in ["sops".to_owned(), format!("sops/{OLDER}")] {
        let key = user.vault.key(&path);
        for writer in PROGRAMS {
            user.environment.write("x.yaml", TEXT);
            let words = ["encrypt", "-i", "--azure-kv", &key, "x.yaml"];
            user.run(writer, &words).succeeds();
            let encrypted = user.environment.read("x.yaml");
            let version = if path == "sops" { LATEST } else { OLDER };
            assert!(encrypted.contains(version), "{writer}: {encrypted}");
            for changer in PROGRAMS {
                user.run(changer, &["rotate", "-i", "x.yaml"]).succeeds();
                for reader in PROGRAMS {
                    let run = user.run(reader, &["decrypt", "x.yaml"]).succeeds();
                    assert_eq!(run.stdout, TEXT, "{writer} {changer} {reader}");
                }
            }
        }
    }
}

#[test]
fn groups_with_other_keys_are_shared() {
    let user = User::new();
    let url = user.vault.http.url();
    let config = format!(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{}]\n      - azure_keyvault:\n          - vaultUrl: {url}\n            key: sops\n            version: '{OLDER}'\n",
        recipient()
    );
    user.environment.write(".sops.yaml", config);
    for writer in PROGRAMS {
        user.environment.write("x.yaml", TEXT);
        user.run(writer, &["encrypt", "-i", "x.yaml"]).succeeds();
        for reader in PROGRAMS {
            let run = user.run(reader, &["decrypt", "x.yaml"]).succeeds();
            assert_eq!(run.stdout, TEXT, "{writer} {reader}");
        }
    }
}
