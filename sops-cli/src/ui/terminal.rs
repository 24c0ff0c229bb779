//! The modes of the terminal, such as whether it echoes input, and how they are restored when a
//! signal ends the program.

use std::fs::File;
use std::io::Write as _;
#[cfg(feature = "keyservice")]
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use crate::signals::{DeferredSignals, ENDING};

/// Whether this process has a terminal.
pub(crate) fn exists() -> bool {
    File::open("/dev/tty").is_ok()
}

/// The terminal of this process, and its modes at some point.
struct Modes {
    terminal: File,
    modes: Termios,
}

impl Modes {
    /// The current modes; `None` without a terminal.
    fn current() -> Option<Self> {
        let terminal = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .ok()?;
        let modes = tcgetattr(&terminal).ok()?;
        Some(Self { terminal, modes })
    }

    fn restore(&self) {
        // The terminal may be gone, and then there is nothing to restore.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
    }
}

/// Asks a question that changes the modes of the terminal. A signal that ends the process restores
/// them first.
pub(crate) fn restored<A>(ask: impl FnOnce() -> A) -> A {
    before_signals(Modes::restore, ask)
}

/// Asks a question below a secret. A signal that ends the process first writes `clear`, which
/// removes the secret from the terminal.
pub(crate) fn cleared<A>(clear: &[u8], ask: impl FnOnce() -> A) -> A {
    let clear = |modes: &Modes| {
        // The terminal may be gone, and then there is nothing to clear.
        let _ = (&modes.terminal).write_all(clear);
    };
    before_signals(clear, ask)
}

/// Asks a question. A signal that ends the process first runs `clean_up`.
fn before_signals<A>(clean_up: impl Fn(&Modes) + Send, ask: impl FnOnce() -> A) -> A {
    let deferred = DeferredSignals::new();
    let watched = Modes::current().zip(Signals::new(ENDING).ok());
    let Some((modes, mut signals)) = watched else {
        return ask();
    };
    thread::scope(|scope| {
        let _end = End(signals.handle());
        let deferred = &deferred;
        scope.spawn(move || {
            for signal in signals.forever() {
                // If another part of the program deferred signals too, it must finish first, and
                // the question stays open.
                if deferred.is_only() {
                    clean_up(&modes);
                    let _ = emulate_default_handler(signal);
                }
            }
        });
        ask()
    })
}

/// The modes before the question that a server is asking.
#[cfg(feature = "keyservice")]
static BEFORE_QUESTION: Mutex<Option<Modes>> = Mutex::new(None);

/// Asks a question in a server. The server handles signals itself and must call [`restore`] when it
/// ends.
#[cfg(feature = "keyservice")]
pub(crate) fn remembered<A>(ask: impl FnOnce() -> A) -> A {
    let set = |modes| {
        *BEFORE_QUESTION
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = modes
    };
    set(Modes::current());
    let answer = ask();
    set(None);
    answer
}

/// Restores the modes if a question is open. Otherwise, another program may be using the terminal.
#[cfg(feature = "keyservice")]
pub(crate) fn restore() {
    let modes = BEFORE_QUESTION
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(modes) = &*modes {
        modes.restore();
    }
}

/// Ends the thread that waits for signals.
struct End(Handle);

impl Drop for End {
    fn drop(&mut self) {
        self.0.close();
    }
}
