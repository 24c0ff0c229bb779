//! A folder, a home and an environment in which the program is run, and what comes out of a run.

use std::os::unix::fs::{PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fmt, fs};

use rustix::process::geteuid;
use tempfile::TempDir;

/// The program, which cargo builds for the tests of its package and names to them.
pub fn program() -> PathBuf {
    let name = std::env::var_os("CARGO_BIN_EXE_sops-rs");
    name.expect("cargo runs the tests of the program").into()
}

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keys");

/// The recipient of `testdata/keys/x25519.txt`, whose private key the home has.
pub fn recipient() -> String {
    recipient_of("x25519.txt")
}

/// A recipient whose private key the home does not have.
pub fn other_recipient() -> String {
    recipient_of("x25519_other.txt")
}

fn recipient_of(file: &str) -> String {
    let text = fs::read_to_string(Path::new(KEYS).join(file)).expect("the test key is there");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    line.expect("the key file names its recipient").to_owned()
}

/// The private key, which no output may have in it.
pub fn identity() -> String {
    identity_of("x25519.txt")
}

/// A private key that opens nothing here.
pub fn other_identity() -> String {
    identity_of("x25519_other.txt")
}

fn identity_of(file: &str) -> String {
    let text = fs::read_to_string(Path::new(KEYS).join(file)).expect("the test key is there");
    text.lines()
        .last()
        .expect("a key file has lines")
        .to_owned()
}

/// A folder with a home and a working directory, which go when it is dropped.
pub struct TestEnvironment {
    root: TempDir,
}

impl Default for TestEnvironment {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEnvironment {
    /// With the test key in the home.
    pub fn new() -> Self {
        let environment = Self::without_key();
        let folder = environment.home().join(".config/sops/age");
        fs::create_dir_all(&folder).expect("the home can be written");
        fs::copy(Path::new(KEYS).join("x25519.txt"), folder.join("keys.txt"))
            .expect("the test key can be copied");
        fs::set_permissions(folder.join("keys.txt"), fs::Permissions::from_mode(0o600))
            .expect("it is ours");
        environment
    }

    /// With an empty home.
    pub fn without_key() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["home", "work"] {
            fs::create_dir(root.path().join(folder)).expect("the folder is ours");
        }
        Self { root }
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path in the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// Writes a file in the working directory, with the folders that it needs.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is below the working directory"))
            .expect("it is ours");
        fs::write(path, text).expect("it is ours");
    }

    /// A file of the working directory as text.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("the file is UTF-8")
    }

    /// A file of the working directory.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in the working directory, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).expect("it is there");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("it is ours")
                    .file_name()
                    .into_string()
                    .expect("names are UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    /// Writes an encrypted file.
    pub fn encrypt(&self, name: &str, text: impl AsRef<[u8]>) {
        self.encrypt_with(name, text, &[]);
    }

    /// Writes a file that is encrypted with these flags.
    pub fn encrypt_with(&self, name: &str, text: impl AsRef<[u8]>, flags: &[&str]) {
        self.write(name, text);
        let recipient = recipient();
        let words = ["encrypt", "--age", &recipient, "--in-place"];
        self.run(&[&words, flags, &[name]].concat()).succeeds();
    }

    /// The plaintext of an encrypted file.
    pub fn decrypt(&self, name: &str) -> String {
        self.run(&["decrypt", name]).succeeds().stdout
    }

    /// Writes a shell script that stands for an editor; `$1` is the file. Gives the command that runs it.
    pub fn editor(&self, script: &str) -> String {
        let path = self.root.path().join("editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("it is ours");
        format!("'{}'", path.display())
    }

    /// A run that is yet to start. Nothing of this process's environment is in it but the search path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&program(), arguments)
    }

    /// The same of another program.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            // Where a memory file system is missing, the tests of other things go on.
            .env("SOPS_RS_ALLOW_DISK", "1")
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Makes all that is here belong to the user of [`Self::command_as_user`].
    pub fn hand_over(&self) {
        if geteuid().is_root() {
            // They may not reach the program where it was built.
            // By another process: a program that another thread starts here would hold the new file open for writing, and it could not be run.
            let copy = Command::new("cp")
                .arg(program())
                .arg(self.program_of_user())
                .status();
            assert!(copy.is_ok_and(|status| status.success()), "it is copied");
            hand_over(self.root.path());
        }
    }

    /// A run as somebody who is not the administrator: as `nobody` where root runs the tests, otherwise as who runs them.
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

    /// Runs with this on standard input.
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

    /// Runs what was made ready.
    pub fn finish(&self, command: Command) -> Run {
        let mut command = assert_cmd::Command::from_std(command);
        Run::of(
            command
                .timeout(Duration::from_secs(60))
                .output()
                .expect("the program runs"),
        )
    }

    /// A text without the names of temporary folders.
    pub fn neutral(&self, text: &str) -> String {
        text.replace(&self.root.path().display().to_string(), "<ROOT>")
    }
}

/// The number of the user and the group that own nothing.
const NOBODY: u32 = 65534;

fn hand_over(folder: &Path) {
    lchown(folder, Some(NOBODY), Some(NOBODY)).expect("root may");
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it is there").path();
        if path.is_dir() && !path.is_symlink() {
            hand_over(&path);
        } else {
            lchown(&path, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
    }
}

/// What came out of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
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

    /// It ended well.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// None of these is in anything that it wrote, however it ended.
    #[track_caller]
    pub fn keeps(self, secrets: &[&str]) -> Self {
        for secret in secrets {
            for stream in [&self.stdout, &self.stderr] {
                assert!(!stream.contains(secret), "{secret} is told: {self}");
            }
        }
        self
    }

    /// Where the text is kept that an edit could not write.
    pub fn kept(&self) -> PathBuf {
        let (_, rest) = self
            .stderr
            .split_once("kept in plaintext as ")
            .unwrap_or_else(|| panic!("{self}"));
        PathBuf::from(rest.split(';').next().unwrap_or_default())
    }

    /// Removes the text that an edit could not write.
    pub fn remove_kept(&self) {
        let kept = self.kept();
        let directory = kept.parent().expect("it has a directory of its own");
        fs::remove_dir_all(directory).expect("it is ours");
    }

    /// It failed with this exit code, and wrote no result.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert_eq!(self.stdout, "", "a failure writes no result");
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
