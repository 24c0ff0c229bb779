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
    repository.0.run(&["offboard", "bob"]).succeeds();
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
