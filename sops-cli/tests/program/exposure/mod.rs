//! `sops-rs exposure`, in repositories of the real Git.

mod due;
mod generated;
mod offboard;
mod plaintext;
mod removed;

use std::path::Path;

use serde_json::Value as Json;
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

/// A repository whose files are encrypted for Ann, whose key is in the home, and Bob.
struct Repository(TestEnvironment);

impl Repository {
    fn new() -> Self {
        let repository = Self(TestEnvironment::new());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.rules(&[(&recipient(), "ann"), (&other_recipient(), "bob")]);
        repository
    }

    /// Writes a `.sops.yaml` with these recipients and their names.
    fn rules(&self, recipients: &[(&str, &str)]) {
        let lines = recipients
            .iter()
            .map(|(recipient, name)| format!("    - {recipient} # {name}\n"));
        let lines: String = lines.collect();
        self.0.write(
            ".sops.yaml",
            format!("creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age:\n{lines}"),
        );
    }

    fn git(&self, arguments: &[&str]) -> Run {
        let mut command = self.0.command_of(Path::new("git"), arguments);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
        self.0.finish(command).succeeds()
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    /// Encrypts a Secret with these values.
    fn create(&self, name: &str, values: &[(&str, &str)]) {
        let values = values
            .iter()
            .map(|(key, value)| format!("  {key}: {value}\n"));
        let values: String = values.collect();
        self.0.write(
            name,
            format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n{values}"),
        );
        self.0.run(&["encrypt", "-i", "--", name]).succeeds();
    }

    fn set(&self, name: &str, key: &str, value: &str) {
        let path = format!("stringData.{key}");
        self.0
            .run(&["set", "--text", name, &path, value])
            .succeeds();
    }

    /// Runs `exposure` and returns the file and the key path of each value, and the rest.
    #[track_caller]
    fn exposure(&self, code: i32, arguments: &[&str]) -> (Vec<(String, String)>, Json) {
        let arguments = [&["exposure", "--format", "json"], arguments].concat();
        let run = self.0.run(&arguments);
        assert_eq!(run.code, Some(code), "{run}");
        let report: Json =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
        let text = |value: &Json| value.as_str().expect("it is a string").to_owned();
        let values = report["values"].as_array().expect("it is a list").iter();
        let values = values.map(|value| (text(&value["file"]), text(&value["path"])));
        (values.collect(), report)
    }
}

/// The places of the values.
fn places(places: &[(&str, &str)]) -> Vec<(String, String)> {
    let places = places.iter();
    places
        .map(|(file, key)| ((*file).to_owned(), format!("stringData.{key}")))
        .collect()
}
