//! `sops-rs offboard`.

use sops_core::Format;
use sops_core::decrypt;
use sops_core::keys::Identities;
use sops_test_support::environment::{other_identity, other_recipient, recipient};

use super::Repository;

#[test]
fn someone_who_left_is_removed_and_a_checklist_is_written() {
    let repository = Repository::new();
    repository.create(
        "db.yaml",
        &[("password", "correct-horse"), ("user", "web-user")],
    );
    repository.create("apps/api.yaml", &[("token", "battery-staple")]);
    repository.commit();
    let run = repository.0.run(&["offboard", "bob"]).succeeds();
    let run = run.keeps(&["correct-horse", "battery-staple"]);
    assert!(
        run.stderr
            .contains("offboarding-bob.md: 3 values to replace"),
        "{run}"
    );
    let list = repository.0.read("offboarding-bob.md");
    assert!(list.starts_with("# Values to replace: bob (age1"), "{list}");
    for value in [
        "- [ ] apps/api.yaml: stringData.token: last changed 20",
        "- [ ] db.yaml: stringData.password: last changed 20",
        "- [ ] db.yaml: stringData.user: last changed 20",
    ] {
        assert!(list.contains(value), "{value}: {list}");
    }
    assert!(!list.contains("correct-horse"), "{list}");
    assert!(!repository.0.read(".sops.yaml").contains("bob"));
    let mut bob = Identities::new();
    bob.add_keys("keys.txt", other_identity().as_bytes())
        .expect("the key is valid");
    for name in ["db.yaml", "apps/api.yaml"] {
        let text = repository.0.read(name);
        assert!(decrypt(&text, Format::Yaml, &bob).is_err(), "{name}");
        repository.0.decrypt(name);
    }
    // Everything can be undone.
    repository.git(&["checkout", "-q", "."]);
    let status = repository.git(&["status", "--porcelain"]);
    assert_eq!(status.stdout, "?? offboarding-bob.md\n");
}

#[test]
fn nothing_changes_if_the_checklist_cannot_be_written() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse")]);
    repository.commit();
    repository.0.write("offboarding-bob.md", "mine\n");
    let run = repository.0.run(&["offboard", "bob"]).fails_with(1);
    assert!(
        run.stderr.contains("pass another file with `--checklist`"),
        "{run}"
    );
    repository.0.run(&["offboard", "carol"]).fails_with(1);
    let status = repository.git(&["status", "--porcelain"]);
    assert_eq!(status.stdout, "?? offboarding-bob.md\n");
    assert_eq!(repository.0.read("offboarding-bob.md"), "mine\n");
}

#[test]
fn another_branch_cannot_name_recipients() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse")]);
    repository.commit();
    repository.git(&["checkout", "-q", "-b", "theirs"]);
    repository.rules(&[(&other_recipient(), "ann"), (&recipient(), "bob")]);
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    let run = repository.0.run(&["offboard", "bob"]).succeeds();
    let said = run.stderr.replace('\n', " ");
    assert!(
        said.contains("encrypted for them too: theirs; in each branch"),
        "{run}"
    );
    let rules = repository.0.read(".sops.yaml");
    assert!(rules.contains(&recipient()), "{rules}");
    assert!(!rules.contains(&other_recipient()), "{rules}");
}

#[test]
fn files_that_the_configuration_no_longer_explains_are_changed_too() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse")]);
    repository.commit();
    repository
        .0
        .run(&["recipients", "remove", "bob"])
        .succeeds();
    repository.0.run(&["offboard", "bob"]).succeeds();
    let text = repository.0.read("db.yaml");
    assert!(!text.contains(&other_recipient()), "{text}");
    let mut bob = Identities::new();
    bob.add_keys("keys.txt", other_identity().as_bytes())
        .expect("the key is valid");
    assert!(decrypt(&text, Format::Yaml, &bob).is_err());
}

#[test]
fn the_users_own_key_is_not_removed() {
    let repository = Repository::new();
    repository.create("db.yaml", &[("password", "correct-horse")]);
    repository.commit();
    let run = repository.0.run(&["offboard", "ann"]).fails_with(1);
    assert!(run.stderr.contains("this is your own key"), "{run}");
    let status = repository.git(&["status", "--porcelain"]);
    assert_eq!(status.stdout, "");
}

/// Writes a `.sops.yaml` with one rule for Ann and Bob.
fn rule(repository: &Repository, config: &str, pattern: &str) {
    let (ann, bob) = (recipient(), other_recipient());
    repository.0.write(
        config,
        format!("creation_rules:\n- path_regex: {pattern}\n  age:\n    - {ann} # ann\n    - {bob} # bob\n"),
    );
}

#[test]
fn files_that_no_rule_covers_lose_the_recipient_too() {
    let repository = Repository::new();
    repository.create("legacy/b.yaml", &[("password", "correct-horse")]);
    rule(&repository, ".sops.yaml", "^apps/");
    repository.create("apps/a.yaml", &[("token", "battery-staple")]);
    repository.commit();
    let run = repository.0.run(&["offboard", "bob"]).succeeds();
    assert!(
        run.stdout
            .contains("in ./legacy/b.yaml:\n    --- bob (age1"),
        "{run}"
    );
    for name in ["legacy/b.yaml", "apps/a.yaml"] {
        let text = repository.0.read(name);
        assert!(!text.contains(&other_recipient()), "{name}: {text}");
        assert!(text.contains(&recipient()), "{name}: {text}");
        repository.0.decrypt(name);
    }
}

#[test]
fn files_of_another_configuration_that_names_the_recipient_are_reported() {
    for (command, next) in [
        (
            &["offboard", "bob"][..],
            "(cd production && sops-rs offboard age1",
        ),
        (
            &["recipients", "remove", "--update", "--rotate", "bob"],
            "(cd production && sops-rs recipients remove --update --rotate age1",
        ),
    ] {
        let repository = Repository::new();
        repository.create("production/b.yaml", &[("password", "correct-horse")]);
        repository.create("a.yaml", &[("token", "battery-staple")]);
        rule(&repository, "production/.sops.yaml", "yaml$");
        repository.commit();
        let before = repository.0.read("production/b.yaml");
        let run = repository.0.run(command);
        assert_eq!(run.code, Some(1), "{run}");
        let stderr = run.stderr.replace('\n', " ");
        for part in [
            "can still decrypt 1 file: ./production/b.yaml",
            "production/.sops.yaml names this recipient too",
            next,
        ] {
            assert!(stderr.contains(part), "{part}: {run}");
        }
        // A new data key would be encrypted for Bob again.
        assert_eq!(repository.0.read("production/b.yaml"), before);
        let is_offboard = command[0] == "offboard";
        assert!(!repository.0.read("a.yaml").contains(&other_recipient()));
        assert_eq!(
            repository.0.path("offboarding-bob.md").exists(),
            is_offboard,
            "{run}"
        );
    }
}

#[test]
fn a_rule_for_one_file_leaves_the_recipient_in_other_files() {
    let repository = Repository::new();
    repository.create("legacy/b.yaml", &[("password", "correct-horse")]);
    rule(&repository, ".sops.yaml", "^apps/");
    repository.create("apps/a.yaml", &[("token", "battery-staple")]);
    let arguments = [
        "recipients",
        "remove",
        "--rotate",
        "--for",
        "apps/a.yaml",
        "bob",
    ];
    let run = repository.0.run(&arguments).succeeds();
    // The warning names the recipient, which the configuration no longer does.
    let stderr = run.stderr.replace('\n', " ");
    assert!(
        stderr.contains(&format!(
            "no creation rule names: bob ({})",
            other_recipient()
        )),
        "{run}"
    );
    assert!(
        repository
            .0
            .read("legacy/b.yaml")
            .contains(&other_recipient())
    );
}

#[test]
fn a_name_may_differ_in_upper_and_lower_case() {
    for command in [
        &["offboard", "BOB"][..],
        &["recipients", "remove", "--rotate", "Bob"],
    ] {
        let repository = Repository::new();
        repository.create("db.yaml", &[("password", "correct-horse")]);
        repository.commit();
        repository.0.run(command).succeeds();
        assert!(!repository.0.read("db.yaml").contains(&other_recipient()));
    }
}
