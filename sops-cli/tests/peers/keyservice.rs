//! Key services: this program and `sops`, each as client and as server, and a cloud that both ask.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use sops_core::keys::MasterKey;
use sops_keyservice::{Answer, Listener, Status, serve};
use sops_test_support::environment::TestEnvironment;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::peer::recipient;
use crate::pgp::{Ended, Keyring, with_age};

const OURS: &str = env!("CARGO_BIN_EXE_sops-rs");
const PROGRAMS: [&str; 2] = [OURS, "sops"];
const ALONE: &str = "--enable-local-keyservice=false";

/// A program that serves the keys of a keyring and the age key of the tests.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn begin(program: &str, network: &str, keyring: &Keyring) -> Self {
        let address = match network {
            "unix" => keyring.path("s.sock").display().to_string(),
            _ => {
                let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
                free.local_addr()
                    .expect("the listener has an address")
                    .to_string()
            }
        };
        let flags = ["keyservice", "--network", network, "--address", &address];
        let child = with_age(&mut keyring.command(program, &flags))
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is on the PATH");
        let begin = Instant::now();
        let is_there = || match network {
            "unix" => UnixStream::connect(&address).is_ok(),
            _ => TcpStream::connect(&address).is_ok(),
        };
        while !is_there() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{program}");
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            address: format!("{network}://{address}"),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A service that has ended cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(keyring: &Keyring, program: &str, arguments: &[&str]) -> Ended {
    Ended::of(keyring.command(program, arguments))
}

#[test]
fn each_program_uses_the_keys_that_the_other_serves() {
    let (holder, client) = (Keyring::new(), Keyring::new());
    let fingerprint = holder.key("ann", "", &[], "never");
    let recipient = recipient();
    client.write("p.yaml", "a: hunter2\n");
    for (server, network) in [
        (OURS, "unix"),
        (OURS, "tcp"),
        ("sops", "unix"),
        ("sops", "tcp"),
    ] {
        let service = Service::begin(server, network, &holder);
        let at = ["--keyservice", &service.address];
        for program in PROGRAMS {
            for key in [["--age", &recipient], ["--pgp", &fingerprint]] {
                let encrypt = [&["encrypt", ALONE][..], &at, &key, &["p.yaml"]].concat();
                client.write("x.yaml", run(&client, program, &encrypt).succeeds().stdout);
                for flags in [&[][..], &[ALONE]] {
                    let decrypt = [&["decrypt"], flags, &at, &["x.yaml"]].concat();
                    for reader in PROGRAMS {
                        let read = run(&client, reader, &decrypt).succeeds();
                        assert_eq!(read.stdout, "a: hunter2\n");
                    }
                }
                // Without the service, no key is available here.
                run(&client, program, &["decrypt", "x.yaml"]).fails_with(128, "");
            }
        }
        let _ = fs::remove_file(holder.path("s.sock"));
    }
}

#[test]
fn both_programs_skip_services_without_the_key() {
    let (holder, stranger, client) = (Keyring::new(), Keyring::new(), Keyring::new());
    let fingerprint = holder.key("ann", "", &[], "never");
    client.write("p.yaml", "a: hunter2\n");
    for (first, second) in [(OURS, "sops"), ("sops", OURS)] {
        let without = Service::begin(first, "unix", &stranger);
        let with = Service::begin(second, "unix", &holder);
        let services = [
            "--keyservice=unix:///nowhere",
            &format!("--keyservice={}", without.address),
            &format!("--keyservice={}", with.address),
        ];
        for program in PROGRAMS {
            let encrypt = [
                &["encrypt", "--pgp", &fingerprint][..],
                &services,
                &["p.yaml"],
            ]
            .concat();
            client.write("x.yaml", run(&client, program, &encrypt).succeeds().stdout);
            let decrypt = [&["decrypt"], &services[..], &["x.yaml"]].concat();
            let read = run(&client, program, &decrypt).succeeds();
            assert_eq!(read.stdout, "a: hunter2\n");
            let fewer = [&["decrypt"], &services[..2], &["x.yaml"]].concat();
            run(&client, program, &fewer).fails_with(128, "nowhere");
        }
        drop(with);
        // The service has ended, and its socket may be gone.
        for program in PROGRAMS {
            let decrypt = [&["decrypt"], &services[..], &["x.yaml"]].concat();
            run(&client, program, &decrypt).fails_with(128, "s.sock");
        }
        for keyring in [&holder, &stranger] {
            let _ = fs::remove_file(keyring.path("s.sock"));
        }
    }
}

/// A fake cloud with keys of all families. Its ciphertext contains the name of the key.
struct Cloud;

impl Answer for Cloud {
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status> {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{:?}={hex}", key))
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Result<Zeroizing<Vec<u8>>, Status> {
        let hex = enc.strip_prefix(&format!("{key:?}="));
        let hex = hex.ok_or_else(|| Status::unknown("this is for another key"))?;
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16);
        let bytes: Result<Vec<u8>, _> = (0..hex.len()).step_by(2).map(byte).collect();
        Ok(Zeroizing::new(
            bytes.expect("the ciphertext is hexadecimal"),
        ))
    }
}

/// Starts the cloud, which runs until the tests end. Returns its address, in a directory that is
/// removed on drop.
fn sky() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory can be created");
    let path = directory.path().join("s.sock");
    let (sender, receiver) = mpsc::channel();
    let listen = async move || {
        let listener = Listener::unix(&path).await?;
        sender
            .send(listener.address()?)
            .expect("the receiver exists");
        Ok(listener)
    };
    thread::spawn(|| serve(listen, Arc::new(Cloud)).expect("the service runs"));
    (
        directory,
        receiver.recv().expect("the listener has an address"),
    )
}

#[test]
fn cloud_keys_are_sent_with_all_their_fields() {
    let (_directory, address) = sky();
    let client = Keyring::new();
    let at = format!("--keyservice={address}");
    client.write("p.yaml", "a: hunter2\n");
    let uuid = "0b5a3b0c-0000-4000-8000-000000000000";
    for (flags, in_request) in [
        (
            vec![
                "--kms=arn:aws:kms:eu-west-1:123456789012:key/k+arn:aws:iam::123456789012:role/r"
                    .to_owned(),
                "--encryption-context=b:2,a:1".to_owned(),
                "--aws-profile=prof".to_owned(),
            ],
            vec!["key/k", "role/r", r#""a": "1""#, r#""b": "2""#, "prof"],
        ),
        (
            vec!["--gcp-kms=projects/p/locations/l/keyRings/r/cryptoKeys/k".to_owned()],
            vec!["cryptoKeys/k"],
        ),
        (
            vec![format!("--hckms=eu-west-0:{uuid}")],
            vec!["eu-west-0", uuid],
        ),
        (
            vec!["--azure-kv=https://v.vault.azure.net/keys/name/version1".to_owned()],
            vec!["https://v.vault.azure.net", "name", "version1"],
        ),
        (
            vec!["--hc-vault-transit=https://v.example.com:8200/v1/sops/keys/k1".to_owned()],
            vec!["v.example.com:8200", "sops", "k1"],
        ),
    ] {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        for program in PROGRAMS {
            let encrypt = [
                &["encrypt", "--output-type=json", ALONE, &at],
                &flags[..],
                &["p.yaml"],
            ]
            .concat();
            let encrypted = run(&client, program, &encrypt).succeeds().stdout;
            client.write("x.json", &encrypted);
            let metadata: serde_json::Value = serde_json::from_str(&encrypted).expect("JSON");
            let sops = metadata["sops"].as_object().expect("a block").values();
            let enc = sops
                .filter_map(|list| list.get(0)?.get("enc")?.as_str())
                .next();
            let enc = enc.expect("the file has a key");
            for word in &in_request {
                assert!(enc.contains(word), "{program}: {enc}");
            }
            for reader in PROGRAMS {
                let read = run(
                    &client,
                    reader,
                    &["decrypt", "--output-type=yaml", ALONE, &at, "x.json"],
                );
                assert_eq!(read.succeeds().stdout, "a: hunter2\n", "{reader}");
            }
        }
    }
}

/// `sops` decrypts with a key that only the agent has.
#[test]
fn sops_uses_the_agent() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    let runtime = environment.home().join("run");
    fs::DirBuilder::new().mode(0o700).create(&runtime).unwrap();
    let agent = |words: &[&str]| {
        let mut command = environment.command(&[&["agent"], words].concat());
        command.env("XDG_RUNTIME_DIR", &runtime);
        environment.finish(command).succeeds().stdout
    };
    let line = agent(&["start"]);
    let address = line.trim().strip_prefix("export SOPS_KEYSERVICE=");
    let address = address.expect("a shell can evaluate the line");
    let mut sops = environment.command_of(Path::new("sops"), &["decrypt", "x.yaml"]);
    sops.env("HOME", "/nonexistent")
        .env("SOPS_KEYSERVICE", address);
    let run = environment.finish(sops);
    agent(&["stop"]);
    assert_eq!(run.succeeds().stdout, "a: hunter2\n");
}
