//! `sops-rs resolve`, and `git mergetool` with it.

use std::path::Path;

use sops_test_support::environment::{TestEnvironment, recipient};

use super::{BASE, CAROL, OTHER, OURS, Repository, SECRETS, rules};

const FILE: &str = "apps/secret.yaml";

/// A repository with a conflict of the passwords.
fn in_conflict() -> Repository {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository.conflicts();
    repository
}

#[test]
fn the_editor_opens_the_plaintext_with_markers() {
    let repository = in_conflict();
    let script = "cp \"$1\" ../seen; grep -v '^#\\|^<<<\\|^===\\|^>>>\\|sesame' \"$1\" > ../new; cat ../new > \"$1\"";
    let run = repository.resolve_with_editor(FILE, script, &[]).succeeds();
    assert!(
        run.stderr
            .contains("apps/secret.yaml is resolved; run `git add apps/secret.yaml` next"),
        "{run}"
    );
    let seen = repository.0.read("../seen");
    let (head, text) = seen.split_once("user:").expect("the text has a user");
    assert!(head.contains("  password\n"), "{seen}");
    assert!(head.contains("Ours is branch main, commit "), "{seen}");
    assert!(head.contains("theirs is branch topic, commit "), "{seen}");
    assert_eq!(
        text,
        " web\n<<<<<<< ours\npassword: battery-staple\n=======\npassword: open-sesame\n>>>>>>> theirs\nport: 8080\n"
    );
    repository.commit_resolved(FILE);
    repository.is_merged(FILE, "user: web\npassword: battery-staple\nport: 8080\n");
}

#[test]
fn a_text_with_markers_is_opened_again_and_never_written() {
    let repository = in_conflict();
    let marked = repository.0.read(FILE);
    let run =
        repository.resolve_with_editor(FILE, "echo '# seen' >> \"$1\"; echo x >> ../times", &[]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("unresolved merge conflict"), "{run}");
    assert!(repository.0.read("../times").len() > 2, "{run}");
    assert_eq!(repository.0.read(FILE), marked);
}

#[test]
fn scripts_take_sides() {
    for (flags, password) in [
        (&["--ours"][..], "battery-staple"),
        (&["--theirs"], "open-sesame"),
        (&["--theirs", "[\"password\"]"], "open-sesame"),
        (&["--theirs", "--ours", "[\"password\"]"], "battery-staple"),
    ] {
        let repository = in_conflict();
        repository
            .resolve_with_editor(FILE, "exit 1", flags)
            .succeeds();
        let expected = format!("user: web\npassword: {password}\nport: 8080\n");
        assert_eq!(repository.0.decrypt(FILE), expected);
    }
    for (flags, message) in [
        (&["--ours", "[\"user\"]"][..], "both sides changed password"),
        (&["--ours", "--theirs"], "cannot both take every conflict"),
        (
            &["--ours", "password["],
            "the path `password[` is malformed",
        ),
    ] {
        let repository = in_conflict();
        let marked = repository.0.read(FILE);
        let run = repository.resolve_with_editor(FILE, "exit 1", flags);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains(message), "{run}");
        assert_eq!(repository.0.read(FILE), marked);
    }
}

#[test]
fn the_file_may_follow_a_flag() {
    for flags in [
        &["--theirs", FILE][..],
        &["--theirs", "--", FILE],
        &["--yes", "--theirs", FILE],
    ] {
        let repository = in_conflict();
        repository.0.run(&[&["resolve"], flags].concat()).succeeds();
        assert!(repository.0.decrypt(FILE).contains("open-sesame"));
    }
}

#[test]
fn the_marked_file_is_not_trusted() {
    let repository = in_conflict();
    repository.0.write(
        FILE,
        "user: someone else\n<<<<<<< ours\n=======\n>>>>>>> theirs\n",
    );
    repository
        .resolve_with_editor(FILE, "exit 1", &["--ours"])
        .succeeds();
    assert_eq!(
        repository.0.decrypt(FILE),
        "user: web\npassword: battery-staple\nport: 8080\n"
    );
}

#[test]
fn git_mergetool_stages_the_result() {
    let repository = in_conflict();
    let editor = repository
        .0
        .editor("grep -v '^#\\|^<<<\\|^===\\|^>>>\\|staple' \"$1\" > ../new; cat ../new > \"$1\"");
    let program = sops_test_support::environment::program();
    let tool = format!(
        "EDITOR=\"{editor}\" '{}' resolve --mergetool -- \"$MERGED\"",
        program.display()
    );
    repository
        .git(&["config", "mergetool.sops.cmd", &tool])
        .succeeds();
    repository
        .git(&["config", "mergetool.sops.trustExitCode", "true"])
        .succeeds();
    let run = repository
        .git(&["mergetool", "--no-prompt", "--tool=sops"])
        .succeeds();
    assert!(run.stderr.contains("apps/secret.yaml is resolved"), "{run}");
    assert!(!run.stderr.contains("git add"), "{run}");
    repository.is_merged(FILE, "user: web\npassword: open-sesame\nport: 8080\n");
}

#[test]
fn a_file_without_a_conflict_is_not_changed() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    let run = repository.0.run(&["resolve", FILE]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("this file has no unresolved conflict in Git"),
        "{run}"
    );
}

#[test]
fn a_file_replaced_by_a_link_is_refused() {
    let repository = in_conflict();
    let elsewhere = repository.0.path("elsewhere");
    std::fs::write(&elsewhere, "kept").expect("the directory is writable");
    let file = repository.0.path(FILE);
    std::fs::remove_file(&file).expect("the merge wrote the file");
    std::os::unix::fs::symlink(&elsewhere, &file).expect("the directory is writable");
    for name in [FILE, "."] {
        let run = repository.0.run(&["resolve", name, "--ours"]);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.contains("not a regular file"), "{run}");
    }
    assert_eq!(repository.0.read("elsewhere"), "kept");
}

#[test]
fn a_file_that_one_side_deleted_cannot_be_merged() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository.branch("topic");
    repository.git(&["rm", "-q", FILE]).succeeds();
    repository.commit_all();
    repository.checkout("main");
    repository.commit_secret(FILE, OURS);
    repository.conflicts();
    let run = repository.0.run(&["resolve", FILE]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("their side deleted the file"), "{run}");
}

#[test]
fn a_file_that_both_sides_renamed_is_not_called_deleted() {
    let repository = Repository::new().diverged(
        FILE,
        |of| drop(of.git(&["mv", FILE, "apps/theirs.yaml"]).succeeds()),
        |of| drop(of.git(&["mv", FILE, "apps/ours.yaml"]).succeeds()),
    );
    repository.conflicts();
    for (file, message) in [
        (FILE, "both sides renamed or deleted this file"),
        ("apps/ours.yaml", "only our side has a file with this name"),
        (
            "apps/theirs.yaml",
            "only their side has a file with this name",
        ),
    ] {
        let run = repository.0.run(&["resolve", file]).fails_with(1);
        assert!(run.stderr.contains(message), "{run}");
    }
    repository.git(&["rm", "-q", FILE, "apps/theirs.yaml"]);
    repository.git(&["add", "apps/ours.yaml"]).succeeds();
    repository.git(&["commit", "-q", "--no-edit"]).succeeds();
    repository.is_merged("apps/ours.yaml", BASE);
}

#[test]
fn a_file_that_both_sides_renamed_and_changed_gets_a_way_out() {
    let repository = Repository::new().diverged(
        FILE,
        |of| {
            of.edit(FILE, OTHER);
            of.git(&["mv", FILE, "apps/theirs.yaml"]).succeeds();
        },
        |of| {
            of.edit(FILE, OURS);
            of.git(&["mv", FILE, "apps/ours.yaml"]).succeeds();
        },
    );
    repository.conflicts();
    for file in ["apps/ours.yaml", "apps/theirs.yaml"] {
        let run = repository.0.run(&["resolve", file]).fails_with(1);
        let said = run.stderr.replace('\n', " ");
        assert!(said.contains("both sides renamed and changed it"), "{run}");
        assert!(said.contains("`git merge --abort`"), "{run}");
    }
    repository.git(&["merge", "--abort"]).succeeds();
    let rename = ["mv", "apps/ours.yaml", "apps/theirs.yaml"];
    repository.git(&rename).succeeds();
    repository.git(&["commit", "-q", "-m", "rename"]).succeeds();
    repository.conflicts();
    let resolve = ["resolve", "apps/theirs.yaml", "--theirs"];
    repository.0.run(&resolve).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.git(&["commit", "-q", "--no-edit"]).succeeds();
    repository.is_merged("apps/theirs.yaml", OTHER);
}

#[test]
fn a_single_marker_that_is_left_is_refused() {
    for left in ["<<<<<<< ours", "=======", ">>>>>>> theirs"] {
        let repository = in_conflict();
        let marked = repository.0.read(FILE);
        let script = format!(
            "grep -v '^#\\|^<<<\\|^===\\|^>>>\\|sesame' \"$1\" > ../new; echo 'more: |' >> ../new; echo '{left}' >> ../new; cat ../new > \"$1\""
        );
        let run = repository.resolve_with_editor(FILE, &script, &[]);
        assert_ne!(run.code, Some(0), "{run}");
        assert_eq!(repository.0.read(FILE), marked, "{left}");
    }
}

#[test]
fn a_value_of_several_lines_has_markers_around_the_lines_that_differ() {
    let text =
        |first: &str, last: &str| format!("user: web\nkey: |\n  {first}\n  middle\n  {last}\n");
    let repository = Repository::new();
    repository.commit_secret(FILE, &text("correct-horse", "end"));
    repository.branch("topic");
    repository.commit_secret(FILE, &text("correct-horse", "open-sesame"));
    repository.checkout("main");
    repository.commit_secret(FILE, &text("battery-staple", "end"));
    repository.conflicts();
    let script = "grep -v '^#' \"$1\" > ../seen; grep -v '^#\\|^<<<\\|^===\\|^>>>\\|horse\\|end' \"$1\" > ../new; cat ../new > \"$1\"";
    repository.resolve_with_editor(FILE, script, &[]).succeeds();
    assert_eq!(
        repository.0.read("../seen"),
        "user: web\nkey: |\n<<<<<<< ours\n  battery-staple\n=======\n  correct-horse\n>>>>>>> theirs\n  middle\n<<<<<<< ours\n  end\n=======\n  open-sesame\n>>>>>>> theirs\n"
    );
    assert_eq!(
        repository.0.decrypt(FILE),
        text("battery-staple", "open-sesame")
    );
}

/// A file without a known extension is one value, which may be text.
#[test]
fn a_binary_file_that_is_text_is_resolved_in_the_editor() {
    for (base, ours, theirs, seen) in [
        (
            "a\nb\nc\n",
            "a\nbattery-staple\nc\n",
            "a\nopen-sesame\nc\nd\n",
            "a\n<<<<<<< ours\nbattery-staple\n=======\nopen-sesame\n>>>>>>> theirs\nc\nd\n",
        ),
        (
            "a\nb\nc\n",
            "battery-staple\nb\nc\n",
            "a\nb\nopen-sesame\n",
            "battery-staple\nb\nopen-sesame\n",
        ),
    ] {
        let repository = Repository::new();
        repository.commit_secret("secret", base);
        repository.branch("topic");
        repository.commit_secret("secret", theirs);
        repository.checkout("main");
        repository.commit_secret("secret", ours);
        repository.conflicts();
        let editor = repository
            .0
            .editor("grep -v '^#' \"$1\" > ../seen; sed -i '/^<<</d; /^===/,/^>>>/d' \"$1\"");
        let mut command = repository.0.command(&["resolve", "secret"]);
        command.env("EDITOR", editor);
        repository.0.finish(command).keeps(&SECRETS).succeeds();
        assert_eq!(repository.0.read("../seen"), seen);
        let without_markers = seen
            .replace("<<<<<<< ours\n", "")
            .replace("=======\nopen-sesame\n>>>>>>> theirs\n", "");
        assert_eq!(repository.0.decrypt("secret"), without_markers);
    }
}

#[test]
fn files_that_are_not_text_are_resolved_by_sides_only() {
    let repository = Repository::with_changes("secret", "battery-staple\0", "open-sesame\0");
    let run = repository.conflicts();
    let hint = "for a file that is not text, add `--ours` or `--theirs`";
    assert!(run.stderr.contains(hint), "{run}");
    repository.is_marked("secret");
    let run = repository.0.run(&["resolve", "secret"]);
    assert_eq!(run.code, Some(1), "{run}");
    repository
        .0
        .run(&["resolve", "secret", "--theirs"])
        .succeeds();
    assert_eq!(repository.0.decrypt("secret"), "open-sesame\0");
}

#[test]
fn quitting_the_editor_reports_that_the_conflict_remains() {
    let repository = in_conflict();
    let run = repository.resolve_with_editor(FILE, "true", &[]);
    assert_ne!(run.code, Some(0), "{run}");
    let hint = format!("the conflict remains: run `sops-rs resolve {FILE}` again");
    assert!(run.stderr.replace('\n', " ").contains(&hint), "{run}");
}

#[test]
fn the_files_in_conflict_are_listed_and_named_from_where_the_user_is() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    let root = repository.0.path("");
    let resolve = |directory: &str, arguments: &[&str]| {
        let mut command = repository.0.command(&[&["resolve"], arguments].concat());
        command.current_dir(root.join(directory));
        repository.0.finish(command)
    };
    let run = resolve("", &[]).succeeds();
    assert!(
        run.stderr.contains("No encrypted file has a conflict"),
        "{run}"
    );
    let apps = root.join("apps");
    let run = repository.git_in(&apps, &["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("`sops-rs resolve secret.yaml`"),
        "{run}"
    );
    repository.0.write("other/a.md", "");
    for (directory, name) in [
        ("", FILE),
        ("apps", "secret.yaml"),
        ("other", "../apps/secret.yaml"),
    ] {
        let run = resolve(directory, &[]).succeeds();
        assert_eq!(run.stdout, format!("{name}\n"));
        // Git's own messages name the path from the root.
        let run = resolve(directory, &[FILE, "--ours"]).succeeds();
        let next = format!("run `git add {name}` next");
        assert!(run.stderr.replace('\n', " ").contains(&next), "{run}");
        // The file is not resolved again by mistake: that would lose changes that were made since.
        let run = resolve(directory, &[]).succeeds();
        assert_eq!(run.stdout, "");
        let next = format!("run `git add {name}`");
        assert!(run.stderr.replace('\n', " ").contains(&next), "{run}");
        let resolved = repository.0.read(FILE);
        let run = resolve(directory, &[FILE, "--theirs"]).fails_with(1);
        assert!(
            run.stderr
                .contains(&format!("`git checkout --merge -- {name}`")),
            "{run}"
        );
        assert_eq!(repository.0.read(FILE), resolved);
        let again = ["checkout", "-q", "--merge", "--", name];
        repository.git_in(&root.join(directory), &again).succeeds();
    }
}

#[test]
fn committed_conflict_markers_are_resolved_from_the_merge() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository.conflicts();
    repository.commit_resolved(FILE);
    // A later commit does not matter.
    repository.0.write("README.md", "");
    repository.commit_all();
    let run = repository.0.run(&["decrypt", FILE]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(
        run.stderr.contains(&format!("`sops-rs resolve {FILE}`")),
        "{run}"
    );
    let run = repository.0.run(&["resolve"]).succeeds();
    assert_eq!(run.stdout, format!("{FILE}\n"), "{run}");
    repository.0.run(&["resolve", FILE, "--theirs"]).succeeds();
    repository.commit_all();
    assert_eq!(repository.0.decrypt(FILE), OTHER);
    let run = repository.0.run(&["resolve"]).succeeds();
    assert_eq!(run.stdout, "", "{run}");
}

/// Someone kept lines of both sides: a file with each key twice, values under two data keys, or a MAC
/// of other values.
#[test]
fn ciphertexts_that_were_combined_by_hand_are_merged_again() {
    let keep_all = "sed -i '/^<<</d; /^===/d; /^>>>/d' ";
    let keep_ours = "sed -i '/^<<</d; /^===/,/^>>>/d; s/^port: .*/port: 81/' ";
    for (is_rotated, by_hand) in [(false, keep_all), (false, keep_ours), (true, keep_all)] {
        let repository = Repository::new().diverged(
            FILE,
            |of| {
                of.edit(FILE, OTHER);
                if is_rotated {
                    of.0.run(&["rotate", "-i", FILE]).succeeds();
                }
            },
            |of| of.edit(FILE, OURS),
        );
        repository.conflicts();
        let script = format!("{by_hand}{FILE}");
        let shell = repository
            .0
            .command_of(Path::new("/bin/sh"), &["-euc", &script]);
        repository.0.finish(shell).succeeds();
        repository.commit_resolved(FILE);
        let damaged = repository.0.run(&["decrypt", FILE]);
        assert_ne!(damaged.code, Some(0), "{damaged}");
        repository.0.run(&["resolve", FILE, "--theirs"]).succeeds();
        repository.commit_all();
        assert_eq!(repository.0.decrypt(FILE), OTHER, "{is_rotated} {by_hand}");
    }
}

/// The merge also took the other side's configuration, so HEAD names its recipient.
#[test]
fn a_committed_merge_does_not_approve_a_recipient_of_the_other_side() {
    let rotate = |of: &Repository| drop(of.0.run(&["rotate", "-y", "-i", FILE]).succeeds());
    let repository = Repository::new().diverged(
        FILE,
        |of| {
            of.0.write(".sops.yaml", rules(&[&recipient(), CAROL]));
            of.0.run(&["updatekeys", "-y", FILE]).succeeds();
            of.edit(FILE, OTHER);
            rotate(of);
        },
        |of| {
            of.edit(FILE, OURS);
            rotate(of);
        },
    );
    repository.conflicts();
    repository.commit_resolved(FILE);
    assert!(repository.0.read(".sops.yaml").contains(CAROL));
    let run = repository.0.run(&["resolve", FILE, "--ours"]).fails_with(1);
    assert!(
        run.stderr.contains(CAROL) || run.stderr.contains("age1ql3z7"),
        "{run}"
    );
    assert!(run.stderr.contains("does not name"), "{run}");
    repository
        .0
        .run(&["resolve", FILE, "--ours", "--yes"])
        .succeeds();
}

/// Git never writes such a merge of a file, but a commit can have any content.
#[test]
fn a_committed_merge_of_three_branches_is_not_merged_again() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository.conflicts();
    repository.commit_resolved(FILE);
    let third = repository.git(&["rev-parse", "HEAD~1"]).stdout;
    let parents = repository.git(&["rev-parse", "HEAD^1", "HEAD^2"]).stdout;
    let mut arguments = vec!["commit-tree", "HEAD^{tree}", "-m", "octopus"];
    for parent in parents.split_whitespace().chain([third.trim(), "topic~1"]) {
        arguments.extend(["-p", parent]);
    }
    let octopus = repository.git(&arguments).succeeds().stdout;
    repository
        .git(&["reset", "-q", "--hard", octopus.trim()])
        .succeeds();
    let run = repository
        .0
        .run(&["resolve", FILE, "--theirs"])
        .fails_with(1);
    assert!(run.stderr.contains("`git checkout COMMIT^"), "{run}");
}

#[test]
fn markers_of_an_older_merge_are_not_those_of_another_commit() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository.conflicts();
    let marked = repository.0.read(FILE);
    repository.commit_resolved(FILE);
    repository.0.run(&["resolve", FILE, "--ours"]).succeeds();
    repository.commit_all();
    repository.0.write(FILE, marked.replace("port:", "ports:"));
    repository.commit_all();
    let run = repository
        .0
        .run(&["resolve", FILE, "--theirs"])
        .fails_with(1);
    assert!(run.stderr.contains("`git checkout COMMIT^"), "{run}");
}

#[test]
fn markers_of_another_commit_lead_to_the_commit_before() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository.conflicts();
    let marked = repository.0.read(FILE);
    repository.git(&["merge", "--abort"]).succeeds();
    repository.0.write(FILE, &marked);
    repository.commit_all();
    let run = repository.0.run(&["resolve", FILE]).fails_with(1);
    // The step that loses nothing comes first.
    let said = run.stderr.replace('\n', " ");
    let edit = said.find(&format!("`sops-rs edit --ignore-mac {FILE}`"));
    let take = said.find(&format!("`git checkout COMMIT^ -- {FILE}`"));
    assert!(edit.is_some() && edit < take, "{run}");
}

/// No hook runs for the commits of a rebase.
#[test]
fn a_conflict_that_was_added_or_committed_with_its_markers_is_resolved() {
    for is_rebase in [true, false] {
        for is_committed in [true, false] {
            let repository = Repository::with_changes(FILE, OURS, OTHER);
            let start = match is_rebase {
                true => &["rebase", "main", "topic"][..],
                false => &["merge", "-q", "topic"],
            };
            let run = repository.git(start);
            assert_eq!(run.code, Some(1), "{run}");
            repository.git(&["add", FILE]).succeeds();
            match (is_committed, is_rebase) {
                (true, true) => {
                    repository.git(&["rebase", "--continue"]).succeeds();
                }
                (true, false) => {
                    repository.git(&["commit", "-q", "--no-edit"]).succeeds();
                }
                (false, _) => {}
            }
            let run = repository.0.run(&["verify"]);
            assert_eq!(run.code, Some(1), "{run}");
            let said = run.stdout.replace('\n', " ");
            assert!(said.contains("unresolved merge conflict"), "{run}");
            assert!(said.contains(&format!("`sops-rs resolve {FILE}`")), "{run}");
            assert!(!said.contains("git checkout"), "{run}");
            repository.0.run(&["resolve", FILE, "--theirs"]).succeeds();
            let plaintext = repository.0.run(&["decrypt", FILE]).succeeds().stdout;
            assert_eq!(plaintext, OTHER, "{is_rebase} {is_committed}");
        }
    }
}

#[test]
fn the_sides_are_named_in_every_operation() {
    for (command, sides) in [
        (
            &["rebase", "main", "topic"][..],
            [
                "ours is branch main, commit ",
                "which you are rebasing onto; theirs is your branch topic",
            ],
        ),
        (
            &["cherry-pick", "topic"],
            [
                "ours is branch main, commit ",
                "theirs is the picked commit ",
            ],
        ),
        (
            &["revert", "--no-edit", "HEAD~1"],
            [
                "ours is branch main, commit ",
                "theirs is the state before commit ",
            ],
        ),
    ] {
        let repository = Repository::with_changes(FILE, OURS, OTHER);
        repository.commit_secret(FILE, "user: web\npassword: correct-horse-2\nport: 80\n");
        let run = repository.git(command);
        assert_ne!(run.code, Some(0), "{run}");
        let run = repository.0.run(&["resolve", FILE, "--ours"]).succeeds();
        let stderr = run.stderr.replace('\n', " ");
        assert!(sides.iter().all(|side| stderr.contains(side)), "{run}");
    }
}

#[test]
fn a_missing_repository_is_reported_with_and_without_a_file() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    for arguments in [&["resolve"][..], &["resolve", "x.yaml"]] {
        let run = environment.run(arguments);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("not a git repository"), "{run}");
        assert!(!run.stderr.contains("--merge"), "{run}");
    }
}
