//! The JSON schema of `.sops.yaml`, checked with `check-jsonschema`, which must be on the PATH: it
//! accepts exactly the configurations that sops-rs reads without an error or a warning about a key.

use std::fs;
use std::path::{Path, PathBuf};

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

/// Configurations with one mistake each.
const MISTAKES: [&str; 12] = [
    "creation_rules: {}",
    "creation_rules: [a]",
    "creation_rules: [{age: 1}]",
    "creation_rules: [{agee: a}]",
    "creation_rules: [{path_regex: [a], age: a}]",
    "creation_rules: [{age: a, encrypted_regex: a, unencrypted_suffix: b}]",
    "creation_rules: [{age: a, mac_only_encrypted: 'yes'}]",
    "creation_rules: [{shamir_threshold: 300, age: a}]",
    "creation_rules: [{key_groups: [{age: a}]}]",
    "creation_rules: [{key_groups: [{kms: [{role: a}]}]}]",
    "stores: {yaml: {indent: a}}",
    "destination_rules: [{recreation_rule: {owner: me}}]",
];

fn validate(environment: &TestEnvironment, file: &Path) -> Run {
    let file = file.to_string_lossy();
    let arguments = [
        "--regex-variant",
        "python",
        "--schemafile",
        "schema.json",
        &file,
    ];
    environment.finish(environment.command_of(Path::new("check-jsonschema"), &arguments))
}

/// The schema, written to `schema.json`.
fn with_schema() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let schema = environment.run(&["config", "schema"]).succeeds().stdout;
    environment.write("schema.json", schema);
    environment
}

#[test]
fn the_schema_is_valid_and_accepts_every_fixture() {
    let environment = with_schema();
    let check = ["--check-metaschema", "schema.json"];
    let check = environment.command_of(Path::new("check-jsonschema"), &check);
    environment.finish(check).succeeds();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops_yaml");
    let entries = fs::read_dir(directory).expect("the directory exists");
    let mut fixtures: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the directory is readable").path())
        .collect();
    fixtures.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/repository/.sops.yaml"));
    assert!(fixtures.len() > 30, "{}", fixtures.len());
    for (index, fixture) in fixtures.iter().enumerate() {
        let text = fs::read_to_string(fixture).expect("the text is UTF-8");
        // The parser of the validator rejects tabs before comments.
        let text = text.replace("\t#", " #").replace("ANN", &recipient());
        let name = format!("{index}.yaml");
        environment.write(&name, text.replace("BOB", &other_recipient()));
        let run = validate(&environment, Path::new(&name));
        assert_eq!(run.code, Some(0), "{}: {run}", fixture.display());
    }
}

#[test]
fn the_schema_refuses_what_sops_rs_refuses_or_warns_about() {
    let environment = with_schema();
    for (index, text) in MISTAKES.into_iter().enumerate() {
        let name = format!("{index}.yaml");
        environment.write(&name, text);
        let run = validate(&environment, Path::new(&name));
        assert_eq!(run.code, Some(1), "{text}: {run}");
        let own = environment.run(&["config", "check", "--config", &name]);
        assert!(
            own.code != Some(0) && !own.stderr.contains("no problems"),
            "{text}: {own}"
        );
    }
}
