//! Keys on servers: this program and the real `sops` with the stand-ins for Azure, Google Cloud and
//! Huawei Cloud. OpenBao has its own file.

use std::path::{Path, PathBuf};

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};
use sops_test_support::server::azure::{self, LATEST, OLDER};
use sops_test_support::server::{
    AwsServer, AzureServer, GcpServer, HckmsServer, authority_file, aws, gcp, hckms,
};

pub(crate) const TEXT: &str = "a: hunter2\nb:\n    - 1\n";

pub(crate) const PROGRAMS: [&str; 2] = ["sops-rs", "sops"];

type Variables<'v> = &'v [(&'v str, &'v str)];

/// Runs `sops-rs` or `sops` with these variables.
pub(crate) fn run(
    environment: &TestEnvironment,
    name: &str,
    variables: Variables<'_>,
    words: &[&str],
) -> Run {
    let program: PathBuf = match name {
        "sops" => Path::new("sops").to_owned(),
        _ => program(),
    };
    let mut command = environment.command_of(&program, words);
    command.envs(variables.iter().copied());
    environment.finish(command)
}

/// Each program encrypts, rotates and decrypts what the other wrote. Returns the encrypted files.
pub(crate) fn round_trips(variables: Variables<'_>, flags: &[&str]) -> [String; 2] {
    let environment = TestEnvironment::new();
    let run = |name: &str, words: &[&str]| run(&environment, name, variables, words).succeeds();
    PROGRAMS.map(|writer| {
        environment.write("x.yaml", TEXT);
        run(writer, &[&["encrypt", "-i"], flags, &["x.yaml"]].concat());
        let encrypted = environment.read("x.yaml");
        for changer in PROGRAMS {
            run(changer, &["rotate", "-i", "x.yaml"]);
            for reader in PROGRAMS {
                let decrypted = run(reader, &["decrypt", "x.yaml"]).stdout;
                assert_eq!(decrypted, TEXT, "{flags:?} {writer} {changer} {reader}");
            }
        }
        encrypted
    })
}

/// The lines of the log about keys, without times.
fn log(run: &Run) -> Vec<String> {
    let lines = run.stderr.lines().filter_map(|line| {
        let (logger, line) = line.strip_prefix('[')?.split_once("]\t time=")?;
        let (_, message) = line.split_once("level=info msg=")?;
        Some(format!("{logger} {message}"))
    });
    let lines = lines.filter(|line| !line.contains("Truncating tree"));
    lines.collect()
}

/// Asserts that both programs write the same log.
pub(crate) fn logs_agree(variables: Variables<'_>, flags: &[&str]) {
    let environment = TestEnvironment::without_key();
    environment.write("x.yaml", TEXT);
    let encrypt = [
        &["--verbose", "-e", "--output", "e.yaml"],
        flags,
        &["x.yaml"],
    ]
    .concat();
    for words in [&encrypt[..], &["--verbose", "-d", "e.yaml"]] {
        let logs = PROGRAMS.map(|name| log(&run(&environment, name, variables, words).succeeds()));
        assert_eq!(logs[0], logs[1], "{words:?}");
        assert!(!logs[0].is_empty());
    }
}

#[test]
fn keys_of_aws_are_shared() {
    let server = AwsServer::start();
    let url = server.http.url();
    let variables = [
        ("AWS_ENDPOINT_URL", &*url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ACCESS_KEY_ID", aws::USER.0),
        ("AWS_SECRET_ACCESS_KEY", aws::USER.1),
    ];
    let with_role = format!("{}+{}", aws::KEY, aws::ROLE);
    let context = [
        "--kms",
        aws::KEY,
        "--encryption-context",
        "App:web,Env:prod",
    ];
    for flags in [
        &["--kms", aws::KEY][..],
        &["--kms", aws::ALIAS],
        &["--kms", &with_role],
        &context,
    ] {
        round_trips(&variables, flags);
        logs_agree(&variables, flags);
    }
}

#[test]
fn keys_of_azure_are_shared() {
    let (vault, tokens) = (AzureServer::start(), AzureServer::start_token_server());
    let endpoint = format!("{}/msi/token", tokens.url());
    let authority = authority_file();
    let variables = [
        (
            "SSL_CERT_FILE",
            authority.to_str().expect("the path is UTF-8"),
        ),
        ("IDENTITY_ENDPOINT", &endpoint),
        ("IDENTITY_HEADER", azure::IDENTITY_HEADER),
    ];
    for (path, version) in [
        ("sops".to_owned(), LATEST),
        (format!("sops/{OLDER}"), OLDER),
    ] {
        let flags = ["--azure-kv", &vault.key(&path)];
        for encrypted in round_trips(&variables, &flags) {
            assert!(encrypted.contains(version), "{encrypted}");
        }
    }
    // With the latest version, `sops` also logs that it asked for it.
    logs_agree(
        &variables,
        &["--azure-kv", &vault.key(&format!("sops/{OLDER}"))],
    );

    let environment = TestEnvironment::new();
    let config = format!(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{}]\n      - azure_keyvault:\n          - vaultUrl: {}\n            key: sops\n            version: '{OLDER}'\n",
        recipient(),
        vault.http.url(),
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

#[test]
fn keys_of_google_are_shared() {
    let server = GcpServer::start();
    let url = server.http.url();
    let account = serde_json::json!({
        "type": "service_account",
        "client_email": gcp::ACCOUNT,
        "private_key": gcp::PRIVATE_KEY,
        "private_key_id": "1",
        "token_uri": format!("{url}/token"),
    });
    for source in [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", gcp::TOKEN),
        ("GOOGLE_CREDENTIALS", &account.to_string()),
    ] {
        let variables = [
            ("SOPS_GCP_KMS_CLIENT_TYPE", "rest"),
            ("SOPS_GCP_KMS_ENDPOINT", &url),
            source,
        ];
        round_trips(&variables, &["--gcp-kms", gcp::KEY]);
        logs_agree(&variables, &["--gcp-kms", gcp::KEY]);
    }
}

#[test]
fn keys_of_huawei_are_shared() {
    let server = HckmsServer::start();
    let url = server.http.url();
    let variables = [
        ("HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1", &*url),
        ("HUAWEICLOUD_SDK_AK", hckms::ACCESS),
        ("HUAWEICLOUD_SDK_SK", hckms::SECRET),
        ("HUAWEICLOUD_SDK_PROJECT_ID", hckms::PROJECT),
    ];
    let key = format!("tr-west-1:{}", hckms::KEY);
    round_trips(&variables, &["--hckms", &key]);
    logs_agree(&variables, &["--hckms", &key]);
}
