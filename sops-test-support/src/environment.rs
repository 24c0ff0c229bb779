//! A home, a working directory and an environment to run the program in, and the result of a run.

use std::os::unix::fs::{PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, fs};

use rustix::process::geteuid;
use tempfile::TempDir;

/// The program. Cargo builds it for the tests of its package and passes its path.
pub fn program() -> PathBuf {
    let name = std::env::var_os("CARGO_BIN_EXE_sops-rs");
    name.expect("cargo sets the path of the program").into()
}

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keys");

/// The recipient of `testdata/keys/x25519.txt`, whose private key is in the home.
pub fn recipient() -> String {
    recipient_of("x25519.txt")
}

/// A recipient whose private key is not in the home.
pub fn other_recipient() -> String {
    recipient_of("x25519_other.txt")
}

fn recipient_of(file: &str) -> String {
    let text = fs::read_to_string(Path::new(KEYS).join(file)).expect("the test key exists");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    line.expect("the key file names its recipient").to_owned()
}

/// The private key in the home. No output may contain it.
pub fn identity() -> String {
    identity_of("x25519.txt")
}

/// A private key that decrypts nothing in the tests.
pub fn other_identity() -> String {
    identity_of("x25519_other.txt")
}

fn identity_of(file: &str) -> String {
    let text = fs::read_to_string(Path::new(KEYS).join(file)).expect("the test key exists");
    text.lines()
        .last()
        .expect("a key file has lines")
        .to_owned()
}

/// A temporary home and working directory, removed on drop.
pub struct TestEnvironment {
    root: TempDir,
    kept: KeptTexts,
}

/// The directories in memory with text that `edit` could not write, removed on drop.
#[derive(Default)]
struct KeptTexts(Mutex<Vec<PathBuf>>);

impl Drop for KeptTexts {
    fn drop(&mut self) {
        let directories = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for directory in directories {
            // A test may have removed the directory.
            let _ = fs::remove_dir_all(directory);
        }
    }
}

impl Default for TestEnvironment {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEnvironment {
    /// Creates an environment with the test key in the home.
    pub fn new() -> Self {
        let environment = Self::without_key();
        let directory = environment.home().join(".config/sops/age");
        fs::create_dir_all(&directory).expect("the home is writable");
        fs::copy(
            Path::new(KEYS).join("x25519.txt"),
            directory.join("keys.txt"),
        )
        .expect("the test key can be copied");
        fs::set_permissions(
            directory.join("keys.txt"),
            fs::Permissions::from_mode(0o600),
        )
        .expect("the file is writable");
        environment
    }

    /// Creates an environment with an empty home.
    pub fn without_key() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        for directory in ["home", "work"] {
            fs::create_dir(root.path().join(directory)).expect("the directory is writable");
        }
        Self {
            root,
            kept: KeptTexts::default(),
        }
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The path of a file in the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// Writes a file in the working directory and creates its parent directories.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("the path has a parent"))
            .expect("the directory is writable");
        fs::write(path, text).expect("the file is writable");
    }

    /// The content of a file in the working directory, as text.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("the file is UTF-8")
    }

    /// The content of a file in the working directory.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The sorted names in the working directory.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).expect("the directory exists");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("the directory is readable")
                    .file_name()
                    .into_string()
                    .expect("names are UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    /// Writes a file and encrypts it.
    pub fn encrypt(&self, name: &str, text: impl AsRef<[u8]>) {
        self.encrypt_with(name, text, &[]);
    }

    /// Writes a file and encrypts it with these flags.
    pub fn encrypt_with(&self, name: &str, text: impl AsRef<[u8]>, flags: &[&str]) {
        self.write(name, text);
        let recipient = recipient();
        let words = ["encrypt", "--age", &recipient, "--in-place"];
        self.run(&[&words, flags, &[name]].concat()).succeeds();
    }

    /// Decrypts a file.
    pub fn decrypt(&self, name: &str) -> String {
        self.run(&["decrypt", name]).succeeds().stdout
    }

    /// Writes a shell script that acts as the editor and returns the command that runs it. `$1` is
    /// the file.
    pub fn editor(&self, script: &str) -> String {
        let path = self.root.path().join("editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the directory is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .expect("the script is writable");
        format!("'{}'", path.display())
    }

    /// A command that runs the program. Of this process's environment, only `PATH` is passed on.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&program(), arguments)
    }

    /// Like [`Self::command`], for another program.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            // Without this, the programs would ask the agent of the user who runs the tests.
            .env("XDG_RUNTIME_DIR", self.home().join("run"))
            // Lets the tests run on machines without a memory file system.
            .env("SOPS_RS_ALLOW_DISK", "1")
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Gives the whole environment to the user of [`Self::command_as_user`].
    pub fn hand_over(&self) {
        if geteuid().is_root() {
            // The user may not have access to the build directory. The copy is made by another
            // process: if another thread started a program during the copy, that program would
            // inherit the open file, and running the copy would fail with `ETXTBSY`.
            let copy = Command::new("cp")
                .arg(program())
                .arg(self.program_of_user())
                .status();
            assert!(
                copy.is_ok_and(|status| status.success()),
                "the program is copied"
            );
            hand_over(self.root.path());
        }
    }

    /// A command that runs as an ordinary user: an unprivileged account if the tests run as root,
    /// otherwise the user who runs them.
    pub fn command_as_user(&self, arguments: &[&str]) -> Command {
        if !geteuid().is_root() {
            return self.command(arguments);
        }
        let mut command = self.command_of(&self.program_of_user(), arguments);
        command.uid(NOBODY).gid(NOBODY);
        command
    }

    fn program_of_user(&self) -> PathBuf {
        self.root.path().join("sops-rs")
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.finish(self.command(arguments))
    }

    /// Runs the program with this text on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        Run::of(
            command
                .write_stdin(input)
                .timeout(Duration::from_secs(60))
                .output()
                .expect("the program runs"),
        )
    }

    /// Runs a prepared command.
    pub fn finish(&self, command: Command) -> Run {
        let mut command = assert_cmd::Command::from_std(command);
        let run = Run::of(
            command
                .timeout(Duration::from_secs(60))
                .output()
                .expect("the program runs"),
        );
        let kept = run.kept_text();
        let directory = kept.as_deref().and_then(Path::parent);
        let is_kept = |directory: &&Path| {
            let name = directory.file_name().unwrap_or_default();
            name.as_encoded_bytes().starts_with(b"sops-rs-kept-")
        };
        let directory = directory.filter(is_kept).map(Path::to_owned);
        let mut directories = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        directories.extend(directory);
        drop(directories);
        run
    }

    /// Replaces the path of the temporary directory, so that output can be compared.
    pub fn neutral(&self, text: &str) -> String {
        text.replace(&self.root.path().display().to_string(), "<ROOT>")
    }
}

/// The user and group ID of an unprivileged account.
const NOBODY: u32 = 65534;

fn hand_over(directory: &Path) {
    lchown(directory, Some(NOBODY), Some(NOBODY)).expect("root can change the owner");
    for entry in fs::read_dir(directory).expect("the directory exists") {
        let path = entry.expect("the directory is readable").path();
        if path.is_dir() && !path.is_symlink() {
            hand_over(&path);
        } else {
            lchown(&path, Some(NOBODY), Some(NOBODY)).expect("root can change the owner");
        }
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended the run.
    pub code: Option<i32>,
    /// The text on standard output.
    pub stdout: String,
    /// The text on standard error.
    pub stderr: String,
}

impl Run {
    fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }

    /// Asserts that the run succeeded.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Asserts that none of these secrets is in the output.
    #[track_caller]
    pub fn keeps(self, secrets: &[&str]) -> Self {
        for secret in secrets {
            for stream in [&self.stdout, &self.stderr] {
                assert!(
                    !stream.contains(secret),
                    "the output contains {secret}: {self}"
                );
            }
        }
        self
    }

    /// The file with the text that `edit` could not write.
    pub fn kept(&self) -> PathBuf {
        self.kept_text().unwrap_or_else(|| panic!("{self}"))
    }

    fn kept_text(&self) -> Option<PathBuf> {
        let (_, rest) = self.stderr.split_once("kept in plaintext as ")?;
        rest.split(';').next().map(PathBuf::from)
    }

    /// Asserts that the run failed with this exit code and wrote no result.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert_eq!(self.stdout, "", "a failed run writes no result");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit code {:?}\n{}\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}
