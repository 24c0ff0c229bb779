//! What Git shows for encrypted files, tested with the real Git.

mod diff;
mod diff_revisions;
mod install;
mod page;
mod places;
mod status;
mod textconv;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};

/// A plaintext with this password.
fn secret(password: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: {password}\n  user: web\n"
    )
}

/// A repository in which a creation rule encrypts `*.enc.yaml`.
struct GitClone {
    environment: TestEnvironment,
}

impl GitClone {
    fn new() -> Self {
        let clone = Self {
            environment: TestEnvironment::new(),
        };
        clone.git(&["init", "-q", "-b", "main"]).succeeds();
        clone.environment.write(
            ".sops.yaml",
            format!(
                "creation_rules:\n- path_regex: \\.enc\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
                recipient()
            ),
        );
        clone
    }

    /// A clone that is set up, with this file encrypted and committed.
    fn with(name: &str, text: &str) -> Self {
        let clone = Self::new();
        clone.encrypt(name, text);
        clone.sops_rs(&["git", "install"]).succeeds();
        clone.commit_all();
        clone
    }

    fn path(&self, name: &str) -> PathBuf {
        self.environment.path(name)
    }

    fn encrypt(&self, name: &str, text: &str) {
        let file = "name-of-the-rule.enc.yaml";
        self.environment.write(file, text);
        self.sops_rs(&["encrypt", "-i", "--config", &self.rules(), file])
            .succeeds();
        // The name may look like a flag.
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("the path has a parent directory"))
            .expect("the directory can be created");
        fs::rename(self.path(file), path).expect("the file can be renamed");
    }

    /// A configuration outside the repository.
    fn rules(&self) -> String {
        let path = self.environment.home().join("rules.yaml");
        let rule = format!(
            "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
            recipient()
        );
        fs::write(&path, rule).expect("the home is writable");
        path.display().to_string()
    }

    /// Replaces the password in an encrypted file.
    fn set(&self, name: &str, password: &str) {
        let path = r#"["stringData"]["password"]"#;
        self.sops_rs(&["set", name, path, &format!("\"{password}\"")])
            .succeeds();
    }

    fn sops_rs(&self, arguments: &[&str]) -> Run {
        self.environment.run(arguments)
    }

    fn sops_rs_in(&self, directory: impl AsRef<Path>, arguments: &[&str]) -> Run {
        let mut command = self.environment.command(arguments);
        command.current_dir(directory);
        self.environment.finish(command)
    }

    fn git(&self, arguments: &[&str]) -> Run {
        self.git_in(self.path(""), arguments)
    }

    fn git_in(&self, directory: impl AsRef<Path>, arguments: &[&str]) -> Run {
        self.environment
            .finish(self.git_command(directory, arguments))
    }

    fn git_command(&self, directory: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = self.environment.command_of(Path::new("git"), arguments);
        command
            .current_dir(directory)
            .env("PATH", path_with_program())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
        command
    }

    fn commit_all(&self) {
        self.git(&["add", "-A"]).succeeds();
        self.git(&["commit", "-q", "-m", "x"]).succeeds();
    }

    /// The setting that Git uses.
    fn setting(&self, key: &str) -> Option<String> {
        let run = self.git(&["config", "--get", key]);
        (run.code == Some(0)).then(|| run.stdout.trim_end().to_owned())
    }

    fn attributes(&self) -> String {
        self.environment.read(".gitattributes")
    }

    /// The lines of `.gitattributes` that sops-rs wrote.
    fn patterns(&self) -> Vec<String> {
        let text = self.attributes();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_suffix(" diff=sops merge=sops"));
        lines.map(str::to_owned).collect()
    }
}

/// The PATH with this directory in front.
fn with_directory(directory: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(paths).expect("paths have no colon")
}

fn path_with_program() -> OsString {
    let program = program();
    with_directory(program.parent().expect("the path has a parent directory"))
}
