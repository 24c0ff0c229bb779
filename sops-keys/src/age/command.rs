//! The commands of `SOPS_AGE_KEY_CMD` and `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, which print private keys.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::Stdio;

use sops_printable::system_reason;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::reading::read_keys;

/// The variable that names the recipient whose private key the command must print.
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";

/// A command that prints private keys.
pub(super) struct KeyCommand {
    words: Vec<String>,
    prints: Prints,
    environment: Environment,
}

/// The kind of text that a command prints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prints {
    /// The text of a key file.
    Keys,
    /// An SSH private key.
    SshKey,
}

impl KeyCommand {
    /// Splits `line` into words like a shell. The error does not show the line.
    pub(super) fn parse(
        line: &OsStr,
        prints: Prints,
        environment: &Environment,
    ) -> Result<Self, &'static str> {
        let line = line.to_str().ok_or("the command is not UTF-8")?;
        let words = shlex::split(line).ok_or("the command has an unclosed quote")?;
        if words.is_empty() {
            // `sops` crashes on an empty command.
            return Err("the command is empty");
        }
        Ok(Self {
            words,
            prints,
            environment: environment.clone(),
        })
    }

    /// The kind of text that the command prints.
    pub(super) fn prints(&self) -> Prints {
        self.prints
    }

    /// Runs the command for `recipient`, without a shell, and returns its output.
    ///
    /// The error does not show the command, whose words may be secret.
    pub(super) fn run(&self, recipient: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut child = self
            .environment
            .command(&self.words[0])
            .args(&self.words[1..])
            .env(RECIPIENT, recipient)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("the command cannot be run: {}", system_reason(&error)))?;
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let printed = read_keys(stdout, 0);
        if printed.is_err() {
            // The command may have already exited.
            let _ = child.kill();
        }
        let ended = child.wait().and_then(|status| Ok((status, printed?)));
        match ended {
            Ok((status, printed)) if status.success() => Ok(printed),
            Ok((status, _)) => Err(format!("the command failed: {status}")),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                Err("the command printed too much text to be a list of keys".to_owned())
            }
            Err(error) => Err(format!(
                "the output of the command cannot be read: {}",
                system_reason(&error)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_never_ends_is_stopped() {
        let line = OsStr::new("cat /dev/zero");
        let environment = Environment::process();
        let command =
            KeyCommand::parse(line, Prints::Keys, &environment).expect("the line is valid");
        let error = command.run("").expect_err("the output is endless");
        assert_eq!(
            error,
            "the command printed too much text to be a list of keys"
        );
    }
}
