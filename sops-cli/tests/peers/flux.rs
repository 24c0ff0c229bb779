//! Flux's decryptor on encrypted files of ours and of `sops`. Its program `flux-decryptor` must be
//! on the PATH: it is a test of kustomize-controller's package, since that is internal.

use std::path::Path;

use sops_core::Format;
use sops_test_support::environment::TestEnvironment;

use crate::peer;

/// Sources of a kustomization: their names and contents.
const SOURCES: [(&str, &str); 13] = [
    ("docker.json", r#"{"auths":{"ghcr.io":{"auth":"dTpw"}}}"#),
    ("line.json", r#"{"a": [1, {"b": "c"}], "d": null}"#),
    ("lines.json", "{\n  \"a\": {\n    \"b\": \"c\"\n  }\n}\n"),
    ("tabs.json", "{\n\t\"a\": \"b\"\n}"),
    ("broken.json", "{\"a\":\n\"b\"}\n"),
    ("block.yaml", "a: |\n  b\n  c\nd: 0x1F\n"),
    ("flow.yaml", "{a: 1, b: {c: [d, 'e']}}\n"),
    ("json.yaml", "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n"),
    ("odd.yaml", "{&k a: 1, # c\n ? b : *k, d: # e\n [f]}\n"),
    ("settings.ini", "[a]\nb = c\n"),
    ("blob", "\u{1}\u{2}binary\n"),
    ("vars.env", "A=b\nC=d e\n"),
    (
        "patch.yaml",
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {b: c}}\n",
    ),
];

const KUSTOMIZATION: &str = "\
secretGenerator:
- name: a
  files: [.dockerconfigjson=docker.json, line.json, lines.json, tabs.json, broken.json, block.yaml,
    flow.yaml, json.yaml, odd.yaml, settings.ini, blob]
  envs: [vars.env]
patches:
- path: patch.yaml
";

/// Manifests of Secrets.
const OBJECTS: [(&str, &str); 3] = [
    (
        "block.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  b: |+\n    c\n\n  d: >-\n    e\n    f\n",
    ),
    (
        "flow.yaml",
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {b: c, d: \"e\\n\"}}\n",
    ),
    (
        "line.json",
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"b":"Yw=="}}"#,
    ),
];

/// The result of Flux for all sources and objects, encrypted with `encrypt`.
fn decrypted(encrypt: impl Fn(&str, Format) -> String) -> Vec<(String, String)> {
    let environment = TestEnvironment::new();
    environment.write("kustomization.yaml", KUSTOMIZATION);
    let sources = SOURCES.map(|(name, text)| (name.to_owned(), text));
    let objects = OBJECTS.map(|(name, text)| (format!("objects/{name}"), text));
    let files: Vec<_> = sources.into_iter().chain(objects).collect();
    for (name, text) in &files {
        // A file of variables in a generator is dotenv for Flux, and a file without a known
        // extension is binary.
        let encrypted = encrypt(text, Format::from_path(Path::new(name)));
        assert!(encrypted.contains("ENC[AES256_GCM,"), "{name}");
        environment.write(name, encrypted);
    }
    run_decryptor(&environment);
    let read = |(name, _): (String, _)| {
        let text = std::fs::read_to_string(environment.path(&name)).expect("Flux left a file");
        (name, text)
    };
    files.into_iter().map(read).collect()
}

/// Makes Flux decrypt the directory of the environment in place.
fn run_decryptor(environment: &TestEnvironment) {
    run_decryptor_in(environment, ".");
}

fn run_decryptor_in(environment: &TestEnvironment, directory: &str) {
    let run = ["-test.run=TestDecrypt", "-test.v"];
    let mut command = environment.command_of(Path::new("flux-decryptor"), &run);
    command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("FLUX_ROOT", environment.path(directory))
        .env("FLUX_AGE_IDENTITY", peer::IDENTITY);
    let run = environment.finish(command).succeeds();
    assert!(run.stdout.contains("--- PASS: TestDecrypt"), "{run}");
}

/// The rule reports exactly the files of generators and patches that Flux leaves encrypted.
#[test]
fn the_lint_knows_which_files_flux_leaves_encrypted() {
    let environment = TestEnvironment::new();
    let encrypted = |text: &str, format| {
        peer::encrypt(text, format, |_| ()).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let json = encrypted("{\n  \"a\": \"b\"\n}\n", Format::Json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("the text is JSON");
    let yaml = encrypted("a: b\n", Format::Yaml);
    for (name, text) in [
        ("lines.json", json),
        ("line.json", value.to_string()),
        ("block.yaml", yaml.clone()),
        ("flow.yaml", value.to_string()),
        ("keyless.yaml", yaml.clone()),
        ("map.yaml", yaml),
        ("vars.env", encrypted("A=b\n", Format::Dotenv)),
        ("old.env", encrypted("A=b\n", Format::Dotenv)),
        ("blob", encrypted("\u{1}\u{2}binary\n", Format::Binary)),
        (
            "patch.yaml",
            encrypted(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  b: c\n",
                Format::Yaml,
            ),
        ),
    ] {
        environment.write(&format!("apps/{name}"), text);
    }
    let kustomization = "\
secretGenerator:
- name: a
  files:
  - lines.json
  - line.json
  - config.yaml=block.yaml
  - flow.yaml
  - value=keyless.yaml
  - blob
  envs:
  - vars.env
- name: b
  env: old.env
configMapGenerator:
- name: c
  files:
  - map.yaml
patches:
- path: patch.yaml
";
    environment.write("apps/kustomization.yaml", kustomization);
    environment.write(
        "clusters/apps.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n  path: ./apps\n  \
         sourceRef: {kind: GitRepository, name: flux-system}\n  decryption: {provider: sops}\n",
    );
    let run = environment.run(&["lint", "--select", "SL015", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let lines: Vec<&str> = kustomization.lines().collect();
    let findings = report.as_array().expect("the value is a list");
    let reported: Vec<&str> = findings
        .iter()
        .map(|finding| {
            let line = finding["line"].as_u64().expect("a finding has a line");
            let line = lines[usize::try_from(line).expect("the number fits") - 1];
            line.rsplit([' ', '=']).next().unwrap_or_default()
        })
        .collect();
    run_decryptor_in(&environment, "apps");
    let mut left = Vec::new();
    for name in [
        "line.json",
        "flow.yaml",
        "keyless.yaml",
        "old.env",
        "map.yaml",
        "lines.json",
        "block.yaml",
        "vars.env",
        "blob",
        "patch.yaml",
    ] {
        if environment.read(&format!("apps/{name}")).contains("ENC[") {
            left.push(name);
        }
    }
    assert_eq!(reported, left);
    assert_eq!(
        left,
        [
            "line.json",
            "flow.yaml",
            "keyless.yaml",
            "old.env",
            "map.yaml"
        ]
    );
}

#[test]
fn flux_decrypts_files_of_both_programs_alike() {
    let ours = decrypted(|text, format| {
        peer::encrypt(text, format, |_| ()).unwrap_or_else(|error| panic!("{error}: {text}"))
    });
    let theirs = decrypted(|text, format| peer::sops_encrypt(text, format, &[]).expect(text));
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(!ours.contains("ENC["), "{name}: {ours}");
        let is_yaml = name.ends_with(".yaml") && !name.contains('/');
        let (ours, theirs) = match is_yaml {
            // Comments may be in another place.
            true => (
                format!("{:?}", crate::generated::values(ours, Format::Yaml)),
                format!("{:?}", crate::generated::values(theirs, Format::Yaml)),
            ),
            false => (ours.clone(), theirs.clone()),
        };
        assert_eq!(ours, theirs, "{name}");
    }
}
