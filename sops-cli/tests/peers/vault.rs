//! Keys of Vault: this program and the real `sops` with a real OpenBao.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sops_test_support::environment::{Run, TestEnvironment, recipient};

use crate::cloud::{PROGRAMS, TEXT, logs_agree, run as run_with};
use crate::warden::{Warden, free_port};

pub(crate) const ROOT: &str = "root-token-of-the-tests";

/// The server that the tests share. It has the transit engines `transit`, with the keys `sops` and
/// `other`, and `sops/nested`, with the key `sops`, and the key-value engines `secret` of version 2
/// and `old` of version 1.
pub(crate) static SERVER: LazyLock<OpenBao> = LazyLock::new(OpenBao::start);

pub(crate) struct OpenBao {
    pub(crate) address: String,
    _server: Warden,
}

impl OpenBao {
    fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        // The warden removes the directories in it.
        let directory = root.keep().join("openbao");
        fs::create_dir(&directory).expect("the directory can be created");
        let listen = format!("127.0.0.1:{}", free_port());
        let arguments = [
            "server".to_owned(),
            "-dev".to_owned(),
            "-dev-no-store-token".to_owned(),
            format!("-dev-root-token-id={ROOT}"),
            format!("-dev-listen-address={listen}"),
        ];
        let this = Self {
            address: format!("http://{listen}"),
            _server: Warden::start(&directory, "bao", &arguments),
        };
        let start = Instant::now();
        while !this.try_bao(&["status"]) {
            assert!(start.elapsed() < Duration::from_secs(60), "OpenBao starts");
            thread::sleep(Duration::from_millis(50));
        }
        for words in [
            &["secrets", "enable", "transit"][..],
            &["secrets", "enable", "-path=sops/nested", "transit"],
            &["secrets", "enable", "-path=old", "-version=1", "kv"],
            &["write", "-f", "transit/keys/sops"],
            &["write", "-f", "transit/keys/other"],
            &["write", "-f", "sops/nested/keys/sops"],
        ] {
            assert!(this.try_bao(words), "bao {words:?}");
        }
        this
    }

    pub(crate) fn bao(&self, words: &[&str]) -> Command {
        let mut command = Command::new("bao");
        command
            .args(words)
            .env("BAO_ADDR", &self.address)
            .env("BAO_TOKEN", ROOT);
        command
    }

    fn try_bao(&self, words: &[&str]) -> bool {
        let output = self.bao(words).output().expect("`bao` is on the PATH");
        output.status.success()
    }

    fn key(&self, path: &str) -> String {
        let (engine, name) = path.rsplit_once('/').expect("the path has an engine");
        format!("{}/v1/{engine}/keys/{name}", self.address)
    }

    /// A new token with this policy.
    fn token(&self, name: &str, policy: &str, flags: &[&str]) -> String {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        let file = directory.path().join("policy");
        fs::write(&file, policy).expect("the file can be written");
        let file = file.display().to_string();
        assert!(self.try_bao(&["policy", "write", name, &file]));
        let policy = format!("-policy={name}");
        let create = ["token", "create", "-field=token", &policy];
        let output = self.bao(&[&create, flags].concat()).output();
        let output = output.expect("`bao` is on the PATH");
        String::from_utf8(output.stdout)
            .expect("a token is text")
            .trim()
            .to_owned()
    }
}

/// Runs `sops-rs` or `sops` with this token.
fn run(environment: &TestEnvironment, name: &str, token: &str, words: &[&str]) -> Run {
    run_with(environment, name, &[("VAULT_TOKEN", token)], words)
}

#[test]
fn each_program_decrypts_what_the_other_encrypts() {
    let server = &*SERVER;
    let keys = format!(
        "{},{}",
        server.key("transit/sops"),
        server.key("sops/nested/sops")
    );
    for writer in PROGRAMS {
        let environment = TestEnvironment::without_key();
        environment.write("p.yaml", TEXT);
        let words = ["encrypt", "--hc-vault-transit", &keys, "p.yaml"];
        let encrypted = run(&environment, writer, ROOT, &words).succeeds().stdout;
        environment.write("x.yaml", &encrypted);
        // Each key alone, too.
        let vaults = encrypted.matches("enc: vault:v1:").count();
        assert_eq!(vaults, 2, "{encrypted}");
        for lost in ["", "sops/nested", "engine_path: transit"] {
            let text = match lost {
                "" => encrypted.clone(),
                lost => encrypted.replace(
                    lost,
                    &lost.replace("nested", "gone").replace("transit", "gone"),
                ),
            };
            environment.write("x.yaml", text);
            for reader in PROGRAMS {
                let run = run(&environment, reader, ROOT, &["decrypt", "x.yaml"]);
                assert_eq!(run.succeeds().stdout, TEXT, "{writer} {reader} {lost}");
            }
        }
    }
}

/// The names and order of the fields in the metadata of Vault keys.
fn fields(encrypted: &str) -> Vec<&str> {
    let lines = encrypted
        .lines()
        .map(|line| line.trim_start_matches([' ', '-']));
    let lines = lines.skip_while(|line| *line != "hc_vault:");
    let lines = lines.take_while(|line| !line.starts_with("lastmodified"));
    lines
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect()
}

#[test]
fn both_write_the_same_metadata_and_log() {
    let environment = TestEnvironment::without_key();
    environment.write("p.yaml", TEXT);
    let key = SERVER.key("transit/sops");
    let [ours, theirs] = PROGRAMS.map(|program| {
        let words = ["encrypt", "--hc-vault-transit", &key, "p.yaml"];
        run(&environment, program, ROOT, &words).succeeds().stdout
    });
    assert_eq!(fields(&ours), fields(&theirs));
    assert!(fields(&ours).contains(&"vault_address"));
    logs_agree(&[("VAULT_TOKEN", ROOT)], &["--hc-vault-transit", &key]);
}

#[test]
fn groups_with_other_keys_are_shared() {
    let server = &*SERVER;
    let (sops, other, age) = (
        server.key("transit/sops"),
        server.key("transit/other"),
        recipient(),
    );
    let config = format!(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{age}]\n      - hc_vault: [{sops}]\n      - hc_vault: [{other}]\n"
    );
    for writer in PROGRAMS {
        for environment in [TestEnvironment::new(), TestEnvironment::without_key()] {
            environment.write(".sops.yaml", &config);
            environment.write("x.yaml", TEXT);
            run(&environment, writer, ROOT, &["encrypt", "-i", "x.yaml"]).succeeds();
            for changer in PROGRAMS {
                run(&environment, changer, ROOT, &["rotate", "-i", "x.yaml"]).succeeds();
                for reader in PROGRAMS {
                    let run = run(&environment, reader, ROOT, &["decrypt", "x.yaml"]);
                    assert_eq!(run.succeeds().stdout, TEXT, "{writer} {changer} {reader}");
                }
            }
        }
    }
}

#[test]
fn updatekeys_and_the_flags_of_rotate_change_keys_for_both() {
    let server = &*SERVER;
    let (sops, other) = (server.key("transit/sops"), server.key("transit/other"));
    for changer in PROGRAMS {
        let environment = TestEnvironment::new();
        let config = format!("creation_rules:\n  - hc_vault_transit_uri: \"{sops}\"\n");
        environment.encrypt("x.yaml", TEXT);
        environment.write(".sops.yaml", config);
        run(&environment, changer, ROOT, &["updatekeys", "-y", "x.yaml"]).succeeds();
        assert!(!environment.read("x.yaml").contains("recipient: "));
        let flags = [
            "--add-hc-vault-transit",
            &other,
            "--rm-hc-vault-transit",
            &sops,
        ];
        let words = [&["rotate", "-i"], &flags[..], &["x.yaml"]].concat();
        run(&environment, changer, ROOT, &words).succeeds();
        let changed = environment.read("x.yaml");
        assert!(changed.contains("key_name: other") && !changed.contains("key_name: sops"));
        for reader in PROGRAMS {
            let run = run(&environment, reader, ROOT, &["decrypt", "x.yaml"]);
            assert_eq!(run.succeeds().stdout, TEXT, "{changer} {reader}");
        }
    }
}

#[test]
fn the_real_server_refuses_requests_like_the_stand_in() {
    let server = &*SERVER;
    let environment = TestEnvironment::without_key();
    environment.write("x.yaml", TEXT);
    let key = server.key("transit/sops");
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, "x.yaml"];
    run(&environment, "sops-rs", ROOT, &words).succeeds();
    let original = environment.read("x.yaml");
    for (name, from, to) in [
        ("lost.yaml", "key_name: sops", "key_name: lost"),
        (
            "unmounted.yaml",
            "engine_path: transit",
            "engine_path: nowhere",
        ),
        ("altered.yaml", "enc: vault:v1:", "enc: vault:v1:AAAA"),
    ] {
        environment.write(name, original.replace(from, to));
    }
    let nothing = "path \"x\" { capabilities = [\"read\"] }";
    let powerless = server.token("powerless", nothing, &[]);
    let expired = server.token("short", nothing, &["-ttl=1s", "-explicit-max-ttl=1s"]);
    thread::sleep(Duration::from_millis(1500));
    for (token, file, words) in [
        ("", "x.yaml", "there is no Vault token"),
        (
            "s.nonsense",
            "x.yaml",
            "it has expired, or it is from another server",
        ),
        (
            &expired,
            "x.yaml",
            "it has expired, or it is from another server",
        ),
        (
            &powerless,
            "x.yaml",
            "(default, powerless) do not allow `update` on `transit/decrypt/sops`",
        ),
        (ROOT, "lost.yaml", "the key does not exist"),
        (
            ROOT,
            "unmounted.yaml",
            "there is no transit engine at `nowhere`",
        ),
        (
            ROOT,
            "altered.yaml",
            "Vault cannot decrypt `enc` with this key",
        ),
    ] {
        let run = run(&environment, "sops-rs", token, &["decrypt", file]).fails_with(128);
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{words}: {run}");
    }

    // `sops` creates a mistyped key.
    environment.write("p.yaml", TEXT);
    for (program, name, is_created) in [("sops-rs", "spos", false), ("sops", "spos", true)] {
        let key = server.key(&format!("transit/{name}"));
        let words = ["encrypt", "--hc-vault-transit", &key, "p.yaml"];
        let run = run(&environment, program, ROOT, &words);
        assert_eq!(run.code == Some(0), is_created, "{program}: {run}");
        let path = format!("transit/keys/{name}");
        assert_eq!(server.try_bao(&["read", &path]), is_created);
    }
    let blind = "path \"transit/encrypt/*\" { capabilities = [\"create\", \"update\"] }";
    let blind = server.token("blind", blind, &[]);
    let key = server.key("transit/sops");
    let words = ["encrypt", "--hc-vault-transit", &key, "p.yaml"];
    let run = run(&environment, "sops-rs", &blind, &words).succeeds();
    assert!(
        run.stderr
            .contains("your token is not allowed to read the key"),
        "{run}"
    );
    assert!(server.try_bao(&["write", "-f", "transit/keys/derived", "derived=true"]));
    let key = server.key("transit/derived");
    let words = ["encrypt", "--hc-vault-transit", &key, "p.yaml"];
    let run = self::run(&environment, "sops-rs", ROOT, &words).fails_with(1);
    assert!(run.stderr.contains("the key is derived"), "{run}");
}

#[test]
fn a_namespace_is_given_by_the_variable_or_in_the_path() {
    let server = &*SERVER;
    assert!(server.try_bao(&["namespace", "create", "team"]));
    assert!(server.try_bao(&["secrets", "enable", "-namespace=team", "transit"]));
    assert!(server.try_bao(&["write", "-namespace=team", "-f", "transit/keys/inside"]));
    for writer in PROGRAMS {
        for (namespace, path) in [("team", "transit/inside"), ("", "team/transit/inside")] {
            let environment = TestEnvironment::without_key();
            environment.write("x.yaml", TEXT);
            let key = server.key(path);
            let words = ["encrypt", "-i", "--hc-vault-transit", &key, "x.yaml"];
            let variables = [("VAULT_TOKEN", ROOT), ("VAULT_NAMESPACE", namespace)];
            run_with(&environment, writer, &variables, &words).succeeds();
            for reader in PROGRAMS {
                let run = run_with(&environment, reader, &variables, &["decrypt", "x.yaml"]);
                assert_eq!(run.succeeds().stdout, TEXT, "{writer} {reader} {path}");
            }
        }
    }
}

#[test]
fn the_allow_list_means_the_same_to_both() {
    let server = &*SERVER;
    let environment = TestEnvironment::without_key();
    environment.write("x.yaml", TEXT);
    let key = server.key("transit/sops");
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, "x.yaml"];
    run(&environment, "sops-rs", ROOT, &words).succeeds();
    let (address, host) = (
        &server.address,
        server.address.rsplit_once(':').expect("a port").0,
    );
    for (list, is_allowed) in [
        ("all", true),
        ("none", false),
        ("", true),
        (&**address, true),
        (&format!("https://a, {address}/"), true),
        (host, false),
        ("https://a", false),
        ("https://a,", false),
    ] {
        for name in PROGRAMS {
            let variables = [("VAULT_TOKEN", ROOT), ("SOPS_HC_VAULT_ALLOWLIST", list)];
            let run = run_with(&environment, name, &variables, &["decrypt", "x.yaml"]);
            assert_eq!(run.code == Some(0), is_allowed, "{name} {list}: {run}");
        }
    }
}
