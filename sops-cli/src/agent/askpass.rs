//! Asks the user in a window: with the program that SSH_ASKPASS names, as `ssh-agent` does.

use std::process::{Command, Stdio};
use std::{env, io};

use secrecy::SecretString;
use zeroize::Zeroizing;

/// The longest answer, in bytes.
const LIMIT: usize = 4096;

/// The program that asks.
fn program() -> io::Result<Command> {
    let program = env::var_os("SSH_ASKPASS").filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| io::Error::other("SSH_ASKPASS is not set"))?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

/// Whether there is a program that asks.
pub(crate) fn is_available() -> bool {
    program().is_ok()
}

/// Asks for permission.
pub(crate) fn confirm(question: &str) -> io::Result<bool> {
    let mut command = program()?;
    command.arg(question).env("SSH_ASKPASS_PROMPT", "confirm");
    Ok(command.stdout(Stdio::null()).status()?.success())
}

/// Asks for a passphrase. `None` if the user cancels, or cannot be asked.
pub(super) fn passphrase(question: &str) -> Option<SecretString> {
    let output = program().ok()?.arg(question).output().ok()?;
    let mut answer = Zeroizing::new(output.stdout);
    if !output.status.success() || answer.len() > LIMIT {
        return None;
    }
    if answer.ends_with(b"\n") {
        answer.pop();
    }
    let text = str::from_utf8(&answer).ok()?;
    Some(SecretString::from(text))
}
