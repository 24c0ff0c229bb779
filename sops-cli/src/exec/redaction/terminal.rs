//! A pseudo-terminal for the output of a command. The command's input remains the terminal of this
//! program, and the command shares the session and process group of this program, so that Ctrl-C
//! and job control work as usual.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

/// A pseudo-terminal, and the terminal that it stands for.
pub(super) struct Terminal {
    /// Our end of the pseudo-terminal.
    pseudo: OwnedFd,
    real: OwnedFd,
    /// The modes of the real terminal at the beginning.
    original: Termios,
    /// The modes of the pseudo-terminal at the beginning.
    initial: Termios,
    /// The last known modes of the pseudo-terminal.
    last: Mutex<Termios>,
}

impl Terminal {
    /// A pseudo-terminal with the size and the modes of a terminal, and the end for the command.
    pub(super) fn like(real: BorrowedFd<'_>) -> io::Result<(Self, OwnedFd)> {
        let pseudo = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        fcntl_setfd(&pseudo, FdFlags::CLOEXEC)?;
        grantpt(&pseudo)?;
        unlockpt(&pseudo)?;
        let name = ptsname(&pseudo, Vec::new())?;
        let its_end = open::<&CStr>(
            &name,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let original = tcgetattr(real)?;
        // The real terminal turns line breaks into `\r\n`, so the pseudo-terminal must not.
        let mut initial = original.clone();
        initial.output_modes = OutputModes::OPOST;
        tcsetattr(&its_end, OptionalActions::Now, &initial)?;
        tcsetwinsize(&its_end, tcgetwinsize(real)?)?;
        // The system may not support all modes.
        let initial = tcgetattr(&its_end)?;
        let terminal = Self {
            pseudo,
            real: real.try_clone_to_owned()?,
            original,
            last: Mutex::new(initial.clone()),
            initial,
        };
        Ok((terminal, its_end))
    }

    /// What the command writes.
    pub(super) fn source(&self) -> io::Result<File> {
        Ok(File::from(self.pseudo.as_fd().try_clone_to_owned()?))
    }

    /// Gives the pseudo-terminal the size of the real one. Returns whether it changed.
    pub(super) fn resize(&self) -> bool {
        let sizes = tcgetwinsize(&self.real).and_then(|now| Ok((now, tcgetwinsize(&self.pseudo)?)));
        match sizes {
            Ok((now, before)) if now != before => tcsetwinsize(&self.pseudo, now).is_ok(),
            _ => false,
        }
    }

    /// Gives the real terminal the modes that the command set on its output, as programs that use
    /// the whole screen do.
    pub(super) fn pass_on_modes(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(now) = tcgetattr(&self.pseudo) else {
            return;
        };
        if is_same(&now, &last) {
            return;
        }
        let mut modes = self.original.clone();
        modes.input_modes = now.input_modes;
        modes.local_modes = now.local_modes;
        modes.special_codes = now.special_codes.clone();
        // A program that reads single keys also expects its output modes.
        if !now.local_modes.contains(LocalModes::ICANON) {
            modes.output_modes = now.output_modes;
        }
        // If the terminal is gone, the command will notice.
        let _ = tcsetattr(&self.real, OptionalActions::Now, &modes);
        *last = now;
    }

    /// Passes on the modes again, because the shell has changed them while the command was stopped.
    pub(super) fn forget_modes(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = self.initial.clone();
    }
}

/// Whether both have the same modes, of those that programs change.
fn is_same(left: &Termios, right: &Termios) -> bool {
    let codes = |modes: &Termios| {
        [SpecialCodeIndex::VMIN, SpecialCodeIndex::VTIME].map(|index| modes.special_codes[index])
    };
    left.input_modes == right.input_modes
        && left.output_modes == right.output_modes
        && left.local_modes == right.local_modes
        && codes(left) == codes(right)
}
