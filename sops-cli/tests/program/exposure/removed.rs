//! What someone who left still knows.

use sops_test_support::environment::{TestEnvironment, other_identity, other_recipient, recipient};

use super::{Repository, places};

/// A repository that Bob left: he is removed, and the data keys are new.
fn after_bob() -> Repository {
    let repository = Repository::new();
    repository.create(
        "db.yaml",
        &[("password", "correct-horse"), ("user", "web-user")],
    );
    repository.create("api.yaml", &[("token", "battery-staple")]);
    repository.commit();
    repository.rules(&[(&recipient(), "ann")]);
    repository.0.run(&["updatekeys", "--yes", "."]).succeeds();
    repository.0.run(&["rotate", "-i", "."]).succeeds();
    repository.commit();
    repository
}

#[test]
fn the_list_shrinks_as_values_are_replaced() {
    let repository = after_bob();
    let all = places(&[
        ("api.yaml", "token"),
        ("db.yaml", "password"),
        ("db.yaml", "user"),
    ]);
    assert_eq!(repository.exposure(1, &["--removed", "bob"]).0, all);
    repository.set("db.yaml", "password", "new-horse");
    let rest = places(&[("api.yaml", "token"), ("db.yaml", "user")]);
    assert_eq!(repository.exposure(1, &["--removed", "bob"]).0, rest);
    repository.set("db.yaml", "user", "new-user");
    repository.set("api.yaml", "token", "new-staple");
    for person in ["bob", &other_recipient(), &other_recipient()[..20]] {
        assert_eq!(repository.exposure(0, &["--removed", person]).0, []);
    }
    // The current values are not committed yet.
    let (_, report) = repository.exposure(0, &[]);
    assert!(report["values"][0]["last_change"].is_null(), "{report}");
    let run = repository
        .0
        .run(&["exposure", "--removed", "bob"])
        .succeeds();
    assert!(run.stderr.contains("bob (age1"), "{run}");
    assert!(
        run.stderr
            .contains("could read 0 of the 3 secret values in use"),
        "{run}"
    );
}

#[test]
fn values_are_found_under_other_names_and_in_base64() {
    let repository = after_bob();
    repository.git(&["mv", "db.yaml", "renamed.yaml"]);
    repository
        .0
        .run(&["rotate", "-i", "renamed.yaml"])
        .succeeds();
    repository.0.write(
        "encoded.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  t: YmF0dGVyeS1zdGFwbGU=\n",
    );
    repository
        .0
        .run(&["encrypt", "-i", "encoded.yaml"])
        .succeeds();
    repository.set("api.yaml", "token", "new-staple");
    let (values, report) = repository.exposure(1, &["--removed", "bob"]);
    let mut expected = vec![("encoded.yaml".to_owned(), "data.t".to_owned())];
    expected.extend(places(&[
        ("renamed.yaml", "password"),
        ("renamed.yaml", "user"),
    ]));
    assert_eq!(values, expected);
    assert_eq!(report["values"][0]["known_from"]["file"], "api.yaml");
    assert_eq!(report["values"][1]["known_from"]["file"], "db.yaml");
    let run = repository.0.run(&["exposure", "--removed", "bob"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout
            .contains("; same value as api.yaml: stringData.token; readable since "),
        "{run}"
    );
    run.keeps(&["correct-horse", "battery-staple"]);
}

#[test]
fn without_a_rotation_later_values_are_known_too() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse")]);
    repository.commit();
    repository.rules(&[(&recipient(), "ann")]);
    repository
        .0
        .run(&["updatekeys", "--yes", "db.yaml"])
        .succeeds();
    repository.set("db.yaml", "password", "new-horse");
    repository.commit();
    let expected = places(&[("db.yaml", "password")]);
    assert_eq!(repository.exposure(1, &["--removed", "bob"]).0, expected);
}

#[test]
fn versions_in_plaintext_are_known_to_everyone() {
    let repository = Repository::new();
    repository.rules(&[(&recipient(), "ann")]);
    repository.0.write(
        "db.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n",
    );
    repository.commit();
    repository.0.run(&["encrypt", "-i", "db.yaml"]).succeeds();
    repository.commit();
    let expected = places(&[("db.yaml", "password")]);
    let (values, report) = repository.exposure(1, &["--removed", &other_recipient()]);
    assert_eq!(values, expected);
    assert_eq!(report["values"][0]["known_from"]["in_plaintext"], true);
    assert_eq!(report["values"][0]["in_plaintext"], true);
}

#[test]
fn only_what_could_be_read_since_a_revision_counts() {
    let repository = Repository::new();
    repository.create("old.yaml", &[("password", "correct-horse")]);
    repository.create("kept.yaml", &[("password", "battery-staple")]);
    repository.commit();
    repository.git(&["tag", "v0"]);
    repository.git(&["rm", "-q", "old.yaml"]);
    repository.commit();
    repository.git(&["tag", "v1"]);
    repository.rules(&[(&recipient(), "ann")]);
    repository.0.run(&["updatekeys", "--yes", "."]).succeeds();
    repository.0.run(&["rotate", "-i", "."]).succeeds();
    repository.create("new.yaml", &[("password", "correct-horse")]);
    repository.commit();
    let both = places(&[("kept.yaml", "password"), ("new.yaml", "password")]);
    for arguments in [&["--who", "bob"][..], &["--who", "bob", "--since", "v0"]] {
        assert_eq!(repository.exposure(0, arguments).0, both);
    }
    let (values, _) = repository.exposure(1, &["--removed", "bob", "--since", "v1"]);
    assert_eq!(values, places(&[("kept.yaml", "password")]));
    let (values, _) = repository.exposure(1, &["--removed", "bob", "new.yaml"]);
    assert_eq!(values, places(&[("new.yaml", "password")]));
    repository
        .0
        .run(&["exposure", "--since", "v9"])
        .fails_with(2);
}

#[test]
fn without_a_key_the_list_is_a_lower_bound() {
    let repository = Repository::new();
    repository.create(
        "db.yaml",
        &[("password", "correct-horse"), ("user", "web-user")],
    );
    repository.commit();
    repository.rules(&[(&recipient(), "ann")]);
    repository
        .0
        .run(&["updatekeys", "--yes", "db.yaml"])
        .succeeds();
    repository.set("db.yaml", "user", "new-user");
    repository.commit();
    let keys = repository.0.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    let (values, report) = repository.exposure(2, &["--removed", "bob"]);
    // The data key is the same, which the ciphertext of the data key shows.
    assert_eq!(
        values,
        places(&[("db.yaml", "password"), ("db.yaml", "user")])
    );
    assert_ne!(
        report["unknown"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
}

#[test]
fn values_of_today_that_cannot_be_decrypted_may_be_known() {
    let repository = after_bob();
    let keys = repository.0.home().join(".config/sops/age/keys.txt");
    std::fs::write(keys, other_identity()).expect("the file can be written");
    for subject in ["--removed", "--who"] {
        let (values, report) = repository.exposure(2, &[subject, "bob"]);
        assert_eq!(values, []);
        let unknown = report["unknown"].as_array().expect("it is a list").iter();
        let mut unknown: Vec<_> = unknown.map(|version| &version["file"]).collect();
        unknown.sort_by_key(|file| file.to_string());
        assert_eq!(unknown, ["api.yaml", "db.yaml"]);
    }
}

#[test]
fn an_incomplete_history_is_reported() {
    let repository = after_bob();
    let clone = TestEnvironment::new();
    let url = format!("file://{}", repository.0.path("").display());
    let clone = Repository(clone);
    clone.git(&["clone", "-q", "--depth", "1", &url, "clone"]);
    // Without the old versions, a name is not known.
    for removed in [&other_recipient(), "carol"] {
        let mut command = clone.0.command(&["exposure", "--removed", removed]);
        command.current_dir(clone.0.path("clone"));
        let run = clone.0.finish(command);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains("shallow clone"), "{run}");
        assert!(run.stderr.contains("`git fetch --unshallow`"), "{run}");
    }
}

#[test]
fn an_unknown_person_is_an_error() {
    let repository = after_bob();
    let run = repository
        .0
        .run(&["exposure", "--removed", "carol"])
        .fails_with(2);
    assert!(
        run.stderr
            .contains("no version of an encrypted file has the recipient `carol`"),
        "{run}"
    );
    assert!(run.stderr.contains("ann (age1"), "{run}");
}

#[test]
fn each_value_has_its_readers_and_its_last_change() {
    let repository = after_bob();
    repository.set("db.yaml", "password", "new-horse");
    repository.commit();
    let (_, report) = repository.exposure(0, &["db.yaml"]);
    let value = |index: usize| &report["values"][index];
    let readers = |index: usize| {
        let readers = value(index)["readers"].as_array().expect("it is a list");
        let readers = readers.iter();
        readers
            .map(|reader| {
                (
                    reader["name"].as_str().expect("a name").to_owned(),
                    reader["is_recipient"] == true,
                )
            })
            .collect::<Vec<_>>()
    };
    let ann = ("ann".to_owned(), true);
    assert_eq!(readers(0), std::slice::from_ref(&ann));
    assert_eq!(readers(1), [ann, ("bob".to_owned(), false)]);
    assert_ne!(
        value(0)["last_change"]["commit"],
        value(1)["last_change"]["commit"]
    );
    let run = repository.0.run(&["exposure", "db.yaml"]).succeeds();
    assert!(run.stdout.contains("; recipients: ann (age1"), "{run}");
    assert!(run.stdout.contains("; earlier readers: bob (age1"), "{run}");
}
