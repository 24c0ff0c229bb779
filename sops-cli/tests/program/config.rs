//! `config explain`, `config check` and `config schema`.

use serde_json::Value as Json;
use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

/// A configuration with three rules; the second almost matches files in `apps`.
fn with_rules() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: ^infra/\n  age: {1}\n\
             - path_regex: ^Apps/\n  age: {1}\n\
             - encrypted_regex: ^(data|stringData)$\n  mac_only_encrypted: true\n  \
             age:\n  - {0} # ann\n  - {1}\n",
            recipient(),
            other_recipient()
        ),
    );
    environment
}

#[test]
fn a_file_is_explained_before_it_exists_and_afterward() {
    let environment = with_rules();
    let run = environment.run(&["config", "explain", "apps/secret.yaml"]);
    let lines: Vec<String> = run.succeeds().stdout.lines().map(str::to_owned).collect();
    assert_eq!(
        lines[..4],
        [
            "Rules in .sops.yaml for apps/secret.yaml",
            "  rule 1 (^infra/): does not match",
            "  rule 2 (^Apps/): does not match: it would match if upper and lower case were the same",
            "  rule 3 (every file): applies",
        ]
    );
    assert_eq!(lines[4], "Recipients");
    assert!(lines[5].starts_with("  ann (age1"), "{lines:?}");
    assert!(lines[6].starts_with("  age1"), "{lines:?}");
    assert_eq!(
        lines[7..],
        [
            "Values to encrypt (selected by encrypted_regex ^(data|stringData)$)",
            "  the file does not exist yet"
        ]
    );

    environment.write(
        "apps/secret.yaml",
        "kind: Secret\nmetadata: {name: db}\nstringData:\n  password: hunter2 # hint\n",
    );
    let run = environment.run(&["config", "explain", "apps/secret.yaml"]);
    let run = run.succeeds().keeps(&["hunter2", "hint"]);
    assert!(
        run.stdout.ends_with(
            "\n  a comment in stringData (line 4): not encrypted yet\n  \
             stringData.password (line 4): not encrypted yet\n"
        ),
        "{run}"
    );
    environment
        .run(&["encrypt", "-i", "apps/secret.yaml"])
        .succeeds();
    let run = environment.run(&["config", "explain", "apps/secret.yaml"]);
    let stdout = run.succeeds().stdout;
    assert!(
        stdout.ends_with("\n  stringData.password (line 4): encrypted\n"),
        "{stdout}"
    );
}

#[test]
fn an_explanation_is_also_json() {
    let environment = with_rules();
    environment.write("a.yaml", "data: {a: hunter2}\n");
    let run = environment.run(&["config", "explain", "--json", "a.yaml"]);
    let run = run.succeeds().keeps(&["hunter2"]);
    let found: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    assert_eq!(found["rules"][2]["applies"], true);
    assert_eq!(found["rules"][2]["path_regex"], Json::Null);
    assert_eq!(found["encryption"]["selection"]["name"], "encrypted_regex");
    assert_eq!(found["encryption"]["mac_only_encrypted"], true);
    assert_eq!(
        found["encryption"]["values"]["selected"][0]["path"],
        "data.a"
    );
    assert_eq!(found["encryption"]["values"]["selected"][0]["line"], 1);
}

#[test]
fn a_file_without_a_rule_is_explained_and_an_error() {
    let environment = TestEnvironment::new();
    let rule = format!(
        "creation_rules:\n- path_regex: \\.yaml$\n  age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rule);
    let run = environment.run(&["config", "explain", "a.yml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout
            .contains("does not match: it would match a.yaml, which has the other extension"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("no matching creation rules found for `a.yml`"),
        "{run}"
    );
    let run = environment.run(&["config", "explain", "--config", "/dev/null", "a.yml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("no creation rules"), "{run}");
}

#[test]
fn check_reports_every_rule() {
    let environment = with_rules();
    let run = environment.run(&["config", "check"]).succeeds();
    assert!(
        run.stderr
            .contains(".sops.yaml: 3 creation rules, no problems"),
        "{run}"
    );

    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: a\n  age: age1nonsense\n- path_regex: b\n  encrypted_regex: '('\n  \
             age: {0}\n- path_regex: c\n  shamir_threshold: 1\n  key_groups: [{{age: [{0}]}}, {{age: [{1}]}}]\n",
            recipient(),
            other_recipient()
        ),
    );
    let run = environment.run(&["config", "check"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.is_empty(), "{run}");
}

#[test]
fn check_finds_a_rule_that_no_file_reaches() {
    let environment = TestEnvironment::new();
    let rules = format!(
        "creation_rules:\n- age: {0}\n- path_regex: ^apps/\n  age: {0}\n",
        recipient()
    );
    environment.write(".sops.yaml", rules);
    let run = environment.run(&["config", "check"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("2 creation rules, 1 problem"), "{run}");
}

#[test]
fn json_has_whole_recipients() {
    let environment = with_rules();
    let run = environment.run(&["config", "explain", "--json", "apps/secret.yaml"]);
    let explanation: Json = serde_json::from_str(&run.succeeds().stdout).expect("it is JSON");
    let keys = &explanation["encryption"]["key_groups"][0];
    assert_eq!(keys[0]["id"], recipient());
    assert_eq!(keys[0]["name"], "ann");
    assert_eq!(keys[1]["id"], other_recipient());
}

#[test]
fn a_rule_that_names_the_plaintext_is_explained_as_such() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write(".sops.yaml", rule);
    let run = environment.run(&["config", "explain", "a.yaml"]).succeeds();
    let line = "Values to encrypt (all except those that unencrypted_suffix _unencrypted leaves in plaintext)\n";
    assert!(run.stdout.contains(line), "{run}");
    let run = environment.run(&["config", "a.yaml"]).fails_with(1);
    assert!(
        run.stderr.contains("`sops-rs config explain a.yaml`"),
        "{run}"
    );
}

#[test]
fn conflict_markers_in_the_configuration_are_named() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- age:\n  - {recipient}\n<<<<<<< HEAD\n  - a\n=======\n  - b\n>>>>>>> topic\n"
        ),
    );
    environment.write("a.yaml", "a: 1\n");
    for arguments in [&["encrypt", "-i", "a.yaml"][..], &["recipients", "list"]] {
        let run = environment.run(arguments);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(
            run.stderr
                .contains("the configuration has an unresolved merge conflict\n--> .sops.yaml:4:1"),
            "{run}"
        );
    }
}

#[test]
fn an_encrypted_binary_file_is_explained_by_its_content() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    for name in ["key.p12", "settings.toml"] {
        environment.write(name, "a = \"hunter2\"\n");
        environment.run(&["encrypt", "-i", name]).succeeds();
        let run = environment.run(&["config", "explain", name]).succeeds();
        assert!(
            run.stdout
                .ends_with("  the whole file (line 2): encrypted\n"),
            "{run}"
        );
    }
}

#[test]
fn a_directory_is_not_explained() {
    let environment = TestEnvironment::new();
    let rules = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write(".sops.yaml", rules);
    std::fs::create_dir(environment.path("apps")).expect("the directory is new");
    let run = environment
        .run(&["config", "explain", "apps"])
        .fails_with(1);
    assert!(
        run.stderr.starts_with("error: this is a directory"),
        "{run}"
    );
}

#[test]
fn check_goes_on_after_an_invalid_expression() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: '^(a'\n  age: {recipient}\n- path_regex: ^b\n  encrypted_regex: '[c'\n  age: {recipient}\n- path_regex: ^d\n  shamir_threshold: 3\n  key_groups: [{{age: [{recipient}]}}, {{age: [{recipient}]}}]\n"
        ),
    );
    let run = environment.run(&["config", "check"]).fails_with(1);
    for part in [
        "--> .sops.yaml:2:",
        "--> .sops.yaml:5:",
        "--> .sops.yaml:8:",
        "error: 3 creation rules, 3 problems",
    ] {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
}
