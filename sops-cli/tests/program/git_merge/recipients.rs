//! The recipients of a merged file: the configuration at HEAD decides, not that of a branch.

use sops_test_support::environment::{other_recipient, recipient};

use super::{BASE, OURS, Repository, THEIRS};

const FILE: &str = "secret.yaml";

fn rules(recipients: &[&str]) -> String {
    format!("creation_rules:\n- age: {}\n", recipients.join(","))
}

/// A repository in which `main` rotated the data key, and `topic` added a recipient to the
/// configuration and to the file.
fn rotated() -> Repository {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    repository
        .0
        .write(".sops.yaml", rules(&[&recipient(), &other_recipient()]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.commit_secret(FILE, THEIRS);
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.edit(FILE, OURS);
    repository.0.run(&["rotate", "-i", FILE]).succeeds();
    repository.commit_all();
    repository
}

#[test]
fn a_branch_cannot_name_its_own_recipients_for_a_new_data_key() {
    let repository = rotated();
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    let message = "recipients that the creation rule at HEAD does not name";
    assert!(
        run.stderr.contains(message) && run.stderr.contains(&other_recipient()),
        "{run}"
    );
    repository.is_marked(FILE);
    // The working tree already has the configuration of the branch.
    assert!(repository.0.read(".sops.yaml").contains(&other_recipient()));
}

#[test]
fn a_recipient_that_the_configuration_at_head_names_gets_the_new_data_key() {
    let repository = rotated();
    repository
        .0
        .write(".sops.yaml", rules(&[&recipient(), &other_recipient()]));
    repository.commit_all();
    repository
        .git(&["merge", "-q", "--no-edit", "topic"])
        .succeeds();
    repository.is_merged(FILE, super::MERGED);
    assert!(repository.0.read(FILE).contains(&other_recipient()));
}

#[test]
fn a_removed_recipient_stays_removed_and_is_mentioned() {
    let repository = Repository::new();
    repository
        .0
        .write(".sops.yaml", rules(&[&recipient(), &other_recipient()]));
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    repository.0.write(".sops.yaml", rules(&[&recipient()]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.commit_all();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.commit_secret(FILE, OURS);
    let run = repository
        .git(&["merge", "-q", "--no-edit", "topic"])
        .succeeds();
    assert!(
        run.stderr
            .contains("these recipients were removed, but can still decrypt the file"),
        "{run}"
    );
    repository.is_merged(FILE, OURS);
    assert!(!repository.0.read(FILE).contains(&other_recipient()));
}
