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

/// A repository in which both sides changed the metadata in ways that exclude each other, and
/// different values.
fn with_two_versions(change: impl Fn(&Repository, &str)) -> Repository {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    change(&repository, "theirs");
    repository.commit_secret(FILE, THEIRS);
    repository.git(&["checkout", "-q", "main"]).succeeds();
    change(&repository, "ours");
    repository.commit_secret(FILE, OURS);
    repository
}

/// Lets Git merge configurations that conflict too, by taking ours.
fn keep_our_configuration(repository: &Repository) {
    repository
        .git(&["config", "merge.ours.driver", "true"])
        .succeeds();
    let attributes = ".sops.yaml merge=ours\n";
    repository.0.write(".git/info/attributes", attributes);
}

/// The merge conflicts for this reason, and `resolve` needs this flag, with which it takes the side.
#[track_caller]
fn is_resolved_by(
    repository: &Repository,
    reason: &str,
    flag: &str,
    side: &str,
    other_flags: &[&str],
) {
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains(reason), "{run}");
    let marked = repository.is_marked(FILE);
    // Values are not in conflict, so their side alone decides nothing.
    for flags in [&[][..], &["--ours"], &["--theirs"]] {
        let run = repository.0.run(&[&["resolve", FILE], flags].concat());
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains(reason) && run.stderr.contains(&format!("`{flag} ours`")),
            "{run}"
        );
        assert_eq!(repository.0.read(FILE), marked);
    }
    let resolve = [&["resolve", FILE, flag, side], other_flags].concat();
    repository.0.run(&resolve).keeps(&super::SECRETS).succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.git(&["commit", "-q", "--no-edit"]).succeeds();
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
        keep_our_configuration(&repository);
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
fn a_value_that_the_chosen_rule_leaves_in_plaintext_needs_a_flag() {
    let repository = with_two_versions(|repository, side| {
        let expression = match side {
            "ours" => "^(password|port|token|user)$",
            _ => "^(password|token)$",
        };
        let text = match side {
            "ours" => OURS,
            _ => THEIRS,
        };
        repository.0.write(FILE, text);
        let rule = ["--encrypted-regex", expression, "--age", &recipient()];
        let config = ["--config", "/dev/null", "encrypt", "-i"];
        repository
            .0
            .run(&[&config[..], &rule, &[FILE]].concat())
            .succeeds();
    });
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    let run = repository.0.run(&["resolve", FILE, "--settings", "theirs"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("would leave values in plaintext")
            && run.stderr.contains("--allow-plaintext"),
        "{run}"
    );
    repository.is_marked(FILE);
    repository
        .0
        .run(&["resolve", FILE, "--settings", "ours"])
        .succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.is_merged(FILE, super::MERGED);
    assert!(!repository.0.read(FILE).contains("8080"));
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
        keep_our_configuration(&repository);
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
    // Each side keeps one of the two recipients that the other one removes.
    let repository = Repository::new();
    let everyone = [recipient(), other_recipient()];
    let everyone: Vec<&str> = everyone.iter().map(String::as_str).collect();
    repository.0.write(".sops.yaml", rules(&everyone));
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    repository.edit(FILE, THEIRS);
    repository
        .0
        .write(".sops.yaml", rules(&[&other_recipient()]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.commit_all();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.edit(FILE, OURS);
    repository.0.write(".sops.yaml", rules(&[&recipient()]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.commit_all();
    keep_our_configuration(&repository);
    is_resolved_by(
        &repository,
        "changes to recipients or key groups conflict",
        "--recipients",
        "ours",
        &[],
    );
    assert!(!repository.0.read(FILE).contains(&other_recipient()));
}
