//! Plaintext is never given to other users. Only root can create files of other users; without
//! root, the same commands run on the user's own files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::process::Command;

use rustix::process::{geteuid, getuid};
use sops_test_support::environment::{Run, TestEnvironment, recipient};

/// The ID of a user that owns no files.
const NOBODY: u32 = 65534;

const TEXT: &str = "a: hunter2\n";

/// Gives a file to another user, if the tests have permission. Returns whether it succeeded.
fn give_away(environment: &TestEnvironment, name: &str) -> bool {
    let is_root = geteuid().is_root();
    if is_root {
        lchown(environment.path(name), Some(NOBODY), Some(NOBODY))
            .expect("root can change the owner");
    }
    is_root
}

fn set_mode(environment: &TestEnvironment, name: &str, mode: u32) {
    fs::set_permissions(environment.path(name), fs::Permissions::from_mode(mode))
        .expect("the permissions can be changed");
}

fn owner_and_mode(environment: &TestEnvironment, name: &str) -> (u32, u32) {
    let metadata = fs::metadata(environment.path(name)).expect("the file exists");
    (metadata.uid(), metadata.mode() & 0o7777)
}

fn refuses(run: Run, reason: &str) {
    let run = run.fails_with(3).keeps(&["hunter2"]);
    assert!(run.stderr.contains(reason), "{run}");
}

#[test]
fn output_into_a_file_of_another_user_is_refused() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write("out.yaml", "");
    set_mode(&environment, "out.yaml", 0o600);
    symlink("out.yaml", environment.path("link.yaml")).expect("the link can be created");
    let is_foreign = give_away(&environment, "out.yaml");
    for name in ["out.yaml", "link.yaml"] {
        let run = environment.run(&["decrypt", "--output", name, "x.yaml"]);
        if is_foreign {
            refuses(
                run,
                "belongs to another user (uid 65534), who could read the plaintext",
            );
            assert_eq!(environment.read("out.yaml"), "");
            assert_eq!(owner_and_mode(&environment, "out.yaml"), (NOBODY, 0o600));
        } else {
            run.succeeds();
            assert_eq!(environment.read("out.yaml"), TEXT);
        }
    }
    assert_eq!(environment.names().len(), 3, "nothing is left next to it");
}

#[test]
fn a_configuration_of_another_user_is_named() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write("shared/.sops.yaml", &rule);
    environment.write("shared/mine/x.yaml", TEXT);
    let is_foreign = give_away(&environment, "shared/.sops.yaml");
    let encrypt = |config: &[&str]| {
        let mut command = environment.command(&[config, &["encrypt", "x.yaml"]].concat());
        command.current_dir(environment.path("shared/mine"));
        command.env("PWD", environment.path("shared/mine"));
        environment.finish(command).succeeds().stderr
    };
    let warning = "shared/.sops.yaml belongs to another user (uid 65534)";
    // Only the current user has access to the directory, so the other user gets access.
    assert_eq!(encrypt(&[]), "");
    set_mode(&environment, "shared", 0o1777);
    assert_eq!(encrypt(&[]).contains(warning), is_foreign);
    assert_eq!(encrypt(&["--config", "../.sops.yaml"]), "");
    let update = environment.run(&["updatekeys", "shared"]);
    assert!(
        !update.stderr.contains(warning),
        "no file is governed by it: {update}"
    );
    environment.write("shared/mine/y.yaml", TEXT);
    environment
        .run(&[
            "--config",
            "/dev/null",
            "encrypt",
            "-i",
            "--age",
            &recipient(),
            "shared/mine/y.yaml",
        ])
        .succeeds();
    let update = environment.run(&["updatekeys", "shared"]);
    assert_eq!(update.stderr.contains(warning), is_foreign, "{update}");
    // A whole checkout of another user, as root in a container has it.
    for name in ["shared", "shared/mine"] {
        give_away(&environment, name);
    }
    assert_eq!(encrypt(&[]), "");
}

#[test]
fn a_pipe_of_another_user_gets_no_plaintext() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let made = Command::new("mkfifo")
        .arg(environment.path("pipe"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    // Opened for reading and writing, so that opening does not wait.
    let _reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(environment.path("pipe"))
        .expect("the file can be opened");
    let is_foreign = give_away(&environment, "pipe");
    let run = environment.run(&["decrypt", "--output", "pipe", "x.yaml"]);
    if is_foreign {
        refuses(run, "pipe belongs to another user");
    } else {
        run.succeeds();
    }
}

#[test]
fn another_users_file_becomes_the_callers_when_it_is_decrypted_in_place() {
    let environment = TestEnvironment::new();
    for name in ["x.yaml", "dir/y.yaml"] {
        environment.write(name, "");
        environment.encrypt(name, TEXT);
        set_mode(&environment, name, 0o664);
    }
    let is_foreign = give_away(&environment, "x.yaml") && give_away(&environment, "dir/y.yaml");
    for (name, argument) in [("x.yaml", "x.yaml"), ("dir/y.yaml", "dir")] {
        let run = environment.run(&["decrypt", "-i", argument]).succeeds();
        assert_eq!(environment.read(name), TEXT);
        let mode = if is_foreign { 0o600 } else { 0o664 };
        assert_eq!(
            owner_and_mode(&environment, name),
            (getuid().as_raw(), mode),
            "{run}"
        );
        let warns = run.stderr.contains("it now belongs to you");
        assert_eq!(warns, is_foreign, "{run}");
    }
}

#[test]
fn ciphertext_keeps_its_owner() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    set_mode(&environment, "x.yaml", 0o640);
    give_away(&environment, "x.yaml");
    let before = owner_and_mode(&environment, "x.yaml");
    let run = environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
    assert_eq!(run.stderr, "x.yaml: encrypted with a new data key\n");
    environment
        .run(&["set", "x.yaml", "[\"b\"]", "1"])
        .succeeds();
    assert_eq!(owner_and_mode(&environment, "x.yaml"), before);
}

#[test]
fn a_file_that_another_user_put_into_a_shared_directory_is_refused() {
    let environment = TestEnvironment::new();
    for name in ["x.yaml", "shared/x.yaml"] {
        environment.write(name, "");
        environment.encrypt(name, TEXT);
    }
    let is_foreign = give_away(&environment, "shared/x.yaml");
    let recipient = recipient();
    for mode in [0o1777, 0o1770] {
        set_mode(&environment, "shared", mode);
        for arguments in [
            &["set", "shared/x.yaml", "[\"b\"]", "2"][..],
            &["decrypt", "-i", "shared/x.yaml"],
            &[
                "encrypt",
                "--age",
                &recipient,
                "--output",
                "shared/x.yaml",
                ".sops.yaml",
            ],
        ] {
            environment.write(".sops.yaml", "a: 1\n");
            let before = environment.read("shared/x.yaml");
            let mut command = environment.command(arguments);
            command.env("SOPS_CONFIG", "/dev/null");
            let run = environment.finish(command);
            if is_foreign {
                refuses(run, "other users can create files in");
                assert_eq!(environment.read("shared/x.yaml"), before);
            } else {
                run.succeeds();
            }
        }
        if is_foreign {
            // The owner of the directory may put files for others there.
            chown(environment.path("shared"), Some(NOBODY), None)
                .expect("root can change the owner");
            environment
                .run(&["set", "shared/x.yaml", "[\"b\"]", "3"])
                .succeeds();
            chown(environment.path("shared"), Some(0), None).expect("root can change the owner");
        } else {
            environment.encrypt("shared/x.yaml", TEXT);
        }
    }
}

#[test]
fn a_link_that_another_user_put_into_a_shared_directory_is_not_followed() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write("target.yaml", "old\n");
    environment.write("shared/y.yaml", "");
    set_mode(&environment, "shared", 0o1777);
    symlink("../target.yaml", environment.path("shared/link.yaml"))
        .expect("the link can be created");
    let is_foreign = give_away(&environment, "shared/link.yaml");
    let run = environment.run(&["decrypt", "--output", "shared/link.yaml", "x.yaml"]);
    if is_foreign {
        refuses(run, "Permission denied");
        assert_eq!(environment.read("target.yaml"), "old\n");
    } else {
        run.succeeds();
        assert_eq!(environment.read("target.yaml"), TEXT);
    }
}
