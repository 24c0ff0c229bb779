//! The flags and arguments that `exec-env` and `exec-file` share.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{OpeningArgs, invocation};
use crate::command_error::{Code, CommandError, name_of};
use crate::exec::{Forge, User};

/// A command that is run with secrets.
#[derive(Debug)]
pub(crate) enum ExecCommand {
    /// A command line for a shell.
    Shell(OsString),
    /// A program and its arguments.
    Words(OsString, Vec<OsString>),
}

impl ExecCommand {
    /// Whether the command contains `{}`.
    pub(crate) fn names_file(&self) -> bool {
        let has = |word: &OsString| word.as_bytes().windows(2).any(|two| two == b"{}");
        match self {
            Self::Shell(text) => has(text),
            Self::Words(program, arguments) => has(program) || arguments.iter().any(has),
        }
    }

    /// The command with each `{}` replaced by `path`.
    pub(crate) fn with_file(self, path: &str) -> Self {
        let replaced = |word: OsString| {
            let mut rest = word.as_bytes();
            let mut out = Vec::with_capacity(rest.len());
            while let Some(at) = rest.windows(2).position(|two| two == b"{}") {
                out.extend_from_slice(&rest[..at]);
                out.extend_from_slice(path.as_bytes());
                rest = &rest[at + 2..];
            }
            out.extend_from_slice(rest);
            OsString::from_vec(out)
        };
        match self {
            Self::Shell(text) => Self::Shell(replaced(text)),
            Self::Words(program, arguments) => {
                let arguments = arguments.into_iter().map(replaced);
                Self::Words(replaced(program), arguments.collect())
            }
        }
    }
}

/// Whether the file can be run.
fn is_executable(file: &Path) -> bool {
    let metadata = file.metadata();
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// A file, and the command that is run with it.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct ExecArgs {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The command, run by `/bin/sh`
    #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
    command: Option<OsString>,
    #[arg(hide = true, allow_hyphen_values = true)]
    more: Vec<OsString>,
    /// The command and its arguments, run without a shell
    #[arg(value_name = "COMMAND", last = true)]
    words: Vec<OsString>,
    /// Run the command as this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) background: bool,
    /// Mask encrypted values in the command's output
    #[arg(long)]
    pub(crate) redact: bool,
    /// Print the commands that make a CI system mask the values
    #[arg(long, hide_short_help = true, value_enum, value_name = "CI")]
    pub(crate) mask: Option<Forge>,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

impl ExecArgs {
    /// The file and the command, or an error if one is missing.
    ///
    /// # Errors
    /// The error's hint is an example of the command line.
    pub(crate) fn file_and_command(
        &self,
        example: &'static str,
    ) -> Result<(&Path, ExecCommand), CommandError> {
        // As in Go, `--` may also come before the file.
        let command = self.command.iter().chain(&self.more).chain(&self.words);
        let (file, mut words): (_, Vec<&OsString>) = match &self.file {
            Some(file) => (Some(file.as_path()), command.collect()),
            None => (self.words.first().map(Path::new), command.skip(1).collect()),
        };
        let Some(file) = file.filter(|_| !words.is_empty()) else {
            return Err(
                CommandError::new(Code::Generic, "expected a file and a command").hint(example),
            );
        };
        // A second word before `--` would be the command, so a file that cannot be run is a mistake
        // there.
        let second = self.command.as_ref().map(Path::new);
        if !invocation::is_sops()
            && !self.words.is_empty()
            && let Some(second) = second.filter(|second| second.is_file())
            && !is_executable(second)
        {
            let message = format!("expected one file, but {} is a second one", name_of(second));
            return Err(CommandError::new(Code::Generic, message)
                .hint("pass one file; for two, nest the calls: `sops-rs exec-env A -- sops-rs exec-env B -- COMMAND`"));
        }
        let first = words.remove(0).clone();
        let command = match words.is_empty() {
            true => ExecCommand::Shell(first),
            false => ExecCommand::Words(first, words.into_iter().cloned().collect()),
        };
        Ok((file, command))
    }

    /// Whether the values must be kept out of logs.
    pub(crate) fn is_protecting(&self) -> bool {
        self.redact || self.mask.is_some()
    }

    /// Refuses flags that cannot do what they say.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        self.mask.map_or(Ok(()), Forge::check)
    }

    /// Switches this process to the user that `--user` names.
    pub(crate) fn become_user(&self) -> Result<Option<User>, CommandError> {
        let Some(name) = self.user.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let user = User::find(name)?;
        user.become_them()?;
        Ok(Some(user))
    }
}
