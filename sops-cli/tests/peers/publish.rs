//! Compares `publish` with that of `sops`: which rule applies to a path, what is an error, and what
//! is published.

use std::path::Path;

use serde_json::Value;
use sops_test_support::environment::{
    TestEnvironment, other_identity, other_recipient, program, recipient,
};
use sops_test_support::server::aws::USER;
use sops_test_support::server::{AwsServer, GcpServer};

use crate::cloud::{PROGRAMS, run};
use crate::vault::{ROOT, SERVER};

const TEXT: &str = "password: hunter2\nname: x # kept\n";

/// The rules, the arguments, and whether a destination is found, so that `sops` asks before it
/// uploads.
const CASES: &[(&str, &[&str], bool)] = &[
    ("- {s3_bucket: b}", &["a.yaml"], true),
    ("- {s3_bucket: b}", &["./a.yaml"], true),
    ("- {path_regex: ^a, s3_bucket: b}", &["./a.yaml"], false),
    ("- {path_regex: ^a, s3_bucket: b}", &["a.yaml"], true),
    (
        "- {path_regex: ^x}\n- {path_regex: aml$, gcs_bucket: b}",
        &["a.yaml"],
        true,
    ),
    ("- {path_regex: '[', gcs_bucket: b}", &["a.yaml"], false),
    ("- {path_regex: a}", &["a.yaml"], false),
    ("- {s3_bucket: b, gcs_bucket: c}", &["a.yaml"], false),
    ("- {s3_bucket: b}", &["plain.yaml"], false),
    ("- {s3_bucket: b}", &["none.yaml"], false),
    ("- {s3_bucket: b}", &["directory"], false),
    ("- {s3_bucket: b}", &["--recursive", "directory"], true),
    ("- {s3_bucket: b}", &[], false),
];

#[test]
fn a_path_gets_the_same_rule_as_from_sops() {
    for (rules, arguments, is_found) in CASES {
        let environment = TestEnvironment::new();
        environment.encrypt("a.yaml", TEXT);
        environment.encrypt("directory/a.yaml", TEXT);
        environment.write("plain.yaml", TEXT);
        let arguments = [&["publish"], *arguments].concat();
        environment.write(".sops.yaml", format!("destination_rules:\n{rules}\n"));
        // Without an answer, nothing is uploaded.
        let theirs = environment.finish(environment.command_of(Path::new("sops"), &arguments));
        let ours = environment.run(&arguments);
        assert_eq!(
            ours.code, theirs.code,
            "{rules} {arguments:?}\n{ours}\n{theirs}"
        );
        assert_eq!(
            theirs.stdout.contains("uploading "),
            *is_found,
            "{rules}: {theirs}"
        );
        let asks = ours.stderr.contains("Publish ");
        assert_eq!(asks, *is_found, "{rules}: {ours}");
    }
}

#[test]
fn sops_reads_published_files() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules: [{{age: {}}}]\ndestination_rules:\n- directory: out\n  recreation_rule: {{age: {}, encrypted_regex: ^pass}}\n",
            recipient(),
            other_recipient()
        ),
    );
    for (name, text) in [
        ("a.yaml", TEXT),
        (
            "b.json",
            "{\n\t\"password\": \"hunter2\",\n\t\"name\": 1\n}\n",
        ),
        ("c.env", "password=hunter2\nname=x\n"),
        ("d.ini", "[s]\npassword = hunter2\n"),
        ("e.bin", "hunter2\n"),
    ] {
        environment.write(name, text);
        let encrypt = environment.command_of(Path::new("sops"), &["encrypt", "-i", name]);
        environment.finish(encrypt).succeeds();
        environment.run(&["publish", "--yes", name]).succeeds();
        let published = format!("out/{name}");
        let decrypt = |program: &Path| {
            let mut command = environment.command_of(program, &["decrypt", &published]);
            command.env("SOPS_AGE_KEY", other_identity());
            environment.finish(command).succeeds().stdout
        };
        assert_eq!(decrypt(Path::new("sops")), decrypt(&program()), "{name}");
        assert!(decrypt(&program()).contains("hunter2"));
    }
}

/// Files in each format, with values of each type.
const FILES: [(&str, &str); 5] = [
    (
        "a.yaml",
        "# c\npassword: hunter2\nn: 3\nf: 1.50\nhex: 0x1F\nbig: 9223372036854775807\nb: true\nz: null\nt: 2020-01-02T03:04:05Z\nlist: [1, x, [y]]\nnest:\n    # d\n    a: {b: <a&b>}\nempty: {}\ntext: |\n    x\n    \u{e9}\n",
    ),
    (
        "b.json",
        "{\"a\": {\"b\": [1, 2.5, null, true, \"\u{1F600}\"]}}\n",
    ),
    ("c.env", "# c\nA=1\nB=x y\n"),
    ("d.ini", "[s]\n; c\na = 1\n[t]\nb = x\n"),
    ("e.bin", "hunter2\n"),
];

/// An environment with [`FILES`], encrypted by `sops`.
fn with_files() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for (name, text) in FILES {
        environment.write(name, text);
        let words = ["encrypt", "-i", "--age", &recipient(), name];
        let encrypt = environment.command_of(Path::new("sops"), &words);
        environment.finish(encrypt).succeeds();
    }
    environment
}

#[test]
fn a_secret_in_vault_has_the_content_that_sops_writes() {
    let environment = with_files();
    let variables = [("VAULT_ADDR", &*SERVER.address), ("VAULT_TOKEN", ROOT)];
    for (mount, options) in [
        ("secret", ""),
        ("secret/", ", vault_kv_version: 2, omit_extensions: true"),
        ("old", ", vault_kv_version: 1"),
    ] {
        for (file, _) in FILES {
            let contents = PROGRAMS.map(|name| {
                let rule = format!(
                    "destination_rules: [{{vault_path: '/of {name}', vault_kv_mount_name: {mount}{options}}}]\n"
                );
                environment.write(".sops.yaml", rule);
                let words = ["publish", "--yes", file];
                run(&environment, name, &variables, &words).succeeds();
                let published = match options.contains("omit") {
                    true => Path::new(file).with_extension(""),
                    false => file.into(),
                };
                let path = format!("{}/of {name}/{}", mount.trim_matches('/'), published.display());
                let output = SERVER.bao(&["kv", "get", "-format=json", &path]).output();
                let output = output.expect("`bao` is on the PATH").stdout;
                let answer: Value = serde_json::from_slice(&output).expect("`bao` prints JSON");
                match mount {
                    "old" => answer["data"].clone(),
                    _ => answer["data"]["data"].clone(),
                }
            });
            assert_eq!(contents[0], contents[1], "{mount} {file}");
            assert!(contents[0].is_object());
        }
    }
}

#[test]
fn unchanged_secrets_get_no_new_version() {
    let environment = TestEnvironment::new();
    environment.encrypt("same.yaml", "a: x\nb: {c: y}\n");
    environment.write(
        ".sops.yaml",
        format!(
            "destination_rules: [{{vault_path: of, vault_address: '{}'}}]\n",
            SERVER.address
        ),
    );
    let variables = [("VAULT_ADDR", &*SERVER.address), ("VAULT_TOKEN", ROOT)];
    for name in PROGRAMS.iter().chain(&PROGRAMS) {
        let words = ["publish", "--yes", "same.yaml"];
        run(&environment, name, &variables, &words).succeeds();
        let words = [
            "kv",
            "metadata",
            "get",
            "-format=json",
            "secret/of/same.yaml",
        ];
        let output = SERVER.bao(&words).output().expect("`bao` is on the PATH");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("`bao` prints JSON");
        assert_eq!(answer["data"]["current_version"], 1, "{name}");
    }
}

#[test]
fn an_object_in_a_bucket_is_the_one_that_sops_writes() {
    let environment = with_files();
    let (aws, google) = (AwsServer::start(), GcpServer::start());
    let variables = [
        ("AWS_ENDPOINT_URL", &*aws.http.url()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", USER.0),
        ("AWS_SECRET_ACCESS_KEY", USER.1),
        ("STORAGE_EMULATOR_HOST", &*google.http.host()),
    ];
    for (file, _) in FILES {
        for service in ["s3", "gcs"] {
            let objects = PROGRAMS.map(|name| {
                let rule = format!(
                    "destination_rules: [{{{service}_bucket: bucket, {service}_prefix: 'of {name}/\u{e9}+?&#%20'}}]\n"
                );
                environment.write(".sops.yaml", rule);
                let words = ["publish", "--yes", file];
                run(&environment, name, &variables, &words).succeeds();
                let object = format!("bucket/of {name}/\u{e9}+?&#%20{file}");
                match service {
                    "s3" => aws.object(&object),
                    _ => google.object(&object),
                }
            });
            assert!(objects[0].is_some(), "{service} {file}");
            assert_eq!(objects[0], objects[1], "{service} {file}");
        }
    }
}
