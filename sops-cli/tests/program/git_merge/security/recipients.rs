//! Planted recipients: the configuration at HEAD decides who gets a data key, not that of a branch.

use sops_test_support::environment::{other_recipient, recipient};

use crate::git_merge::{DAVE, MERGED, OURS, Repository, THEIRS, rules};

const FILE: &str = "secret.yaml";
const UNNAMED: &str = "recipients that the creation rule before the merge does not name";

impl Repository {
    /// Makes these the recipients of the file and of its creation rule.
    fn give_to(&self, recipients: &[&str]) {
        self.0.write(".sops.yaml", rules(recipients));
        self.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    }
}

/// A repository in which `topic` added a recipient to the configuration and to the file, and `main`
/// rotated the data key.
fn rotated() -> Repository {
    Repository::new().diverged(
        FILE,
        |of| {
            of.give_to(&[&recipient(), &other_recipient()]);
            of.edit(FILE, THEIRS);
        },
        |of| {
            of.edit(FILE, OURS);
            of.0.run(&["rotate", "-i", FILE]).succeeds();
        },
    )
}

#[test]
fn a_branch_cannot_name_its_own_recipients_for_a_new_data_key() {
    let repository = rotated();
    let run = repository.conflicts();
    assert!(
        run.stderr.contains(UNNAMED) && run.stderr.contains(&other_recipient()),
        "{run}"
    );
    repository.is_marked(FILE);
    // The working tree already has the configuration of the branch.
    assert!(repository.0.read(".sops.yaml").contains(&other_recipient()));
    let run = repository.resolve_with_editor(FILE, "exit 1", &[]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("--yes") && run.stderr.contains(&other_recipient()),
        "{run}"
    );
    repository
        .resolve_with_editor(FILE, "exit 1", &["--yes"])
        .succeeds();
    assert_eq!(repository.0.decrypt(FILE), MERGED);
    assert!(repository.0.read(FILE).contains(&other_recipient()));
}

#[test]
fn a_recipient_that_the_configuration_at_head_names_gets_the_new_data_key() {
    let repository = rotated();
    repository
        .0
        .write(".sops.yaml", rules(&[&recipient(), &other_recipient()]));
    repository.commit_all();
    repository.merges();
    repository.is_merged(FILE, MERGED);
    assert!(repository.0.read(FILE).contains(&other_recipient()));
}

/// Whoever added the recipient had the data key, so the recipient can already read the file.
#[test]
fn a_planted_recipient_of_the_same_data_key_is_named() {
    let repository = Repository::new().diverged(
        FILE,
        |of| {
            of.give_to(&[&recipient(), &other_recipient()]);
            of.edit(FILE, THEIRS);
        },
        |of| of.edit(FILE, OURS),
    );
    let run = repository.merges();
    let named = format!(
        "secret.yaml: the other side added {} to the file and to its .sops.yaml",
        other_recipient()
    );
    assert!(run.stderr.replace('\n', " ").contains(&named), "{run}");
    repository.is_merged(FILE, MERGED);
}

/// A branch that adds a recipient to the file alone.
#[test]
fn a_planted_recipient_that_no_configuration_names_is_a_warning() {
    let repository = Repository::new().diverged(
        FILE,
        |of| {
            of.give_to(&[&recipient(), &other_recipient()]);
            of.0.write(".sops.yaml", rules(&[&recipient()]));
            of.edit(FILE, THEIRS);
        },
        |of| of.edit(FILE, OURS),
    );
    let run = repository.merges();
    let stderr = run.stderr.replace('\n', " ");
    let warned = format!(
        "new recipients that .sops.yaml does not name: {}",
        other_recipient()
    );
    assert!(stderr.contains(&warned), "{run}");
    assert!(stderr.contains("`sops-rs updatekeys secret.yaml`"), "{run}");
}

/// Neither the configuration of a branch nor one that is not committed is that of HEAD.
#[test]
fn a_recipient_that_only_a_configuration_names_is_not_added() {
    for is_committed in [true, false] {
        let plant = |of: &Repository| {
            of.0.write(".sops.yaml", rules(&[&recipient(), &other_recipient()]));
        };
        let repository = Repository::new().diverged(
            FILE,
            |of| {
                of.edit(FILE, THEIRS);
                of.0.run(&["rotate", "-i", FILE]).succeeds();
                if is_committed {
                    plant(of);
                }
            },
            |of| of.edit(FILE, OURS),
        );
        if !is_committed {
            plant(&repository);
        }
        repository.merges();
        repository.is_merged(FILE, MERGED);
        assert!(!repository.0.read(FILE).contains(&other_recipient()));
    }
}

/// A branch puts its own recipient in place of ours, which would lose the file to us.
#[test]
fn a_branch_that_replaces_our_recipient_is_a_conflict() {
    let repository = Repository::new().diverged(
        FILE,
        |of| {
            of.edit(FILE, THEIRS);
            of.give_to(&[&other_recipient(), DAVE]);
        },
        |of| of.edit(FILE, OURS),
    );
    let run = repository.conflicts();
    let message = "none of your private keys could decrypt the merged file";
    assert!(run.stderr.contains(message), "{run}");
    let marked = repository.is_marked(FILE);
    let run = repository.resolve_with_editor(FILE, "exit 1", &[]);
    assert!(run.stderr.contains(message), "{run}");
    assert_eq!(repository.0.read(FILE), marked);
    repository
        .resolve_with_editor(FILE, "exit 1", &["--recipients", "ours"])
        .succeeds();
    assert_eq!(repository.0.decrypt(FILE), MERGED);
}
