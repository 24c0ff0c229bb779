//! Compares `publish` with that of `sops`: which rule applies to a path, and what is an error.

use std::path::Path;

use sops_test_support::environment::{
    TestEnvironment, other_identity, other_recipient, program, recipient,
};

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
        let is_refused = ours.stderr.contains("does not support");
        assert_eq!(is_refused, *is_found, "{rules}: {ours}");
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
