//! Runs the user's command with secrets: this directory has its environment, its pipe, its user,
//! how signals and the exit code are passed on, and how secrets are kept out of its output.

mod forge;
pub(crate) mod pipe;
mod redaction;
mod secrets;
mod user;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_current_process_group, kill_process};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
    SIGWINCH, SIGXCPU,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use sops_core::{Decrypted, Variable};
use sops_redaction::{Patterns, SHORTEST};

use crate::arguments::{ExecArgs, ExecCommand, GlobalArgs};
use crate::command_error::{Code, CommandError, name_of, reason};
use crate::decrypt_file::{self, Use};
use crate::input::Input;
use crate::keys::services::Services;
use crate::ui::Ui;

pub(crate) use forge::Forge;
use redaction::Redaction;
use secrets::SecretValues;
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
    services.contact_servers_of_named_files();
    decrypt_file::decrypt(ui, &services, input, &exec.opening, purpose)
}

/// Keeps the values of the file out of logs, as the flags ask: prints commands for a CI system, and
/// returns the patterns to mask in the output of the command, if any.
///
/// `document` is the text that the command gets, which it may print as base64.
pub(crate) fn protect(
    ui: &Ui,
    exec: &ExecArgs,
    input: &Input,
    plaintext: &[u8],
    document: &[u8],
) -> Result<Option<Arc<Patterns>>, CommandError> {
    if !exec.is_protecting() {
        return Ok(None);
    }
    let values = SecretValues::of(input, plaintext)?;
    warn_of_short(ui, &input.name, values.short());
    if let Some(forge) = exec.mask {
        ui.output(&forge.commands(&values))?;
    }
    if !exec.redact {
        return Ok(None);
    }
    let patterns = values.patterns(document);
    Ok((!patterns.is_empty()).then(|| Arc::new(patterns)))
}

/// Names the values that are too short to be masked.
fn warn_of_short(ui: &Ui, file: &str, names: &[String]) {
    const MAX_SHOWN: usize = 20;
    if names.is_empty() {
        return;
    }
    let shown: Vec<String> = names
        .iter()
        .take(MAX_SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match names.len() > MAX_SHOWN {
        true => format!(" and {} more", names.len() - MAX_SHOWN),
        false => String::new(),
    };
    ui.warn(format_args!(
        "{file}: values shorter than {SHORTEST} bytes are not masked: {}{more}",
        shown.join(", ")
    ));
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
        let signals = Signals::new(respected(&PASSED).chain([SIGCHLD]));
        signals.map(Self).map_err(|error| failed(&error))
    }

    /// Runs the command until it ends, and masks the patterns in its output. Returns its exit code
    /// or, as in shells, 128 plus the number of the signal that ended it.
    pub(crate) fn run(
        mut self,
        ui: &Ui,
        mut command: Command,
        patterns: Option<Arc<Patterns>>,
    ) -> Result<ExitCode, CommandError> {
        let program = name_of(Path::new(command.get_program()));
        let redaction = patterns
            .map(|patterns| Redaction::of(&mut command, &patterns))
            .transpose()
            .map_err(|error| failed(&error))?;
        let status = self.wait(command, redaction.as_ref()).map_err(|error| {
            let message = format!("cannot run the command `{program}`: {}", reason(&error));
            CommandError::new(Code::Generic, message)
        })?;
        if let Some(redaction) = redaction {
            self.finish(ui, redaction)?;
        }
        Ok(ExitCode::from(code(status)))
    }

    fn wait(
        &mut self,
        mut command: Command,
        redaction: Option<&Redaction>,
    ) -> io::Result<ExitStatus> {
        let redaction = redaction.filter(|redaction| redaction.has_terminal());
        if redaction.is_some() {
            for signal in respected(&[SIGTSTP, SIGCONT, SIGWINCH]) {
                self.0.add_signal(signal)?;
            }
        }
        let mut child = command.spawn()?;
        // From here on, only the command has the other ends of its pipes open.
        drop(command);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            for signal in self.0.wait() {
                if let Some(redaction) = redaction
                    && follow_terminal(signal, redaction)
                {
                    continue;
                }
                let signal = Signal::from_named_raw(signal).filter(|signal| !is_shared(*signal));
                if let (Some(pid), Some(signal)) = (pid, signal) {
                    // The process has not been waited for yet, so its ID is not reused.
                    let _ = kill_process(pid, signal);
                }
            }
        }
    }

    /// Waits until the rest of the output was passed on. Another process, which the command
    /// started, may still write; a signal ends the wait.
    fn finish(&mut self, ui: &Ui, mut redaction: Redaction) -> Result<(), CommandError> {
        const CHECK: Duration = Duration::from_millis(100);
        const PATIENCE: Duration = Duration::from_secs(3);
        let start = Instant::now();
        let mut is_explained = false;
        while !redaction.is_done_within(CHECK)? {
            if self.0.pending().any(|signal| PASSED.contains(&signal)) {
                break;
            }
            if start.elapsed() > PATIENCE && !is_explained {
                ui.note("the command has ended, but a process that it started still has the output open; waiting for that process");
                is_explained = true;
            }
        }
        Ok(())
    }
}

/// The signals that this process does not ignore. The command ignores the others too, as under
/// `nohup`.
fn respected(signals: &[i32]) -> impl Iterator<Item = i32> {
    let ignored = ignored();
    let signals = signals.iter().copied();
    signals.filter(move |signal| ignored >> (signal - 1) & 1 == 0)
}

/// Handles a signal that a terminal sends to its foreground processes, which include the command.
/// Returns false for other signals.
fn follow_terminal(signal: i32, redaction: &Redaction) -> bool {
    /// How long the last output before a stop may take.
    const LAST_OUTPUT: Duration = Duration::from_millis(60);
    match signal {
        SIGWINCH => {
            if redaction.resize() {
                // The command may have asked for the size too early. This process gets the signal
                // again too, and then the size is the same.
                let _ = kill_current_process_group(Signal::WINCH);
            }
        }
        SIGTSTP => {
            // The command restores the screen before it stops.
            thread::sleep(LAST_OUTPUT);
            // If this process cannot stop, it waits as usual.
            let _ = emulate_default_handler(SIGTSTP);
        }
        SIGCONT => redaction.resume(),
        _ => return false,
    }
    true
}

/// Whether a signal must not be passed on, because a terminal sends it to the command too, or
/// because it is only for this process.
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
