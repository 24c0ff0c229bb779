//! Current values that are in plaintext in the history.

use serde_json::Value as Json;

use super::Repository;

#[test]
fn values_are_found_anywhere_in_the_history() {
    let repository = Repository::new();
    repository
        .0
        .write("notes/todo.txt", "db: correct-horse-battery\n");
    repository
        .0
        .write("job.yaml", "args: [--token=c3RhcGxlLTE5ODQteA==]\n");
    repository.commit();
    repository.git(&["rm", "-q", "notes/todo.txt"]);
    repository.commit();
    repository.create(
        "db.yaml",
        &[
            ("password", "correct-horse-battery"),
            ("token", "staple-1984-x"),
            ("safe", "never-in-plaintext-1"),
            ("message", "in-a-message-7"),
            ("tag", "in-a-tag-message-7"),
            ("stash", "in-a-stash-9"),
            ("database", "postgresql"),
            ("port", "\"5432\""),
        ],
    );
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "-q", "-m", "use in-a-message-7"]);
    repository.git(&["tag", "-m", "in-a-tag-message-7", "v1"]);
    repository.0.write("job.yaml", "args: [in-a-stash-9]\n");
    repository.git(&["stash", "-q"]);

    let run = repository
        .0
        .run(&["exposure", "--plaintext", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{run}");
    let run = run.keeps(&[
        "correct-horse",
        "staple-1984",
        "in-a-message",
        "in-a-stash-9",
    ]);
    let leaks: Json = serde_json::from_str(&run.stdout).expect("it is JSON");
    let leaks = leaks.as_array().expect("it is a list").iter();
    let leaks: Vec<_> = leaks
        .map(|leak| (leak["path"].as_str(), leak["found_in"].as_str()))
        .collect();
    let expected = [
        ("message", None),
        ("password", Some("notes/todo.txt")),
        ("stash", Some("job.yaml")),
        ("tag", None),
        ("token", Some("job.yaml")),
    ];
    let expected = expected.map(|(key, found_in)| (format!("stringData.{key}"), found_in));
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, found_in)| (Some(&**path), *found_in))
        .collect();
    assert_eq!(leaks, expected, "{run}");
    let run = repository.0.run(&["exposure", "--plaintext"]);
    assert!(
        run.stdout.contains(
            "db.yaml: stringData.password: in plaintext in notes/todo.txt, first in commit "
        ),
        "{run}"
    );
    assert!(run.stdout.contains("in the message of tag v1\n"), "{run}");
    assert!(
        run.stderr.contains(
            "Values searched for: 6; not searched for, because other text may contain them by chance: 2"
        ),
        "{run}"
    );
}

#[test]
fn a_history_without_plaintext_is_clean() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse-battery")]);
    repository.commit();
    let run = repository.0.run(&["exposure", "--plaintext"]).succeeds();
    assert_eq!(run.stdout, "");
    let keys = repository.0.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    let run = repository.0.run(&["exposure", "--plaintext"]).fails_with(2);
    assert!(
        run.stderr.contains("db.yaml could not be decrypted"),
        "{run}"
    );
}
