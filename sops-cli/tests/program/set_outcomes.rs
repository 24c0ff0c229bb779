//! `set` says what it did: a typo in a path adds a key, and a short path replaces many values.

use sops_test_support::environment::TestEnvironment;

use crate::as_sops::as_sops;

const TEXT: &str = "data:\n  password: old\n  user: web\nlist: [1, 2]\nempty: {}\nuser1: a\n";

fn environment() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("db.yaml", TEXT);
    environment
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_outcome_has_its_own_words() {
    for (arguments, expected) in [
        (&["data.password", "\"a\""][..], "db.yaml: changed"),
        (&["data.token", "\"a\""], "db.yaml: added data.token"),
        (&["list[2]", "3"], "db.yaml: added list[2]"),
        (
            &["data", "\"a\""],
            "db.yaml: changed; data replaced a mapping of 2 values",
        ),
        (
            &["list", "1"],
            "db.yaml: changed; list replaced a list of 2 values",
        ),
        (&["empty", "1"], "db.yaml: changed"),
        (
            &["data", "{\"a\": 1}"],
            "db.yaml: changed; data replaced a mapping of 2 values",
        ),
        (
            &["data.password", "1", "data.token", "2"],
            "db.yaml: changed; added data.token",
        ),
        // Names with numbers are not typos of each other.
        (&["user2", "\"b\""], "db.yaml: added user2"),
    ] {
        let environment = environment();
        let arguments = [&["set", "db.yaml"], arguments].concat();
        let run = environment.run(&arguments).succeeds();
        assert_eq!(words(&run.stderr), expected, "{run}");
    }
}

#[test]
fn a_similar_key_is_suggested() {
    for (path, meant) in [
        ("data.pasword", "data.password"),
        ("data.Password", "data.password"),
        ("date", ""),
    ] {
        let environment = environment();
        let run = environment
            .run(&["set", "db.yaml", path, "\"a\""])
            .succeeds();
        let stderr = words(&run.stderr);
        assert!(stderr.contains(&format!("added {path}")), "{run}");
        let suggestion = format!(
            "`{path}` is a new key; did you mean `{meant}`? To remove it: `sops-rs unset db.yaml {path}`"
        );
        assert_eq!(stderr.contains(&suggestion), !meant.is_empty(), "{run}");
        let run = as_sops(
            &environment,
            &["set", "db.yaml", "[\"data\"][\"pasword2\"]", "\"a\""],
        );
        assert_eq!(run.succeeds().stderr, "");
    }
}

#[test]
fn the_document_that_changes_is_named() {
    let secret = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  p: {name}\n"
        )
    };
    let environment = TestEnvironment::new();
    let text = format!("{}---\n{}", secret("one"), secret("two"));
    environment.encrypt_with("multi.yaml", &text, &["--encrypted-regex", "^stringData$"]);
    let run = environment
        .run(&["set", "multi.yaml", "stringData.p", "\"new\""])
        .succeeds();
    assert!(
        words(&run.stderr).contains("`stringData.p` changes only in the first one, Secret one;"),
        "{run}"
    );
    assert_eq!(
        environment.decrypt("multi.yaml"),
        text.replacen("p: one", "p: new", 1)
    );
    let run = environment.run(&["ls", "multi.yaml"]).succeeds();
    for line in ["--- document 1: Secret one", "--- document 2: Secret two"] {
        assert!(run.stdout.lines().any(|own| own == line), "{run}");
    }
}

#[test]
fn unset_warns_about_other_documents_and_names_the_reserved_key() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\nb: 1\n---\na: 2\n");
    let run = environment.run(&["unset", "x.yaml", "a"]).succeeds();
    let says = "the file has several documents, and `a` changes only in the first one";
    assert!(run.stderr.contains(says), "{run}");
    // The other document has no such key.
    let run = environment.run(&["unset", "x.yaml", "b"]).succeeds();
    assert_eq!(run.stderr, "x.yaml: changed\n");
    for path in ["sops", "sops.mac"] {
        let run = environment.run(&["unset", "x.yaml", path]).fails_with(1);
        let says = "the top-level key `sops`, and in dotenv";
        assert!(run.stderr.contains(says), "{run}");
    }
}
