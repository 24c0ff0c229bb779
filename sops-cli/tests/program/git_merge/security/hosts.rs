//! Hosts that only the repository names: no program that reads a fetched branch contacts them, so
//! that a branch cannot collect tokens. The test counts connections.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sops_test_support::environment::program;

use crate::git_merge::{OTHER, OURS, Repository, SECRETS};

const FILE: &str = "apps/secret.yaml";

#[test]
fn hosts_that_only_the_repository_names_are_not_contacted() {
    let (address, connections) = server();
    let keys = format!(
        "sops:\n    hc_vault:\n        - vault_address: {address}\n          engine_path: transit\n          key_name: k\n          created_at: \"2024-01-01T00:00:00Z\"\n          enc: vault:v1:AAAA\n    azure_kv:\n        - vault_url: {address}\n          name: k\n          version: v\n          created_at: \"2024-01-01T00:00:00Z\"\n          enc: AAAA\n"
    );
    // The user has a private key, or none for any of the master keys.
    for has_key in [true, false] {
        let repository = Repository::with_changes(FILE, OURS, OTHER);
        for branch in ["topic", "main"] {
            repository.checkout(branch);
            let text = repository.0.read(FILE).replace("sops:\n", &keys);
            repository.0.write(FILE, text);
            repository.commit_all();
        }
        let textconv = format!("'{}' git textconv --", program().display());
        repository
            .git(&["config", "diff.sops.textconv", &textconv])
            .succeeds();
        repository
            .0
            .write(".git/info/attributes", "*.yaml diff=sops\n");
        if !has_key {
            fs::remove_dir_all(repository.0.home().join(".config")).expect("the key is ours");
        }
        repository.git(&["merge", "-q", "--no-edit", "topic"]);
        repository.is_marked(FILE);
        for words in [
            &["diff", "main", "topic"][..],
            &["verify"],
            &["lint"],
            &["status"],
            &["render", FILE],
            &["hook", "run"],
            &["resolve", FILE, "--ours"],
        ] {
            let run = repository.0.run(words).keeps(&SECRETS);
            assert!(run.code.is_some(), "{words:?}: {run}");
        }
        let log = repository.0.command_of(
            Path::new("git"),
            &["--no-pager", "log", "-p", "--all", "--", FILE],
        );
        let log = repository.0.finish(log).succeeds();
        assert_eq!(log.stdout.contains("battery-staple"), has_key, "{log}");
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
    if cfg!(feature = "vault") {
        // The server is found: the same file, named by the user.
        let repository = Repository::new();
        repository.commit_secret(FILE, OURS);
        let text = repository.0.read(FILE).replace("sops:\n", &keys);
        repository.0.write(FILE, text);
        fs::remove_dir_all(repository.0.home().join(".config")).expect("the key is ours");
        let mut decrypt = repository.0.command(&["decrypt", FILE]);
        decrypt.env("VAULT_TOKEN", "token");
        assert_ne!(repository.0.finish(decrypt).code, Some(0));
        assert_ne!(connections.load(Ordering::SeqCst), 0);
    }
}

/// A server that closes every connection, and their number.
fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the socket is bound");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        for connection in listener.incoming() {
            // The client waits until the connection is closed.
            count.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    (format!("http://{address}"), connections)
}
