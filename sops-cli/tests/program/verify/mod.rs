//! `sops-rs verify`, in repositories of the real Git.

mod formats;
mod history;
mod keys;
mod sources;

use std::path::Path;

use serde_json::Value as Json;
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n  user: battery-staple\n";

fn rules(recipient: &str) -> String {
    format!(
        "creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {recipient}\n"
    )
}

/// A repository with a creation rule.
struct Repository(TestEnvironment);

impl Repository {
    /// A repository in which these files are encrypted and committed.
    fn with(names: &[&str]) -> Self {
        let repository = Self(TestEnvironment::new());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.0.write(".sops.yaml", rules(&recipient()));
        for name in names {
            repository.0.write(name, SECRET);
            let encrypt = ["encrypt", "-i", "--", name];
            repository.0.run(&encrypt).succeeds();
        }
        repository.commit();
        repository
    }

    fn git(&self, arguments: &[&str]) -> Run {
        self.try_git(arguments).succeeds()
    }

    fn try_git(&self, arguments: &[&str]) -> Run {
        let mut command = self.0.command_of(Path::new("git"), arguments);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
        self.0.finish(command)
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    /// Replaces `from` with `to` in a file.
    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.0.read(name);
        assert!(text.contains(from), "{name}: {from}");
        self.0.write(name, text.replacen(from, to, 1));
    }

    /// Removes the private key.
    fn forget_key(&self) {
        let keys = self.0.home().join(".config/sops/age/keys.txt");
        std::fs::remove_file(keys).expect("the file can be removed");
    }

    #[track_caller]
    fn verify(&self, arguments: &[&str]) -> Verification {
        let run = self
            .0
            .run(&[&["verify", "--format", "json"], arguments].concat());
        Verification::of(run)
    }
}

/// The findings of a run.
struct Verification {
    run: Run,
    /// The code, the file and the message of each finding.
    findings: Vec<(String, String, String)>,
}

impl Verification {
    #[track_caller]
    fn of(run: Run) -> Self {
        let run = run.keeps(&["correct-horse", "battery-staple"]);
        let findings: Vec<Json> =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
        let text = |finding: &Json, key: &str| {
            finding[key]
                .as_str()
                .expect("the value is a string")
                .to_owned()
        };
        let findings = findings
            .iter()
            .map(|finding| {
                let [code, file, message] =
                    ["code", "file", "message"].map(|key| text(finding, key));
                (code, file, message)
            })
            .collect();
        Self { run, findings }
    }

    #[track_caller]
    fn is_clean(&self) {
        assert!(self.findings.is_empty(), "{}", self.run);
        assert_eq!(self.run.code, Some(0), "{}", self.run);
    }

    /// Asserts that there are exactly these findings, each as code and file.
    #[track_caller]
    fn finds(&self, expected: &[(&str, &str)], code: i32) {
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|(code, file, _)| (&**code, &**file))
            .collect();
        assert_eq!(findings, expected, "{}", self.run);
        assert_eq!(self.run.code, Some(code), "{}", self.run);
    }

    #[track_caller]
    fn says(&self, text: &str) {
        let is_said = self
            .findings
            .iter()
            .any(|(_, _, message)| message.contains(text));
        assert!(is_said, "{text}: {}", self.run);
    }
}

/// Encrypts a file for someone else, by a rule of their own.
fn for_someone_else(repository: &Repository, name: &str) {
    repository.0.write(name, SECRET);
    let second = other_recipient();
    let expression = "^(data|stringData)$";
    let encrypt = [
        "--config",
        "/dev/null",
        "encrypt",
        "-i",
        "--encrypted-regex",
        expression,
        "--age",
        &second,
        name,
    ];
    repository.0.run(&encrypt).succeeds();
}
