//! Worktrees, submodules, sparse checkouts, bare repositories, and directories with odd names.

use std::fs;
use std::os::unix::fs::symlink;

use sops_test_support::environment::program;

use super::{GitClone, secret, with_directory};

#[test]
fn worktrees_share_the_settings() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    clone.git(&["checkout", "-q", ".gitattributes"]).succeeds();
    clone.git(&["worktree", "add", "-q", "../tree"]).succeeds();
    let tree = clone.path("../tree");
    clone.sops_rs_in(&tree, &["git", "install"]).succeeds();
    clone.sops_rs_in(&tree, &["git", "status"]).succeeds();
    clone.sops_rs(&["git", "status"]).succeeds();
    let path = r#"["stringData"]["password"]"#;
    clone
        .sops_rs_in(&tree, &["set", "db.enc.yaml", path, "\"battery-staple\""])
        .succeeds();
    let diff = clone.git_in(&tree, &["diff"]).succeeds().stdout;
    assert!(diff.contains("+  password: battery-staple\n"), "{diff}");
}

/// `GIT_DIR` and `GIT_WORK_TREE` name a repository from anywhere.
#[test]
fn the_working_tree_can_be_outside_of_the_git_directory() {
    let clone = GitClone::with("apps/db.enc.yaml", &secret("correct-horse"));
    let path = r#"["stringData"]["password"]"#;
    let set = ["set", "apps/db.enc.yaml", path, "\"battery-staple\""];
    clone.sops_rs(&set).succeeds();
    clone.git(&["add", "--all"]).succeeds();
    let outside = clone.path("../outside");
    fs::create_dir(&outside).expect("the directory can be created");
    let run = |words: &[&str]| {
        let mut command = clone.environment.command(words);
        command
            .current_dir(&outside)
            .env("GIT_DIR", clone.path(".git"))
            .env("GIT_WORK_TREE", clone.path(""));
        clone.environment.finish(command)
    };
    let changed = "modified: apps/db.enc.yaml\n  ~ stringData.password\n";
    for words in [
        &["diff", "--names-only", "HEAD"][..],
        &["diff", "--names-only", "--cached"],
        &["diff", "--names-only", "HEAD", "--", "apps"],
    ] {
        assert_eq!(run(words).succeeds().stdout, changed);
    }
    for words in [&["verify", "--staged"][..], &["verify", "--staged", "apps"]] {
        let run = run(words).succeeds();
        assert!(
            run.stderr.starts_with("1 encrypted file: 1 decrypted"),
            "{run}"
        );
    }
    for words in [&["verify"][..], &["verify", "apps"]] {
        let run = run(words).succeeds();
        assert!(
            run.stderr.starts_with("1 encrypted file: 1 decrypted"),
            "{run}"
        );
    }
    // A file elsewhere has no history, whatever Git's history has at its path.
    fs::create_dir(outside.join("apps")).expect("the directory is ours");
    let copy = outside.join("apps/db.enc.yaml");
    fs::copy(clone.path("apps/db.enc.yaml"), &copy).expect("the directory is ours");
    let keys = clone.environment.home().join(".config/sops/age/keys.txt");
    fs::remove_file(keys).expect("the key is ours");
    let elsewhere = run(&["verify", &copy.display().to_string()]);
    assert_eq!(elsewhere.code, Some(2), "{elsewhere}");
    assert!(
        elsewhere.stdout.contains("it is not in a Git repository"),
        "{elsewhere}"
    );
    for words in [
        &["verify", "--staged", "missing"][..],
        &["verify", "missing"],
    ] {
        let run = run(words);
        assert_eq!(run.code, Some(2), "{run}");
    }
}

/// A home directory can be a working tree whose `.gitignore` ignores everything.
#[test]
fn a_working_tree_without_a_git_directory_is_verified_with_its_tracked_files() {
    let clone = GitClone::with("apps/db.enc.yaml", &secret("correct-horse"));
    clone.environment.write(".gitignore", "*\n");
    clone.git(&["add", "-f", ".gitignore"]).succeeds();
    clone.git(&["commit", "-q", "-m", "x"]).succeeds();
    fs::rename(clone.path(".git"), clone.path("../history")).expect("the directory is ours");
    for (directory, git_directory, tree) in [
        ("", "../history", "."),
        ("apps", "../../history", ".."),
        ("apps", "../../history", "../../work"),
    ] {
        let mut command = clone.environment.command(&["verify"]);
        command
            .current_dir(clone.path(directory))
            .env("GIT_DIR", git_directory)
            .env("GIT_WORK_TREE", tree);
        let run = clone.environment.finish(command).succeeds();
        assert!(
            run.stderr.starts_with("1 encrypted file: 1 decrypted"),
            "{directory}: {run}"
        );
        // The configuration is in the root.
        assert!(
            !run.stderr.contains("no creation rule"),
            "{directory}: {run}"
        );
    }
}

#[test]
fn a_moved_clone_still_shows_values() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    let moved = clone.environment.home().join("moved");
    fs::rename(clone.path(""), &moved).expect("the file can be renamed");
    let log = clone.git_in(&moved, &["log", "-p"]).succeeds().stdout;
    assert!(log.contains("+  password: correct-horse\n"), "{log}");
    fs::rename(moved, clone.path("")).expect("the file can be renamed");
}

#[test]
fn a_subdirectory_sets_up_the_whole_clone() {
    let clone = GitClone::new();
    clone.encrypt("a/db.yaml", &secret("a"));
    clone.encrypt("b/db.yaml", &secret("a"));
    clone
        .sops_rs_in(clone.path("a"), &["git", "install"])
        .succeeds();
    assert_eq!(clone.patterns(), ["*.enc.yaml", "/a/db.yaml", "/b/db.yaml"]);
    assert!(!clone.path("a/.gitattributes").exists());
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let clone = GitClone::new();
    clone.git(&["init", "-q", "module"]).succeeds();
    clone.encrypt("module/db.yaml", &secret("a"));
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.patterns(), ["*.enc.yaml"]);
    clone.sops_rs(&["git", "status"]).succeeds();
    clone
        .sops_rs_in(clone.path("module"), &["git", "install"])
        .succeeds();
    let text = clone.environment.read("module/.gitattributes");
    assert!(text.contains("/db.yaml diff=sops merge=sops\n"), "{text}");
}

#[test]
fn files_that_a_sparse_checkout_leaves_out_are_covered() {
    let clone = GitClone::new();
    clone.encrypt("apps/db.yaml", &secret("a"));
    clone.environment.write("docs/a.md", "a\n");
    clone.commit_all();
    clone.git(&["sparse-checkout", "set", "docs"]).succeeds();
    assert!(!clone.path("apps/db.yaml").exists());
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.patterns(), ["*.enc.yaml", "/apps/db.yaml"]);
    // Attributes that the checkout leaves out are not replaced by new ones.
    clone.commit_all();
    clone
        .git(&["sparse-checkout", "set", "--no-cone", "/docs/"])
        .succeeds();
    let run = clone.sops_rs(&["git", "install"]).succeeds();
    assert!(
        run.stderr.contains("missing from the working tree"),
        "{run}"
    );
    assert!(!clone.path(".gitattributes").exists());
}

#[test]
fn a_bare_repository_gets_settings_only() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    clone
        .git(&["clone", "-q", "--bare", ".", "../bare.git"])
        .succeeds();
    let bare = clone.path("../bare.git");
    clone.sops_rs_in(&bare, &["git", "install"]).succeeds();
    assert!(!bare.join(".gitattributes").exists());
    clone.sops_rs_in(&bare, &["git", "status"]).succeeds();
}

#[test]
fn a_program_and_a_home_with_odd_names_are_quoted() {
    for name in ["my home", "it's $HOME; `a` \"b\" %P 100%"] {
        let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
        let directory = clone.path("..").join(name);
        fs::create_dir(&directory).expect("the directory is writable");
        let directory = directory.canonicalize().expect("the path exists");
        let on_path = directory.join("sops-rs");
        symlink(program(), &on_path).expect("the directory is writable");
        let run = |words: &[&str]| {
            let mut command = clone.environment.command(words);
            command
                .env("XDG_DATA_HOME", &directory)
                .env("PATH", with_directory(&directory));
            clone.environment.finish(command).succeeds();
        };
        run(&["git", "install"]);
        clone.set("db.enc.yaml", "battery-staple");
        let diff = clone.git(&["diff"]).succeeds().stdout;
        assert!(diff.contains("+  password: battery-staple\n"), "{diff}");
        // How Git calls the driver for files with these names.
        let driver = clone
            .setting("merge.sops.driver")
            .expect("the setting exists");
        let (command, _) = driver
            .split_once(" git merge-driver ")
            .expect("`git install` wrote the driver");
        let (_, command) = command
            .rsplit_once("; exec ")
            .expect("`git install` wrote `exec`");
        let script = format!("printf %s {}", command.replace("%%", "%"));
        let shell = clone
            .environment
            .command_of("sh".as_ref(), &["-c", &script]);
        let run_by_git = clone.environment.finish(shell).succeeds().stdout;
        assert_eq!(run_by_git, on_path.display().to_string());
        run(&["git", "status"]);
    }
}

#[test]
fn without_a_directory_for_the_link_git_runs_the_program_itself() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    clone.environment.write("../file", "");
    let mut command = clone.environment.command(&["git", "install"]);
    command.env("XDG_DATA_HOME", clone.path("../file"));
    let run = clone.environment.finish(command).succeeds();
    assert!(
        run.stderr
            .contains("`git log -p` will be slower without it"),
        "{run}"
    );
    let textconv = clone
        .setting("diff.sops.textconv")
        .expect("the setting exists");
    assert!(textconv.ends_with("sops-rs git textconv --"), "{textconv}");
    clone.set("db.enc.yaml", "battery-staple");
    let diff = clone.git(&["diff"]).succeeds().stdout;
    assert!(diff.contains("+  password: battery-staple\n"), "{diff}");
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    assert_eq!(clone.setting("diff.sops.textconv"), None);
}
