//! Masks secrets in the output of a command. The command writes to pipes or, if this program writes
//! to a terminal, to pseudo-terminals, and a thread for each one passes on what it reads.
//!
//! `stream.rs` connects a stream of the command, `relay.rs` passes on what it writes, and
//! `terminal.rs` is the pseudo-terminal.

mod relay;
mod stream;
mod terminal;

use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use std::{io, thread};

use sops_redaction::{Patterns, Redactor};

use self::relay::Relay;
use self::stream::Stream;
use self::terminal::Terminal;
use crate::command_error::CommandError;

/// The output of a command that is being masked.
pub(super) struct Redaction {
    /// How each thread ended, with the name of its stream.
    ended: Receiver<(&'static str, io::Result<()>)>,
    running: usize,
    terminals: Vec<Arc<Terminal>>,
}

impl Redaction {
    /// Connects the output of the command, which must be started and dropped afterwards: the
    /// threads run until no process has the other end open.
    pub(super) fn of(command: &mut Command, patterns: &Arc<Patterns>) -> io::Result<Self> {
        let (send, ended) = mpsc::channel();
        let streams = Stream::connect(command)?;
        let running = streams.len();
        let mut terminals = Vec::new();
        for stream in streams {
            terminals.extend(stream.terminal.clone());
            let relay = Relay::new(stream, Redactor::new(Arc::clone(patterns)));
            let send = send.clone();
            thread::Builder::new().spawn(move || {
                // The receiver is gone only if the program exits.
                let _ = send.send((relay.name(), relay.run()));
            })?;
        }
        Ok(Self {
            ended,
            running,
            terminals,
        })
    }

    /// Whether the command writes to a pseudo-terminal.
    pub(super) fn has_terminal(&self) -> bool {
        !self.terminals.is_empty()
    }

    /// Gives the pseudo-terminals the size of the terminal. Returns whether one changed.
    pub(super) fn resize(&self) -> bool {
        let changes = self.terminals.iter().map(|terminal| terminal.resize());
        changes.fold(false, |any, changed| any | changed)
    }

    /// Gives the terminal the modes that the command expects after it was stopped.
    pub(super) fn resume(&self) {
        for terminal in &self.terminals {
            terminal.forget_modes();
        }
    }

    /// Waits up to `time` until all output has been passed on. Returns whether it has been.
    ///
    /// # Errors
    /// An output that cannot be written, except a pipe that its reader has closed.
    pub(super) fn is_done_within(&mut self, time: Duration) -> Result<bool, CommandError> {
        while self.running > 0 {
            match self.ended.recv_timeout(time) {
                Ok((_, Ok(()))) => self.running -= 1,
                Ok((_, Err(error))) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.running -= 1;
                }
                Ok((name, Err(error))) => return Err(CommandError::stream(name, &error)),
                Err(RecvTimeoutError::Timeout) => return Ok(false),
                // A thread panicked, and standard error shows why.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(true)
    }
}
