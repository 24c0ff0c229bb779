//! Chooses the editor and runs it.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGQUIT};
use signal_hook::iterator::Signals;

use super::environment::{SECRET_VARIABLE, find_program};
use super::vim::private_arguments;
use crate::command_error::{Code, CommandError, reason};
use crate::signals::{DeferredSignals, ENDING};

/// The variables that name an editor, in order: those of `sops`, then the other usual one.
const VARIABLES: [&str; 3] = ["SOPS_EDITOR", "EDITOR", "VISUAL"];

/// The editors to try if no variable names one: those of `sops`, then one more.
const USUAL: [&str; 4] = ["vim", "nano", "vi", "nvim"];

/// How long an editor has to end after a signal.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command that edits a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EditorProgram {
    program: OsString,
    arguments: Vec<OsString>,
}

impl EditorProgram {
    /// The editor that the environment names, or a usual one.
    pub(crate) fn find() -> Result<Self, CommandError> {
        for variable in VARIABLES {
            let Some(value) = env::var_os(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            return Self::parse(&value).ok_or_else(|| {
                let message = format!(
                    "{variable} is not a valid command: it is empty, or a quote in it is not closed"
                );
                CommandError::new(Code::NoEditor, message)
            });
        }
        let usual = USUAL
            .into_iter()
            .find(|name| find_program(name.as_ref()).is_some());
        match usual {
            Some(name) => Ok(Self {
                program: name.into(),
                arguments: Vec::new(),
            }),
            None => Err(CommandError::new(
                Code::NoEditor,
                format!(
                    "no editor found: none of {} is set, and none of {} is installed",
                    VARIABLES.join(", "),
                    USUAL.join(", ")
                ),
            )
            .hint("set one, for example `export EDITOR=nano`")),
        }
    }

    /// Splits words as a shell does.
    fn parse(value: &OsStr) -> Option<Self> {
        let mut words = match value.to_str() {
            Some(text) => shlex::split(text)?
                .into_iter()
                .map(OsString::from)
                .collect(),
            None => vec![value.to_owned()],
        }
        .into_iter();
        Some(Self {
            program: words.next()?,
            arguments: words.collect(),
        })
    }

    /// Runs the editor on the file. Returns whether the editor ended on its own, not because of a
    /// signal to this process.
    ///
    /// On a terminal, an interrupt also reaches the editor, for which it may be a command.
    pub(crate) fn run(&self, file: &Path, signals: &DeferredSignals) -> Result<bool, CommandError> {
        let failed = |error: &io::Error| {
            let message = format!(
                "cannot run the editor `{}`: {}",
                self.program.display(),
                reason(error)
            );
            CommandError::new(Code::NoEditor, message)
                .hint("correct SOPS_EDITOR, EDITOR or VISUAL; the first of them that is set counts")
        };
        let mut events =
            Signals::new(ENDING.into_iter().chain([SIGCHLD])).map_err(|error| failed(&error))?;
        let mut child = Command::new(&self.program)
            .args(self.arguments_with_private_ones())
            .arg(file)
            .env_remove(SECRET_VARIABLE)
            .spawn()
            .map_err(|error| failed(&error))?;
        let is_for_editor = || {
            matches!(signals.pending(), Some(SIGINT | SIGQUIT))
                && io::IsTerminal::is_terminal(&io::stdin())
        };
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| failed(&error))? {
                break status;
            }
            if signals.is_pending() && !is_for_editor() {
                end(&mut child);
                return Ok(false);
            }
            events.wait();
        };
        if is_for_editor() {
            signals.forget();
        }
        // The signal may have arrived just after the editor ended, or may have ended both.
        if signals.is_pending() {
            return Ok(false);
        }
        self.check(status)?;
        Ok(true)
    }

    /// The arguments, with those for vim after the editor's name, which may itself be an argument
    /// of `env`.
    fn arguments_with_private_ones(&self) -> Vec<OsString> {
        let is_env = Path::new(&self.program).file_name() == Some(OsStr::new("env"));
        let is_assignment = |word: &OsString| {
            let word = word.as_encoded_bytes();
            word.contains(&b'=') && !word.starts_with(b"-")
        };
        let first = self.arguments.iter().position(|word| !is_assignment(word));
        let (editor, before) = match first.filter(|_| is_env) {
            Some(first) => (&self.arguments[first], first + 1),
            None => (&self.program, 0),
        };
        let (before, after) = self.arguments.split_at(before);
        [before, &private_arguments(editor), after].concat()
    }

    fn check(&self, status: ExitStatus) -> Result<(), CommandError> {
        if status.success() {
            return Ok(());
        }
        // If a shell ran the editor, it reports a signal like this.
        let is_interrupted = status.signal() == Some(SIGINT) || status.code() == Some(128 + SIGINT);
        if is_interrupted {
            let message = "the editor was interrupted; nothing was written";
            return Err(CommandError::new(Code::NoEditor, message).calmly());
        }
        let message = format!(
            "the editor `{}` failed: {status}; nothing was written",
            self.program.display()
        );
        Err(CommandError::new(Code::NoEditor, message))
    }
}

/// Asks the child to exit, and kills it if it does not.
fn end(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have just ended on its own.
        let _ = kill_process(pid, Signal::TERM);
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(10)),
            _ => return,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_for_vim_go_after_its_name() {
        for (value, before, after) in [
            ("vim -u NONE", 0, Some(2)),
            ("env TERM=dumb LC_ALL=C vim -u NONE", 3, Some(2)),
            ("/usr/bin/env vim", 1, Some(0)),
            ("env TERM=dumb nano", 2, None),
            ("env", 0, None),
            ("nano A=b vim", 2, None),
        ] {
            let editor =
                EditorProgram::parse(OsStr::new(value)).expect("the variable is a command");
            let arguments = editor.arguments_with_private_ones();
            let at = arguments.iter().position(|argument| argument == "-i");
            match after {
                // `-n` is the first of vim's arguments.
                Some(after) => {
                    assert_eq!(at, Some(before + 1), "{value}");
                    assert_eq!(arguments.len(), before + 5 + after, "{value}");
                }
                None => assert_eq!(at, None, "{value}"),
            }
        }
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (value, words) in [
            ("vim", Some(vec!["vim"])),
            ("code --wait", Some(vec!["code", "--wait"])),
            (
                "'/my apps/ed' -c \"set x=1\"",
                Some(vec!["/my apps/ed", "-c", "set x=1"]),
            ),
            ("vim 'x", None),
            (" ", None),
        ] {
            let editor = EditorProgram::parse(OsStr::new(value));
            let actual = editor.map(|editor| {
                let words = std::iter::once(editor.program).chain(editor.arguments);
                words
                    .map(|word| word.into_string().unwrap_or_default())
                    .collect::<Vec<_>>()
            });
            assert_eq!(
                actual,
                words.map(|words| words.into_iter().map(str::to_owned).collect()),
                "{value}"
            );
        }
    }
}
