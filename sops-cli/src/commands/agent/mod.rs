//! `sops-rs agent`: controls the agent, which `start.rs` starts.

mod start;

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;

use crate::agent::client::Instruction;
use crate::agent::control::{AgentStatus, instruct, running, stop};
use crate::agent::socket::AgentSocket;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs agent start --lifetime 4h --idle 15m
  sops-rs agent status
  sops-rs agent lock";

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

/// Show whether the agent is running, which keys it has, and when it forgets them
///
/// The exit code is 0 if the agent is running and unlocked, and 1 otherwise.
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
        AgentAction::Start(args) => return start::cmd_start(ui, args, &socket),
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
            "locks: after {} without a request",
            duration(status.seconds_until_lock)
        ))?;
    }
    ui.print(format_args!(
        "stops: in {}",
        duration(status.seconds_until_stop)
    ))?;
    if status.confirm {
        ui.print("confirmation: required for each request")?;
    }
    if !status.memory_locked {
        ui.print("memory: may be written to the swap space")?;
    }
    Ok(())
}

fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
