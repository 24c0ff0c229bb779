//! Defers signals that would end the process in the middle of an operation until the operation is
//! done.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,
};
use signal_hook::{flag, low_level};

/// The signals that end a process by default and that others send to it. Rust programs ignore
/// SIGPIPE.
pub(crate) const ENDING: [i32; 8] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU,
];

/// While one of these exists, [`ENDING`] signals do not end the process. A signal takes effect when
/// the last one is dropped.
pub(crate) struct DeferredSignals(());

struct Handlers {
    /// Whether signals have their usual effect.
    idle: Arc<AtomicBool>,
    /// The signal that arrived in the meantime, or 0.
    pending: Arc<AtomicUsize>,
    held: AtomicUsize,
}

impl DeferredSignals {
    pub(crate) fn new() -> Self {
        let handlers = handlers();
        if handlers.held.fetch_add(1, Ordering::SeqCst) == 0 {
            handlers.idle.store(false, Ordering::SeqCst);
        }
        Self(())
    }

    /// Whether no other part of the program defers signals.
    pub(crate) fn is_only(&self) -> bool {
        handlers().held.load(Ordering::SeqCst) == 1
    }

    /// Whether a signal to end the process has arrived.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending().is_some()
    }

    /// The signal that has arrived.
    pub(crate) fn pending(&self) -> Option<i32> {
        i32::try_from(handlers().pending.load(Ordering::SeqCst))
            .ok()
            .filter(|signal| *signal != 0)
    }

    /// Discards the signal, because it was handled.
    pub(crate) fn forget(&self) {
        handlers().pending.store(0, Ordering::SeqCst);
    }
}

impl Drop for DeferredSignals {
    fn drop(&mut self) {
        let pending = self.pending();
        let handlers = handlers();
        if handlers.held.fetch_sub(1, Ordering::SeqCst) == 1 {
            handlers.idle.store(true, Ordering::SeqCst);
            if let Some(signal) = pending {
                // This ends the process. If that fails, the process continues as if no signal had
                // arrived.
                let _ = low_level::emulate_default_handler(signal);
            }
        }
    }
}

fn handlers() -> &'static Handlers {
    static HANDLERS: OnceLock<Handlers> = OnceLock::new();
    HANDLERS.get_or_init(|| {
        let idle = Arc::new(AtomicBool::new(true));
        let pending = Arc::new(AtomicUsize::new(0));
        for signal in ENDING {
            let number = usize::try_from(signal).expect("signals are positive");
            // Without a handler, the signal ends the process at once, as usual.
            let _ = flag::register_usize(signal, Arc::clone(&pending), number);
            let _ = flag::register_conditional_default(signal, Arc::clone(&idle));
        }
        // A write beyond the allowed size becomes an error, so that a started write can be undone.
        let _ = flag::register(SIGXFSZ, Arc::default());
        Handlers {
            idle,
            pending,
            held: AtomicUsize::new(0),
        }
    })
}
