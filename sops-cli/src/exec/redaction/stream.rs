//! Where a command's standard output and standard error lead while they are masked.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::sync::Arc;

use rustix::fs::fstat;

use super::terminal::Terminal;

/// The maximum number of bytes that are read at once.
pub(super) const BUFFER: usize = 1 << 17;

/// One or two streams of the command that lead to the same file.
pub(super) struct Stream {
    /// The name in messages.
    pub(super) name: &'static str,
    /// What the command writes.
    pub(super) source: File,
    /// Where it is passed on to.
    pub(super) target: File,
    /// The pseudo-terminal that the command writes to.
    pub(super) terminal: Option<Arc<Terminal>>,
}

impl Stream {
    /// Connects the output of a command that has not started yet. If both streams lead to the same
    /// file or terminal, they share a pipe, which keeps their order.
    pub(super) fn connect(command: &mut Command) -> io::Result<Vec<Self>> {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (out, its_end) = Self::to("standard output", &stdout)?;
        if is_same(&stdout, &stderr)? {
            command.stderr(its_end.try_clone()?);
            command.stdout(its_end);
            return Ok(vec![out]);
        }
        command.stdout(its_end);
        let (err, its_end) = Self::to("standard error", &stderr)?;
        command.stderr(its_end);
        Ok(vec![out, err])
    }

    /// The stream that leads to `target`, and the end for the command.
    fn to(name: &'static str, target: &(impl AsFd + IsTerminal)) -> io::Result<(Self, OwnedFd)> {
        let target_file = File::from(target.as_fd().try_clone_to_owned()?);
        if target.is_terminal()
            // Without pseudo-terminals, as in some containers, the command gets a pipe.
            && let Ok((terminal, its_end)) = Terminal::like(target.as_fd())
        {
            let stream = Self {
                name,
                source: terminal.source()?,
                target: target_file,
                terminal: Some(Arc::new(terminal)),
            };
            return Ok((stream, its_end));
        }
        let (source, its_end) = io::pipe()?;
        enlarge(&source);
        let stream = Self {
            name,
            source: File::from(OwnedFd::from(source)),
            target: target_file,
            terminal: None,
        };
        Ok((stream, its_end.into()))
    }
}

/// Whether both are the same file, pipe or terminal.
fn is_same(left: impl AsFd, right: impl AsFd) -> io::Result<bool> {
    let (left, right) = (fstat(left)?, fstat(right)?);
    Ok((left.st_dev, left.st_ino, left.st_rdev) == (right.st_dev, right.st_ino, right.st_rdev))
}

/// Lets the command write more at once, if the system allows it.
#[cfg(target_os = "linux")]
fn enlarge(pipe: impl AsFd) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, BUFFER);
}

#[cfg(not(target_os = "linux"))]
fn enlarge(_: impl AsFd) {}
