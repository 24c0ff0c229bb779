//! Cases of bad input: the input, the command, and its exit code.

mod changes;
mod command_lines;
pub(crate) mod configuration;
mod encrypted_files;
pub(crate) mod flat;
mod plaintexts;
mod private_keys;
pub(crate) mod syntax;
mod text_changes;

use sops_test_support::environment::{TestEnvironment, identity, recipient};

pub(crate) use changes::changes;
pub(crate) use command_lines::command_lines;
pub(crate) use encrypted_files::{encrypted_files, opened};
pub(crate) use plaintexts::plaintexts;
pub(crate) use private_keys::private_keys;

/// The bad part of a case.
pub(crate) enum Input {
    /// A file with this content.
    File(&'static str, Vec<u8>),
    /// A file with this content, encrypted and then changed.
    Changed(&'static str, &'static str, fn(&str) -> String),
    /// An unchanged encrypted file.
    Encrypted,
    /// No file.
    Nothing,
}

use Input::{Changed, Encrypted, File, Nothing};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    input: Input,
    /// `R` is a placeholder for the recipient, `F` for the file.
    pub(crate) arguments: &'static str,
    /// Further files, and environment variables with a `$`.
    also: Vec<(&'static str, String)>,
    pub(crate) code: i32,
}

pub(crate) fn case(name: &'static str, input: Input, arguments: &'static str, code: i32) -> Case {
    Case {
        name,
        input,
        arguments,
        also: Vec::new(),
        code,
    }
}

impl Case {
    fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.also.push((name, text.into()));
        self
    }

    /// Writes the files of the case, and returns its arguments and environment variables.
    pub(crate) fn set_up(&self, environment: &TestEnvironment) -> (Vec<String>, Vec<(&str, &str)>) {
        let file = match &self.input {
            File(name, content) => {
                environment.write(name, content);
                name
            }
            Changed(name, text, change) => {
                environment.encrypt(name, text);
                environment.write(name, change(&environment.read(name)));
                name
            }
            Encrypted => {
                environment.encrypt("x.yaml", PLAIN);
                "x.yaml"
            }
            Nothing => "",
        };
        let mut variables = Vec::new();
        for (name, value) in &self.also {
            match name.strip_prefix('$') {
                Some(variable) => variables.push((variable, value.as_str())),
                None => environment.write(name, value),
            }
        }
        let argument = |argument| match argument {
            "R" => recipient(),
            "F" => file.to_owned(),
            other => other.replace("KEY", &identity()),
        };
        let arguments = self.arguments.split_whitespace().map(argument).collect();
        (arguments, variables)
    }
}

/// Encrypts the text of a YAML file.
fn yaml(name: &'static str, text: impl AsRef<[u8]>, code: i32) -> Case {
    case(
        name,
        File("x.yaml", text.as_ref().to_vec()),
        "encrypt -i --age R F",
        code,
    )
}

fn json(name: &'static str, text: impl AsRef<[u8]>, code: i32) -> Case {
    case(
        name,
        File("x.json", text.as_ref().to_vec()),
        "encrypt -i --age R F",
        code,
    )
}

/// Decrypts a file that was changed.
fn changed(name: &'static str, change: fn(&str) -> String, code: i32) -> Case {
    case(name, Changed("x.yaml", PLAIN, change), "decrypt -i F", code)
}

const PLAIN: &str =
    "password: hunter2\nlist:\n  - first hunter2\n  - second\nnumber: 7\nflag: true\nother: 8\n";
