//! Instructs the running agent.

use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Agent, Instruction};
use super::socket::AgentSocket;
use crate::command_error::{Code, CommandError};

/// How long the agent may take to stop. It gives requests in progress two seconds to finish.
const PATIENCE: Duration = Duration::from_secs(5);

/// The status that an agent reports.
#[derive(serde::Deserialize)]
pub(crate) struct AgentStatus {
    pub(crate) pid: u32,
    pub(crate) locked: bool,
    pub(crate) keys: Vec<String>,
    /// The recipients of the unlocked keys.
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
    pub(crate) confirm: bool,
    pub(crate) memory_locked: bool,
    pub(crate) seconds_until_stop: u64,
    pub(crate) seconds_until_lock: u64,
}

impl AgentStatus {
    /// The status of the running agent; `None` if no agent runs.
    pub(crate) fn of(socket: &AgentSocket) -> Result<Option<Self>, CommandError> {
        let Some(text) = instruct(socket, Instruction::Status)? else {
            return Ok(None);
        };
        let status = serde_json::from_str(&text);
        status.map(Some).map_err(|_| {
            CommandError::new(
                Code::Generic,
                "the running agent belongs to another version of sops-rs",
            )
            .hint("stop it with that version or end its process, then start it again")
        })
    }
}

/// Sends an instruction and returns the agent's answer; `None` if no agent runs.
pub(crate) fn instruct(
    socket: &AgentSocket,
    instruction: Instruction,
) -> Result<Option<String>, CommandError> {
    let Some(agent) = Agent::at(socket) else {
        return Ok(None);
    };
    // The socket of an agent that was killed refuses connections.
    let is_stopped = || UnixStream::connect(socket.path()).is_err();
    if is_stopped() {
        return Ok(None);
    }
    match agent.instruct(instruction) {
        Ok(answer) => Ok(Some(answer)),
        // The agent may have reached the end of its lifetime before it could answer.
        Err(_) if is_stopped() => Ok(None),
        Err(message) => Err(CommandError::new(Code::Generic, message)),
    }
}

/// Stops the agent, and waits until another can take its place.
pub(crate) fn stop(socket: &AgentSocket) -> Result<(), CommandError> {
    instruct(socket, Instruction::Stop)?;
    let start = Instant::now();
    while socket.exists() {
        if start.elapsed() > PATIENCE {
            return Err(CommandError::new(Code::Generic, "the agent did not stop")
                .hint("end its process; `sops-rs agent status` shows the process ID"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The status of the running agent, or an error if no agent is running.
pub(crate) fn running(socket: &AgentSocket) -> Result<AgentStatus, CommandError> {
    AgentStatus::of(socket)?.ok_or_else(|| {
        CommandError::new(Code::Generic, "no agent is running")
            .hint("to start one, run `sops-rs agent start`")
    })
}
