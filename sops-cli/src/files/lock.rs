//! The lock on a directory, held while one of its files is compared and replaced.

use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::directory::OpenDirectory;
use crate::command_error::{Code, CommandError, name_of};
use crate::signals::DeferredSignals;

/// How long to wait for another process. This program holds the lock only while it reads one file.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(1);

pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A lock that other runs of this program respect, released on drop.
///
/// Any user who can read the directory can hold the lock, so correctness does not depend on it. It
/// only keeps two runs from comparing and replacing a file at the same time.
pub(super) struct Lock<'d> {
    held: Option<&'d OpenDirectory>,
    pub(super) is_held_elsewhere: bool,
}

impl<'d> Lock<'d> {
    /// Waits for the lock, and continues without it after `patience`. Does not wait on a file
    /// system without locks.
    ///
    /// # Errors
    /// A signal asks the process to exit.
    pub(super) fn wait(
        directory: &'d OpenDirectory,
        patience: Duration,
    ) -> Result<Self, CommandError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let without = |is_held_elsewhere| Self {
            held: None,
            is_held_elsewhere,
        };
        loop {
            match flock(directory, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    return Ok(Self {
                        held: Some(directory),
                        is_held_elsewhere: false,
                    });
                }
                Err(Errno::WOULDBLOCK) => {}
                Err(_) => return Ok(without(false)),
            }
            if DeferredSignals::new().is_pending() {
                let message = format!(
                    "interrupted while another process held the lock on the directory {}; nothing was written",
                    name_of(directory.path())
                );
                return Err(CommandError::new(Code::CannotWriteOutput, message));
            }
            if start.elapsed() >= patience {
                return Ok(without(true));
            }
            thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.held {
            // Closing the directory also releases it.
            let _ = flock(directory, FlockOperation::Unlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_lock_is_limited() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let [one, other] =
            [(); 2].map(|()| OpenDirectory::open(root.path()).expect("the directory exists"));
        let lock = Lock::wait(&one, PATIENCE).expect("no signal arrived");
        assert!(!lock.is_held_elsewhere, "the lock is free");
        let patience = Duration::from_millis(20);
        let without = Lock::wait(&other, patience).expect("no signal arrived");
        assert!(without.is_held_elsewhere, "the lock is taken");
        drop(without);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(patience);
                drop(lock);
            });
            let lock = Lock::wait(&other, PATIENCE).expect("no signal arrived");
            assert!(!lock.is_held_elsewhere, "the lock becomes free");
        });
    }
}
