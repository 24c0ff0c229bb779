//! Configurations, settings, baselines and key files that are links, pipes, devices or too large.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;

use sops_test_support::environment::{Run, TestEnvironment, recipient};

const TEXT: &str = "a: hunter2\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n";

fn rules() -> String {
    format!("creation_rules:\n- age: {}\n", recipient())
}

/// Creates something at a path that is not a regular file of bounded size.
fn put(environment: &TestEnvironment, name: &str, kind: &str) {
    let path = environment.path(name);
    let _ = fs::remove_file(&path);
    let _ = fs::remove_dir(&path);
    match kind {
        "a pipe" => {
            let status = Command::new("mkfifo").arg(&path).status();
            assert!(status.expect("mkfifo runs").success());
        }
        "a directory" => fs::create_dir(&path).expect("the directory can be created"),
        "a large file" => {
            let file = File::create(&path).expect("the file can be created");
            file.set_len(5 * 1024 * 1024)
                .expect("the size can be changed");
        }
        target => symlink(target, &path).expect("the link can be created"),
    }
}

const KINDS: [&str; 5] = [
    "a pipe",
    "a directory",
    "a large file",
    "/dev/zero",
    "nowhere",
];

/// Runs the program, which must end on its own.
fn run(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let run = environment.run(arguments);
    assert!(run.code.is_some(), "{run}");
    run
}

#[test]
fn a_configuration_that_is_found_is_a_regular_file_of_bounded_size() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", TEXT);
    environment.write("s.yaml", SECRET);
    environment.encrypt("done.yaml", TEXT);
    for kind in KINDS {
        put(&environment, ".sops.yaml", kind);
        for (arguments, code) in [
            (&["encrypt", "-i", "x.yaml"][..], 1),
            (&["encrypt", "-i", "."], 1),
            (&["updatekeys", "-y", "done.yaml"], 1),
            (&["rotate", "-i", "done.yaml"], 1),
            (&["lint"], 2),
            (&["lint", "x.yaml"], 2),
            (&["lint", "--fix"], 2),
            (&["lint", "--diff"], 2),
            (&["lint", "--write-baseline", "known.json"], 2),
        ] {
            let run = run(&environment, arguments);
            assert_eq!(run.code, Some(code), "{kind} {arguments:?}: {run}");
            assert!(
                run.stderr.contains("cannot read .sops.yaml")
                    || run.stderr.contains("/.sops.yaml: ")
                    || run.stderr.contains("/.sops.yaml\n"),
                "{kind}: {run}"
            );
        }
        assert_eq!(environment.read("x.yaml"), TEXT, "{kind}");
        assert!(!environment.names().contains(&"known.json".to_owned()));
    }
    // A link to a file is as good as the file.
    let _ = fs::remove_file(environment.path(".sops.yaml"));
    environment.write("rules", rules());
    symlink("rules", environment.path(".sops.yaml")).expect("the link can be created");
    environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    environment.run(&["lint", "x.yaml"]).succeeds();
}

#[test]
fn an_invalid_configuration_is_an_error_of_lint() {
    let environment = TestEnvironment::new();
    environment.write("sub/.sops.yaml", "creation_rules:\n- aeg: x\n");
    environment.write("sub/a.yaml", "a: 1\n");
    environment.write("b.yaml", "a: 1\n");
    for arguments in [&["lint"][..], &["lint", "sub/a.yaml"]] {
        let run = environment.run(arguments);
        assert_eq!(run.code, Some(2), "{run}");
        let said = run.stdout.clone() + &run.stderr;
        assert_eq!(said.matches("sub/.sops.yaml:2:3").count(), 1, "{run}");
        assert!(run.stderr.contains("sub/.sops.yaml"), "{run}");
    }
    // The configuration does not govern other files.
    environment.run(&["lint", "b.yaml"]).succeeds();
    // Skipped files need no configuration.
    environment.write(".sops-lint.yaml", "exclude: [sub]\n");
    environment.run(&["lint"]).succeeds();
}

#[test]
fn settings_and_baselines_of_a_repository_are_regular_files_of_bounded_size() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "a: 1\n");
    for kind in KINDS {
        put(&environment, ".sops-lint.yaml", kind);
        let run = run(&environment, &["lint"]);
        assert_eq!(run.code, Some(2), "{kind}: {run}");
        assert!(run.stderr.contains(".sops-lint.yaml"), "{kind}: {run}");
        let _ = fs::remove_file(environment.path(".sops-lint.yaml"));
        let _ = fs::remove_dir(environment.path(".sops-lint.yaml"));
        environment.write(".sops-lint.yaml", "baseline: known.json\n");
        put(&environment, "known.json", kind);
        let run = self::run(&environment, &["lint"]);
        assert_eq!(run.code, Some(2), "{kind}: {run}");
        assert!(run.stderr.contains("known.json"), "{kind}: {run}");
        fs::remove_file(environment.path(".sops-lint.yaml")).expect("the file can be removed");
    }
}

#[test]
fn files_that_a_kustomization_names_are_not_waited_for() {
    let environment = TestEnvironment::new();
    environment.write(
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator:\n- name: a\n  files: [pipe]\n",
    );
    put(&environment, "pipe", "a pipe");
    run(&environment, &["lint"]).succeeds();
}

#[test]
fn an_ignore_file_must_be_a_regular_file_of_bounded_size() {
    for (directory, file) in [
        ("", ".gitignore"),
        ("sub/deep/", ".gitignore"),
        ("sub/", ".ignore"),
    ] {
        for kind in ["a pipe", "a large file", "/dev/zero"] {
            let environment = TestEnvironment::new();
            environment.write(".sops.yaml", rules());
            environment.write("sub/deep/s.yaml", SECRET);
            put(&environment, &format!("{directory}{file}"), kind);
            for arguments in [
                &["lint"][..],
                &["lint", "sub/deep"],
                &["encrypt", "-i", "."],
                &["decrypt", "-i", "sub"],
                &["rotate", "-i", "."],
                &["updatekeys", "-y", "."],
            ] {
                let run = run(&environment, arguments);
                assert_eq!(run.code, Some(2), "{kind} {arguments:?}: {run}");
                assert!(
                    run.stderr.contains(&format!("{file}: not a regular file")),
                    "{run}"
                );
            }
            assert_eq!(environment.read("sub/deep/s.yaml"), SECRET);
        }
    }
}

/// Runs a line of a shell, in which `$SOPS_RS` is the program.
fn shell(environment: &TestEnvironment, line: &str) -> Run {
    let mut command = environment.command_of("sh".as_ref(), &["-c", line]);
    command.env("SOPS_RS", sops_test_support::environment::program());
    environment.finish(command)
}

#[test]
fn a_file_that_the_user_names_may_be_a_pipe() {
    let environment = TestEnvironment::new();
    environment.write("rules", rules());
    environment.write("settings", "ignore: [SL010]\n");
    environment.write("x.yaml", TEXT);
    shell(
        &environment,
        "cat rules | \"$SOPS_RS\" encrypt -i --config /dev/stdin x.yaml",
    )
    .succeeds();
    assert_eq!(environment.decrypt("x.yaml"), TEXT);
    environment.write("s.yaml", SECRET);
    shell(
        &environment,
        "cat settings | \"$SOPS_RS\" lint --settings /dev/stdin s.yaml",
    )
    .succeeds();
    shell(
        &environment,
        "cat rules | \"$SOPS_RS\" lint --config /dev/fd/0 x.yaml",
    )
    .succeeds();
    fs::rename(
        environment.home().join(".config/sops/age/keys.txt"),
        environment.path("keys"),
    )
    .expect("the file can be renamed");
    for line in [
        "cat keys | SOPS_AGE_KEY_FILE=/dev/fd/0 \"$SOPS_RS\" decrypt x.yaml",
        "SOPS_AGE_KEY_FILE=/dev/stdin \"$SOPS_RS\" decrypt x.yaml < keys",
        "cat keys | SOPS_AGE_KEY_FILE=/dev/stdin \"$SOPS_RS\" decrypt x.yaml",
    ] {
        assert_eq!(shell(&environment, line).succeeds().stdout, TEXT, "{line}");
    }
    // The limit still applies.
    for line in [
        "\"$SOPS_RS\" encrypt --config /dev/zero s.yaml",
        "SOPS_CONFIG=/dev/zero \"$SOPS_RS\" encrypt s.yaml",
        "SOPS_AGE_KEY_FILE=/dev/zero \"$SOPS_RS\" decrypt x.yaml",
    ] {
        let run = shell(&environment, line);
        assert!(matches!(run.code, Some(1 | 128)), "{run}");
        assert!(run.stderr.contains("MiB"), "{run}");
    }
}

/// A repository of Git.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let git = environment.command_of("git".as_ref(), &["init", "-q"]);
    environment.finish(git).succeeds();
    environment
}

#[test]
fn configurations_of_hook_managers_are_regular_files_of_bounded_size() {
    for name in [
        "lefthook.yml",
        ".config/lefthook.json",
        ".pre-commit-config.yaml",
        "package.json",
    ] {
        for kind in ["a pipe", "a large file", "/dev/zero"] {
            let environment = repository();
            fs::create_dir_all(environment.path(".config")).expect("the directory can be created");
            put(&environment, name, kind);
            // A hook of the program that reads the file.
            let hook = match name {
                ".pre-commit-config.yaml" => "# File generated by pre-commit\n",
                "package.json" => "# husky\n",
                _ => "call_lefthook run\n",
            };
            environment.write(".git/hooks/pre-push", hook);
            let run = run(&environment, &["hook", "install"]).fails_with(1);
            let warning = format!("{name}: ");
            let warnings = run.stderr.lines().filter(|line| {
                line.starts_with("warning: cannot read ") && line.contains(&warning)
            });
            assert_eq!(warnings.count(), 1, "{name} {kind}: {run}");
            assert!(run.stderr.contains("pre-push belongs to another program"));
            assert!(environment.path(".git/hooks/pre-commit").is_file());
        }
    }
}

#[test]
fn a_hook_that_is_not_a_regular_file_is_not_changed() {
    for kind in ["a pipe", "a directory", "a large file", "/dev/zero"] {
        let environment = repository();
        put(&environment, ".git/hooks/pre-commit", kind);
        let run = run(&environment, &["hook", "install"]).fails_with(1);
        assert!(
            run.stderr.contains("pre-commit belongs to another program"),
            "{kind}: {run}"
        );
        self::run(&environment, &["hook", "uninstall"]).succeeds();
        assert!(
            environment
                .path(".git/hooks/pre-commit")
                .symlink_metadata()
                .is_ok()
        );
    }
}

#[test]
fn an_untracked_file_for_the_hook_has_bounded_size() {
    let environment = repository();
    let file = File::create(environment.path("x.yaml")).expect("the file can be created");
    file.set_len(1 << 40).expect("the size can be changed");
    let run = run(&environment, &["hook", "run", "x.yaml"]).fails_with(2);
    assert!(run.stderr.contains("x.yaml: larger than 64 MiB"), "{run}");
}
