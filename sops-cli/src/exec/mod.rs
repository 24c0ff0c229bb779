//! Runs the user's command with secrets: this directory has its environment, its pipe, its user,
//! and how signals and the exit code are passed on.

pub(crate) mod pipe;
mod user;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU,
};
use signal_hook::iterator::Signals;
use sops_core::{Decrypted, Variable};

use crate::arguments::{ExecArgs, ExecCommand, GlobalArgs};
use crate::command_error::{Code, CommandError, reason};
use crate::decrypt_file::{self, Use};
use crate::input::Input;
use crate::keys::services::Services;
use crate::ui::Ui;

pub(crate) use user::User;

/// The signals that are passed on.
const PASSED: [i32; 8] = [
    SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU,
];

/// Decrypts the file with the values for a command.
pub(crate) fn decrypt(
    ui: &Ui,
    globals: &GlobalArgs,
    exec: &ExecArgs,
    input: &Input,
    purpose: Use,
) -> Result<Decrypted, CommandError> {
    let services = Services::for_opening(ui, globals, &exec.opening)?;
    decrypt_file::decrypt(ui, &services, input, &exec.opening, purpose)
}

/// The process that runs `command`, in a shell or directly. Its environment consists of the
/// variables of this process (unless `pristine`), those that describe the user, and the secrets;
/// later ones win.
pub(crate) fn process(
    command: ExecCommand,
    pristine: bool,
    user: Option<&User>,
    secrets: Vec<Variable>,
) -> Command {
    let mut process = match command {
        ExecCommand::Shell(text) => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(text);
            shell
        }
        ExecCommand::Words(program, arguments) => {
            let mut process = Command::new(program);
            process.args(arguments);
            process
        }
    };
    if pristine {
        process.env_clear();
    }
    if let Some(user) = user {
        process.envs(user.variables());
    }
    for Variable { name, value, .. } in secrets {
        process.env(name, OsString::from_vec(value.to_vec()));
    }
    process
}

/// Starts the command without waiting for it; its standard streams lead to `/dev/null`.
pub(crate) fn start(mut command: Command) -> Result<(), CommandError> {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map(drop).map_err(|error| failed(&error))
}

/// Defers signals until there is a command to pass them on to.
pub(crate) struct Passing(Signals);

impl Passing {
    pub(crate) fn new() -> Result<Self, CommandError> {
        // The command ignores the signals that this process ignores, as under `nohup`.
        let ignored = ignored();
        let passed = PASSED
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let signals = Signals::new(passed.chain([SIGCHLD]));
        signals.map(Self).map_err(|error| failed(&error))
    }

    /// Runs the command until it ends. Returns its exit code or, as in shells, 128 plus the number
    /// of the signal that ended it.
    pub(crate) fn run(mut self, mut command: Command) -> Result<ExitCode, CommandError> {
        let status = self.wait(&mut command).map_err(|error| failed(&error))?;
        Ok(ExitCode::from(code(status)))
    }

    fn wait(&mut self, command: &mut Command) -> io::Result<ExitStatus> {
        let mut child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            for signal in self.0.wait() {
                let signal = Signal::from_named_raw(signal).filter(|signal| !is_shared(*signal));
                if let (Some(pid), Some(signal)) = (pid, signal) {
                    // The process has not been waited for yet, so its ID is not reused.
                    let _ = kill_process(pid, signal);
                }
            }
        }
    }
}

/// Whether the command gets the signal itself, because a terminal sends it to both, or must not get
/// it.
fn is_shared(signal: Signal) -> bool {
    match signal {
        Signal::INT | Signal::QUIT => io::stdin().is_terminal(),
        Signal::CHILD => true,
        _ => false,
    }
}

/// The signals that this process ignores, the first one in the lowest bit.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

pub(crate) fn failed(error: &io::Error) -> CommandError {
    let message = format!("cannot run the command: {}", reason(error));
    CommandError::new(Code::Generic, message)
}
