//! A repository in a temporary directory, in which the real programs run.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const KEY: &str = include_str!("../../../testdata/keys/x25519.txt");

/// A typical rule for manifests.
pub(crate) const DATA: &str = "^(data|stringData)$";

/// A transformer configuration of this function, extended by `more`.
pub(crate) fn transformer(more: &str) -> String {
    config("krm.sops-rs/v1alpha1", "SopsDecrypt", more)
}

/// A configuration that names this function.
pub(crate) fn config(version: &str, kind: &str, more: &str) -> String {
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: sops\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        \
         path: sops-rs-krm\n{more}"
    )
}

/// The public half of the test key.
pub(crate) fn recipient() -> &'static str {
    let mut lines = KEY.lines();
    let recipient = lines.find_map(|line| line.strip_prefix("# public key: "));
    recipient.expect("the key file names its recipient")
}

pub(crate) struct Directory {
    root: TempDir,
}

/// The result of a build.
pub(crate) struct Built {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) succeeded: bool,
}

impl Directory {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        for directory in ["home", "bin", "work"] {
            fs::create_dir(root.path().join(directory)).expect("the path is writable");
        }
        let program = Path::new(env!("CARGO_BIN_EXE_sops-rs-krm"));
        symlink(program, root.path().join("bin/sops-rs-krm")).expect("the path is writable");
        Self { root }
    }

    /// A directory with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let directory = Self::new();
        for (name, text) in files {
            directory.write(name, text);
        }
        directory
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("the path is below the directory"))
            .expect("the path is writable");
        fs::write(path, text).expect("the path is writable");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file and encrypts it with the real `sops`.
    pub(crate) fn encrypt(&self, name: &str, text: &str, arguments: &[&str]) {
        self.write(name, text);
        let path = self.path(name);
        let mut command = self.command("sops");
        command.args(["--encrypt", "--in-place"]);
        successful(command.args(arguments).arg(path));
    }

    /// Writes a file and encrypts the values under `data` and `stringData` with the real `sops`.
    pub(crate) fn encrypt_data(&self, name: &str, text: &str) {
        self.encrypt(
            name,
            text,
            &["--age", recipient(), "--encrypted-regex", DATA],
        );
    }

    /// Decrypts a file in place with the real `sops`.
    pub(crate) fn decrypt(&self, name: &str) {
        let path = self.path(name);
        successful(
            self.command("sops")
                .args(["--decrypt", "--in-place"])
                .arg(path),
        );
    }

    /// Runs `kustomize build` on a directory, with functions.
    pub(crate) fn build(&self, directory: &str) -> Built {
        self.build_with(&["--enable-alpha-plugins", "--enable-exec"], directory)
    }

    pub(crate) fn build_with(&self, flags: &[&str], directory: &str) -> Built {
        self.run_build(self.command("kustomize"), flags, directory)
    }

    /// Runs `kustomize build` in the placeholder mode, without a key.
    pub(crate) fn build_placeholders(&self, directory: &str) -> Built {
        let mut command = self.command("kustomize");
        command
            .env("SOPS_RS_PLACEHOLDERS", "1")
            .env("SOPS_AGE_KEY_FILE", "/dev/null")
            .env("HOME", self.path("no-home"));
        let flags = ["--enable-alpha-plugins", "--enable-exec"];
        self.run_build(command, &flags, directory)
    }

    fn run_build(&self, mut command: Command, flags: &[&str], directory: &str) -> Built {
        command.arg("build").args(flags).arg(self.path(directory));
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("`kustomize` is on the PATH");
        Built {
            stdout: String::from_utf8(stdout).expect("kustomize writes UTF-8"),
            stderr: String::from_utf8(stderr).expect("messages are UTF-8"),
            succeeded: status.success(),
        }
    }

    /// Installs the program as an exec plugin of kustomize, for configurations with this version
    /// and kind.
    pub(crate) fn install_plugin(&self, version_and_kind: &str, name: &str) {
        let plugins = self.root.path().join("home/.config/kustomize/plugin");
        let directory = plugins.join(version_and_kind);
        fs::create_dir_all(&directory).expect("the path is writable");
        let program = Path::new(env!("CARGO_BIN_EXE_sops-rs-krm"));
        symlink(program, directory.join(name)).expect("the path is writable");
    }

    /// Runs `kustomize build` on a directory, with only the programs in `tools`.
    pub(crate) fn build_with_tools(&self, tools: &Path, directory: &str) -> Built {
        let mut command = self.command("kustomize");
        command.env("PATH", tools);
        self.run_build(
            command,
            &["--enable-alpha-plugins", "--enable-exec"],
            directory,
        )
    }

    /// Generates a PGP key, and returns its fingerprint.
    pub(crate) fn pgp_key(&self) -> String {
        let home = self.root.path().join("home/.gnupg");
        fs::DirBuilder::new()
            .mode(0o700)
            .create(home)
            .expect("the path is writable");
        let batch = ["--batch", "--passphrase", "", "--quick-gen-key"];
        let mut generate = self.command("gpg");
        successful(
            generate
                .args(batch)
                .args(["tests", "rsa2048", "encr", "never"]),
        );
        let mut list = self.command("gpg");
        let output = list
            .args(["--batch", "--with-colons", "--list-keys"])
            .output();
        let output = output.expect("`gpg` is on the PATH").stdout;
        let listed = String::from_utf8(output).expect("gpg writes UTF-8");
        let fingerprint = listed
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"));
        let fingerprint = fingerprint.expect("the key was just made");
        fingerprint.trim_end_matches(':').to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut paths = vec![self.root.path().join("bin")];
        paths.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let path = std::env::join_paths(paths).expect("paths have no colon");
        // The search uses the PATH of the child.
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.root.path().join("home"))
            .env("SOPS_AGE_KEY", KEY.lines().last().unwrap_or_default())
            .current_dir(self.path(""));
        command
    }
}

/// Stops the agent that `gpg` has started for its home, which would outlive it.
impl Drop for Directory {
    fn drop(&mut self) {
        if self.root.path().join("home/.gnupg").exists() {
            let mut kill = self.command("gpgconf");
            successful(kill.args(["--kill", "all"]));
        }
    }
}

impl Built {
    /// The build output, with nothing on standard error.
    #[track_caller]
    pub(crate) fn quiet(self) -> String {
        assert_eq!(self.stderr, "");
        self.succeeds()
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert!(self.succeeded, "{}", self.stderr);
        self.stdout
    }

    /// The error messages. Nothing is built.
    #[track_caller]
    pub(crate) fn fails(self) -> String {
        assert!(!self.succeeded, "{}", self.stdout);
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

fn successful(command: &mut Command) {
    let output = command.output().expect("`sops` is on the PATH");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {message}");
}
