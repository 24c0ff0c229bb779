//! `sops-rs agent`. `start.rs` starts one.

mod start;

use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Subcommand;

use crate::agent::client::{Agent, Instruction};
use crate::agent::socket::AgentSocket;
use crate::command_error::{Code, CommandError};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs agent start --lifetime 4h --idle 15m
  sops-rs agent status
  sops-rs agent lock";

/// How long the agent may take to stop. It finishes requests in progress for two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: AgentAction,
}

#[derive(Subcommand, Debug)]
enum AgentAction {
    Start(start::Args),
    Stop(StopArgs),
    Lock(LockArgs),
    Status(StatusArgs),
}

/// Stop the agent, which forgets all keys
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  sops-rs agent stop")]
struct StopArgs {}

/// Make the agent forget all keys, and refuse requests until you start it again
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  sops-rs agent lock")]
struct LockArgs {}

/// Show whether the agent runs, which keys it has, and when it forgets them
///
/// The exit code is 0 if it runs and is unlocked, otherwise 1.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  sops-rs agent status\n  sops-rs agent status --json")]
struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn cmd_agent(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let socket = AgentSocket::required()?;
    match &args.action {
        AgentAction::Start(args) => start::cmd_start(ui, args, &socket)?,
        AgentAction::Stop(StopArgs {}) => {
            running(&socket)?;
            stop(&socket)?;
            ui.note("the agent has stopped");
        }
        AgentAction::Lock(LockArgs {}) => {
            running(&socket)?;
            instruct(&socket, Instruction::Lock)?;
            ui.note("the agent is locked");
        }
        AgentAction::Status(args) => return status(ui, args, &socket),
    }
    Ok(ExitCode::SUCCESS)
}

/// The answer of the agent; `None` if no agent runs.
fn instruct(
    socket: &AgentSocket,
    instruction: Instruction,
) -> Result<Option<String>, CommandError> {
    let Some(agent) = Agent::at(socket) else {
        return Ok(None);
    };
    // The socket of an agent that was killed refuses connections.
    if UnixStream::connect(socket.path()).is_err() {
        return Ok(None);
    }
    let answer = agent.instruct(instruction);
    answer
        .map(Some)
        .map_err(|message| CommandError::new(Code::Generic, message))
}

/// Stops the agent, and waits until another can take its place.
fn stop(socket: &AgentSocket) -> Result<(), CommandError> {
    instruct(socket, Instruction::Stop)?;
    let start = Instant::now();
    while socket.exists() {
        if start.elapsed() > PATIENCE {
            return Err(CommandError::new(Code::Generic, "the agent does not stop"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Refuses to go on if no agent runs.
fn running(socket: &AgentSocket) -> Result<AgentStatus, CommandError> {
    AgentStatus::of(socket)?.ok_or_else(|| {
        CommandError::new(Code::Generic, "no agent is running")
            .hint("to start one, run `sops-rs agent start`")
    })
}

/// What an agent says about itself.
#[derive(serde::Deserialize)]
struct AgentStatus {
    pid: u32,
    locked: bool,
    keys: Vec<String>,
    confirm: bool,
    memory_locked: bool,
    seconds_until_stop: u64,
    seconds_until_lock: u64,
}

impl AgentStatus {
    /// The status of the running agent; `None` if no agent runs.
    fn of(socket: &AgentSocket) -> Result<Option<Self>, CommandError> {
        let Some(text) = instruct(socket, Instruction::Status)? else {
            return Ok(None);
        };
        let status = serde_json::from_str(&text);
        status.map(Some).map_err(|_| {
            CommandError::new(
                Code::Generic,
                "the running agent is of another version of sops-rs",
            )
            .hint("stop it with `pkill -f 'sops-rs agent'`, and start it again")
        })
    }
}

fn status(ui: &Ui, args: &StatusArgs, socket: &AgentSocket) -> Result<ExitCode, CommandError> {
    let status = AgentStatus::of(socket)?;
    let is_ready = status.as_ref().is_some_and(|status| !status.locked);
    if args.json {
        let text = instruct(socket, Instruction::Status)?;
        ui.print(text.unwrap_or_else(|| serde_json::json!({"running": false}).to_string()))?;
    } else if let Some(status) = status {
        print(ui, &status, socket)?;
    } else {
        ui.print("no agent is running")?;
    }
    Ok(ExitCode::from(u8::from(!is_ready)))
}

fn print(ui: &Ui, status: &AgentStatus, socket: &AgentSocket) -> Result<(), CommandError> {
    let state = match status.locked {
        true => "locked",
        false => "unlocked",
    };
    ui.print(format_args!("agent: {state}, process {}", status.pid))?;
    ui.print(format_args!("socket: {}", socket.address()))?;
    for key in &status.keys {
        ui.print(format_args!("key: {key}"))?;
    }
    if !status.locked {
        ui.print(format_args!(
            "locks itself: in {} without a request",
            duration(status.seconds_until_lock)
        ))?;
    }
    ui.print(format_args!(
        "stops: in {}",
        duration(status.seconds_until_stop)
    ))?;
    if status.confirm {
        ui.print("asks before it answers a request")?;
    }
    if !status.memory_locked {
        ui.print("its memory may be written to the swap space")?;
    }
    Ok(())
}

fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
