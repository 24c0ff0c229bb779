//! Installing hooks, including next to those of other programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use sops_test_support::environment::Run;

use super::{HARMLESS, PLAIN, Repository};

const HOOKS: [&str; 3] = ["pre-commit", "pre-merge-commit", "pre-push"];

const FOREIGN: &str = "#!/bin/sh\nexit 0\n";

impl Repository {
    fn install(&self) -> Run {
        self.sops_rs(&["hook", "install"])
    }

    fn has(&self, name: &str) -> bool {
        self.0.path(name).exists()
    }
}

#[test]
fn three_hooks_are_written_and_removed() {
    let repository = Repository::new();
    for hook in HOOKS {
        let name = format!(".git/hooks/{hook}");
        assert!(repository.0.read(&name).contains("hook run"), "{hook}");
        let mode = repository
            .0
            .path(&name)
            .metadata()
            .expect("the file exists")
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{hook}");
    }
    let run = repository.install().succeeds();
    assert_eq!(
        run.stderr.matches("is already installed").count(),
        3,
        "{run}"
    );
    let finds_none = || {
        let run = repository.sops_rs(&["hook", "uninstall"]).succeeds();
        run.stderr.contains("No sops-rs hooks are installed")
    };
    assert_eq!([finds_none(), finds_none()], [false, true]);
    for hook in HOOKS {
        assert!(!repository.has(&format!(".git/hooks/{hook}")), "{hook}");
    }
    repository.add("a.yaml", PLAIN);
    repository.commit().succeeds();
}

#[test]
fn a_repository_of_another_user_is_refused_with_the_words_of_git() {
    let repository = Repository::new();
    for words in [&["hook", "run"][..], &["hook", "install"]] {
        let mut command = repository.0.command(words);
        // Git has this variable for its own tests.
        command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
        let run = repository.0.finish(command).fails_with(2);
        let said = [
            "dubious ownership",
            "help: Git suggests `git config --global --add safe.directory ",
        ];
        assert!(said.iter().all(|said| run.stderr.contains(said)), "{run}");
    }
}

#[test]
fn an_existing_hook_is_never_overwritten() {
    for foreign in HOOKS {
        let repository = Repository::without_hook();
        let name = format!(".git/hooks/{foreign}");
        repository.0.write(&name, FOREIGN);
        let run = repository.install().fails_with(1);
        assert!(run.stderr.contains("sops-rs hook run"), "{run}");
        assert_eq!(
            run.stderr.contains("--pre-push \"$@\" || exit 1"),
            foreign == "pre-push",
            "{run}"
        );
        for hook in HOOKS {
            assert!(repository.has(&format!(".git/hooks/{hook}")), "{hook}");
        }
        // After the line is added, nothing is left to do.
        let words = if foreign == "pre-push" {
            "sops-rs hook run --pre-push \"$@\""
        } else {
            "sops-rs hook run"
        };
        let chained = format!("#!/bin/sh\n{words} || exit 1\nexit 0\n");
        repository.0.write(&name, &chained);
        set_mode(&repository, &name, 0o755);
        let run = repository.install().succeeds();
        assert!(run.stderr.contains("already runs sops-rs"), "{run}");
        let run = repository.sops_rs(&["hook", "uninstall"]).fails_with(1);
        assert!(run.stderr.contains("was not changed"), "{run}");
        assert_eq!(repository.0.read(&name), chained);
        repository.0.write(&name, FOREIGN);
        repository.sops_rs(&["hook", "uninstall"]).succeeds();
        assert_eq!(repository.0.read(&name), FOREIGN);
    }
    // This includes files that are not scripts.
    let repository = Repository::without_hook();
    symlink("nowhere", repository.0.path(".git/hooks/pre-commit"))
        .expect("the link can be created");
    fs::write(repository.0.path(".git/hooks/pre-push"), b"\xff\x00")
        .expect("the file can be written");
    repository.install().fails_with(1);
    assert!(repository.0.path(".git/hooks/pre-commit").is_symlink());
    assert_eq!(repository.0.bytes(".git/hooks/pre-push"), b"\xff\x00");
}

#[test]
fn the_hook_of_an_older_version_is_updated_but_a_changed_one_is_not() {
    let repository = Repository::without_hook();
    let old = "#!/bin/sh\n# Written by `sops-rs hook install`. `sops-rs hook uninstall` takes it away.\nexec sops-rs hook run\n";
    repository.0.write(".git/hooks/pre-commit", old);
    let run = repository.install().succeeds();
    assert!(run.stderr.contains("Updated "), "{run}");
    assert!(
        repository
            .0
            .read(".git/hooks/pre-commit")
            .contains("command -v sops-rs")
    );
    let changed = repository.0.read(".git/hooks/pre-push") + "echo more\n";
    repository.0.write(".git/hooks/pre-push", &changed);
    repository.install().succeeds();
    repository.sops_rs(&["hook", "uninstall"]).fails_with(1);
    assert_eq!(repository.0.read(".git/hooks/pre-push"), changed);
}

#[test]
fn the_suggested_lines_chain_both_hooks() {
    let repository = Repository::without_hook();
    repository.add_remote("origin");
    repository.0.write(
        ".git/hooks/pre-push",
        "#!/bin/sh\ncat > pushed\ngit lfs pre-push \"$@\"\n",
    );
    let run = repository.install().fails_with(1);
    assert!(run.stderr.contains("Git LFS wrote it"), "{run}");
    let lines: Vec<_> = run.stderr.lines().map(str::trim).collect();
    let at = lines
        .iter()
        .position(|line| line.ends_with("refs=$(cat)"))
        .expect("the message lists the lines");
    let check = lines[at + 1];
    assert!(check.ends_with("|| exit 1"), "{run}");
    let hook = repository.0.path(".git/hooks/pre-push");
    fs::write(
        &hook,
        format!("#!/bin/sh\nrefs=$(cat)\n{check}\nprintf '%s\\n' \"$refs\" | cat > pushed\n"),
    )
    .expect("the file can be written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))
        .expect("the permissions can be changed");
    repository.install().succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
    assert!(repository.0.read("pushed").starts_with("refs/heads/main "));
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    let run = repository.git(&["push", "-q", "origin", "main"]);
    assert!(run.stderr.contains("The push is refused"), "{run}");
}

#[test]
fn hooks_are_written_where_git_looks_for_them() {
    // A relative path starts at the root, even in a subdirectory.
    let repository = Repository::without_hook();
    repository
        .git(&["config", "core.hooksPath", "hooks dir"])
        .succeeds();
    repository.0.write("sub/b.yaml", HARMLESS);
    repository.install_in(repository.0.path("sub"));
    let program = sops_test_support::environment::program();
    let program = program.to_str().expect("the path is UTF-8");
    for hook in HOOKS {
        // The file can be committed, and on other machines the program has another path.
        let script = repository.0.read(&format!("hooks dir/{hook}"));
        assert!(!script.contains(program), "{script}");
    }
    repository.add("a.yaml", PLAIN);
    repository.refuses("a.yaml");

    // If the directory is for all repositories, a note says so.
    let repository = Repository::without_hook();
    repository
        .git(&["config", "--global", "core.hooksPath", "~/all hooks"])
        .succeeds();
    let run = repository.install().succeeds();
    assert!(
        run.stderr
            .contains("applies to other repositories too, so the hooks in"),
        "{run}"
    );
    assert!(repository.0.home().join("all hooks/pre-push").exists());
    repository.add("a.yaml", PLAIN);
    repository.refuses("a.yaml");

    for none in ["/dev/null", ""] {
        let repository = Repository::without_hook();
        repository
            .git(&["config", "core.hooksPath", none])
            .succeeds();
        let run = repository.install().fails_with(1);
        assert!(run.stderr.contains("Git runs no hooks"), "{run}");
    }
}

#[test]
fn hooks_for_husky_are_written_where_it_runs_them() {
    // Version 9 generates the files of `_`.
    for path in [".husky/_", "front end/.husky/_"] {
        let repository = Repository::without_hook();
        repository
            .git(&["config", "core.hooksPath", path])
            .succeeds();
        let directory = path.trim_end_matches("/_");
        let runner = "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n";
        let h = "n=$(basename \"$0\")\ns=$(dirname \"$(dirname \"$0\")\")/$n\n[ ! -f \"$s\" ] && exit 0\nsh -e \"$s\" \"$@\"\nexit $?\n";
        repository.0.write(&format!("{path}/h"), h);
        repository.0.write(&format!("{path}/pre-commit"), runner);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(repository.0.path(&format!("{path}/pre-commit")), executable)
            .expect("the permissions can be changed");
        let run = repository.install().succeeds();
        assert!(
            run.stderr
                .contains("These files are in the working tree: commit them"),
            "{run}"
        );
        assert_eq!(repository.0.read(&format!("{path}/pre-commit")), runner);
        let script = repository.0.read(&format!("{directory}/pre-commit"));
        let program = sops_test_support::environment::program();
        assert!(
            !script.contains(program.to_str().expect("the path is UTF-8")),
            "{script}"
        );
        repository.add("a.yaml", PLAIN);
        repository.refuses("a.yaml");
        repository
            .0
            .write(&format!("{directory}/pre-push"), "npm test\n");
        let run = repository.install().fails_with(1);
        assert!(
            run.stderr.contains("/pre-push belongs to another program"),
            "{run}"
        );
        assert_eq!(
            repository.0.read(&format!("{directory}/pre-push")),
            "npm test\n"
        );
    }
    // The directory is missing until `npm install` has run.
    let repository = Repository::without_hook();
    repository
        .git(&["config", "core.hooksPath", ".husky/_"])
        .succeeds();
    repository.install().succeeds();
    assert!(repository.has(".husky/pre-push") && !repository.has(".husky/_/pre-push"));
    // A fresh clone, in which husky is not installed yet.
    let repository = Repository::without_hook();
    repository.0.write(".husky/pre-commit", "npm test\n");
    let run = repository.install().succeeds();
    assert!(
        run.stderr.contains("run `sops-rs hook install` again"),
        "{run}"
    );
    assert!(repository.has(".git/hooks/pre-push"));
    // Versions 5 to 8 run the files in `.husky` directly.
    let repository = Repository::without_hook();
    repository
        .git(&["config", "core.hooksPath", ".husky"])
        .succeeds();
    repository.0.write(".husky/_/husky.sh", "");
    repository.install().succeeds();
    repository.add("a.yaml", PLAIN);
    repository.refuses("a.yaml");
}

#[test]
fn each_hook_manager_gets_its_own_advice() {
    for (hook, text, advice) in [
        (
            "pre-commit",
            "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n",
            "`.pre-commit-config.yaml`",
        ),
        (
            "pre-push",
            "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n",
            "`pre-commit install -t pre-push`",
        ),
        (
            "pre-commit",
            "#!/bin/sh\ncall_lefthook run \"pre-commit\" \"$@\"\n",
            "run: sops-rs hook run\n",
        ),
        (
            "pre-push",
            "#!/bin/sh\ncall_lefthook run \"pre-push\" \"$@\"\n",
            "use_stdin: true",
        ),
        (
            "pre-commit",
            "#!/bin/sh\n# husky\n\n# Hook created by Husky v4.3.8\n",
            "`package.json`",
        ),
        ("pre-push", "#!/bin/sh\n# husky\n", "HUSKY_GIT_STDIN"),
    ] {
        let repository = Repository::without_hook();
        repository.0.write(&format!(".git/hooks/{hook}"), text);
        let run = repository.install().fails_with(1);
        assert!(run.stderr.contains(advice), "{advice}: {run}");
    }
    // The configuration may already run the check.
    for (file, configuration, text) in [
        (
            ".pre-commit-config.yaml",
            "repos:\n- repo: x\n  rev: y\n  hooks:\n  - id: sops-rs\n",
            "# File generated by pre-commit\n",
        ),
        (
            ".pre-commit-config.yaml",
            "repos:\n- repo: local\n  hooks:\n  - {id: sops, entry: sops-rs hook run, language: system, pass_filenames: false}\n",
            "# File generated by pre-commit\n",
        ),
        (
            "lefthook.yml",
            "pre-commit:\n  commands:\n    a: {run: sops-rs hook run}\n",
            "call_lefthook run\n",
        ),
        (
            "package.json",
            "{\"husky\": {\"hooks\": {\"pre-commit\": \"sops-rs hook run\"}}}",
            "# husky\n",
        ),
    ] {
        let repository = Repository::without_hook();
        repository.0.write(file, configuration);
        repository.0.write(".git/hooks/pre-commit", text);
        set_mode(&repository, ".git/hooks/pre-commit", 0o755);
        let run = repository.install().succeeds();
        assert!(run.stderr.contains("already runs sops-rs"), "{run}");
    }
    // `lefthook install` would rename a hook of sops-rs.
    let repository = Repository::without_hook();
    repository.0.write(
        "lefthook.yml",
        "pre-commit:\n  commands:\n    a: {run: make}\n",
    );
    let run = repository.install().fails_with(1);
    assert!(run.stderr.contains("lefthook install"), "{run}");
    assert!(run.stderr.contains("was not written"), "{run}");
    assert!(!run.stderr.contains("belongs to another"), "{run}");
    assert!(!repository.has(".git/hooks/pre-commit") && repository.has(".git/hooks/pre-push"));
}

#[test]
fn a_hook_that_lefthook_has_not_written_yet_checks_nothing() {
    for limit in ["", ", glob: '*.yaml'"] {
        let repository = Repository::without_hook();
        repository.0.write(
            "lefthook.yml",
            format!("pre-commit:\n  commands:\n    a: {{run: sops-rs hook run{limit}}}\n"),
        );
        let run = repository.install().fails_with(1);
        let said = [
            "lefthook is configured to run sops-rs, but has not written",
            "run `lefthook install`",
            "Git does not check commits yet",
        ];
        assert!(said.iter().all(|said| run.stderr.contains(said)), "{run}");
        let run = repository.sops_rs(&["hook", "uninstall"]).succeeds();
        assert!(!run.stderr.contains("pre-commit runs"), "{run}");
    }
}

#[test]
fn without_sops_rs_on_the_path_the_hook_finds_it_or_fails() {
    let repository = Repository::new();
    repository.add("a.yaml", PLAIN);
    let commit = || {
        let mut command = repository
            .0
            .command_of(Path::new("git"), &["commit", "-q", "-m", "x"]);
        command.envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")));
        command
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
        repository.0.finish(command)
    };
    repository.is_refused(commit(), "a.yaml:6");
    let hook = repository.0.path(".git/hooks/pre-commit");
    let script = repository.0.read(".git/hooks/pre-commit");
    let program = sops_test_support::environment::program();
    let gone = script.replace(
        program.to_str().expect("the path is UTF-8"),
        "/nowhere/sops-rs",
    );
    assert_ne!(gone, script);
    fs::write(hook, gone).expect("the file can be written");
    let run = commit().fails_with(1);
    assert!(
        run.stderr
            .contains("error: sops-rs was not found, so this commit cannot be checked"),
        "{run}"
    );
}

fn set_mode(repository: &Repository, name: &str, mode: u32) {
    let path = repository.0.path(name);
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .expect("the permissions can be changed");
}

#[test]
fn a_hook_that_is_not_executable_is_repaired_or_reported() {
    let repository = Repository::new();
    for hook in HOOKS {
        set_mode(&repository, &format!(".git/hooks/{hook}"), 0o640);
    }
    repository.add("a.yaml", PLAIN);
    let run = repository.install().succeeds();
    assert_eq!(run.stderr.matches("executable again").count(), 3, "{run}");
    let hook = repository.0.path(".git/hooks/pre-push");
    let mode = hook
        .metadata()
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o750);
    repository.refuses("a.yaml");

    // The update of an old hook, too.
    let old = "#!/bin/sh\n# Written by `sops-rs hook install`. `sops-rs hook uninstall` takes it away.\nexec sops-rs hook run\n";
    repository.0.write(".git/hooks/pre-commit", old);
    set_mode(&repository, ".git/hooks/pre-commit", 0o644);
    repository.install().succeeds();
    repository.refuses("a.yaml");

    let chained = "#!/bin/sh\nsops-rs hook run || exit 1\n";
    repository.0.write(".git/hooks/pre-commit", chained);
    set_mode(&repository, ".git/hooks/pre-commit", 0o644);
    let run = repository.install().fails_with(1);
    assert!(run.stderr.contains("not executable"), "{run}");
    assert!(run.stderr.contains("chmod +x "), "{run}");
    set_mode(&repository, ".git/hooks/pre-commit", 0o755);
    repository.install().succeeds();
    repository.refuses("a.yaml");
}

#[test]
fn a_hook_that_only_mentions_the_check_is_reported() {
    for text in [
        "sops-rs hook run\necho done\n",
        "exit 0\nsops-rs hook run\n",
        "sops-rs hook run || true\n",
        "if false; then\n  sops-rs hook run || exit 1\nfi\n",
        "echo run: sops-rs hook run\n",
        "trap \"exit 0\" EXIT\nsops-rs hook run\n",
        "set -n\nsops-rs hook run\n",
        "{ exit 0; }\nsops-rs hook run\n",
        "#!/bin/true\nsops-rs hook run\n",
        "exec >/dev/null; exit 0\nsops-rs hook run\n",
        "sops-rs hook run --config /dev/null\n",
        "SKIP=1 sops-rs hook run\n",
    ] {
        let repository = Repository::without_hook();
        let text = match text.starts_with("#!") {
            true => text.to_owned(),
            false => format!("#!/bin/sh\n{text}"),
        };
        repository.0.write(".git/hooks/pre-commit", &text);
        set_mode(&repository, ".git/hooks/pre-commit", 0o755);
        let run = repository.install().fails_with(1);
        assert!(run.stderr.contains("mentions sops-rs"), "{run}");
        assert!(run.stderr.contains("sops-rs hook run || exit 1"), "{run}");
        assert_eq!(repository.0.read(".git/hooks/pre-commit"), text);
        repository.sops_rs(&["hook", "uninstall"]).fails_with(1);
    }
    let repository = Repository::new();
    let script = repository.0.read(".git/hooks/pre-commit");
    let changed = script.replacen('\n', "\nexit 0\n", 1);
    repository.0.write(".git/hooks/pre-commit", &changed);
    let run = repository.install().fails_with(1);
    assert!(
        run.stderr.contains("was changed after sops-rs wrote it"),
        "{run}"
    );
    assert_eq!(repository.0.read(".git/hooks/pre-commit"), changed);
}

#[test]
fn a_configuration_of_a_manager_runs_the_check_of_the_same_hook() {
    for (file, configuration, text) in [
        (
            ".pre-commit-config.yaml",
            "repos:\n- hooks:\n  # - id: sops-rs\n  - id: sops-rs-other\n",
            "# File generated by pre-commit\n",
        ),
        (
            "lefthook.yml",
            "pre-commit:\n  commands:\n    a: {run: make}\npre-push:\n  commands:\n    a: {run: sops-rs hook run}\n",
            "call_lefthook run\n",
        ),
        (
            "lefthook.yml",
            "pre-commit:\n  commands:\n    a:\n      run: sops-rs hook run || true\n",
            "call_lefthook run\n",
        ),
        (
            "package.json",
            "{\"husky\": {\"hooks\": {\"pre-push\": \"sops-rs hook run --pre-push $HUSKY_GIT_PARAMS\"}}}",
            "# husky\n",
        ),
    ] {
        let repository = Repository::without_hook();
        repository.0.write(file, configuration);
        repository.0.write(".git/hooks/pre-commit", text);
        set_mode(&repository, ".git/hooks/pre-commit", 0o755);
        let run = repository.install().fails_with(1);
        assert!(
            !run.stderr.contains("pre-commit already runs sops-rs"),
            "{run}"
        );
    }
}

#[test]
fn a_configuration_that_limits_the_check_is_reported() {
    let framework = "# File generated by pre-commit\n";
    let hook = "repos:\n- repo: local\n  hooks:\n  - {id: a, entry: sops-rs hook run, language: system, pass_filenames: false, ";
    let lefthook = "call_lefthook run\n";
    for (file, configuration, local, text, key) in [
        (
            ".pre-commit-config.yaml",
            &*format!("{hook}files: ^a/}}\n"),
            "",
            framework,
            "`files`",
        ),
        (
            ".pre-commit-config.yaml",
            &format!("{hook}stages: [manual]}}\n"),
            "",
            framework,
            "`stages`",
        ),
        (
            "lefthook.yml",
            "pre-commit:\n  commands:\n    a: {run: sops-rs hook run, glob: '*.rs'}\n",
            "",
            lefthook,
            "`glob`",
        ),
        (
            ".config/lefthook.yml",
            "pre-commit:\n  commands:\n    a: {run: sops-rs hook run}\n",
            "pre-commit: {skip: true}\n",
            lefthook,
            "`skip`",
        ),
    ] {
        let repository = Repository::without_hook();
        repository.0.write(file, configuration);
        if !local.is_empty() {
            let local_file = file.replace("lefthook.", "lefthook-local.");
            repository.0.write(&local_file, local);
        }
        repository.0.write(".git/hooks/pre-commit", text);
        set_mode(&repository, ".git/hooks/pre-commit", 0o755);
        let run = repository.install().fails_with(1);
        let said = [
            "pre-commit runs sops-rs, but not for every commit",
            key,
            "Git does not check commits",
        ];
        assert!(said.iter().all(|said| run.stderr.contains(said)), "{run}");
    }
}

#[test]
fn a_directory_outside_the_repository_and_the_home_is_not_created() {
    for outside in ["../outside/hooks", "hooks/../../outside"] {
        let repository = Repository::without_hook();
        repository
            .git(&["config", "core.hooksPath", outside])
            .succeeds();
        let run = repository.install().fails_with(1);
        assert!(
            run.stderr.contains("does not exist and is outside"),
            "{run}"
        );
        assert!(
            run.stderr.contains("git config --unset core.hooksPath"),
            "{run}"
        );
        assert!(!repository.has("../outside") && !repository.has("hooks"));
        repository.sops_rs(&["hook", "uninstall"]).succeeds();
    }
    // A link in the repository may lead there.
    for (hooks, link) in [("hooks", "hooks"), (".husky/_", ".husky")] {
        let repository = Repository::without_hook();
        fs::create_dir_all(repository.0.path("../outside/_"))
            .expect("the directory can be created");
        symlink("../outside", repository.0.path(link)).expect("the link can be created");
        repository
            .git(&["config", "core.hooksPath", hooks])
            .succeeds();
        let run = repository.install().fails_with(1);
        assert!(
            run.stderr
                .contains("out of the repository through a symbolic link"),
            "{run}"
        );
        assert!(!repository.has("../outside/pre-push"));
    }
    let repository = Repository::without_hook();
    fs::create_dir(repository.0.path("../outside")).expect("the directory can be created");
    repository
        .git(&["config", "core.hooksPath", "../outside"])
        .succeeds();
    repository.install().succeeds();
    assert!(repository.has("../outside/pre-push"));
}
