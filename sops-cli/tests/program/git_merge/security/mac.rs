//! A broken MAC: a merge does not give values that were tampered with a MAC that matches.

use crate::git_merge::{OURS, Repository, THEIRS};

const FILE: &str = "secret.yaml";

/// Removes a value without SOPS.
fn tamper(repository: &Repository) {
    let text = repository.0.read(FILE);
    let mut lines = text.lines();
    let port = lines.find(|line| line.starts_with("port: "));
    let port = port.expect("the file has a port");
    repository
        .0
        .write(FILE, text.replace(&format!("{port}\n"), ""));
}

fn tampered(is_theirs: bool) -> Repository {
    Repository::new().diverged(
        FILE,
        |of| match is_theirs {
            true => tamper(of),
            false => of.edit(FILE, THEIRS),
        },
        |of| match is_theirs {
            true => of.edit(FILE, OURS),
            false => tamper(of),
        },
    )
}

#[test]
fn a_side_whose_mac_is_wrong_is_a_conflict() {
    for (is_theirs, whose) in [(true, "their"), (false, "our")] {
        let run = tampered(is_theirs).conflicts();
        let message = format!("{whose} version cannot be used: MAC mismatch");
        assert!(run.stderr.contains(&message), "{run}");
    }
}

/// Without an ancestor, every difference of the sides is a conflict.
#[test]
fn an_ancestor_whose_mac_is_wrong_is_a_conflict() {
    let repository = Repository::with_changes(FILE, OURS, THEIRS);
    let start = repository.git(&["merge-base", "main", "topic"]).stdout;
    let start = start.trim();
    repository
        .git(&["checkout", "-q", "-b", "tampered", start])
        .succeeds();
    tamper(&repository);
    repository.commit_all();
    // The same two versions, as children of the ancestor that was tampered with.
    for branch in ["topic", "main"] {
        let tree = format!("{branch}^{{tree}}");
        let commit = ["commit-tree", "-p", "tampered", "-m", "x", &tree];
        let commit = repository.git(&commit).succeeds().stdout;
        repository
            .git(&["branch", "-f", branch, commit.trim()])
            .succeeds();
    }
    repository.checkout("main");
    let run = repository.conflicts();
    let message = "the common ancestor cannot be used: MAC mismatch";
    assert!(run.stderr.contains(message), "{run}");
    let conflicts = "both sides changed password, port, token (one side removed it)";
    assert!(run.stderr.contains(conflicts), "{run}");
    repository.is_marked(FILE);
}

#[test]
fn the_mac_of_every_version_is_verified_again_to_resolve_it() {
    let repository = tampered(true);
    repository.conflicts();
    repository.is_marked(FILE);
    for flags in [&[][..], &["--theirs"]] {
        let run = repository.resolve_with_editor(FILE, "exit 1", flags);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr
                .contains("their version cannot be used: MAC mismatch"),
            "{run}"
        );
    }
    repository
        .resolve_with_editor(FILE, "exit 1", &["--ours"])
        .succeeds();
    assert_eq!(repository.0.decrypt(FILE), OURS);
}
