//! Requests for many files are sent at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use sops_test_support::environment::TestEnvironment;
use sops_test_support::server::VaultServer;
use sops_test_support::server::vault::ROOT;

use super::{TEXT, operations, run, run_with};

/// How many requests must be in flight. A command sends up to 32.
const TOGETHER: usize = 20;

/// Lets requests pass once [`TOGETHER`] of them have arrived.
#[derive(Default)]
struct Gate {
    arrived: Mutex<usize>,
    changed: Condvar,
    is_late: AtomicBool,
}

impl Gate {
    /// Waits for the others, but not forever.
    fn pass(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        self.changed.notify_all();
        let limit = Duration::from_secs(20);
        let waited = self
            .changed
            .wait_timeout_while(arrived, limit, |arrived| *arrived < TOGETHER);
        let (arrived, timeout) = waited.unwrap();
        drop(arrived);
        if timeout.timed_out() {
            self.is_late.store(true, Ordering::SeqCst);
        }
    }

    /// Whether [`TOGETHER`] requests arrived before the first one was answered.
    fn is_open(&self) -> bool {
        *self.arrived.lock().unwrap() >= TOGETHER && !self.is_late.load(Ordering::SeqCst)
    }
}

#[test]
fn requests_for_many_files_are_sent_together() {
    for words in [
        &["decrypt", "-i", "d"][..],
        &["rotate", "-i", "-y", "d"],
        &["verify", "d"],
    ] {
        let environment = TestEnvironment::without_key();
        let gate = Arc::new(Gate::default());
        let behind = Arc::clone(&gate);
        let server = VaultServer::start_with(move |request| {
            if request.path.contains("/decrypt/") {
                behind.pass();
            }
        });
        let names: Vec<String> = (0..TOGETHER * 2)
            .map(|file| format!("d/{file}.yaml"))
            .collect();
        for name in &names {
            environment.write(name, TEXT);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let key = server.key("transit/sops");
        let encrypt = [&["encrypt", "-i", "--hc-vault-transit", &key], &names[..]].concat();
        run(&environment, &encrypt).succeeds();
        // Whether the key exists is asked once for all files.
        let operations = operations(&server);
        let checks = operations
            .iter()
            .filter(|operation| operation.starts_with("GET"));
        assert_eq!(checks.count(), 1, "{operations:?}");
        let variables = [("VAULT_TOKEN", ROOT), ("VAULT_ADDR", &server.http.url())];
        run_with(&environment, &variables, words).succeeds();
        assert!(gate.is_open(), "{words:?}");
    }
}
