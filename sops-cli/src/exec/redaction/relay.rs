//! Passes on what a command writes, with its secrets masked.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sops_redaction::Redactor;

use super::stream::{BUFFER, Stream};
use super::terminal::Terminal;

/// How long a command must pause before the first bytes of what may be a value appear on a
/// terminal, and how often the modes of its terminal are checked.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Passes on one stream.
pub(super) struct Relay {
    name: &'static str,
    source: File,
    target: File,
    terminal: Option<Arc<Terminal>>,
    redactor: Redactor,
}

impl Relay {
    pub(super) fn new(stream: Stream, redactor: Redactor) -> Self {
        Self {
            name: stream.name,
            source: stream.source,
            target: stream.target,
            terminal: stream.terminal,
            redactor,
        }
    }

    /// The name of the stream.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Passes on everything until no process can write.
    ///
    /// # Errors
    /// An output that cannot be written. The command cannot write to its end from then on.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        let mut out = Vec::with_capacity(BUFFER);
        loop {
            out.clear();
            match self.is_paused()? {
                true => self.redactor.release(&mut out),
                false => match self.read(&mut buffer)? {
                    0 => break,
                    length => self.redactor.push(&buffer[..length], &mut out),
                },
            }
            write_all(&mut self.target, &out)?;
        }
        out.clear();
        self.redactor.finish(&mut out);
        write_all(&mut self.target, &out)
    }

    /// Waits until there is something to read from a pseudo-terminal, or the command pauses.
    fn is_paused(&self) -> io::Result<bool> {
        let Some(terminal) = &self.terminal else {
            return Ok(false);
        };
        loop {
            let mut source = [PollFd::new(&self.source, PollFlags::IN)];
            let ready = match poll(&mut source, Some(&PAUSE)) {
                Err(Errno::INTR) => continue,
                ready => ready?,
            };
            terminal.pass_on_modes();
            if ready > 0 || self.redactor.can_release() {
                return Ok(ready == 0);
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A pseudo-terminal that no process has open.
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Ok(0);
                }
                read => return read,
            }
        }
    }
}

/// Writes everything, even to a pipe that another process has made nonblocking.
fn write_all(target: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match target.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut ready = [PollFd::from_borrowed_fd(target.as_fd(), PollFlags::OUT)];
                match poll(&mut ready, None) {
                    Err(Errno::INTR) => {}
                    ready => drop(ready?),
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
