//! `sops-rs agent start`.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{chdir, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use sops_core::keys::age::WRONG_PASSPHRASE;
use sops_keyservice::{Listener, serve};

use crate::agent::control::{AgentStatus, stop};
use crate::agent::service::AgentService;
use crate::agent::socket::AgentSocket;
use crate::agent::{Limits, askpass};
use crate::arguments::duration;
use crate::command_error::{Code, CommandError, reason};
use crate::keys::local::Confirmation;
use crate::signals::DeferredSignals;
use crate::ui::{Ui, terminal};

const EXAMPLES: &str = "\
Examples:
  sops-rs agent start --lifetime 4h --idle 15m
  sops-rs agent start --cache 10m
  eval \"$(sops-rs agent start)\"";

/// The line that the agent in the background writes once it listens.
const READY: &[u8] = b"ready\n";

/// Unlock your age keys once, and keep them for other commands
///
/// This asks for the passphrases of your keys and for what their plugins need, such as a PIN, and
/// keeps the unlocked keys and the answers in the memory of a background process. From then on,
/// sops-rs decrypts without asking. So does `sops`, if you set the variable that this command
/// prints. The socket of the agent is `$XDG_RUNTIME_DIR/sops-rs/agent.sock`, and only you can
/// connect to it.
///
/// If the agent has a question later, it runs the program that SSH_ASKPASS names.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Stop after this time
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = duration)]
    lifetime: Duration,
    /// Forget the keys after this time without a request
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    idle: Duration,
    /// Keep decrypted data keys for this time [default: do not keep them]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    cache: Option<Duration>,
    /// Ask before answering each request, and show the recipient
    #[arg(long)]
    confirm: bool,
    /// Stay in the foreground, and ask on the terminal
    #[arg(long)]
    foreground: bool,
    /// Leave the terminal when the keys are unlocked.
    #[arg(long, hide = true, conflicts_with = "foreground")]
    detached: bool,
}

pub(super) fn cmd_start(
    ui: &Ui,
    args: &Args,
    socket: &AgentSocket,
) -> Result<ExitCode, CommandError> {
    if args.detached {
        return run(ui, args, socket);
    }
    if args.confirm && !args.foreground && !askpass::is_available() {
        let message = "`--confirm` needs a program that asks in a window";
        return Err(CommandError::new(Code::Generic, message)
            .hint("set SSH_ASKPASS to its path, or use `--foreground`"));
    }
    socket.create_directory()?;
    let running = AgentStatus::of(socket)?;
    if running.as_ref().is_some_and(|status| !status.locked) {
        ui.note("the agent is already running; to start it with other flags, run `sops-rs agent stop` first");
    } else {
        if running.is_some() {
            stop(socket)?;
        }
        if args.foreground {
            return run(ui, args, socket);
        }
        let code = start_in_background()?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    let address = socket.address();
    let quoted = shlex::try_quote(&address).expect("a path has no null byte");
    ui.print(format_args!("export SOPS_KEYSERVICE={quoted}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs this command again in another process. Returns once that process has unlocked the keys and
/// listens, or returns its exit code if it fails.
fn start_in_background() -> Result<ExitCode, CommandError> {
    let failed = |error: &io::Error| {
        let message = format!("cannot start the agent: {}", reason(error));
        CommandError::new(Code::CannotReadInput, message)
    };
    let program = env::current_exe().map_err(|error| failed(&error))?;
    let mut child = Command::new(program)
        .args(env::args_os().skip(1))
        .arg("--detached")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut said = Vec::new();
    let mut stdout = child.stdout.take().expect("standard output is a pipe");
    stdout
        .read_to_end(&mut said)
        .map_err(|error| failed(&error))?;
    if said == READY {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    match status.code() {
        // The process has written its error.
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(1))),
        None => Err(CommandError::new(
            Code::Generic,
            "a signal ended the agent before it was ready",
        )),
    }
}

/// Unlocks the keys and answers requests.
fn run(ui: &Ui, args: &Args, socket: &AgentSocket) -> Result<ExitCode, CommandError> {
    let limits = Limits {
        lifetime: args.lifetime,
        idle: args.idle,
        data_keys: args.cache.unwrap_or_default(),
    };
    let (service, failures) = AgentService::unlock(ui.prompt(), confirmation(args), limits);
    let is_mistyped = failures
        .iter()
        .any(|failure| failure.contains(WRONG_PASSPHRASE));
    for failure in failures {
        ui.warn(failure);
    }
    if !service.has_keys() {
        return Err(
            CommandError::new(Code::Generic, "no private key is unlocked").hint(match ui.can_ask() {
                _ if is_mistyped => "run `sops-rs agent start` again",
                true => "`sops-rs --help` lists where sops-rs looks for private keys; to create one, run `sops-rs init`",
                false => "start the agent in a terminal, or set SSH_ASKPASS to a program that asks for the passphrase in a window",
            }),
        );
    }
    if !service.is_memory_locked() {
        ui.warn("the keys may be written to the swap space, because `ulimit -l` allows too little locked memory");
    }
    let service = Arc::new(service);
    let listen = async || {
        let listener = Listener::unix(socket.path()).await?;
        let prompt = match args.detached {
            true => {
                ui.note(format_args!("the agent is running: {}", socket.address()));
                detach()?;
                None
            }
            false => {
                ui.note(format_args!("listening on {}", socket.address()));
                Some(ui.prompt_of_server())
            }
        };
        service.begin(prompt);
        Ok(listener)
    };
    // The questions above installed signal handlers that end the process; the service must end in
    // its own way.
    let signals = DeferredSignals::new();
    let served = serve(listen, Arc::clone(&service));
    signals.forget();
    terminal::restore();
    served.map_err(|error| CommandError::output("the agent's socket", &error))?;
    Ok(ExitCode::SUCCESS)
}

/// How the agent asks before it answers.
fn confirmation(args: &Args) -> Option<Confirmation> {
    match (args.confirm, args.detached) {
        (false, _) => None,
        (true, true) => Some(Box::new(askpass::confirm)),
        (true, false) => {
            let ui = Ui::new(false);
            Some(Box::new(move |question| ui.confirm(question)))
        }
    }
}

/// Reports that the agent listens, and leaves the terminal, the session and the directory of the
/// process that started it.
fn detach() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(READY)?;
    stdout.flush()?;
    chdir(Path::new("/"))?;
    setsid()?;
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stderr(&null)?;
    // The other process waits for this.
    dup2_stdout(&null)?;
    Ok(())
}
