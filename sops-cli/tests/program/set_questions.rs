//! `set` on a terminal: a path that cannot be set is refused before the user is asked for the
//! value.

use sops_test_support::environment::{TestEnvironment, recipient};

use crate::redact_terminal::Session;

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: old\n";

const QUESTION: &str = "New value of";

fn environment() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt_with(
        "db.yaml",
        SECRET,
        &["--encrypted-regex", "^(data|stringData)$"],
    );
    environment
}

fn set(environment: &TestEnvironment, file: &str, path: &str) -> Session {
    Session::start(environment, &environment.command(&["set", file, path]))
}

#[test]
fn a_wrong_path_is_refused_before_the_question() {
    let environment = environment();
    environment.write("plain.yaml", "a: b\n");
    let before = environment.read("db.yaml");
    for (file, path, reason) in [
        ("db.yaml", "data.tls.crt", r#"`data["tls.crt"]`"#),
        ("db.yaml", "data.password=foo", "password=foo"),
        ("db.yaml", "Data.password", "Data"),
        ("db.yaml", "stringData.", "malformed"),
        ("plain.yaml", "a", "metadata not found"),
    ] {
        let (shown, status) = set(&environment, file, path).end();
        assert!(!status.success(), "{path}: {shown}");
        assert!(!shown.contains(QUESTION), "{path}: {shown}");
        assert!(shown.contains(reason), "{path}: {shown}");
    }
    assert_eq!(environment.read("db.yaml"), before);
}

#[test]
fn a_file_that_cannot_be_decrypted_is_refused_before_the_question() {
    let environment = TestEnvironment::without_key();
    environment.encrypt("db.yaml", SECRET);
    let (shown, status) = set(&environment, "db.yaml", "stringData.password").end();
    assert_eq!(status.code(), Some(128), "{shown}");
    assert!(!shown.contains(QUESTION), "{shown}");
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("`sops-rs propose db.yaml stringData.password`"),
        "{shown}"
    );
}

#[test]
fn a_value_that_would_be_in_plaintext_is_announced() {
    let environment = environment();
    let mut session = set(&environment, "db.yaml", "metadata.namespace");
    let before = session.until(QUESTION);
    assert!(before.contains("will be in plaintext"), "{before}");
    session.until_hidden("");
    session.type_in("web\r");
    let (rest, status) = session.end();
    assert!(status.success(), "{rest}");
    assert!(!rest.contains("plaintext"), "{rest}");
    assert!(environment.read("db.yaml").contains("namespace: web"));
}

#[test]
fn the_end_of_the_input_is_not_a_missing_terminal() {
    let environment = environment();
    let mut session = set(&environment, "db.yaml", "stringData.password");
    session.until_hidden(QUESTION);
    session.type_in("\u{4}");
    let (rest, status) = session.end();
    assert!(!status.success(), "{rest}");
    assert!(!rest.contains("no terminal"), "{rest}");
    assert!(rest.contains("the input ended"), "{rest}");
}

#[test]
fn an_answer_is_set() {
    let environment = environment();
    let mut session = set(&environment, "db.yaml", "stringData.password");
    session.until_hidden(QUESTION);
    session.type_in("new\r");
    let (rest, status) = session.end();
    assert!(status.success(), "{rest}");
    assert!(rest.contains("db.yaml: changed"), "{rest}");
    assert!(environment.decrypt("db.yaml").contains("password: new"));
    assert!(environment.read("db.yaml").contains(&recipient()));
}
