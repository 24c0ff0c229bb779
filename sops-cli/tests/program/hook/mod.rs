//! The hooks, run by the real Git.

mod conflicts;
mod decrypted;
mod install;
mod local_mac;
mod named;
mod protection;
mod pushed;
mod staged;
mod untracked;

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, program, recipient};

const PLAIN: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n";
const HARMLESS: &str = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n";

fn rules(recipients: &str) -> String {
    format!(
        "creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {recipients}\n"
    )
}

fn both() -> String {
    format!("{},{}", recipient(), other_recipient())
}

/// A repository with a creation rule, and the hook in it.
struct Repository(TestEnvironment);

impl Repository {
    fn new() -> Self {
        let repository = Self::without_hook();
        repository.sops_rs(&["hook", "install"]).succeeds();
        repository
    }

    fn without_hook() -> Self {
        let repository = Self(TestEnvironment::new());
        repository.git(&["init", "-q", "-b", "main"]).succeeds();
        repository.0.write(".sops.yaml", rules(&recipient()));
        repository
    }

    /// A repository in which encrypted files are committed.
    fn with_encrypted(names: &[&str]) -> Self {
        let repository = Self::new();
        for name in names {
            repository.0.write(name, PLAIN);
            repository.sops_rs(&["encrypt", "-i", name]).succeeds();
        }
        repository.git(&["add", "."]).succeeds();
        repository.commit().succeeds();
        repository
    }

    /// Adds a bare repository next to this one as a remote.
    fn add_remote(&self, name: &str) {
        let path = format!("../{name}");
        self.git(&["init", "-q", "--bare", &path]).succeeds();
        self.git(&["remote", "add", name, &path]).succeeds();
    }

    /// Installs the hooks from another directory.
    fn install_in(&self, directory: impl AsRef<Path>) {
        let mut command = self.0.command(&["hook", "install"]);
        command.current_dir(directory);
        self.0.finish(command).succeeds();
    }

    fn sops_rs(&self, arguments: &[&str]) -> Run {
        self.0.run(arguments)
    }

    fn git(&self, arguments: &[&str]) -> Run {
        self.git_in(&self.0.path(""), arguments)
    }

    fn git_in(&self, directory: &Path, arguments: &[&str]) -> Run {
        let mut command = self.0.command_of(Path::new("git"), arguments);
        let directory_of_program = program()
            .parent()
            .expect("the path has a parent directory")
            .to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(directory_of_program).chain(std::env::split_paths(&path));
        command
            .current_dir(directory)
            .env(
                "PATH",
                std::env::join_paths(paths).expect("paths have no colon"),
            )
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
        self.0.finish(command)
    }

    fn commit(&self) -> Run {
        self.git(&["commit", "-q", "-m", "x"])
    }

    fn add(&self, name: &str, text: &str) {
        self.0.write(name, text);
        self.git(&["--literal-pathspecs", "add", "--", name])
            .succeeds();
    }

    /// Commits what is staged, without the hooks.
    fn commit_unchecked(&self) -> String {
        let commit = ["commit", "-q", "--no-verify", "-m", "x"];
        self.git(&commit).succeeds();
        self.head()
    }

    /// The ID of the last commit, abbreviated as in messages.
    fn head(&self) -> String {
        let id = self.git(&["rev-parse", "HEAD"]).succeeds().stdout;
        id[..10].to_owned()
    }

    #[track_caller]
    fn refuses(&self, message: &str) {
        self.is_refused(self.commit(), message);
    }

    #[track_caller]
    fn is_refused(&self, run: Run, message: &str) {
        refused(&run, &[message, "The commit is refused"]);
    }
}

/// Asserts that the run failed for these reasons, and printed no secret.
#[track_caller]
fn refused(run: &Run, reasons: &[&str]) {
    assert_eq!(run.code, Some(1), "{run}");
    let said = run.stdout.clone() + &run.stderr;
    for reason in reasons {
        assert!(said.contains(reason), "{reason}: {run}");
    }
    assert!(!said.contains("correct-horse"), "{run}");
}
