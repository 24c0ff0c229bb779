//! Recipients, key groups and rules that both sides changed: the user chooses a side.

use sops_test_support::environment::{other_recipient, recipient};

use super::{OURS, Repository, THEIRS, rules};

const FILE: &str = "secret.yaml";

/// A repository in which both sides changed the metadata in ways that exclude each other, and
/// different values.
fn with_two_versions(change: impl Fn(&Repository, &str)) -> Repository {
    Repository::new().diverged(
        FILE,
        |of| {
            change(of, "theirs");
            of.edit(FILE, THEIRS);
        },
        |of| {
            change(of, "ours");
            of.edit(FILE, OURS);
        },
    )
}

/// Asserts that the merge conflicts for this reason, and that `resolve` takes the side with this
/// flag and fails without it.
#[track_caller]
fn is_resolved_by(
    repository: &Repository,
    reason: &str,
    flag: &str,
    side: &str,
    other_flags: &[&str],
) {
    let run = repository.conflicts();
    assert!(run.stderr.contains(reason), "{run}");
    assert!(
        run.stderr
            .contains(&format!("`sops-rs resolve {FILE} {flag} ours`")),
        "{run}"
    );
    let marked = repository.is_marked(FILE);
    // Values are not in conflict, so their side alone decides nothing.
    for flags in [&[][..], &["--ours"], &["--theirs"]] {
        let run = repository.0.run(&[&["resolve", FILE], flags].concat());
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains(reason) && run.stderr.contains(&format!("{flag} ours`")),
            "{run}"
        );
        assert_eq!(repository.0.read(FILE), marked);
    }
    let resolve = [&["resolve", FILE, flag, side], other_flags].concat();
    repository.0.run(&resolve).keeps(&super::SECRETS).succeeds();
    repository.commit_resolved(FILE);
    repository.is_merged(FILE, super::MERGED);
}

#[test]
fn a_selection_rule_that_both_sides_changed_is_chosen() {
    let expression = |side: &str| match side {
        "ours" => "^(password|port|token)$",
        _ => "^(password|user|token)$",
    };
    let plain = |side: &str| match side {
        "ours" => "user: web\n",
        _ => "port: 8080\n",
    };
    for side in ["ours", "theirs"] {
        let repository = with_two_versions(|repository, side| {
            let rules = format!(
                "creation_rules:\n- encrypted_regex: {}\n  age: {}\n",
                expression(side),
                recipient()
            );
            repository.0.write(".sops.yaml", rules);
            let plaintext = repository.0.decrypt(FILE);
            repository.0.write(FILE, plaintext);
            repository.0.run(&["encrypt", "-i", FILE]).succeeds();
        });
        repository.keep_our_configuration();
        // One value of the other side would be in plaintext.
        is_resolved_by(
            &repository,
            "the sides differ in which values are encrypted",
            "--settings",
            side,
            &["--allow-plaintext"],
        );
        let merged = repository.0.read(FILE);
        assert!(merged.contains(expression(side)), "{merged}");
        assert!(merged.contains(plain(side)), "{merged}");
    }
}

#[test]
fn key_groups_that_both_sides_changed_are_chosen() {
    for side in ["ours", "theirs"] {
        let repository = with_two_versions(|repository, side| {
            let groups = match side {
                "ours" => format!("  - age: [{0}]\n  - age: [{0}]\n", recipient()),
                _ => format!(
                    "  - age: [{0}]\n  - age: [{0}, {1}]\n",
                    recipient(),
                    other_recipient()
                ),
            };
            let rules = format!("creation_rules:\n- shamir_threshold: 2\n  key_groups:\n{groups}");
            repository.0.write(".sops.yaml", rules);
            repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
        });
        repository.keep_our_configuration();
        is_resolved_by(
            &repository,
            "changes to recipients or key groups conflict",
            "--recipients",
            side,
            &[],
        );
        let merged = repository.0.read(FILE);
        let has_theirs = merged.contains(&other_recipient());
        assert_eq!(has_theirs, side == "theirs", "{merged}");
    }
}

#[test]
fn all_recipients_that_one_side_kept_and_the_other_removed_are_chosen() {
    // Each side keeps one of the two recipients, which the other removes.
    let repository = Repository::new();
    let everyone = [recipient(), other_recipient()];
    let everyone: Vec<&str> = everyone.iter().map(String::as_str).collect();
    repository.0.write(".sops.yaml", rules(&everyone));
    let keep = |of: &Repository, plaintext: &str, recipient: &str| {
        of.edit(FILE, plaintext);
        of.0.write(".sops.yaml", rules(&[recipient]));
        of.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    };
    let repository = repository.diverged(
        FILE,
        |of| keep(of, THEIRS, &other_recipient()),
        |of| keep(of, OURS, &recipient()),
    );
    repository.keep_our_configuration();
    is_resolved_by(
        &repository,
        "changes to recipients or key groups conflict",
        "--recipients",
        "ours",
        &[],
    );
    assert!(!repository.0.read(FILE).contains(&other_recipient()));
}
