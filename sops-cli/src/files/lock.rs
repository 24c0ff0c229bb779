//! The lock on a directory that is held while one of its files is compared and replaced.

use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::directory::Directory;
use crate::command_error::{Code, CommandError, name_of};
use crate::signals::Deferred;

/// How long to wait for another process. Ours hold the lock for as long as it takes to read one file.
const PATIENCE: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(1);

const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A lock that other runs of this program respect. Dropping it releases it.
pub(super) struct Lock<'d>(Option<&'d Directory>);

impl<'d> Lock<'d> {
    /// Waits for the lock. On a file system without locks there is nothing to wait for.
    pub(super) fn wait(directory: &'d Directory) -> Result<Self, CommandError> {
        Self::wait_at_most(PATIENCE, directory)
    }

    fn wait_at_most(patience: Duration, directory: &'d Directory) -> Result<Self, CommandError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(directory, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(Some(directory))),
                Err(Errno::WOULDBLOCK) => {}
                Err(_) => return Ok(Self(None)),
            }
            if start.elapsed() >= patience || Deferred::new().is_pending() {
                let message = format!(
                    "another process holds the lock on the directory {}; nothing was written",
                    name_of(directory.path())
                );
                return Err(CommandError::new(Code::CannotWriteOutput, message).hint(
                    "wait for it to finish, then run the command again; `lslocks` shows which process it is",
                ));
            }
            thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.0 {
            // Closing the directory releases it too.
            let _ = flock(directory, FlockOperation::Unlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_waited_for_only_so_long() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let [one, other] = [(); 2].map(|()| Directory::open(root.path()).expect("it exists"));
        let lock = Lock::wait(&one).expect("it is free");
        let patience = Duration::from_millis(20);
        let error = Lock::wait_at_most(patience, &other).err();
        let error = error.expect("it is taken");
        assert_eq!(error.code(), Code::CannotWriteOutput);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(patience);
                drop(lock);
            });
            assert!(Lock::wait(&other).is_ok(), "it becomes free");
        });
    }
}
