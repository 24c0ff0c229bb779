//! Before a push: all versions of files that the remote lacks.

use std::fs;
use std::path::{Path, PathBuf};

use sops_test_support::environment::{Run, other_recipient, recipient};

use super::{HARMLESS, PLAIN, Repository, both, refused, rules};

/// A repository whose first commit is on a remote.
fn cloned() -> Repository {
    let repository = Repository::new();
    repository.add_remote("origin");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository
        .git(&["push", "-q", "-u", "origin", "main"])
        .succeeds();
    repository
}

fn push(repository: &Repository, words: &[&str]) -> Run {
    repository.git(&[&["push", "-q"], words].concat())
}

#[track_caller]
fn is_refused(run: &Run, reasons: &[&str]) {
    refused(run, reasons);
    assert!(run.stderr.contains("The push is refused"), "{run}");
}

#[test]
fn a_recipient_that_is_removed_without_a_new_data_key_is_named() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    let change = |recipients: &str| {
        repository.0.write(".sops.yaml", rules(recipients));
        let update = ["updatekeys", "--yes", "a.yaml"];
        repository.sops_rs(&update).succeeds();
        repository.git(&["add", "."]).succeeds();
        repository.commit().succeeds()
    };
    let is_named = |run: &Run| {
        let said = run.stderr.replace('\n', " ");
        let removed = format!("because the data key is the same: {}", other_recipient());
        said.contains("a.yaml: these recipients were removed") && said.contains(&removed)
    };
    assert!(!is_named(&change(&recipient())));
    push(&repository, &[]).succeeds();
    assert!(!is_named(&change(&both())));
    assert!(!is_named(&push(&repository, &[]).succeeds()));
    // No hook runs for the commit of a revert.
    repository.git(&["revert", "--no-edit", "HEAD"]).succeeds();
    let run = push(&repository, &[]).succeeds();
    assert!(is_named(&run), "{run}");
    change(&both());
    let run = change(&recipient());
    assert!(is_named(&run), "{run}");
    repository.sops_rs(&["rotate", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    assert!(!is_named(&repository.commit().succeeds()));
    assert!(!is_named(&push(&repository, &[]).succeeds()));
}

#[test]
fn plaintext_is_refused_however_it_was_committed() {
    let repository = cloned();
    repository
        .git(&["checkout", "-q", "-b", "feature"])
        .succeeds();
    repository.add("a.yaml", PLAIN);
    let plain = repository.commit_unchecked();
    is_refused(
        &push(&repository, &["origin", "feature"]),
        &[&format!("{plain}:a.yaml:6")],
    );

    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.git(&["cherry-pick", "feature"]).succeeds();
    let picked = repository.head();
    is_refused(&push(&repository, &[]), &[&format!("{picked}:a.yaml:6")]);

    repository
        .git(&["reset", "-q", "--hard", "origin/main"])
        .succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    repository
        .git(&["rebase", "-q", "main", "feature"])
        .succeeds();
    is_refused(&push(&repository, &["origin", "feature"]), &["a.yaml:6"]);

    repository.git(&["checkout", "-q", "main"]).succeeds();
    let merge = [
        "merge",
        "-q",
        "--no-ff",
        "--no-edit",
        "--no-verify",
        "feature",
    ];
    repository.git(&merge).succeeds();
    is_refused(&push(&repository, &[]), &["a.yaml:6"]);

    repository.git(&["rm", "-q", "a.yaml"]).succeeds();
    repository.commit().succeeds();
    repository.git(&["push", "-q", "--no-verify"]).succeeds();
    repository.git(&["revert", "--no-edit", "HEAD"]).succeeds();
    let reverted = repository.head();
    is_refused(&push(&repository, &[]), &[&format!("{reverted}:a.yaml:6")]);

    repository
        .git(&["reset", "-q", "--hard", "HEAD~1"])
        .succeeds();
    let patch = repository
        .git(&["format-patch", "--stdout", "-1", &plain])
        .succeeds();
    repository.0.write("patch", patch.stdout);
    repository.git(&["am", "-q", "patch"]).succeeds();
    is_refused(&push(&repository, &[]), &["a.yaml:6"]);
}

#[test]
fn plaintext_that_a_later_commit_encrypts_or_deletes_is_refused() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    let first = repository.commit_unchecked();
    repository.add("a.yaml", &format!("{PLAIN}# more\n"));
    repository.commit_unchecked();
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let place = format!("{first}:a.yaml:6");
    let run = push(&repository, &[]);
    is_refused(
        &run,
        &[
            &place,
            "1 later version of the file",
            "git rebase -i",
            &format!("rewrite {first} and the commits after it"),
        ],
    );
    assert!(!run.stdout.contains("sops-rs encrypt"), "{run}");
    assert_eq!(
        run.stdout.matches("SL010").count() + run.stderr.matches("SL010").count(),
        1,
        "{run}"
    );
    repository.git(&["rm", "-q", "a.yaml"]).succeeds();
    repository.commit().succeeds();
    is_refused(&push(&repository, &[]), &[&place]);

    repository
        .git(&["reset", "-q", "--soft", "origin/main"])
        .succeeds();
    repository
        .git(&["commit", "-q", "--allow-empty", "-m", "x"])
        .succeeds();
    push(&repository, &[]).succeeds();
}

#[test]
fn commits_that_the_remote_has_are_not_checked() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    repository.git(&["push", "-q", "--no-verify"]).succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    push(&repository, &[]).succeeds();
    // The same for a push to an address, to a new branch, or of a tag.
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    push(&repository, &["../origin", "HEAD:refs/heads/other"]).succeeds();
    push(&repository, &["origin", "HEAD:refs/heads/new"]).succeeds();
    repository
        .git(&["tag", "-a", "-m", "x", "v1", "main~1"])
        .succeeds();
    push(&repository, &["origin", "v1"]).succeeds();
    // Another remote lacks these commits.
    repository.add_remote("fork");
    is_refused(&push(&repository, &["fork", "main"]), &["a.yaml:6"]);
    is_refused(&push(&repository, &["../fork", "main"]), &["a.yaml:6"]);
}

#[test]
fn every_branch_and_tag_of_a_push_is_checked() {
    let repository = cloned();
    for branch in ["one", "two"] {
        repository
            .git(&["checkout", "-q", "-b", branch, "origin/main"])
            .succeeds();
        repository.add(&format!("{branch}.yaml"), PLAIN);
        repository.commit_unchecked();
    }
    let run = push(&repository, &["origin", "main", "one", "two"]);
    is_refused(&run, &["one.yaml:6", "two.yaml:6"]);
    repository.git(&["tag", "light", "one"]).succeeds();
    repository
        .git(&["tag", "-a", "-m", "x", "heavy", "two"])
        .succeeds();
    repository
        .git(&["tag", "-a", "-m", "x", "nested", "heavy"])
        .succeeds();
    is_refused(&push(&repository, &["origin", "light"]), &["one.yaml:6"]);
    is_refused(&push(&repository, &["origin", "nested"]), &["two.yaml:6"]);
    is_refused(
        &push(&repository, &["origin", "HEAD~0:refs/heads/x"]),
        &["two.yaml:6"],
    );
    // Tags of files and trees.
    repository
        .git(&["tag", "file.yaml", "one:one.yaml"])
        .succeeds();
    repository.git(&["tag", "tree", "one^{tree}"]).succeeds();
    is_refused(
        &push(&repository, &["origin", "file.yaml"]),
        &["file.yaml:6"],
    );
    is_refused(&push(&repository, &["origin", "tree"]), &["one.yaml:6"]);
    let run = push(&repository, &["origin", "file.yaml", "tree"]);
    let advice =
        ["file.yaml", "tree"].map(|tag| format!("Delete the tag with `git tag -d {tag}`."));
    is_refused(&run, &[&advice[0], &advice[1]]);
    assert!(!run.stderr.contains("--amend"), "{run}");
    let run = push(&repository, &["origin", "one:one.yaml:refs/tags/other"]);
    is_refused(&run, &["Do not push `one:one.yaml`."]);
    // A deletion has nothing to check.
    repository
        .git(&["push", "-q", "--no-verify", "origin", "one"])
        .succeeds();
    push(&repository, &["origin", "--delete", "one"]).succeeds();
    // The next push is forced.
    repository
        .git(&["checkout", "-q", "-B", "main", "two"])
        .succeeds();
    let amend = ["commit", "-q", "--amend", "--no-verify", "-m", "y"];
    repository.git(&amend).succeeds();
    is_refused(
        &push(&repository, &["-f", "origin", "main"]),
        &["two.yaml:6"],
    );
}

#[test]
fn a_change_in_a_merge_commit_itself_is_checked() {
    let repository = cloned();
    repository
        .git(&["checkout", "-q", "-b", "feature"])
        .succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    repository
        .git(&["merge", "-q", "--no-commit", "feature"])
        .succeeds();
    repository.add("b.yaml", PLAIN);
    let merge = repository.commit_unchecked();
    is_refused(&push(&repository, &[]), &[&format!("{merge}:b.yaml:6")]);
}

#[test]
fn a_replaced_commit_hides_nothing() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    let empty = ["commit-tree", "-p", "HEAD~1", "-m", "x", "HEAD~1^{tree}"];
    let empty = repository.git(&empty).succeeds().stdout;
    let replace = ["replace", "HEAD", empty.trim()];
    repository.git(&replace).succeeds();
    is_refused(&push(&repository, &[]), &["a.yaml:6"]);
}

#[test]
fn all_versions_are_judged_by_the_configuration_of_the_last_commit() {
    let repository = cloned();
    // A later rule covers earlier versions.
    repository.add("values.yml", "stringData:\n  a: correct-horse\n");
    let plain = repository.commit_unchecked();
    repository.git(&["rm", "-q", "values.yml"]).succeeds();
    repository.add(
        ".sops.yaml",
        &rules(&recipient()).replace("yaml$", "ya?ml$"),
    );
    repository.commit().succeeds();
    is_refused(
        &push(&repository, &[]),
        &[
            &format!("{plain}:values.yml:2"),
            "a creation rule covers this file",
        ],
    );
    // Later settings apply to earlier versions too.
    repository.add(".sops-lint.yaml", "exclude: ['*.yml']\n");
    repository.commit().succeeds();
    push(&repository, &[]).succeeds();

    // Staged files do not matter.
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    repository.add(".sops-lint.yaml", "exclude: ['*']\n");
    is_refused(&push(&repository, &[]), &["a.yaml:6"]);
}

#[test]
fn an_old_version_may_have_other_recipients_than_the_rule() {
    let repository = cloned();
    repository.0.write("a.yaml", PLAIN);
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository.0.write(".sops.yaml", rules(&both()));
    repository
        .sops_rs(&["updatekeys", "-y", "a.yaml"])
        .succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    push(&repository, &[]).succeeds();
    // The last version must match the configuration.
    let update = ["updatekeys", "-y", "a.yaml"];
    repository.0.write(".sops.yaml", rules(&recipient()));
    repository.sops_rs(&update).succeeds();
    repository.add("a.yaml", &repository.0.read("a.yaml"));
    repository.0.write(
        ".sops.yaml",
        rules(&format!("{},{}", both(), other_recipient())),
    );
    repository.commit_unchecked();
    let run = push(&repository, &[]);
    is_refused(&run, &["SL012", "Fix the files as shown, then commit them"]);
}

#[test]
fn an_invalid_configuration_is_refused() {
    let repository = cloned();
    repository.add(".sops.yaml", "creation_rules: [");
    repository.commit_unchecked();
    is_refused(&push(&repository, &[]), &[".sops.yaml:1:"]);
}

#[test]
fn names_and_links_are_literal() {
    let repository = cloned();
    std::os::unix::fs::symlink("nowhere", repository.0.path("link.yaml"))
        .expect("the link can be created");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    push(&repository, &[]).succeeds();
    for name in [
        ":100644 a.yaml",
        "with\nnewline.yaml",
        "é.yaml",
        "0:x/a.yaml",
    ] {
        repository.add(name, PLAIN);
        repository.commit_unchecked();
        is_refused(&push(&repository, &[]), &[&name.replace('\n', "\\n")]);
        repository
            .git(&["reset", "-q", "--hard", "HEAD~1"])
            .succeeds();
    }
}

/// Clones the remote into another directory.
fn shallow_clone(repository: &Repository, options: &[&str]) -> PathBuf {
    let remote = repository.0.path("../origin");
    let remote = remote.canonicalize().expect("the path exists");
    let remote = format!("file://{}", remote.display());
    let words = [&["clone", "-q"], options, &[&remote, "../shallow"]].concat();
    repository.git(&words).succeeds();
    repository.0.path("../shallow")
}

#[test]
fn a_range_that_a_shallow_clone_cuts_off_is_an_error() {
    let repository = cloned();
    let start = ["checkout", "-q", "-b", "feature"];
    repository.git(&start).succeeds();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit_unchecked();
    repository.add("b.yaml", HARMLESS);
    repository.commit_unchecked();
    let push = ["push", "-q", "--no-verify", "origin", "feature"];
    repository.git(&push).succeeds();
    let main = "main:refs/remotes/origin/main";
    let check = |depth: &str| {
        let shallow = shallow_clone(&repository, &["--depth", depth, "-b", "feature"]);
        let fetch = ["fetch", "-q", "--depth", "1", "origin", main];
        repository.git_in(&shallow, &fetch).succeeds();
        let words = ["hook", "run", "--from-ref", "origin/main"];
        let mut command = repository.0.command(&words);
        command.current_dir(&shallow);
        let run = repository.0.finish(command);
        // The pre-commit framework passes the same range on request.
        let mut command = repository.0.command(&["hook", "run"]);
        let range = [("FROM_REF", "origin/main"), ("TO_REF", "HEAD")];
        command.current_dir(&shallow).env("PRE_COMMIT", "1");
        command.envs(range.map(|(name, value)| (format!("PRE_COMMIT_{name}"), value)));
        assert_eq!(repository.0.finish(command).code, run.code);
        fs::remove_dir_all(shallow).expect("the directory can be removed");
        run
    };
    for depth in ["1", "2"] {
        let run = check(depth).fails_with(2);
        let said = ["shallow clone", "--unshallow", "fetch-depth: 0"];
        assert!(said.iter().all(|said| run.stderr.contains(said)), "{run}");
    }
    refused(
        &check("20"),
        &["a.yaml:6", "The check of these commits failed"],
    );
    // The commits that the range leaves out may be cut off.
    let shallow = shallow_clone(&repository, &["--depth", "2", "-b", "feature"]);
    let mut command = repository
        .0
        .command(&["hook", "run", "--from-ref", "HEAD~1"]);
    command.current_dir(&shallow);
    repository.0.finish(command).succeeds();
}

#[test]
fn a_push_from_a_shallow_clone_is_checked() {
    let repository = cloned();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    push(&repository, &[]).succeeds();
    let shallow = shallow_clone(&repository, &["--depth", "1"]);
    repository.install_in(&shallow);
    fs::write(shallow.join("c.yaml"), HARMLESS).expect("the file can be written");
    repository.git_in(&shallow, &["add", "."]).succeeds();
    repository
        .git_in(&shallow, &["commit", "-q", "-m", "x"])
        .succeeds();
    repository.git_in(&shallow, &["push", "-q"]).succeeds();
    fs::write(shallow.join("a.yaml"), PLAIN).expect("the file can be written");
    repository.git_in(&shallow, &["add", "."]).succeeds();
    repository
        .git_in(&shallow, &["commit", "-q", "--no-verify", "-m", "x"])
        .succeeds();
    is_refused(&repository.git_in(&shallow, &["push", "-q"]), &["a.yaml:6"]);
}

#[test]
fn a_push_from_a_bare_repository_is_checked() {
    let repository = Repository::without_hook();
    repository.add("a.yaml", PLAIN);
    let plain = repository.commit_unchecked();
    repository
        .git(&["clone", "-q", "--bare", ".", "../bare"])
        .succeeds();
    let id = repository.git(&["rev-parse", "HEAD"]).succeeds().stdout;
    let list = format!(
        "refs/heads/main {} refs/heads/main {}\n",
        id.trim(),
        "0".repeat(40)
    );
    repository.0.write("list", list);
    let program = sops_test_support::environment::program();
    let check = format!(
        "'{}' hook run --pre-push x x < ../work/list",
        program.display()
    );
    let mut command = repository.0.command_of(Path::new("sh"), &["-c", &check]);
    command.current_dir(repository.0.path("../bare"));
    let run = repository.0.finish(command);
    is_refused(&run, &[&format!("{plain}:a.yaml:6")]);
}

#[test]
fn invalid_input_of_the_push_check_is_an_error() {
    let repository = Repository::without_hook();
    for list in ["nonsense\n", "a b c\n"] {
        let run = repository
            .0
            .run_with_input(&["hook", "run", "--pre-push", "origin"], list);
        assert!(
            run.fails_with(2)
                .stderr
                .contains("not the list that Git passes to pre-push")
        );
    }
    let id = "1".repeat(40);
    let list = format!("refs/heads/x {id} refs/heads/x {}\n", "0".repeat(40));
    let run = repository
        .0
        .run_with_input(&["hook", "run", "--pre-push", "origin"], &list);
    assert!(
        run.fails_with(2)
            .stderr
            .contains("is not an object of this repository")
    );
    // Nothing to push.
    repository
        .0
        .run_with_input(&["hook", "run", "--pre-push", "origin"], "\n")
        .succeeds();
}

#[test]
fn branches_of_another_remote_with_a_longer_name_do_not_count() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    for name in ["team/alice", "team"] {
        let path = format!("../{name}.git");
        repository.git(&["init", "-q", "--bare", &path]).succeeds();
        // Newer versions of Git refuse to add a remote whose name is the start of another's.
        let url = format!("remote.{name}.url");
        let fetch = format!("remote.{name}.fetch");
        let refspec = format!("+refs/heads/*:refs/remotes/{name}/*");
        repository.git(&["config", &url, &path]).succeeds();
        repository.git(&["config", &fetch, &refspec]).succeeds();
    }
    push(&repository, &["--no-verify", "team/alice", "main"]).succeeds();
    is_refused(&push(&repository, &["team", "main"]), &["a.yaml:6"]);
}

#[test]
fn local_refs_that_a_remote_is_fetched_to_do_not_count() {
    for refspec in ["+refs/*:refs/*", "+refs/heads/*:refs/heads/*"] {
        let repository = cloned();
        repository.add_remote("mirror");
        repository
            .git(&["config", "remote.mirror.fetch", refspec])
            .succeeds();
        repository.add("a.yaml", PLAIN);
        repository.commit_unchecked();
        is_refused(&push(&repository, &["mirror", "main"]), &["a.yaml:6"]);
    }
}

#[test]
fn commits_are_checked_if_the_address_of_the_remote_has_changed() {
    for has_history in [false, true] {
        let repository = cloned();
        repository
            .git(&["init", "-q", "--bare", "../public"])
            .succeeds();
        if has_history {
            push(&repository, &["../public", "main"]).succeeds();
        }
        repository.add("a.yaml", PLAIN);
        repository.commit_unchecked();
        push(&repository, &["--no-verify"]).succeeds();
        repository
            .git(&["remote", "set-url", "origin", "../public"])
            .succeeds();
        repository.add("b.yaml", HARMLESS);
        repository.commit().succeeds();
        is_refused(&push(&repository, &["origin", "main"]), &["a.yaml:6"]);
        is_refused(&push(&repository, &["--all", "origin"]), &["a.yaml:6"]);
    }
    // A new branch that was never fetched.
    for arguments in [
        &["origin", "new"][..],
        &["../public", "new"],
        &["origin", "tag", "v1"],
    ] {
        let repository = cloned();
        repository
            .git(&["init", "-q", "--bare", "../public"])
            .succeeds();
        push(&repository, &["../public", "main"]).succeeds();
        repository.add("a.yaml", PLAIN);
        repository.commit_unchecked();
        push(&repository, &["--no-verify"]).succeeds();
        let set_url = ["remote", "set-url", "origin", "../public"];
        repository.git(&set_url).succeeds();
        repository.git(&["checkout", "-q", "-b", "new"]).succeeds();
        repository.git(&["tag", "v1"]).succeeds();
        // After the first push, the plaintext is still refused.
        push(&repository, &["origin", "main~1:refs/heads/old"]).succeeds();
        is_refused(&push(&repository, arguments), &["a.yaml:6"]);
        // Commits that were fetched from the new address count.
        let set_url = ["remote", "set-url", "origin", "../origin"];
        repository.git(&set_url).succeeds();
        let fetch = ["fetch", "-q", "--prune", "origin"];
        repository.git(&fetch).succeeds();
        push(&repository, &["origin", "new"]).succeeds();
        push(&repository, &["origin", "new:other"]).succeeds();
    }
    // An unrelated history.
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    push(&repository, &["--no-verify"]).succeeds();
    repository
        .git(&["clone", "-q", "../origin", "../other"])
        .succeeds();
    let other = repository.0.path("../other");
    repository
        .git_in(&other, &["checkout", "-q", "--orphan", "new"])
        .succeeds();
    repository
        .git_in(&other, &["commit", "-q", "--allow-empty", "-m", "x"])
        .succeeds();
    repository
        .git(&["init", "-q", "--bare", "../public"])
        .succeeds();
    repository
        .git_in(&other, &["push", "-q", "../public", "new:main"])
        .succeeds();
    repository
        .git(&["remote", "set-url", "origin", "../public"])
        .succeeds();
    let run = push(&repository, &["-f", "origin", "main"]);
    is_refused(&run, &["a.yaml:6", "git fetch --prune"]);
}

#[test]
fn the_remote_is_asked_if_fetched_branches_are_out_of_date() {
    let repository = cloned();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    push(&repository, &["--no-verify"]).succeeds();
    // A branch that was merged, and deleted on the server.
    repository
        .git(&["checkout", "-q", "-b", "feature"])
        .succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    push(&repository, &["origin", "feature"]).succeeds();
    let remote = repository.0.path("../origin");
    let delete = ["update-ref", "-d", "refs/heads/feature"];
    repository.git_in(&remote, &delete).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    let run = push(&repository, &["origin", "feature"]).succeeds();
    assert!(!run.stderr.contains("git fetch"), "{run}");
    // A branch that was reset on the server.
    let reset = ["update-ref", "refs/heads/feature", "refs/heads/main"];
    repository.git_in(&remote, &reset).succeeds();
    push(&repository, &["origin", "feature"]).succeeds();
    // A branch to which others have pushed.
    let theirs = ["commit-tree", "-p", "main", "-m", "x", "main^{tree}"];
    let theirs = repository.git_in(&remote, &theirs).succeeds().stdout;
    let update = ["update-ref", "refs/heads/main", theirs.trim()];
    repository.git_in(&remote, &update).succeeds();
    let run = push(&repository, &["origin", "main~1:main", "HEAD:feature"]);
    assert!(run.stderr.contains("fetch first"), "{run}");
}
