//! Programs that read our files without `sops`: `rops`, and the library `sops-age` for JavaScript.

use std::path::Path;

use serde_json::{Value, json};
use sops_test_support::environment::{TestEnvironment, identity};

use super::{YAML, installed, values};

#[test]
fn rops_reads_our_files() {
    let environment = TestEnvironment::new();
    environment.encrypt("secret.yaml", YAML);
    let values = values();
    environment.encrypt("secret.json", values.to_string());
    let plaintext = |name: &str, format: &str| {
        // `rops` reads standard input unless that is a terminal.
        let script = format!("rops decrypt --format {format} < {name}");
        let mut command = environment.command_of(Path::new("sh"), &["-c", &script]);
        command.env("ROPS_AGE", identity());
        environment.finish(command).succeeds().stdout
    };
    let yaml: Value =
        serde_yaml::from_str(&plaintext("secret.yaml", "yaml")).expect("the text is YAML");
    assert_eq!(yaml, values);
    let json: Value =
        serde_json::from_str(&plaintext("secret.json", "json")).expect("the text is JSON");
    assert_eq!(json, values);
}

#[test]
fn sops_age_reads_our_files() {
    let environment = TestEnvironment::new();
    environment.encrypt("secret.yaml", YAML);
    environment.encrypt("secret.json", values().to_string());
    environment.encrypt("secret.env", "A=1\nB=two words\n");
    environment.write("decrypt.cjs", include_str!("decrypt.cjs"));
    let arguments = ["decrypt.cjs", "secret.yaml", "secret.json", "secret.env"];
    let mut command = environment.command_of(Path::new("node"), &arguments);
    command
        .env("NODE_PATH", installed("node/node_modules"))
        .env("SOPS_AGE_KEY", identity());
    let run = environment.finish(command).succeeds();
    let read: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("the text is JSON"))
        .collect();
    assert_eq!(
        read,
        [values(), values(), json!({"A": "1", "B": "two words"})]
    );
}
