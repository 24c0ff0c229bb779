//! Runs the `git` program.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use crate::command_error::{Code, CommandError, reason};

/// Environment variables that change how Git interprets path arguments.
const MEANING_OF_PATHS: [&str; 4] = [
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Environment variables in which Git passes its repository to hooks.
const REPOSITORY: [&str; 5] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
];

/// Git runs the program that a repository's configuration names as `core.fsmonitor`. Nothing here
/// needs that program, and anyone who can write to a repository can commit a bare repository in one
/// of its directories; `safe.bareRepository=explicit` would also reject legitimate bare
/// repositories.
const SAFE_SETTINGS: [&str; 2] = ["-c", "core.fsmonitor=false"];

/// Runs Git and returns its standard output.
///
/// # Errors
/// Git is missing, or failed. The message contains the first line of its standard error, and the
/// hint the command that it suggests.
pub(crate) fn git(arguments: &[&str]) -> Result<Vec<u8>, CommandError> {
    Running::start(arguments)?.output()
}

/// A running Git process. Several can run at once.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    pub(crate) fn start(arguments: &[impl AsRef<OsStr>]) -> Result<Self, CommandError> {
        let mut command = command(arguments);
        command.stdin(Stdio::null());
        Self::spawn(command, arguments)
    }

    /// Starts a process in a directory, for the repository that the directory is in.
    pub(super) fn start_in(directory: &Path, arguments: &[&str]) -> Result<Self, CommandError> {
        let mut command = command(arguments);
        command.stdin(Stdio::null()).current_dir(directory);
        for name in REPOSITORY {
            command.env_remove(name);
        }
        Self::spawn(command, arguments)
    }

    /// Starts a process in a directory, for the repository with this Git directory and the root of
    /// its working tree.
    pub(super) fn start_for(
        git_directory: &OsStr,
        root: &Path,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Self, CommandError> {
        let mut command = command(arguments);
        command.stdin(Stdio::null()).current_dir(directory);
        command
            .env("GIT_DIR", git_directory)
            .env("GIT_WORK_TREE", root);
        Self::spawn(command, arguments)
    }

    /// Starts a process that reads the output of another process.
    pub(super) fn start_after(first: &mut Self, arguments: &[&str]) -> Result<Self, CommandError> {
        let mut command = command(arguments);
        command.stdin(first.child.stdout.take().map_or(Stdio::null(), Stdio::from));
        Self::spawn(command, arguments)
    }

    /// Starts a process in a directory, with this input.
    pub(super) fn start_with_input(
        directory: &Path,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<Self, CommandError> {
        let mut command = command(arguments);
        command.stdin(Stdio::piped()).current_dir(directory);
        let mut running = Self::spawn(command, arguments)?;
        if let Some(mut stdin) = running.child.stdin.take() {
            // Git answers before it has read everything. It reports an incomplete input itself.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        Ok(running)
    }

    fn spawn(mut command: Command, arguments: &[impl AsRef<OsStr>]) -> Result<Self, CommandError> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self {
            child: command.spawn().map_err(|error| missing(&error))?,
            name: arguments[0].as_ref().to_string_lossy().into_owned(),
        })
    }

    /// Waits for the process to end, and returns its standard output.
    pub(crate) fn output(self) -> Result<Vec<u8>, CommandError> {
        let name = self.name.clone();
        self.try_output()?.map_err(|failure| {
            let message = format!("`git {name}`: {}", failure.reason);
            failure.error(message)
        })
    }

    /// Like [`Self::output`], but returns Git's own message if Git fails.
    pub(super) fn try_output(self) -> Result<Result<Vec<u8>, GitFailure>, CommandError> {
        let output = self.child.wait_with_output();
        let output = output.map_err(|error| missing(&error))?;
        Ok(match output.status.success() {
            true => Ok(output.stdout),
            false => Err(GitFailure::of(&output)),
        })
    }
}

/// Git's message about a failure.
pub(super) struct GitFailure {
    pub(super) reason: String,
    /// The command that Git suggests, such as the one to trust another user's repository.
    suggestion: Option<String>,
}

impl GitFailure {
    fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stderr);
        let mut lines = text.lines().map(str::trim);
        let reason = lines.next().unwrap_or_default();
        let suggestion = lines.find(|line| line.starts_with("git "));
        Self {
            reason: reason.trim_start_matches("fatal: ").to_owned(),
            suggestion: suggestion.map(str::to_owned),
        }
    }

    pub(super) fn error(self, message: String) -> CommandError {
        let error = CommandError::new(Code::CannotReadInput, message);
        match self.suggestion {
            Some(command) => error.hint(format!("Git suggests `{command}`")),
            None => error,
        }
    }
}

/// A Git command that ignores `git replace`, because a push sends the original objects.
pub(super) fn command(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("git");
    command
        .args(SAFE_SETTINGS)
        .args(arguments)
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C");
    for name in MEANING_OF_PATHS {
        command.env_remove(name);
    }
    command
}

pub(super) fn missing(error: &std::io::Error) -> CommandError {
    let message = format!("cannot run `git`: {}", reason(error));
    CommandError::new(Code::CannotReadInput, message)
        .hint("install Git, or add its directory to PATH")
}
