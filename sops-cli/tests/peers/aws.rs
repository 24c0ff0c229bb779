//! Keys of AWS KMS: this program and the real `sops` with local-kms, which encrypts as AWS does.

use std::fs;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use sops_test_support::environment::{TestEnvironment, recipient};

use crate::cloud::{PROGRAMS, TEXT, round_trips, run};
use crate::warden::{Warden, free_port};

const ID: &str = "bc436485-5092-42b8-92a3-0aa8b93536dc";

/// A server with one key, which has an alias.
struct LocalKms {
    url: String,
    _server: Warden,
}

impl LocalKms {
    fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        // The warden removes the directories in it.
        let directory = root.keep().join("local-kms");
        fs::create_dir(&directory).expect("the directory can be created");
        let seed = directory.join("seed.yaml");
        let text = format!(
            "Keys:\n  Symmetric:\n    Aes:\n      - Metadata:\n          KeyId: {ID}\n        BackingKeys:\n          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9\nAliases:\n  - AliasName: alias/sops\n    TargetKeyId: {ID}\n"
        );
        fs::write(&seed, text).expect("the file can be written");
        let port = free_port();
        let arguments = [
            format!("PORT={port}"),
            "KMS_REGION=eu-west-1".to_owned(),
            "KMS_ACCOUNT_ID=123456789012".to_owned(),
            format!("KMS_DATA_PATH={}", directory.display()),
            format!("KMS_SEED_PATH={}", seed.display()),
            "local-kms".to_owned(),
        ];
        let this = Self {
            url: format!("http://127.0.0.1:{port}"),
            _server: Warden::start(&directory, "env", &arguments),
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "local-kms starts"
            );
            thread::sleep(Duration::from_millis(20));
        }
        this
    }

    fn variables(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL_KMS", &self.url),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]
    }
}

#[test]
fn both_programs_use_a_server_that_encrypts_as_aws_does() {
    let server = LocalKms::start();
    let variables = server.variables();
    let key = format!("arn:aws:kms:eu-west-1:123456789012:key/{ID}");
    let alias = "arn:aws:kms:eu-west-1:123456789012:alias/sops";
    let context = ["--kms", &key, "--encryption-context", "App:web,Env:prod"];
    for flags in [&["--kms", &key][..], &["--kms", alias], &context] {
        round_trips(&variables, flags);
    }

    // The context is authenticated.
    let environment = TestEnvironment::without_key();
    environment.write("x.yaml", TEXT);
    let words = [&["encrypt", "-i"], &context[..], &["x.yaml"]].concat();
    run(&environment, "sops-rs", &variables, &words).succeeds();
    let changed = environment.read("x.yaml").replace("Env: prod", "Env: test");
    environment.write("x.yaml", changed);
    for name in PROGRAMS {
        let run = run(&environment, name, &variables, &["decrypt", "x.yaml"]).fails_with(128);
        let has_reason = run.stderr.contains("with the encryption context");
        assert_eq!(has_reason, name == "sops-rs", "{run}");
    }
}

#[test]
fn groups_with_other_keys_are_shared() {
    let server = LocalKms::start();
    let variables = server.variables();
    let environment = TestEnvironment::new();
    let config = format!(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{}]\n      - kms:\n          - arn: arn:aws:kms:eu-west-1:123456789012:key/{ID}\n            context: {{App: web}}\n",
        recipient()
    );
    environment.write(".sops.yaml", config);
    for writer in PROGRAMS {
        environment.write("x.yaml", TEXT);
        run(
            &environment,
            writer,
            &variables,
            &["encrypt", "-i", "x.yaml"],
        )
        .succeeds();
        for reader in PROGRAMS {
            let run = run(&environment, reader, &variables, &["decrypt", "x.yaml"]);
            assert_eq!(run.succeeds().stdout, TEXT, "{writer} {reader}");
        }
    }
}
