//! Merges by the real Git, with sops-rs as its merge driver, and `sops-rs resolve`.

mod choices;
mod colleagues;
mod conflicts;
mod hostile;
mod places;
mod resolve;
mod security;
mod unfinished;
mod ways;

use std::path::Path;
use std::process::Command;

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};

/// A secret of each version, which no output and no file of the repository may contain.
const SECRETS: [&str; 3] = ["correct-horse", "battery-staple", "open-sesame"];

const BASE: &str = "user: web\npassword: correct-horse\nport: 80\n";
const OURS: &str = "user: web\npassword: battery-staple\nport: 80\n";
const THEIRS: &str = "user: web\npassword: correct-horse\nport: 8080\ntoken: open-sesame\n";
const MERGED: &str = "user: web\npassword: battery-staple\nport: 8080\ntoken: open-sesame\n";
/// A change that conflicts with [`OURS`].
const OTHER: &str = "user: web\npassword: open-sesame\nport: 8080\n";

/// Recipients whose private keys no one in the tests has.
const CAROL: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const DAVE: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

/// A configuration with these recipients, each in its own line.
fn rules(recipients: &[&str]) -> String {
    format!("creation_rules:\n- age: {}\n", recipients.join(",\n    "))
}

/// A repository whose YAML files are merged by sops-rs.
struct Repository(TestEnvironment);

impl Repository {
    fn new() -> Self {
        Self::initialized(&[])
    }

    /// A repository that `git init` creates with these flags.
    fn initialized(flags: &[&str]) -> Self {
        let repository = Self(TestEnvironment::new());
        let init = ["init", "-q", "-b", "main"];
        repository.git(&[&init[..], flags].concat()).succeeds();
        let driver = format!(
            "'{}' git merge-driver --marker-size %L --ancestor-label %S --ours-label %X --theirs-label %Y -- %O %A %B %P",
            program().display()
        );
        repository
            .git(&["config", "merge.sops.driver", &driver])
            .succeeds();
        repository
            .git(&["config", "merge.sops.recursive", "binary"])
            .succeeds();
        repository.0.write(
            ".gitattributes",
            "*.yaml merge=sops\n*.env merge=sops\nsecret merge=sops\n",
        );
        repository.0.write(".sops.yaml", rules(&[&recipient()]));
        repository
    }

    /// A repository with an encrypted file that `main` and `topic` changed.
    fn with_changes(name: &str, ours: &str, theirs: &str) -> Self {
        Self::new().changed(name, ours, theirs)
    }

    /// Commits an encrypted file, and a change of it on `topic` and on `main`.
    fn changed(self, name: &str, ours: &str, theirs: &str) -> Self {
        self.diverged(name, |of| of.edit(name, theirs), |of| of.edit(name, ours))
    }

    /// Commits an encrypted file with this plaintext, as a user edits it.
    fn commit_secret(&self, name: &str, plaintext: &str) {
        self.edit(name, plaintext);
        self.commit_all();
    }

    /// Encrypts a file, or edits it if it exists.
    fn edit(&self, name: &str, plaintext: &str) {
        if !self.0.path(name).exists() {
            self.0.write(name, plaintext);
            self.0
                .run(&["encrypt", "--in-place", "--", name])
                .succeeds();
            return;
        }
        self.0.write("../plaintext", plaintext);
        let editor = self.0.editor("cat ../plaintext > \"$1\"");
        let mut command = self.0.command(&["edit", "--", name]);
        command.env("EDITOR", editor);
        let run = self.0.finish(command);
        let edited = self.0.run(&["decrypt", "--", name]).succeeds().stdout;
        assert_eq!(edited, plaintext, "{run}");
    }

    /// Commits an encrypted file, then what `theirs` does on `topic` and `ours` on `main`.
    fn diverged(self, name: &str, theirs: impl FnOnce(&Self), ours: impl FnOnce(&Self)) -> Self {
        self.commit_secret(name, BASE);
        self.branch("topic");
        theirs(&self);
        self.commit_all();
        self.checkout("main");
        ours(&self);
        self.commit_all();
        self
    }

    fn branch(&self, name: &str) {
        self.git(&["checkout", "-q", "-b", name]).succeeds();
    }

    fn checkout(&self, branch: &str) {
        self.git(&["checkout", "-q", branch]).succeeds();
    }

    /// Merges `topic`, without a conflict.
    #[track_caller]
    fn merges(&self) -> Run {
        self.git(&["merge", "-q", "--no-edit", "topic"]).succeeds()
    }

    /// Merges `topic`, with a conflict.
    #[track_caller]
    fn conflicts(&self) -> Run {
        let run = self.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{run}");
        run
    }

    fn resolve_with_editor(&self, file: &str, script: &str, flags: &[&str]) -> Run {
        let editor = self.0.editor(script);
        let mut command = self.0.command(&[&["resolve", file], flags].concat());
        command.env("EDITOR", editor);
        self.0.finish(command).keeps(&SECRETS)
    }

    /// Lets Git merge configurations that conflict too, by taking ours.
    fn keep_our_configuration(&self) {
        self.git(&["config", "merge.ours.driver", "true"])
            .succeeds();
        let attributes = ".sops.yaml merge=ours\n";
        self.0.write(".git/info/attributes", attributes);
    }

    /// Commits a version that was resolved.
    fn commit_resolved(&self, name: &str) {
        self.git(&["add", "--", name]).succeeds();
        self.git(&["commit", "-q", "--no-edit"]).succeeds();
    }

    fn commit_all(&self) {
        self.git(&["add", "--all"]).succeeds();
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"])
            .succeeds();
    }

    fn git(&self, arguments: &[&str]) -> Run {
        self.git_in(&self.0.path(""), arguments)
    }

    fn git_in(&self, directory: &Path, arguments: &[&str]) -> Run {
        let command = self.git_command(directory, arguments);
        self.0.finish(command).keeps(&SECRETS)
    }

    fn git_command(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = self.0.command_of(Path::new("git"), arguments);
        command
            .current_dir(directory)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_EDITOR", "true")
            .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "t")))
            .envs(
                ["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "t@example.com")),
            );
        command
    }

    /// Asserts that the file is merged, and that nothing of it is left in conflict.
    #[track_caller]
    fn is_merged(&self, name: &str, plaintext: &str) {
        assert_eq!(
            self.0.run(&["decrypt", "--", name]).succeeds().stdout,
            plaintext
        );
        assert_eq!(self.git(&["ls-files", "--unmerged"]).stdout, "");
    }

    /// Asserts that the file has conflict markers, and no plaintext.
    #[track_caller]
    fn is_marked(&self, name: &str) -> String {
        let text = self.0.read(name);
        assert!(
            text.contains("<<<<<<<") && text.contains(">>>>>>>"),
            "{text}"
        );
        for secret in SECRETS {
            assert!(!text.contains(secret), "{text}");
        }
        assert_ne!(self.git(&["ls-files", "--unmerged"]).stdout, "");
        text
    }
}
