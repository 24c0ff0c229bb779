//! The next run removes the leftovers of a killed one.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sops_test_support::environment::{Run, TestEnvironment, recipient};
use tempfile::TempDir;

const TEXT: &str = "a: hunter2\n";

/// Leaves a temporary directory with plaintext, as a killed run does.
fn leave(path: &Path) {
    fs::create_dir_all(path).expect("the directory can be created");
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .expect("the permissions can be changed");
    fs::write(path.join(".gitignore"), "*\n").expect("the file can be written");
    fs::write(path.join("0"), TEXT).expect("the file can be written");
}

#[test]
fn the_next_change_removes_temporary_files_next_to_a_file() {
    let environment = TestEnvironment::new();
    environment.encrypt("dir/x.yaml", TEXT);
    for arguments in [
        &["set", "dir/x.yaml", "[\"a\"]", "2"][..],
        &["rotate", "-i", "dir/x.yaml"],
        &["keygen", "--output", "dir/key.txt"],
        &["decrypt", "--output", "dir/out.yaml", "dir/x.yaml"],
        // These commands find nothing to do.
        &["encrypt", "-i", "--age", &recipient(), "dir"],
        &["encrypt", "-i", "--age", &recipient(), "."],
    ] {
        if arguments[0] == "encrypt" {
            environment.write("dir/out.yaml", environment.read("dir/x.yaml"));
        }
        leave(&environment.path("dir/.sops-rs-0123456789abcdef"));
        let used = environment.path("dir/.sops-rs-fedcba9876543210");
        leave(&used);
        // Older versions left this directory.
        environment.write("dir/.sops-rs-aBc123.tmp", TEXT);
        let lock = File::open(&used).expect("the file can be opened");
        flock(&lock, FlockOperation::LockExclusive).expect("no other process has the lock");
        environment.run(arguments).succeeds();
        let temporary = || {
            let entries = fs::read_dir(environment.path("dir")).expect("the directory can be read");
            let names = entries.map(|entry| entry.expect("the entry can be read").file_name());
            names
                .filter(|name| name.to_string_lossy().starts_with(".sops-rs-"))
                .collect::<Vec<_>>()
        };
        assert_eq!(temporary(), [".sops-rs-fedcba9876543210"], "{arguments:?}");
        assert_eq!(environment.read("dir/.sops-rs-fedcba9876543210/0"), TEXT);
        drop(lock);
        fs::remove_dir_all(used).expect("the directory can be removed");
    }
}

#[test]
fn anything_that_is_not_a_leftover_stays() {
    let environment = TestEnvironment::new();
    environment.encrypt("dir/x.yaml", TEXT);
    let mut expected = Vec::new();
    for name in [
        ".sops-rs-backup",
        ".sops-rs-abcdef",
        ".sops-rs-0123456789abcdef",
    ] {
        let path = environment.path(&format!("dir/{name}"));
        leave(&path);
        fs::write(path.join("mine"), TEXT).expect("the file can be written");
        expected.push(path.join("mine"));
    }
    environment.write("dir/.sops-rs-backup.tmp", TEXT);
    expected.push(environment.path("dir/.sops-rs-backup.tmp"));
    for arguments in [
        &["set", "dir/x.yaml", "[\"a\"]", "2"][..],
        &["rotate", "-i", "dir"],
        &["updatekeys", "--yes", "dir"],
    ] {
        environment.run(arguments);
        for path in &expected {
            assert!(path.exists(), "{arguments:?}: {path:?}");
        }
    }
}

#[test]
fn a_command_that_writes_nothing_removes_nothing() {
    let environment = TestEnvironment::new();
    environment.write("dir/y.yaml", TEXT);
    let left = environment.path("dir/.sops-rs-0123456789abcdef");
    leave(&left);
    let recipient = recipient();
    for arguments in [
        &["encrypt", "-i", "--dry-run", "--age", &recipient, "dir"][..],
        &[
            "encrypt",
            "-i",
            "--dry-run",
            "--age",
            &recipient,
            "dir/y.yaml",
        ],
        &["lint", "dir"],
        &["flux", "verify", "dir"],
    ] {
        environment.run(arguments);
        assert!(left.exists(), "{arguments:?}");
    }
    environment
        .run(&["encrypt", "-i", "--age", &recipient, "dir"])
        .succeeds();
    assert!(!left.exists());
}

/// A memory file system for one test, if there is one.
struct Memory {
    environment: TestEnvironment,
    directory: TempDir,
}

impl Memory {
    fn new() -> Self {
        let environment = TestEnvironment::new();
        environment.encrypt("x.yaml", TEXT);
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self {
            environment,
            directory: directory.expect("a temporary directory can be created"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, editor: &str, arguments: &[&str]) -> Run {
        let mut command = self.environment.command(arguments);
        command
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .env("TMPDIR", self.directory.path())
            .env("EDITOR", self.environment.editor(editor));
        self.environment.finish(command)
    }
}

#[test]
fn the_next_command_removes_leftover_plaintext_in_memory() {
    let memory = Memory::new();
    for arguments in [
        &["edit", "x.yaml"][..],
        &["exec-file", "--no-fifo", "x.yaml", "true"],
        &["exec-file", "x.yaml", "true"],
    ] {
        let left = memory.path("sops-rs-run-0123456789abcdef");
        leave(&left);
        fs::write(left.join(".x.yaml.swp"), TEXT).expect("the file can be written");
        let used = memory.path("sops-rs-run-fedcba9876543210");
        leave(&used);
        let lock = File::open(&used).expect("the file can be opened");
        flock(&lock, FlockOperation::LockExclusive).expect("no other process has the lock");
        let run = memory.run("true", arguments);
        assert!([Some(0), Some(200)].contains(&run.code), "{run}");
        assert!(!left.exists() && used.exists(), "{arguments:?}");
        drop(lock);
        fs::remove_dir_all(used).expect("the directory can be removed");
    }
}

#[test]
fn a_text_that_was_kept_for_the_user_stays() {
    let memory = Memory::new();
    let path = memory.environment.path("x.yaml");
    let editor = format!(
        "echo changed > '{}'; echo b: mine >> \"$1\"",
        path.display()
    );
    let encrypted = memory.environment.bytes("x.yaml");
    let run = memory.run(&editor, &["edit", "x.yaml"]).fails_with(3);
    let (_, kept) = run
        .stderr
        .split_once("kept in plaintext as ")
        .unwrap_or_else(|| panic!("{run}"));
    let kept = kept.split(';').next().unwrap_or_default();
    memory.environment.write("x.yaml", encrypted);
    memory
        .run("true", &["exec-file", "--no-fifo", "x.yaml", "true"])
        .succeeds();
    let text = fs::read_to_string(kept).expect("the file can be read");
    assert_eq!(text, format!("{TEXT}b: mine\n"));
}
