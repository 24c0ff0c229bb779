//! Every Git command that merges.

use sops_test_support::environment::recipient;

use super::{BASE, CAROL, MERGED, OTHER, OURS, Repository, THEIRS};

const FILE: &str = "apps/secret.yaml";

fn repository() -> Repository {
    Repository::with_changes(FILE, OURS, THEIRS)
}

#[test]
fn a_merge_takes_the_changes_of_both_sides() {
    let repository = repository();
    let run = repository.merges();
    assert_eq!(run.stderr, "");
    repository.is_merged(FILE, MERGED);
}

#[test]
fn a_rebase_takes_the_changes_of_both_sides() {
    let repository = repository();
    repository.git(&["rebase", "-q", "topic"]).succeeds();
    repository.is_merged(FILE, MERGED);
    let repository = self::repository();
    repository
        .git(&["rebase", "-q", "--apply", "topic"])
        .succeeds();
    repository.is_merged(FILE, MERGED);
}

#[test]
fn a_cherry_pick_and_a_revert_take_the_changes_of_both_sides() {
    let repository = repository();
    repository.git(&["cherry-pick", "topic"]).succeeds();
    repository.is_merged(FILE, MERGED);
    repository.git(&["revert", "--no-edit", "HEAD"]).succeeds();
    repository.is_merged(FILE, OURS);
    repository
        .git(&["revert", "--no-edit", "HEAD~2"])
        .succeeds();
    repository.is_merged(FILE, BASE);
}

#[test]
fn a_stash_is_applied_to_a_changed_file() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository.edit(FILE, THEIRS);
    repository.git(&["stash", "-q"]).succeeds();
    repository.commit_secret(FILE, OURS);
    repository.git(&["stash", "pop", "-q"]).succeeds();
    assert_eq!(repository.0.decrypt(FILE), MERGED);
}

#[test]
fn a_mailed_patch_is_merged_three_way() {
    let repository = repository();
    let patch = repository
        .git(&["format-patch", "--stdout", "topic~1..topic"])
        .succeeds()
        .stdout;
    repository.0.write("../patch", patch);
    repository.git(&["am", "-q", "-3", "../patch"]).succeeds();
    repository.is_merged(FILE, MERGED);
}

#[test]
fn a_renamed_file_is_merged_under_its_new_name() {
    let repository = repository();
    repository.git(&["mv", FILE, "other.yaml"]).succeeds();
    repository.commit_all();
    repository.merges();
    repository.is_merged("other.yaml", MERGED);
}

#[test]
fn a_file_that_both_sides_added_is_merged() {
    let repository = Repository::new();
    repository.commit_all();
    repository.branch("topic");
    repository.commit_secret(FILE, "a: 1\nb: 2\n");
    repository.checkout("main");
    repository.commit_secret(FILE, "a: 1\nc: 3\n");
    repository.merges();
    repository.is_merged(FILE, "a: 1\nc: 3\nb: 2\n");
}

#[test]
fn a_merge_in_another_working_tree_leaves_this_one_unchanged() {
    let repository = repository();
    let tree = repository.0.path("../tree");
    let path = tree.to_str().expect("the path is UTF-8");
    repository
        .git(&["worktree", "add", "-q", path, "-b", "third", "main"])
        .succeeds();
    repository
        .git_in(&tree, &["merge", "-q", "--no-edit", "topic"])
        .succeeds();
    assert_eq!(repository.0.decrypt(&format!("../tree/{FILE}")), MERGED);
    assert_eq!(repository.0.decrypt(FILE), OURS);
}

#[test]
fn a_merge_started_in_a_subdirectory_finds_the_file() {
    let repository = repository();
    let directory = repository.0.path("apps");
    repository
        .git_in(&directory, &["merge", "-q", "--no-edit", "topic"])
        .succeeds();
    repository.is_merged(FILE, MERGED);
}

#[test]
fn files_in_plaintext_are_merged_as_by_git() {
    let repository = Repository::new();
    let write = |text: &str| {
        repository.0.write("config.yaml", text);
        repository.commit_all();
    };
    write("a: 1\nb: 2\nc: 3\nd: 4\n");
    repository.branch("topic");
    write("a: 1\nb: 2\nc: 3\nd: 40\n");
    repository.checkout("main");
    write("a: 10\nb: 2\nc: 3\nd: 4\n");
    repository.merges();
    assert_eq!(
        repository.0.read("config.yaml"),
        "a: 10\nb: 2\nc: 3\nd: 40\n"
    );
    repository
        .git(&["checkout", "-q", "-b", "other", "main~2"])
        .succeeds();
    write("a: 11\nb: 2\nc: 3\nd: 4\n");
    assert_eq!(
        repository.git(&["merge", "-q", "--no-edit", "main"]).code,
        Some(1)
    );
    let marked = repository.0.read("config.yaml");
    assert!(
        marked.contains("<<<<<<< ") && marked.contains("a: 11\n=======\na: 10\n"),
        "{marked}"
    );
}

#[test]
fn a_merge_without_a_working_tree_gives_the_same_file() {
    let repository = repository();
    let run = repository
        .git(&["merge-tree", "--write-tree", "main", "topic"])
        .succeeds();
    let tree = run
        .stdout
        .lines()
        .next()
        .expect("Git prints the tree")
        .to_owned();
    let blob = repository
        .git(&["show", &format!("{tree}:{FILE}")])
        .succeeds()
        .stdout;
    let decrypt = ["decrypt", "--filename-override", FILE];
    assert_eq!(
        repository
            .0
            .run_with_input(&decrypt, &blob)
            .succeeds()
            .stdout,
        MERGED
    );
    assert_eq!(repository.0.decrypt(FILE), OURS);
}

#[test]
fn a_merge_keeps_the_mode_of_the_file() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository
        .git(&["update-index", "--chmod=+x", FILE])
        .succeeds();
    repository.git(&["commit", "-q", "-m", "x"]).succeeds();
    repository
        .git(&["checkout", "-q", "-f", "-b", "topic"])
        .succeeds();
    repository.commit_secret(FILE, THEIRS);
    repository.git(&["checkout", "-q", "-f", "main"]).succeeds();
    repository.commit_secret(FILE, OURS);
    repository.merges();
    repository.is_merged(FILE, MERGED);
    let listed = repository.git(&["ls-files", "--stage", FILE]).stdout;
    assert!(listed.starts_with("100755 "), "{listed}");
}

#[test]
fn a_merge_in_a_submodule_takes_the_changes_of_both_sides() {
    let module = repository();
    let main = Repository::new();
    let origin = module.0.path("");
    let origin = origin.to_str().expect("the path is UTF-8");
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    main.git(&[&add[..], &[origin, "module"]].concat())
        .succeeds();
    let directory = main.0.path("module");
    let driver = main.git(&["config", "merge.sops.driver"]).stdout;
    main.git_in(&directory, &["config", "merge.sops.driver", driver.trim()])
        .succeeds();
    main.git_in(&directory, &["merge", "-q", "--no-edit", "origin/topic"])
        .succeeds();
    assert_eq!(main.0.decrypt(&format!("module/{FILE}")), MERGED);
}

#[test]
fn a_file_that_a_sparse_checkout_leaves_out_is_merged() {
    let repository = repository();
    repository.0.write("docs/a.md", "a\n");
    repository.commit_all();
    repository
        .git(&["sparse-checkout", "set", "docs"])
        .succeeds();
    assert!(!repository.0.path(FILE).exists());
    repository.merges();
    repository.git(&["sparse-checkout", "disable"]).succeeds();
    repository.is_merged(FILE, MERGED);
}

#[test]
fn a_rebase_with_several_commits_and_a_squash_are_merged() {
    let repository = repository();
    repository.commit_secret(FILE, &format!("{OURS}more: 1\n"));
    repository.git(&["rebase", "-q", "topic"]).succeeds();
    repository.is_merged(
        FILE,
        &MERGED.replace("token: open-sesame\n", "token: open-sesame\nmore: 1\n"),
    );
    let repository = self::repository();
    repository
        .git(&["merge", "-q", "--squash", "topic"])
        .succeeds();
    repository.is_merged(FILE, MERGED);
}

/// The virtual ancestor of a criss-cross merge has conflict markers, unless Git merges it as
/// binary.
#[test]
fn a_criss_cross_merge_has_a_base_without_markers() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    // Each branch merges the other, and resolves the conflict.
    for (branch, other, plaintext) in [
        (
            "main",
            "topic",
            "user: main\npassword: battery-staple\nport: 8080\n",
        ),
        (
            "topic",
            "main~1",
            "user: web\npassword: battery-staple\nport: 8080\nadded: 1\n",
        ),
    ] {
        repository.checkout(branch);
        let run = repository.git(&["merge", "-q", "--no-edit", other]);
        assert_eq!(run.code, Some(1), "{run}");
        repository.0.run(&["resolve", FILE, "--ours"]).succeeds();
        repository.edit(FILE, plaintext);
        repository.commit_all();
    }
    let driver = repository.git(&["config", "merge.sops.driver"]).stdout;
    let driver = format!("cp %O ../base.yaml; {}", driver.trim());
    repository
        .git(&["config", "merge.sops.driver", &driver])
        .succeeds();
    repository
        .git(&["merge", "-q", "--no-edit", "main"])
        .succeeds();
    repository.is_merged(
        FILE,
        "user: main\npassword: battery-staple\nport: 8080\nadded: 1\n",
    );
    assert_eq!(repository.0.decrypt("../base.yaml"), BASE);
}

/// Git passes an older base, in which a side that undoes a change seems to have changed nothing.
#[test]
fn a_change_that_is_undone_after_a_criss_cross_merge_stays_undone() {
    let both = |recipients: &[&str]| {
        let recipients = recipients.join(",");
        format!("creation_rules:\n- age: {recipients}\n")
    };
    let repository = Repository::new();
    repository.0.write(".sops.yaml", both(&[&recipient()]));
    repository.commit_secret(FILE, "a: 1\nb: old\nc: 1\n");
    repository
        .git(&["checkout", "-q", "-b", "topic"])
        .succeeds();
    repository.edit(FILE, "a: 2\nb: old\nc: 1\n");
    repository.commit_all();
    repository.checkout("main");
    repository.edit(FILE, "a: 1\nb: new\nc: 1\n");
    repository
        .0
        .write(".sops.yaml", both(&[&recipient(), CAROL]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.commit_all();
    // Each merges the other.
    repository.merges();
    repository.checkout("topic");
    repository
        .git(&["merge", "-q", "--no-edit", "main~1"])
        .succeeds();
    // One undoes the changes of the other.
    repository.edit(FILE, "a: 2\nb: old\nc: 1\n");
    repository.0.write(".sops.yaml", both(&[&recipient()]));
    repository.0.run(&["updatekeys", "--yes", FILE]).succeeds();
    repository.0.run(&["rotate", "-i", FILE]).succeeds();
    repository.commit_all();
    repository.checkout("main");
    repository.edit(FILE, "a: 2\nb: new\nc: 9\n");
    repository.commit_all();
    repository.merges();
    repository.is_merged(FILE, "a: 2\nb: old\nc: 9\n");
    assert!(!repository.0.read(FILE).contains(CAROL));
    // The same values conflict if both sides change them.
    repository.checkout("topic");
    repository.edit(FILE, "a: 3\nb: old\nc: 1\n");
    repository.commit_all();
    repository.checkout("main");
    repository.edit(FILE, "a: 4\nb: old\nc: 9\n");
    repository.commit_all();
    repository.conflicts();
}

/// The common ancestors have the first file under its old name, and the same ancestors count for
/// the second one.
#[test]
fn a_file_that_is_renamed_after_a_criss_cross_merge_is_followed() {
    const SECOND: &str = "second.yaml";
    const RENAMED: &str = "apps/renamed.yaml";
    let repository = Repository::new();
    let edit = |files: [&str; 2], plaintext: &str| {
        for file in files {
            repository.edit(file, plaintext);
        }
        repository.commit_all();
    };
    let files = [FILE, SECOND];
    edit(files, "a: 1\nb: old\nc: 1\n");
    repository.branch("topic");
    edit(files, "a: 2\nb: old\nc: 1\n");
    repository.checkout("main");
    edit(files, "a: 1\nb: new\nc: 1\n");
    repository.merges();
    repository.checkout("topic");
    repository
        .git(&["merge", "-q", "--no-edit", "main~1"])
        .succeeds();
    repository.git(&["mv", FILE, RENAMED]).succeeds();
    edit([RENAMED, SECOND], "a: 2\nb: old\nc: 1\n");
    repository.checkout("main");
    edit(files, "a: 2\nb: new\nc: 9\n");
    repository.merges();
    for file in [RENAMED, SECOND] {
        repository.is_merged(file, "a: 2\nb: old\nc: 9\n");
    }
    assert_eq!(repository.git(&["status", "--short"]).stdout, "");
}

/// Other commands that merge the changes of `topic` into the file.
#[test]
fn other_commands_that_merge_take_the_changes_of_both_sides() {
    let commands: [&[&[&str]]; 7] = [
        &[&["pull", "-q", "--rebase", ".", "topic"]],
        &[&["pull", "-q", "--no-rebase", "--no-edit", ".", "topic"]],
        &[&["rebase", "-q", "--rebase-merges", "topic"]],
        &[&["rebase", "-q", "--onto", "topic", "main~1"]],
        &[&["cherry-pick", "--no-commit", "topic"]],
        &[&["merge", "-q", "--no-commit", "topic"]],
        &[
            &["reset", "-q", "main~1"],
            &["checkout", "-q", "--merge", "topic"],
        ],
    ];
    for commands in commands {
        let repository = repository();
        for command in commands {
            repository.git(command).succeeds();
        }
        repository.is_merged(FILE, MERGED);
    }
}

#[test]
fn changes_that_are_not_committed_are_merged_after_a_merge_or_a_rebase() {
    for command in ["merge", "rebase"] {
        let repository = Repository::new();
        repository.commit_secret(FILE, BASE);
        repository.branch("topic");
        repository.commit_secret(FILE, THEIRS);
        repository.checkout("main");
        repository.edit(FILE, OURS);
        repository
            .git(&[command, "-q", "--autostash", "topic"])
            .succeeds();
        repository.is_merged(FILE, MERGED);
    }
}

#[test]
fn a_merge_commit_is_reverted_and_cherry_picked() {
    let repository = repository();
    repository.merges();
    repository
        .git(&["revert", "--no-edit", "-m", "1", "HEAD"])
        .succeeds();
    repository.is_merged(FILE, OURS);
    repository
        .git(&["cherry-pick", "-m", "1", "HEAD~1"])
        .succeeds();
    repository.is_merged(FILE, MERGED);
}

#[test]
fn a_fixup_is_moved_over_another_change_of_the_file() {
    let repository = Repository::new();
    repository.commit_secret(FILE, BASE);
    repository.commit_secret(FILE, THEIRS);
    let fixed = repository.git(&["rev-parse", "HEAD"]).stdout;
    repository.commit_secret(FILE, MERGED);
    repository.edit(FILE, &MERGED.replace("8080", "8081"));
    repository.git(&["add", FILE]).succeeds();
    let fixup = format!("--fixup={}", fixed.trim());
    repository.git(&["commit", "-q", &fixup]).succeeds();
    let mut rebase = repository.git_command(
        &repository.0.path(""),
        &["rebase", "-q", "-i", "--autosquash", "HEAD~3"],
    );
    rebase.env("GIT_SEQUENCE_EDITOR", "true");
    repository.0.finish(rebase).succeeds();
    repository.is_merged(FILE, &MERGED.replace("8080", "8081"));
    let count = repository.git(&["rev-list", "--count", "HEAD"]).stdout;
    assert_eq!(count.trim(), "3");
}

#[test]
fn a_patch_is_applied_three_way() {
    let repository = repository();
    let patch = repository.git(&["diff", "topic~1", "topic"]).stdout;
    repository.0.write("../patch", patch);
    repository.git(&["apply", "--3way", "../patch"]).succeeds();
    repository.is_merged(FILE, MERGED);
}
