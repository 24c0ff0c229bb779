//! `ls` shows what is in a file, and no value.

use serde_json::Value as Json;
use sops_test_support::environment::TestEnvironment;

const SECRET: &str = "\
kind: Secret
stringData:
  password: hunter2-hunter2-hunter2
  port: 8443
  enabled: true
  empty: \"\"
  list: [a, null]
";

#[test]
fn types_and_lengths_are_shown_without_a_key() {
    let environment = TestEnvironment::without_key();
    environment.encrypt("secret.yaml", SECRET);
    let run = environment.run(&["ls", "secret.yaml"]).succeeds();
    let run = run.keeps(&["hunter2", "8443"]);
    assert_eq!(
        run.stdout,
        "\
kind                 encrypted  string, 1 to 8 bytes
stringData.password  encrypted  string, 17 to 32 bytes
stringData.port      encrypted  integer
stringData.enabled   encrypted  boolean
stringData.empty     plaintext  string, empty
stringData.list[0]   encrypted  string, 1 to 8 bytes
stringData.list[1]   plaintext  null
"
    );
}

#[test]
fn json_has_the_same() {
    let environment = TestEnvironment::new();
    environment.encrypt("secret.yaml", SECRET);
    let run = environment.run(&["ls", "--json", "secret.yaml"]).succeeds();
    let values: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    assert_eq!(values[1]["path"], "stringData.password");
    assert_eq!(values[1]["type"], "string");
    assert_eq!(values[1]["length"], "17 to 32 bytes");
    assert_eq!(values[1]["encrypted"], true);
    assert_eq!(values[2]["length"], Json::Null);
}

#[test]
fn a_plaintext_file_is_listed_with_a_note() {
    let environment = TestEnvironment::new();
    environment.write("plain.yaml", SECRET);
    let run = environment.run(&["ls", "plain.yaml"]).succeeds();
    let run = run.keeps(&["hunter2", "8443"]);
    assert!(
        run.stdout.contains("plaintext  string, 17 to 32 bytes"),
        "{run}"
    );
    assert!(run.stderr.contains("plain.yaml is not encrypted"), "{run}");
}

#[test]
fn a_binary_file_is_one_value() {
    let environment = TestEnvironment::new();
    for name in ["key.p12", "settings.toml", "data.bin"] {
        environment.encrypt(name, "a = \"hunter2-hunter2\"\n");
        let run = environment.run(&["ls", name]).succeeds();
        assert_eq!(
            (&*run.stdout, &*run.stderr),
            ("(the whole file)  encrypted  string, 17 to 32 bytes\n", ""),
            "{name}"
        );
    }
    // The content counts.
    environment.encrypt("a.yaml", SECRET);
    environment.write("a.toml", environment.read("a.yaml"));
    let (yaml, toml) = ["a.yaml", "a.toml"]
        .map(|name| environment.run(&["ls", name]).succeeds().stdout)
        .into();
    assert_eq!(yaml, toml);
}
