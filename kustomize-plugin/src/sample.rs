//! Shared by this crate's tests: a directory with encrypted files, and runs of the function in it.

use std::fs;
use std::path::{Path, PathBuf};

use sops_core::keys::{Identities, Recipient};
use sops_core::rules::EncryptionRule;
use sops_core::tree::Node;
use sops_core::{Encryption, Format, encrypt};
use tempfile::TempDir;

use crate::exec_plugin;
use crate::function::{Function, Mode};
use crate::run::{FunctionOutcome, run};

/// The identity that the samples are encrypted for.
pub(crate) const KEY: &str = include_str!("../../testdata/keys/x25519.txt");

/// A value that no message may show.
pub(crate) const SECRET: &str = "s3cret-value";

pub(crate) struct Sample {
    directory: TempDir,
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) output: String,
    pub(crate) lines: Vec<String>,
    pub(crate) failed: bool,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        fs::create_dir(directory.path().join("work")).expect("the path is writable");
        Self { directory }
    }

    /// A path relative to the working directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("the path is writable");
        fs::write(path, text).expect("the path is writable");
    }

    /// Writes a file with the values under `data` and `stringData` encrypted, and returns its text.
    pub(crate) fn encrypt(&self, name: &str, text: &str) -> String {
        let encrypted = encrypted(text);
        self.write(name, &encrypted);
        encrypted
    }

    /// Writes an encrypted file in the format of its name.
    pub(crate) fn encrypt_all(&self, name: &str, plaintext: impl AsRef<[u8]>) {
        let format = Format::from_path(Path::new(name));
        let encrypted = encrypt(plaintext.as_ref(), format, &Encryption::to([recipient()]));
        self.write(name, encrypted.expect("the file can be encrypted"));
    }

    /// Runs the function on a list of YAML files.
    pub(crate) fn run(&self, config: &str, items: &[&str]) -> Ran {
        self.run_on(list(config, items), Some(KEY))
    }

    /// Runs the function on any input, with the test key or another one.
    pub(crate) fn run_on(&self, input: impl AsRef<[u8]>, key: Option<&str>) -> Ran {
        let mut identities = Identities::new();
        if let Some(key) = key {
            let added = identities.add_keys("the test key", key.as_bytes());
            added.expect("the test key is valid");
        }
        let function = Function::new(&self.path(""), Box::new(identities));
        Ran::of(&run(function.expect("the entry exists"), input.as_ref()))
    }

    /// Runs the function in the placeholder mode, without a key.
    pub(crate) fn run_with_placeholders(&self, config: &str, items: &[&str]) -> Ran {
        let function = Function::new(&self.path(""), Box::new(Identities::new()));
        let mut function = function.expect("the entry exists");
        function.mode = Mode::Placeholders;
        Ran::of(&run(function, list(config, items).as_bytes()))
    }

    /// Runs the exec plugin on a file with this configuration.
    pub(crate) fn run_plugin(&self, file: &str) -> Ran {
        let mut identities = Identities::new();
        let added = identities.add_keys("the test key", KEY.as_bytes());
        added.expect("the test key is valid");
        let function = Function::new(&self.path(""), Box::new(identities));
        let function = function.expect("the entry exists");
        Ran::of(&exec_plugin::run(function, &self.path(file)))
    }
}

impl Ran {
    fn of(outcome: &FunctionOutcome) -> Self {
        Self {
            output: outcome.output.to_string(),
            lines: outcome.report.lines().collect(),
            failed: outcome.report.has_error(),
        }
    }

    /// The resources. Nothing must be on standard error.
    #[track_caller]
    pub(crate) fn quiet(&self) -> Vec<Node> {
        assert_eq!(self.lines, Vec::<String>::new());
        self.resources()
    }

    /// The resources.
    #[track_caller]
    pub(crate) fn resources(&self) -> Vec<Node> {
        assert!(!self.failed, "{:?}", self.lines);
        match field(&only(&self.output), "items") {
            Node::Sequence(items) => items,
            _ => panic!("items are a list"),
        }
    }

    /// The only error, which must be in `results` too. The output must contain nothing decrypted.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert!(self.failed, "{}", self.output);
        assert!(!self.output.contains(SECRET));
        let output = only(&self.output);
        let Node::Sequence(results) = field(&output, "results") else {
            panic!("results are a list");
        };
        let last = results.last().expect("the list has a result");
        assert_eq!(last.get("severity").and_then(Node::as_str), Some("error"));
        let message = field(last, "message");
        let line = self.lines.last().expect("an error was printed");
        assert!(line.contains(message.as_str().expect("the value is a string")));
        for line in &self.lines {
            assert!(!line.contains(SECRET), "{line}");
        }
        line.strip_prefix("error: ").expect("the input is invalid")
    }
}

/// The text with the values under `data` and `stringData` encrypted.
pub(crate) fn encrypted(text: &str) -> String {
    let rule = EncryptionRule::EncryptedRegex("^(data|stringData)$".into());
    let encryption = encryption().with_rule(rule);
    encrypt(text, Format::Yaml, &encryption).expect("the text can be encrypted")
}

/// Encryption for the test key.
pub(crate) fn encryption() -> Encryption {
    Encryption::to([recipient()])
}

fn recipient() -> Recipient {
    let mut lines = KEY.lines();
    let recipient = lines.find_map(|line| line.strip_prefix("# public key: "));
    let recipient = recipient.expect("the key file names its recipient");
    recipient.parse().expect("the recipient is valid")
}

/// A resource list as kustomize writes it.
pub(crate) fn list(config: &str, items: &[&str]) -> String {
    let mut text = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n".to_owned();
    if items.is_empty() {
        text = text.replace("items:", "items: []");
    }
    for item in items {
        text.extend(["- ", &item.trim_end().replace('\n', "\n  "), "\n"]);
    }
    if !config.is_empty() {
        text.extend([
            "functionConfig:\n  ",
            &config.trim_end().replace('\n', "\n  "),
            "\n",
        ]);
    }
    text
}

pub(crate) fn only(text: &str) -> Node {
    Node::from_yaml(text).expect("the text is YAML").remove(0)
}

/// The value under keys joined with `/`.
#[track_caller]
pub(crate) fn field(node: &Node, path: &str) -> Node {
    let get = |node: Node, key| node.get(key).cloned();
    let found = path.split('/').try_fold(node.clone(), get);
    found.unwrap_or_else(|| panic!("there is no {path}"))
}

/// The value under keys joined with `/`, as text.
#[track_caller]
pub(crate) fn text(node: &Node, path: &str) -> String {
    field(node, path)
        .as_str()
        .expect("the value is a string")
        .to_owned()
}
